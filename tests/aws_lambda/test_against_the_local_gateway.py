"""A router in the local gateway, with WebSocket clients and posts through boto3."""

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from pushwire import BroadcastReport, Format, frame
from pushwire.aws_lambda import AnyRequest, CallNext, ConnectionAccepted, ConnectionDenied, Router
from pushwire.gateway import GatewaySettings, Limits
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import (
    AsyncDeskRequest,
    AsyncDeskRouter,
    AsyncDeskServerSdk,
    DeskRouter,
    DeskServerSdk,
    PresenceRouter,
)
from tests.aws_lambda.world import Desk, OpenDesk
from tests.gateway.world import SECONDS, client, serving

OPERATIONS = {operation.route: operation for operation in DeskRouter().operations}


class Sdks:
    """Factory of a router's SDKs on boto3, which counts and closes them."""

    def __init__(self) -> None:
        self.made: list[DeskServerSdk] = []

    def __call__(self, url: str) -> DeskServerSdk:
        self.made.append(DeskServerSdk(url))
        return self.made[-1]


@pytest.fixture
def sdks() -> Iterator[Sdks]:
    made = Sdks()
    yield made
    for sdk in made.made:
        sdk.close()


def text(route: str, message: Any, frame_format: Format = Format.JSON) -> str:
    return frame.encode(OPERATIONS[route], message, frame_format).decode()


def receive(ws: ClientConnection) -> Any:
    data = ws.recv(timeout=SECONDS)
    assert isinstance(data, str)
    return frame.decode(data, OPERATIONS)[1]


def greet(request: Any) -> None:
    request.sdk.greet(request.connection_id, Greeting(text=f"Hi {request.message.name}"))


def test_each_direction_in_each_format(sdks: Sdks) -> None:
    echo = Desk(enter=greet, say=lambda request: request.sdk.say(request.connection_id, request.message))
    with serving(DeskRouter(echo, sdk=sdks)) as gateway, client(gateway) as ws:
        for frame_format in Format:
            ws.send(text("Enter", Visitor(name="Ada"), frame_format))
            assert receive(ws) == Greeting(text="Hi Ada")
            ws.send(text("say", Greeting(text="é"), frame_format))
            assert receive(ws) == Greeting(text="é")
    assert len(sdks.made) == 1, "built once, and reused warm"


@pytest.mark.parametrize("status_code", [401, 403])
def test_a_denial_is_the_handshakes_status(status_code: int) -> None:
    def deny(request: Any) -> None:
        if request.event.query_string_parameters.get("token") != "t":
            raise ConnectionDenied(status_code)

    with serving(DeskRouter(OpenDesk(on_connect=deny))) as gateway:
        with pytest.raises(InvalidStatus) as caught, client(gateway):
            pass
        assert caught.value.response.status_code == status_code
        with client(gateway, "?token=t") as ws:
            assert ws.response is not None
            assert ws.response.status_code == 101


def test_an_exception_in_on_connect_refuses_the_connection() -> None:
    def fail(_request: object) -> None:
        raise LookupError("no table")

    with serving(DeskRouter(OpenDesk(on_connect=fail))) as gateway:
        with pytest.raises(InvalidStatus) as caught, client(gateway):
            pass
        assert caught.value.response.status_code == 500
        assert b"no table" not in bytes(caught.value.response.body or b"")


def test_an_exception_in_a_handler_leaves_it_open(sdks: Sdks) -> None:
    def fail(_request: object) -> None:
        raise LookupError("s3cret")

    with serving(DeskRouter(Desk(enter=greet, say=fail), sdk=sdks)) as gateway, client(gateway) as ws:
        ws.send(text("say", Greeting()))
        answer = ws.recv(timeout=SECONDS)
        assert json.loads(answer)["message"] == "Internal server error"
        assert "s3cret" not in answer
        ws.send(text("Enter", Visitor(name="Ada")))
        assert receive(ws) == Greeting(text="Hi Ada")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ('{"route":"say","payload":5}', "Bad request body"),
        ("hello", "Bad request body"),
        ('{"route":"Nobody"}', "Forbidden"),
        ('{"route":"Greet","payload":{}}', "Forbidden"),
    ],
)
def test_what_is_refused_is_answered_and_the_connection_stays_open(sdks: Sdks, sent: str, answer: str) -> None:
    with serving(DeskRouter(Desk(enter=greet), sdk=sdks)) as gateway, client(gateway) as ws:
        ws.send(sent)
        received = ws.recv(timeout=SECONDS)
        assert isinstance(received, str)
        ids = json.loads(received)
        code = "unimplemented" if answer == "Forbidden" else "invalid_argument"
        assert received == (
            f'{{"message": "{answer}", "connectionId":"{ids["connectionId"]}", "requestId":"{ids["requestId"]}", '
            f'"code":"{code}"}}'
        )
        ws.send(text("Enter", Visitor(name="Ada")))
        assert receive(ws) == Greeting(text="Hi Ada")


def test_a_subprotocol_is_agreed() -> None:
    desk = OpenDesk(on_connect=lambda request: ConnectionAccepted(subprotocol=request.event.subprotocols[1]))
    with serving(DeskRouter(desk)) as gateway, client(gateway, subprotocols=["v1", "v2"]) as ws:
        assert ws.subprotocol == "v2"


def test_nothing_is_sent_before_the_connection_is_open_and_all_is_well_after(sdks: Sdks) -> None:
    pending: list[str] = []

    def too_early(request: Any) -> None:
        try:
            request.sdk.greet(request.connection_id, Greeting())
        except Exception as error:  # noqa: BLE001 - its type is what is looked at
            pending.append(type(error).__name__)

    with serving(DeskRouter(OpenDesk(on_connect=too_early, enter=greet), sdk=sdks)) as gateway, client(gateway) as ws:
        ws.send(text("Enter", Visitor(name="Ada")))
        assert receive(ws) == Greeting(text="Hi Ada")
    assert pending == ["ConnectionPendingError"]


def test_on_disconnect_learns_the_close_code() -> None:
    closed = threading.Event()
    desk = OpenDesk(on_disconnect=lambda _request: closed.set())
    with serving(DeskRouter(desk)) as gateway:
        with client(gateway) as ws:
            ws.close(4001, "done")
        assert closed.wait(SECONDS)
    assert ("on_disconnect", 4001) in desk.calls


def test_on_default_and_several_services(sdks: Sdks) -> None:
    def answer(request: Any) -> None:
        request.sdk.greet(request.connection_id, Greeting(text=request.event.body))

    seen: list[str] = []

    def note(request: AnyRequest, call_next: CallNext, /) -> None:
        seen.append(request.route)
        call_next(request)

    presence = PresenceRouter()
    presence.appear(lambda request: seen.append(request.message.name))
    desk = OpenDesk(on_default=answer, say=lambda request: request.sdk.say(request.connection_id, request.message))
    router = Router(DeskRouter(desk, sdk=sdks), presence, interceptors=[note])
    with serving(router) as gateway, client(gateway) as ws:
        ws.send('{"route":"Nobody"}')
        assert receive(ws) == Greeting(text='{"route":"Nobody"}')
        ws.send('{"route":"Appear","payload":{"name":"Ada"}}')
        ws.send(text("say", Greeting(text="done")))
        assert receive(ws) == Greeting(text="done")
    assert seen[:2] == ["$connect", "$default"]
    assert {"Appear", "Ada", "say"} <= set(seen)


def test_interceptors_run_in_order_around_every_event_of_a_connection(sdks: Sdks) -> None:
    seen: list[str] = []
    over = {"$connect": threading.Event(), "Enter": threading.Event(), "$disconnect": threading.Event()}

    def named(name: str) -> Any:
        def interceptor(request: AnyRequest, call_next: CallNext, /) -> None:
            seen.append(f"{name} {request.route}")
            call_next(request)
            seen.append(f"{request.route} {name}")
            if name == "outer":
                over[request.route].set()

        return interceptor

    router = DeskRouter(Desk(enter=greet), interceptors=[named("outer"), named("inner")], sdk=sdks)
    with serving(router) as gateway:
        with client(gateway) as ws:
            ws.send(text("Enter", Visitor(name="Ada")))
            assert over["Enter"].wait(SECONDS)
        assert over["$disconnect"].wait(SECONDS)
    assert seen == [
        step for route in over for step in (f"outer {route}", f"inner {route}", f"{route} inner", f"{route} outer")
    ]


def test_an_async_router_serves_clients_at_the_same_time() -> None:
    sdks: list[AsyncDeskServerSdk] = []

    def make(url: str) -> AsyncDeskServerSdk:
        sdks.append(AsyncDeskServerSdk(url))
        return sdks[-1]

    desk, clients = AsyncDeskRouter(sdk=make), list[str]()
    both_there = asyncio.Event()

    @desk.enter
    async def enter(request: AsyncDeskRequest[Visitor], /) -> None:
        clients.append(request.connection_id)
        if len(clients) == 2:
            report = await request.sdk.to(clients).greet(Greeting(text="Everybody is there"))
            assert report.accepted == 2
            both_there.set()
        await both_there.wait()
        await request.sdk.greet(request.connection_id, Greeting(text=f"Hi {request.message.name}"))

    settings = GatewaySettings(limits=Limits(instances=2))
    with serving(desk, settings=settings) as gateway, client(gateway) as ada, client(gateway) as bob:
        ada.send(text("Enter", Visitor(name="Ada")))
        bob.send(text("Enter", Visitor(name="Bob")))
        for name, ws in (("Ada", ada), ("Bob", bob)):
            assert [receive(ws), receive(ws)] == [Greeting(text="Everybody is there"), Greeting(text=f"Hi {name}")]
    asyncio.run(sdks[0].close())
    assert len(sdks) == 1


def test_a_broadcast_reaches_the_clients_that_are_there(sdks: Sdks) -> None:
    everybody, reports = list[str](), list[BroadcastReport]()

    def enter(request: Any) -> None:
        everybody.append(request.connection_id)
        reports.append(request.sdk.to(["R0oXAdfD0kwCH6w=", *everybody]).greet(Greeting(text="Hi all")))

    with serving(DeskRouter(Desk(enter=enter), sdk=sdks)) as gateway, client(gateway) as ada, client(gateway) as bob:
        ada.send(text("Enter", Visitor(name="Ada")))
        assert receive(ada) == Greeting(text="Hi all")
        bob.send(text("Enter", Visitor(name="Bob")))
        assert receive(ada) == receive(bob) == Greeting(text="Hi all")
    assert reports == [
        BroadcastReport(accepted=1, gone=("R0oXAdfD0kwCH6w=",)),
        BroadcastReport(accepted=2, gone=("R0oXAdfD0kwCH6w=",)),
    ]
