"""Interceptors run around every handler, the router's outside the operation's, and receive its exceptions."""

import copy
import logging
from typing import Any

import pytest

from pushwire.aws_lambda import AnyRequest, CallNext, ConnectionDenied, MissingStateError, StateKey, logging_interceptor
from pushwire.testing import RecordingTransport, connect_event, disconnect_event, message_event, text_event
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import DeskRouter, DeskServerSdk
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.aws_lambda.world import CAPTURED_MESSAGE, CONNECTION_ID, OK, Desk, OpenDesk, by_class

SAY = message_event(DeskOperations.say, Greeting(text="Hi"))


def tell(log: list[str], name: str) -> Any:
    def interceptor(request: AnyRequest, call_next: CallNext, /) -> None:
        log.append(f"{name}+")
        try:
            call_next(request)
        except LookupError:
            log.append(f"{name}!")
            raise
        log.append(f"{name}-")

    return interceptor


def test_order_and_nesting() -> None:
    log: list[str] = []
    router = DeskRouter(interceptors=[tell(log, "a"), tell(log, "b")])

    @router.say(interceptors=[tell(log, "c"), tell(log, "d")])
    def say(_request: object, /) -> None:
        log.append("say")

    assert router(SAY, None) == OK
    assert log == ["a+", "b+", "c+", "d+", "say", "d-", "c-", "b-", "a-"]
    assert callable(say), "a decorator gives the function back"


def test_they_wrap_everything(form: Any, pushwire_transport: RecordingTransport) -> None:
    seen: list[tuple[str, str]] = []

    def note(request: AnyRequest, call_next: CallNext, /) -> None:
        seen.append((request.route, request.connection_id))
        call_next(request)

    router = form(OpenDesk(), pushwire_transport, [note])
    unknown = text_event('{"route":"Nobody"}', route_key="Nobody", connection_id="d")
    events = [connect_event(connection_id="a"), message_event(DeskOperations.enter, Visitor(), connection_id="b")]
    for event in (*events, disconnect_event(connection_id="c"), unknown):
        router(event, None)
    assert seen == [("$connect", "a"), ("Enter", "b"), ("$disconnect", "c"), ("$default", "d")]


def test_those_of_one_operation_stay_there() -> None:
    log: list[str] = []
    router = DeskRouter()
    router.say(interceptors=[tell(log, "say")])(lambda _request: None)
    router.enter(lambda _request: None)
    router.on_connect(interceptors=[tell(log, "connect")])(lambda _request: None)
    router.on_disconnect(interceptors=[tell(log, "disconnect")])(lambda _request: None)
    router.on_default(interceptors=[tell(log, "default")])(lambda _request: None)
    router(message_event(DeskOperations.enter, Visitor()), None)
    assert log == []
    for event in (connect_event(), SAY, disconnect_event(), text_event('{"route":"?"}', route_key="?")):
        router(event, None)
    assert log[::2] == ["connect+", "say+", "disconnect+", "default+"]


def test_an_exception_passes_through_all_of_them(form: Any) -> None:
    log: list[str] = []

    def fail(_request: object) -> None:
        raise LookupError

    router = form(Desk(say=fail), RecordingTransport(), [tell(log, "a"), tell(log, "b")])
    with pytest.raises(LookupError):
        router(SAY, None)
    assert log == ["a+", "b+", "b!", "a!"]


def test_one_that_does_not_go_on_has_handled_the_message(form: Any, pushwire_transport: RecordingTransport) -> None:
    def closed(request: AnyRequest, _call_next: CallNext, /) -> None:
        request.sdk.say(request.connection_id, Greeting(text="we are closed"))

    desk = Desk()
    assert form(desk, pushwire_transport, [closed])(SAY, None) == OK
    assert desk.calls == []
    assert pushwire_transport.sent[0].message == Greeting(text="we are closed")


def test_state_is_typed_and_of_one_request() -> None:
    user, other = StateKey[str]("user"), StateKey[int]("user")
    seen: list[object] = []

    def log_in(request: AnyRequest, call_next: CallNext, /) -> None:
        assert user not in request.state
        request.state[user] = "ada"
        call_next(copy.copy(request))

    def look(request: Any) -> None:
        state = request.state
        seen.extend(
            [state[user], state.get(user), state.get(other), state.get(other, 5), user in state, other in state]
        )

    router = by_class(Desk(say=look), RecordingTransport(), [log_in])
    for _ in range(2):
        router(SAY, None)
    assert seen == ["ada", "ada", None, 5, True, False] * 2
    assert repr(user) == "StateKey('user')"


def test_a_state_key_without_a_value() -> None:
    user = StateKey[str]("user")
    router = by_class(Desk(say=lambda request: request.state[user]), RecordingTransport())
    with pytest.raises(MissingStateError, match="no value for 'user': add an interceptor that sets it"):
        router(SAY, None)


def test_the_logging_interceptor_logs_an_exception_and_raises_it_again(
    form: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_request: object) -> None:
        raise LookupError("nobody")

    with pytest.raises(LookupError):
        form(Desk(say=fail), RecordingTransport(), [logging_interceptor])(CAPTURED_MESSAGE, None)
    (record,) = caplog.records
    assert record.levelname == "WARNING", "Lambda logs the exception itself, at ERROR"
    assert record.getMessage() == f"desk.v1.DeskService.Say: the handler raised (connection {CONNECTION_ID})"
    facts = (vars(record)["operation"], vars(record)["route"], vars(record)["connection_id"])
    assert facts == ("desk.v1.DeskService.Say", "say", CONNECTION_ID)
    assert "LookupError: nobody" in caplog.text


def test_the_logging_one_is_silent_where_nothing_fails(caplog: pytest.LogCaptureFixture) -> None:
    def deny(_request: object) -> None:
        raise ConnectionDenied(401)

    router = by_class(OpenDesk(on_connect=deny), RecordingTransport(), [logging_interceptor])
    with caplog.at_level(logging.WARNING, logger="pushwire"):
        router(SAY, None)
        assert router(connect_event(), None) == {"statusCode": 401}
    assert caplog.records == []


@pytest.mark.parametrize("wrong", [5, [5], [None], logging_interceptor])
def test_an_object_that_is_not_an_interceptor_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"interceptors= must be a list|a router takes functions"):
        DeskRouter(interceptors=wrong)
    with pytest.raises(TypeError, match=r"interceptors= must be a list|a router takes functions"):
        DeskRouter().say(interceptors=wrong)(lambda _request: None)


def test_an_async_interceptor_is_refused() -> None:
    async def slow(_request: AnyRequest, _call_next: CallNext, /) -> None: ...

    class Slow:
        async def __call__(self, _request: AnyRequest, _call_next: CallNext, /) -> None: ...

    for wrong in (slow, Slow()):
        interceptors: Any = [wrong]
        with pytest.raises(TypeError, match="is async, which this router cannot run"):
            DeskRouter(Desk(), interceptors=interceptors)


def test_the_sdk_is_the_same_in_and_out_of_the_chain() -> None:
    seen: list[object] = []

    def note(request: AnyRequest, call_next: CallNext, /) -> None:
        seen.append(request.sdk)
        call_next(request)

    sdk = DeskServerSdk(transport=RecordingTransport())
    router = DeskRouter(Desk(say=lambda request: seen.append(request.sdk)), interceptors=[note], sdk=lambda _url: sdk)
    router(SAY, None)
    assert seen == [sdk, sdk]
