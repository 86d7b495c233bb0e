"""Several services behind one API: a message reaches its own service; `$connect` and `$disconnect` reach all."""

from typing import Any

import pytest

from pushwire.aws_lambda import (
    AnyRequest,
    CallNext,
    ConnectionAccepted,
    ConnectionDenied,
    EventError,
    Router,
    RouterError,
)
from pushwire.testing import RecordingTransport, connect_event, disconnect_event, message_event
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import (
    DeskRouter,
    DeskServerSdk,
    PresenceHandlers,
    PresenceRouter,
    PresenceServerSdk,
    RivalRouter,
)
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations, PresenceOperations
from tests.aws_lambda.world import OK, Desk, OpenDesk, saying


class Presence(PresenceHandlers):
    def __init__(self, log: list[str], error: Exception | None = None, answer: Any = None) -> None:
        self.log, self.error, self.answer = log, error, answer

    def appear(self, request: Any, /) -> None:
        self.log.append("appear")
        request.sdk.seen(request.connection_id, request.message)

    def on_connect(self, _request: Any, /) -> Any:
        return self._note("connect")

    def on_disconnect(self, _request: Any, /) -> None:
        self._note("disconnect")

    def _note(self, name: str) -> Any:
        self.log.append(f"presence {name}")
        if self.error is not None:
            raise self.error
        return self.answer


def both(log: list[str], *, desk: Desk | None = None, interceptors: Any = (), **presence: Any) -> Router:
    transport = RecordingTransport()
    desk = desk or OpenDesk(
        on_connect=lambda _request: log.append("desk connect"),
        on_disconnect=lambda _request: log.append("desk disconnect"),
    )
    return Router(
        DeskRouter(desk, sdk=lambda _url: DeskServerSdk(transport=transport)),
        PresenceRouter(Presence(log, **presence), sdk=lambda _url: PresenceServerSdk(transport=transport)),
        interceptors=interceptors,
    )


def test_each_message_reaches_its_service_with_its_sdk() -> None:
    log: list[str] = []
    desk, transport = Desk(), RecordingTransport()
    router = Router(
        DeskRouter(desk, sdk=lambda _url: DeskServerSdk(transport=transport)),
        PresenceRouter(Presence(log), sdk=lambda _url: PresenceServerSdk(transport=transport)),
    )
    assert router(message_event(DeskOperations.say, Greeting(text="Hi")), None) == OK
    assert (
        router(
            message_event(PresenceOperations.appear, Visitor(name="Ada"), connection_id="a", route_key="$default"), None
        )
        == OK
    )
    assert (desk.calls, log) == ([("say", Greeting(text="Hi"))], ["appear"])
    assert transport.sent.to("a") == [Visitor(name="Ada")]
    assert [operation.name for operation in router.operations] == ["Enter", "Greet", "Say", "Leave", "Appear", "Seen"]


def test_every_on_connect_runs_in_order_until_one_denies() -> None:
    log: list[str] = []
    assert both(log)(connect_event(), None) == OK
    assert log == ["desk connect", "presence connect"]
    assert both(log, error=ConnectionDenied(401))(connect_event(), None) == {"statusCode": 401}
    assert both(log, error=ValueError())(connect_event(), None) == {"statusCode": 500}

    def deny(_request: object) -> None:
        raise ConnectionDenied(429)

    log.clear()
    assert both(log, desk=OpenDesk(on_connect=deny))(connect_event(), None) == {"statusCode": 429}
    assert log == []


def test_one_subprotocol_or_none(caplog: pytest.LogCaptureFixture) -> None:
    event = connect_event(subprotocols=("a", "b"))
    accept_a = ConnectionAccepted(subprotocol="a")
    assert both([], answer=accept_a)(event, None)["headers"] == {"Sec-WebSocket-Protocol": "a"}
    desk = OpenDesk(on_connect=lambda _request: ConnectionAccepted(subprotocol="b"))
    assert both([], desk=desk, answer=accept_a)(event, None) == {"statusCode": 500}
    assert "services chose different subprotocols" in caplog.text


def test_every_on_disconnect_runs_even_if_one_raises(caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []
    assert both(log)(disconnect_event(), None) == OK
    assert log == ["desk disconnect", "presence disconnect"]

    def fail(_request: object) -> None:
        raise LookupError("first")

    log.clear()
    with pytest.raises(LookupError, match="first"):
        both(log, desk=OpenDesk(on_disconnect=fail), error=ValueError("second"))(disconnect_event(), None)
    assert log == ["presence disconnect"]
    assert "ValueError: second" in caplog.text


def test_interceptors_of_all_are_outside_those_of_one() -> None:
    log: list[str] = []

    def tell(name: str) -> Any:
        def interceptor(request: AnyRequest, call_next: CallNext, /) -> None:
            log.append(f"{name} {request.route}")
            call_next(request)

        return interceptor

    router = Router(
        DeskRouter(Desk(), interceptors=[tell("desk")]),
        PresenceRouter(Presence(log)),
        interceptors=[tell("all")],
    )
    router(message_event(DeskOperations.say, Greeting()), None)
    assert log == ["all say", "desk say"]
    log.clear()
    router(connect_event(), None)
    assert log == ["all $connect", "desk $connect", "all $connect", "presence connect"]


def test_interceptors_guard_services_without_on_connect() -> None:
    seen: list[str] = []

    def closed(request: AnyRequest, _call_next: CallNext, /) -> None:
        seen.append(request.route)

    router = Router(DeskRouter(Desk()), RivalOfNobody(), interceptors=[closed])
    assert router(connect_event(), None) == {"statusCode": 403}
    assert seen == ["$connect"], "once, not once for each service that has nothing to say"


class RivalOfNobody(PresenceRouter):
    """A router without registered functions."""


@pytest.mark.parametrize("rival", [RivalRouter, DeskRouter])
def test_a_route_claimed_twice_is_refused(rival: Any) -> None:
    with pytest.raises(RouterError, match=r"desk\.v1\.DeskService\.\w+ and desk\S+ have the same route '(say|Enter)'"):
        Router(DeskRouter(Desk()), rival())


def test_the_same_router_twice_is_refused() -> None:
    router = DeskRouter(Desk())
    with pytest.raises(RouterError, match="have the same route"):
        Router(router, router)


def test_two_on_default_are_refused_at_construction_and_later() -> None:
    presence = PresenceRouter()
    presence.on_default(lambda _request: None)
    with pytest.raises(RouterError, match="DeskRouter and PresenceRouter both have an on_default"):
        Router(DeskRouter(OpenDesk()), presence)

    later = PresenceRouter()
    Router(DeskRouter(OpenDesk()), later)
    with pytest.raises(RouterError, match=r"for on_default, which already has the handler"):
        later.on_default(lambda _request: None)


def test_the_one_on_default_serves_all(pushwire_transport: RecordingTransport) -> None:
    seen: list[Any] = []
    presence = PresenceRouter(sdk=lambda _url: PresenceServerSdk(transport=pushwire_transport))
    router = Router(DeskRouter(Desk()), presence)
    presence.on_default(lambda request: seen.append(request))
    assert router(saying('{"route":"Nobody"}', route_key="$default"), None) == OK
    assert isinstance(seen[0].sdk, PresenceServerSdk)


def test_functions_registered_after_the_router_was_made() -> None:
    seen: list[Any] = []
    presence = PresenceRouter()
    router = Router(DeskRouter(Desk()), presence)
    presence.appear(seen.append)
    assert router(message_event(PresenceOperations.appear, Visitor()), None) == OK
    assert len(seen) == 1


def test_an_object_that_is_not_a_generated_router_is_refused() -> None:
    wrong: Any = Desk()
    with pytest.raises(TypeError, match="takes generated sync routers, not Desk"):
        Router(wrong)
    nested: Any = Router(DeskRouter(Desk()))
    with pytest.raises(TypeError, match="not Router"):
        Router(nested)
    with pytest.raises(RouterError, match="at least one"):
        Router()


def test_an_event_of_something_else() -> None:
    with pytest.raises(EventError):
        both([])({}, None)
