"""Known faults of AWS PDK's Type Safe WebSocket API, which Pushwire does not have."""

import copy
import json
import logging
from typing import Any

import pytest

from pushwire import CallbackUrlError
from pushwire.aws_lambda import AnyRequest, CallNext, ConnectionDenied, StateKey, logging_interceptor
from pushwire.testing import RecordingTransport, connect_event, disconnect_event, message_event
from tests.aws_lambda.contract.desk_pb2 import MOOD_UNSPECIFIED, Greeting
from tests.aws_lambda.contract.desk_pushwire import DeskRouter, DeskServerSdk
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.aws_lambda.world import CAPTURED_CONNECT, OK, Desk, OpenDesk, error_frame, saying


def try_catch(request: AnyRequest, call_next: CallNext, /) -> None:
    """PDK's own interceptor, which logs exceptions and does not raise them again."""
    try:
        call_next(request)
    except Exception:
        logging.getLogger("test").exception("Interceptor caught exception")


def test_b3_connect_does_not_fail_open(form: Any) -> None:
    def look_up(_request: object) -> None:
        raise ConnectionError("the table of tokens is down")

    router = form(OpenDesk(on_connect=look_up), RecordingTransport(), [try_catch])
    assert router(CAPTURED_CONNECT, None) == {"statusCode": 500}


def test_b4_a_denial_behind_an_interceptor_that_copies_the_request_counts(form: Any) -> None:
    user = StateKey[str]("user")

    def authenticate(request: AnyRequest, call_next: CallNext, /) -> None:
        other = copy.copy(request)
        other.state[user] = "mallory"
        call_next(other)

    def deny(request: Any) -> None:
        if request.state[user] == "mallory":
            raise ConnectionDenied(401)

    router = form(OpenDesk(on_connect=deny), RecordingTransport(), [try_catch, authenticate])
    assert router(CAPTURED_CONNECT, None) == {"statusCode": 401}


def test_b5_one_router_takes_connect_disconnect_default_and_unknown_routes(
    form: Any, pushwire_transport: RecordingTransport
) -> None:
    for desk in (Desk(), OpenDesk()):
        router = form(desk, pushwire_transport)
        assert router(connect_event(), None) == OK
        assert router(disconnect_event(), None) == OK
        assert router(message_event(DeskOperations.say, Greeting(), route_key="$default"), None) == OK
        assert router(saying('{"route":"Nobody"}', route_key="Nobody"), None) == OK
    assert [name for name, _ in desk.calls] == ["on_connect", "on_disconnect", "say", "on_default"]


def test_b7_an_error_of_a_handler_does_not_vanish(form: Any, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_request: object) -> None:
        raise LookupError("nobody")

    router = form(Desk(say=fail), RecordingTransport(), [logging_interceptor])
    with pytest.raises(
        LookupError
    ):  # API Gateway then sends "Internal server error", and the Lambda's metrics count it
        router(message_event(DeskOperations.say, Greeting()), None)
    assert "the handler raised" in caplog.text


@pytest.mark.parametrize(("body", "is_base64"), [("{", False), ("hi", False), ("e30", True), ("eyJyb3V0ZSI6", True)])
def test_b8_a_malformed_body_is_met_inside_the_chain(
    form: Any, pushwire_transport: RecordingTransport, body: str, is_base64: bool
) -> None:
    seen: list[Any] = []

    def note(request: AnyRequest, call_next: CallNext, /) -> None:
        seen.append(request)
        call_next(request)

    router = form(Desk(), pushwire_transport, [note])
    assert router(saying(body, isBase64Encoded=is_base64), None) == OK
    assert seen[0].refusal is not None
    assert [post.data for post in pushwire_transport.posts] == [error_frame("Bad request body")]


@pytest.mark.parametrize(
    "payload",
    [
        "null",
        '"text"',
        "5",
        "[]",
        '{"name":5}',
        '{"name":null,"badge":"x"}',
        '{"arrivedAt":"soon"}',
        '{"arrivedAt":5}',
        '{"staff":"yes"}',
        '{"mood":[]}',
    ],
)
def test_b9_messages_are_validated_by_the_contract(
    form: Any, pushwire_transport: RecordingTransport, payload: str
) -> None:
    desk = Desk()
    body = f'{{"route":"Enter","payload":{payload}}}'
    assert form(desk, pushwire_transport)(saying(body, route_key="Enter"), None) == OK
    assert desk.calls == []
    assert pushwire_transport.posts[0].data == error_frame("Bad request body")


def test_b9_an_enum_value_that_only_newer_clients_know_is_left_out_like_an_unknown_field(
    pushwire_transport: RecordingTransport,
) -> None:
    # "JSON options" of the proto3 JSON mapping: a parser that ignores unknown fields ignores unknown enum strings too.
    desk = Desk()
    DeskRouter(desk)(saying('{"route":"Enter","payload":{"name":"Ada","mood":"zzz"}}', route_key="Enter"), None)
    ((_, visitor),) = desk.calls
    assert (visitor.name, visitor.mood) == ("Ada", MOOD_UNSPECIFIED)


def test_b11_behind_a_custom_domain_posts_go_to_the_apis_own_host(monkeypatch: pytest.MonkeyPatch) -> None:
    urls: list[str] = []

    def make(url: str) -> DeskServerSdk:
        urls.append(url)
        return DeskServerSdk(transport=RecordingTransport())

    router = DeskRouter(Desk(say=lambda request: request.sdk), sdk=make)
    event = message_event(DeskOperations.say, Greeting(), domain_name="ws.example.com")
    with pytest.raises(CallbackUrlError, match="the region of the API is not known"):
        router(event, None)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")  # as Lambda does
    assert router(event, None) == OK
    assert urls == ["https://abcd1234.execute-api.eu-west-1.amazonaws.com/prod"]


def test_results_hold_what_api_gateway_takes_and_no_more(form: Any) -> None:
    router = form(OpenDesk(), RecordingTransport())
    for event in (
        connect_event(),
        message_event(DeskOperations.say, Greeting()),
        disconnect_event(),
        saying("", route_key="x"),
    ):
        result = json.loads(json.dumps(router(event, None)))
        assert result.keys() <= {"statusCode", "headers"}
        assert isinstance(result["statusCode"], int)
