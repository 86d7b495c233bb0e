"""`$connect` decisions: accepted, with a subprotocol, denied, or failed, with interceptors that catch exceptions."""

import contextlib
import http
import logging
from typing import Any

import pytest

from pushwire import ConnectionGoneError, ConnectionPendingError
from pushwire.aws_lambda import AnyRequest, CallNext, ConnectionAccepted, ConnectionDenied, Interceptor
from pushwire.testing import RecordingTransport, connect_event, disconnect_event, message_event
from tests.aws_lambda.contract.desk_pb2 import Greeting
from tests.aws_lambda.contract.desk_pushwire import DeskConnectRequest, DeskRouter
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.aws_lambda.world import CAPTURED_CONNECT, CAPTURED_DISCONNECT, OK, Desk, OpenDesk, by_class


def raising(error: BaseException) -> Any:
    def fail(_request: object) -> None:
        raise error

    return fail


def swallow(request: AnyRequest, call_next: CallNext, /) -> None:
    with contextlib.suppress(Exception):
        call_next(request)


def swallow_everything(request: AnyRequest, call_next: CallNext, /) -> None:
    with contextlib.suppress(BaseException):
        call_next(request)


def pass_on(request: AnyRequest, call_next: CallNext, /) -> None:
    call_next(request)


def hold(_request: AnyRequest, _call_next: CallNext, /) -> None:
    pass


def claim_success(request: AnyRequest, call_next: CallNext, /) -> Any:
    swallow(request, call_next)
    return {"statusCode": 200}


AROUND: list[list[Interceptor]] = [
    [],
    [pass_on],
    [swallow],
    [swallow_everything],
    [claim_success],
    [pass_on, swallow, pass_on],
]


def test_the_captured_event_is_allowed(form: Any, pushwire_transport: RecordingTransport) -> None:
    desk = OpenDesk()
    assert form(desk, pushwire_transport)(CAPTURED_CONNECT, None) == OK
    assert desk.calls == [("on_connect", {"token": "t"})]


def test_without_on_connect_everybody_may_connect(form: Any, pushwire_transport: RecordingTransport) -> None:
    assert form(Desk(), pushwire_transport)(CAPTURED_CONNECT, None) == OK


@pytest.mark.parametrize("interceptors", AROUND)
@pytest.mark.parametrize("status_code", [400, 401, 403, 429, 500, 599, http.HTTPStatus.UNAUTHORIZED])
def test_a_denial(form: Any, interceptors: Any, status_code: int, caplog: pytest.LogCaptureFixture) -> None:
    desk = OpenDesk(on_connect=raising(ConnectionDenied(status_code, "no such token")))
    with caplog.at_level(logging.INFO, logger="pushwire.aws_lambda"):
        result = form(desk, RecordingTransport(), interceptors)(CAPTURED_CONNECT, None)
    assert result == {"statusCode": status_code}
    assert type(result["statusCode"]) is int
    assert f"connection AAAA1234= denied with {int(status_code)}: no such token" in caplog.text


def test_a_denial_has_status_403_by_default() -> None:
    router = by_class(OpenDesk(on_connect=raising(ConnectionDenied())), RecordingTransport())
    assert router(CAPTURED_CONNECT, None) == {"statusCode": 403}
    assert str(ConnectionDenied()) == "denied with 403"


@pytest.mark.parametrize("status_code", [200, 101, 302, 399, 600, 0, -403, True, None, "403", 403.5])
def test_a_denial_needs_the_status_code_of_an_error(status_code: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="status_code= must be "):
        ConnectionDenied(status_code)


@pytest.mark.parametrize("interceptors", AROUND)
@pytest.mark.parametrize(
    "error",
    [ValueError("s3cret"), KeyError("x"), ConnectionGoneError(), TimeoutError(), RecursionError(), StopIteration()],
)
def test_any_exception_denies(form: Any, interceptors: Any, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    router = form(OpenDesk(on_connect=raising(error)), RecordingTransport(), interceptors)
    assert router(CAPTURED_CONNECT, None) == {"statusCode": 500}
    assert "connection AAAA1234= denied with 500: on_connect raised" in caplog.text
    assert "Traceback" in caplog.text
    assert type(error).__name__ in caplog.text


def test_an_exit_opens_nothing() -> None:
    desk = OpenDesk(on_connect=raising(SystemExit(0)))
    with pytest.raises(SystemExit):
        by_class(desk, RecordingTransport())(CAPTURED_CONNECT, None)
    assert by_class(desk, RecordingTransport(), [swallow_everything])(CAPTURED_CONNECT, None) == {"statusCode": 500}


@pytest.mark.parametrize(
    "answer", [True, False, 0, "yes", {"statusCode": 200}, {"statusCode": 401}, ConnectionAccepted]
)
def test_a_result_that_is_not_a_decision_denies(form: Any, answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    router = form(OpenDesk(on_connect=lambda _request: answer), RecordingTransport())
    assert router(CAPTURED_CONNECT, None) == {"statusCode": 500}
    assert "raise ConnectionDenied" in caplog.text


@pytest.mark.parametrize("interceptors", [[hold], [pass_on, hold], [hold, swallow], [swallow, hold]])
def test_an_interceptor_that_does_not_go_on_denies(form: Any, interceptors: Any) -> None:
    desk = OpenDesk()
    assert form(desk, RecordingTransport(), interceptors)(CAPTURED_CONNECT, None) == {"statusCode": 403}
    assert desk.calls == []
    assert form(Desk(), RecordingTransport(), interceptors)(CAPTURED_CONNECT, None) == {"statusCode": 403}


def test_an_interceptor_that_fails_after_the_handler_denies_too() -> None:
    def check_afterwards(request: AnyRequest, call_next: CallNext, /) -> None:
        call_next(request)
        raise ConnectionDenied(429)

    desk = OpenDesk()
    router = by_class(desk, RecordingTransport(), [swallow, check_afterwards])
    assert router(CAPTURED_CONNECT, None) == {"statusCode": 429}
    assert desk.calls


def test_an_interceptor_may_turn_an_error_into_a_denial() -> None:
    def translate(request: AnyRequest, call_next: CallNext, /) -> None:
        try:
            call_next(request)
        except LookupError as error:
            raise ConnectionDenied(401) from error

    router = by_class(OpenDesk(on_connect=raising(LookupError())), RecordingTransport(), [translate])
    assert router(CAPTURED_CONNECT, None) == {"statusCode": 401}


def test_an_interceptor_guards_a_service_that_has_no_on_connect() -> None:
    def members_only(request: AnyRequest, call_next: CallNext, /) -> None:
        if request.route == "$connect":
            raise ConnectionDenied(401)
        call_next(request)

    assert by_class(Desk(), RecordingTransport(), [members_only])(CAPTURED_CONNECT, None) == {"statusCode": 401}


def test_trying_again_does_not_open_what_was_denied() -> None:
    answers = iter([ConnectionDenied(401), None])

    def waver(_request: object) -> None:
        answer = next(answers)
        if answer is not None:
            raise answer

    def retry(request: AnyRequest, call_next: CallNext, /) -> None:
        swallow(request, call_next)
        call_next(request)

    router = by_class(OpenDesk(on_connect=waver), RecordingTransport(), [retry])
    assert router(CAPTURED_CONNECT, None) == {"statusCode": 401}


def test_a_subprotocol_that_the_client_offers(form: Any) -> None:
    desk = OpenDesk(on_connect=lambda request: ConnectionAccepted(subprotocol=request.event.subprotocols[-1]))
    result = form(desk, RecordingTransport())(connect_event(subprotocols=("v1", "v2")), None)
    assert result == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "v2"}}


@pytest.mark.parametrize("subprotocols", [(), ("v1",), ("V2",)])
def test_a_subprotocol_that_it_does_not_offer(subprotocols: tuple[str, ...], caplog: pytest.LogCaptureFixture) -> None:
    desk = OpenDesk(on_connect=lambda _request: ConnectionAccepted(subprotocol="v2"))
    result = by_class(desk, RecordingTransport())(connect_event(subprotocols=subprotocols), None)
    assert result == {"statusCode": 500}
    assert "the subprotocol 'v2', which the client does not offer" in caplog.text


def test_accepting_without_a_subprotocol() -> None:
    router = by_class(OpenDesk(on_connect=lambda _request: ConnectionAccepted()), RecordingTransport())
    assert router(CAPTURED_CONNECT, None) == OK


def test_nothing_can_be_sent_to_a_connection_that_is_not_open(form: Any) -> None:
    transport = RecordingTransport()
    gone: list[str] = []
    errors: list[ConnectionPendingError] = []

    def greet_too_early(request: DeskConnectRequest) -> None:
        for call in (
            lambda: request.sdk.greet(request.connection_id, Greeting()),
            lambda: request.sdk.connections.get(request.connection_id),
            lambda: request.sdk.connections.disconnect(request.connection_id),
        ):
            with pytest.raises(ConnectionPendingError, match="client's first message") as caught:
                call()
            errors.append(caught.value)
        request.sdk.greet("another", Greeting(text="somebody came"))
        request.sdk.connections.get("another")
        request.sdk.connections.disconnect("another")
        assert request.sdk is request.sdk
        request.sdk.close()

    router = form(OpenDesk(on_connect=greet_too_early), transport, on_gone=gone.append)
    assert router(connect_event(connection_id="own"), None) == OK
    assert transport.sent.to("another") == [Greeting(text="somebody came")]
    assert transport.sent.to("own") == []
    assert transport.deleted == ["another"]
    assert [(error.connection_id, error.attempts) for error in errors] == [("own", 0)] * 3
    assert str(errors[0].operation) == "desk.v1.DeskService.Greet"
    assert gone == [], "a connection that is not open yet is not to be forgotten"


def test_an_uncaught_error_of_an_early_send_denies() -> None:
    desk = OpenDesk(on_connect=lambda request: request.sdk.greet(request.connection_id, Greeting()))
    assert by_class(desk, RecordingTransport())(CAPTURED_CONNECT, None) == {"statusCode": 500}


def test_the_pattern_that_works_is_the_clients_first_message() -> None:
    transport = RecordingTransport()
    desk = OpenDesk(say=lambda request: request.sdk.greet(request.connection_id, Greeting(text="welcome")))
    router = by_class(desk, transport)
    router(connect_event(connection_id="own"), None)
    router(message_event(DeskOperations.say, Greeting(text="hello"), connection_id="own"), None)
    assert transport.sent.to("own") == [Greeting(text="welcome")]


def test_the_captured_disconnect(form: Any, pushwire_transport: RecordingTransport) -> None:
    desk = OpenDesk()
    assert form(desk, pushwire_transport)(CAPTURED_DISCONNECT, None) == OK
    assert desk.calls == [("on_disconnect", 1005)]
    assert form(Desk(), pushwire_transport)(CAPTURED_DISCONNECT, None) == OK


def test_an_exception_of_on_disconnect_leaves_the_lambda(form: Any) -> None:
    router = form(OpenDesk(on_disconnect=raising(LookupError("table"))), RecordingTransport())
    with pytest.raises(LookupError, match="table"):
        router(disconnect_event(), None)


def test_the_sdk_of_a_disconnect_sends_to_others(pushwire_transport: RecordingTransport) -> None:
    desk = OpenDesk(on_disconnect=lambda request: request.sdk.greet("another", Greeting(text="bye")))
    assert by_class(desk, pushwire_transport)(disconnect_event(), None) == OK
    assert pushwire_transport.sent.to("another") == [Greeting(text="bye")]


def test_each_result_is_its_callers_own() -> None:
    router: DeskRouter = by_class(Desk(), RecordingTransport())
    router(CAPTURED_CONNECT, None)["statusCode"] = 500
    router(CAPTURED_DISCONNECT, None)["extra"] = 1
    assert router(CAPTURED_CONNECT, None) == router(CAPTURED_DISCONNECT, None) == OK
