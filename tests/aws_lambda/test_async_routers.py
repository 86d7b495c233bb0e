"""Async routers: their event loop, and the functions that they refuse. Other tests run with both kinds of routers."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty

from pushwire import ConnectionGoneError
from pushwire.aws_lambda import (
    AnyRequest,
    AsyncCallNext,
    AsyncRouter,
    CallNext,
    ConnectionDenied,
    Router,
    RouterError,
    async_logging_interceptor,
    logging_interceptor,
)
from pushwire.testing import AsyncRecordingTransport, connect_event, disconnect_event, message_event, text_event
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import (
    AsyncDeskHandlers,
    AsyncDeskRequest,
    AsyncDeskRouter,
    AsyncDeskServerSdk,
    AsyncPresenceHandlers,
    AsyncPresenceRequest,
    AsyncPresenceRouter,
    AsyncPresenceServerSdk,
    DeskRouter,
    PresenceRouter,
)
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations, PresenceOperations
from tests.aws_lambda.world import OK, Desk

SAY = message_event(DeskOperations.say, Greeting(text="Hi"), connection_id="a")


class AsyncDesk(AsyncDeskHandlers):
    async def enter(self, request: AsyncDeskRequest[Visitor], /) -> None:
        await request.sdk.greet(request.connection_id, Greeting(text=f"Hi {request.message.name}"))

    async def say(self, request: AsyncDeskRequest[Greeting], /) -> None:
        await asyncio.sleep(0)
        report = await request.sdk.to([request.connection_id, "b"]).greet(request.message)
        assert report.accepted == 2

    async def leave(self, request: AsyncDeskRequest[Empty], /) -> None:
        raise LookupError(request.connection_id)


def router(transport: AsyncRecordingTransport, **options: Any) -> AsyncDeskRouter:
    return AsyncDeskRouter(AsyncDesk(), sdk=lambda _url: AsyncDeskServerSdk(transport=transport), **options)


def test_a_handler_awaits_its_sends() -> None:
    transport = AsyncRecordingTransport()
    assert router(transport)(message_event(DeskOperations.enter, Visitor(name="Ada"), connection_id="a"), None) == OK
    assert router(transport)(SAY, None) == OK
    assert transport.sent.to("a") == [Greeting(text="Hi Ada"), Greeting(text="Hi")]
    assert transport.sent.to("b") == [Greeting(text="Hi")]


def test_what_a_handler_raises_comes_out_and_the_next_event_finds_everything_well() -> None:
    transport = AsyncRecordingTransport()
    desk = router(transport, interceptors=[async_logging_interceptor])
    with pytest.raises(LookupError, match="a"):
        desk(message_event(DeskOperations.leave, Empty(), connection_id="a"), None)
    assert desk(SAY, None) == OK


def test_a_denial_passes_the_logging_interceptor_as_a_decision(caplog: pytest.LogCaptureFixture) -> None:
    desk = AsyncDeskRouter(interceptors=[async_logging_interceptor])

    @desk.on_connect
    async def on_connect(_request: object, /) -> None:
        raise ConnectionDenied(401)

    assert desk(connect_event(), None) == {"statusCode": 401}
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_an_error_frame_that_does_not_arrive_does_not_fail_the_invocation(
    pushwire_async_transport: AsyncRecordingTransport,
) -> None:
    pushwire_async_transport.failures["a"] = ConnectionGoneError()
    broken = text_event("{", route_key="say", connection_id="a")
    assert router(pushwire_async_transport)(broken, None) == OK
    assert pushwire_async_transport.posts == []


def test_all_events_of_all_routers_run_on_one_loop() -> None:
    loops: set[asyncio.AbstractEventLoop] = set()
    first, second = AsyncDeskRouter(), AsyncPresenceRouter()

    @first.say
    async def say(_request: object, /) -> None:
        loops.add(asyncio.get_running_loop())

    @second.on_connect
    async def on_connect(_request: object, /) -> None:
        loops.add(asyncio.get_running_loop())

    for _ in range(3):
        assert first(SAY, None) == OK
        assert second(connect_event(), None) == OK
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(first, SAY, None).result() == OK
    assert len(loops) == 1


def test_what_is_left_running_goes_on_with_the_next_event() -> None:
    desk, done = AsyncDeskRouter(), list[str]()

    async def goes_on() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done.append("later")

    @desk.say
    async def say(_request: object, /) -> None:
        if not done:
            done.append("started")
            tasks.append(asyncio.ensure_future(goes_on()))
        else:
            await tasks[0]

    tasks: list[asyncio.Future[None]] = []
    desk(SAY, None)
    assert done == ["started"]
    desk(SAY, None)
    assert done == ["started", "later"]


def test_events_of_several_threads_wait_for_one_another_without_blocking() -> None:
    """The local gateway runs each event in a thread. Here 8 events wait for one another, so all 8 must run at once."""
    desk = AsyncDeskRouter()
    arrived, all_there = list[object](), asyncio.Event()

    @desk.say
    async def say(request: AsyncDeskRequest[Greeting], /) -> None:
        arrived.append(request)
        if len(arrived) == 8:
            all_there.set()
        await all_there.wait()

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: desk(SAY, None), range(8)))
    assert results == [OK] * 8


def test_a_thread_that_ends_first_hands_the_loop_over() -> None:
    desk = AsyncDeskRouter()
    waiting, go_on = threading.Event(), asyncio.Event()

    @desk.say
    async def say(_request: AsyncDeskRequest[Greeting], /) -> None:
        waiting.set()
        await asyncio.to_thread(second_came.wait, 10)

    @desk.leave
    async def leave(_request: AsyncDeskRequest[Empty], /) -> None:
        second_came.set()
        for _ in range(50):  # it runs longer than the first, whose thread runs the loop
            await asyncio.sleep(0)
        go_on.set()
        raise LookupError

    second_came = threading.Event()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(desk, SAY, None)
        assert waiting.wait(10)
        second = threads.submit(desk, message_event(DeskOperations.leave, Empty()), None)
        assert first.result(10) == OK
        with pytest.raises(LookupError):
            second.result(10)
    assert go_on.is_set()


def test_a_call_inside_a_running_loop_says_what_to_do_instead() -> None:
    desk = router(AsyncRecordingTransport())

    async def call() -> None:
        with pytest.raises(RuntimeError, match=r"await asyncio\.to_thread\(handler, event, context\)"):
            desk(SAY, None)
        assert await asyncio.to_thread(desk, SAY, None) == OK

    asyncio.run(call())


def test_asyncio_is_loaded_when_an_async_router_is_first_called() -> None:
    code = """
import sys
from tests.aws_lambda.contract.desk_pushwire import AsyncDeskRouter, AsyncDeskServerSdk, DeskRouter
from tests.aws_lambda.contract.desk_pb2 import Greeting
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from pushwire.testing import AsyncRecordingTransport, message_event
DeskRouter()
router = AsyncDeskRouter(sdk=lambda url: AsyncDeskServerSdk(transport=AsyncRecordingTransport()))
@router.say
async def say(request, /):
    await request.sdk.greet("a", request.message)
print("asyncio" in sys.modules)
print(router(message_event(DeskOperations.say, Greeting(text="Hi")), None), "asyncio" in sys.modules)
"""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n{'statusCode': 200} True\n", "")


def nothing(_request: object, /) -> None: ...


def timed(request: AnyRequest, call_next: CallNext, /) -> None:
    call_next(request)


async def timed_later(request: AnyRequest, call_next: AsyncCallNext, /) -> None:
    await call_next(request)


def test_functions_that_are_not_async_are_refused() -> None:
    wrong: Any = nothing
    for register in ("say", "on_connect", "on_disconnect", "on_default"):
        text = "nothing is not async, which this router cannot run: define it with async def"
        with pytest.raises(TypeError, match=text):
            getattr(AsyncDeskRouter(), register)(wrong)

    class Half(AsyncDesk):
        def say(self, request: Any, /) -> None:  # type: ignore[override]  # the mistake
            ...

    with pytest.raises(TypeError, match=r"Half\.say is not async"):
        AsyncDeskRouter(Half())


@pytest.mark.parametrize("interceptor", [timed, logging_interceptor])
def test_sync_interceptors_are_refused_by_async_routers(interceptor: Any) -> None:
    for make in (
        lambda: AsyncDeskRouter(interceptors=[interceptor]),
        lambda: AsyncDeskRouter().say(interceptors=[interceptor])(timed_later),  # type: ignore[arg-type]
        lambda: AsyncRouter(AsyncDeskRouter(), interceptors=[interceptor]),
    ):
        with pytest.raises(TypeError, match="is not async, which this router cannot run"):
            make()


@pytest.mark.parametrize("interceptor", [timed_later, async_logging_interceptor])
def test_async_interceptors_are_refused_by_sync_routers(interceptor: Any) -> None:
    for make in (
        lambda: DeskRouter(interceptors=[interceptor]),
        lambda: DeskRouter().say(interceptors=[interceptor])(nothing),
        lambda: Router(DeskRouter(), interceptors=[interceptor]),
    ):
        with pytest.raises(TypeError, match="is async, which this router cannot run"):
            make()


def test_handlers_and_routers_of_the_other_family_are_refused() -> None:
    wrong: Any = Desk()
    with pytest.raises(TypeError, match="AsyncDeskRouter takes the handlers of its own service, not Desk"):
        AsyncDeskRouter(wrong)
    wrong = AsyncDesk()
    with pytest.raises(TypeError, match="DeskRouter takes the handlers of its own service, not AsyncDesk"):
        DeskRouter(wrong)
    wrong = DeskRouter()
    with pytest.raises(TypeError, match="AsyncRouter takes generated async routers, not DeskRouter"):
        AsyncRouter(wrong)
    wrong = AsyncDeskRouter()
    with pytest.raises(TypeError, match="Router takes generated sync routers, not AsyncDeskRouter"):
        Router(PresenceRouter(), wrong)


class Presence(AsyncPresenceHandlers):
    def __init__(self, log: list[str]) -> None:
        self._log = log

    async def appear(self, request: AsyncPresenceRequest[Visitor], /) -> None:
        await request.sdk.seen(request.connection_id, request.message)

    async def on_connect(self, request: Any, /) -> None:
        self._log.append("presence connect")
        if "token" not in request.event.query_string_parameters:
            raise ConnectionDenied(401)

    async def on_disconnect(self, _request: Any, /) -> None:
        self._log.append("presence disconnect")
        raise LookupError("presence")


def test_several_services_share_an_api() -> None:
    log, transport = list[str](), AsyncRecordingTransport()
    desk = router(transport)

    @(also := AsyncDeskRouter()).on_disconnect
    async def on_disconnect(_request: object, /) -> None:
        log.append("desk disconnect")

    async def note(request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        log.append(f"around {request.route}")
        await call_next(request)

    presence = AsyncPresenceRouter(Presence(log), sdk=lambda _url: AsyncPresenceServerSdk(transport=transport))
    both = AsyncRouter(presence, desk, interceptors=[note])
    assert [operation.name for operation in both.operations][:2] == ["Appear", "Seen"]
    assert both(message_event(PresenceOperations.appear, Visitor(name="Ada"), connection_id="a"), None) == OK
    assert both(SAY, None) == OK
    assert transport.sent.to("a") == [Visitor(name="Ada"), Greeting(text="Hi")]
    assert both(connect_event(), None) == {"statusCode": 401}
    assert both(connect_event(query_string_parameters={"token": "t"}), None) == OK
    log.clear()
    with pytest.raises(LookupError, match="presence"):
        AsyncRouter(presence, also)(disconnect_event(), None)
    assert log == ["presence disconnect", "desk disconnect"], "all on_disconnect run before the error is raised"
    with pytest.raises(RouterError, match="have the same route"):
        AsyncRouter(AsyncDeskRouter(), AsyncDeskRouter())
    with pytest.raises(RouterError, match="needs the router of at least one service"):
        AsyncRouter()
