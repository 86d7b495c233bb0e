"""The properties of the three events, with keys that are present, absent or null."""

import copy
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from pushwire.aws_lambda import ConnectEvent, DisconnectEvent, EventError, MessageEvent
from tests.aws_lambda.world import CAPTURED_CONNECT, CAPTURED_DISCONNECT, CAPTURED_MESSAGE, captured

KINDS: list[tuple[type[Any], dict[str, Any]]] = [
    (ConnectEvent, CAPTURED_CONNECT),
    (MessageEvent, CAPTURED_MESSAGE),
    (DisconnectEvent, CAPTURED_DISCONNECT),
]


def test_a_handshake() -> None:
    event = ConnectEvent(CAPTURED_CONNECT)
    assert event.raw is CAPTURED_CONNECT
    assert (event.connection_id, event.route_key, event.stage, event.api_id) == (
        *("AAAA1234=", "$connect", "prod"),
        "abcd1234",
    )
    assert event.domain_name == "abcd1234.execute-api.us-east-1.amazonaws.com"
    assert event.request_id == event.extended_request_id == "ABCD1234="
    assert event.connected_at == datetime(2024, 2, 9, 18, 11, 43, 419000, UTC)
    assert event.request_time == datetime(2024, 2, 9, 18, 11, 43, 420000, UTC)
    assert (event.source_ip, event.user_agent) == ("192.0.2.1", "Mozilla/5.0")
    assert event.query_string_parameters == {"token": "t"}
    assert event.multi_value_query_string_parameters == {"token": ["t"]}
    assert event.headers["sec-websocket-version"] == event.headers["Sec-WebSocket-Version"] == "13"
    assert list(event.headers) == list(CAPTURED_CONNECT["headers"])
    assert len(event.headers) == 8
    assert event.multi_value_headers["Host"] == ["abcd1234.execute-api.us-east-1.amazonaws.com"]
    assert event.subprotocols == ()
    assert event.authorizer == {}
    assert event.stage_variables == {}
    assert repr(event) == "<ConnectEvent '$connect' of 'AAAA1234='>"


def test_a_handshake_without_a_query_string_and_with_the_rest() -> None:
    raw = captured(
        CAPTURED_CONNECT,
        stageVariables={"table": "t"},
        headers={"sec-websocket-protocol": "b"},
        multiValueHeaders={"sec-websocket-protocol": ["a, b", "c,,"]},
        context={"authorizer": {"principalId": "ada", "integrationLatency": 5}, "identity": {}},
    )
    del raw["queryStringParameters"], raw["multiValueQueryStringParameters"]
    event = ConnectEvent(raw)
    assert event.query_string_parameters == {}
    assert event.multi_value_query_string_parameters == {}
    assert event.stage_variables == {"table": "t"}
    assert event.subprotocols == ("a", "b", "c")
    assert event.authorizer["principalId"] == "ada"
    assert (event.source_ip, event.user_agent) == (None, None)
    raw["multiValueHeaders"] = None
    assert ConnectEvent(raw).subprotocols == ("b",)
    with pytest.raises(KeyError):
        _ = event.headers["origin"]
    assert event.headers.get("origin") is None


def test_a_message() -> None:
    event = MessageEvent(CAPTURED_MESSAGE)
    assert event.body == '{"route":"say","payload":{"text":"Hello!"}}'
    assert event.is_base64_encoded is False
    assert (event.route_key, event.message_id) == ("say", "PJqCFfHyKRcCHlw=")
    assert event.user_agent is None
    assert not hasattr(event, "headers")
    assert not hasattr(event, "query_string_parameters")


def test_a_disconnect() -> None:
    event = DisconnectEvent(captured(CAPTURED_DISCONNECT, context={"authorizer": {"principalId": "ada"}}))
    assert event.disconnect_status_code == 1005
    assert event.disconnect_reason == "Client-side close frame status not set"
    assert event.headers["host"] == "abcd1234.execute-api.us-east-1.amazonaws.com"
    assert event.headers["x-api-key"] == ""
    assert event.multi_value_headers["x-restapi"] == [""]
    assert event.authorizer == {"principalId": "ada"}


def test_an_old_event_without_a_disconnect_reason() -> None:
    raw = captured(CAPTURED_DISCONNECT)
    del raw["requestContext"]["disconnectStatusCode"], raw["requestContext"]["disconnectReason"]
    event = DisconnectEvent(raw)
    assert (event.disconnect_status_code, event.disconnect_reason) == (None, None)


@pytest.mark.parametrize(("kind", "raw"), KINDS)
def test_null_reads_as_what_is_left_out(kind: Any, raw: dict[str, Any]) -> None:
    optional = ("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters", "body")
    nulls: dict[str, Any] = dict.fromkeys((*optional, "stageVariables", "isBase64Encoded"))
    event = kind(captured(raw, **nulls, context={"authorizer": None, "identity": None, "messageId": None}))
    for name in dir(kind):
        if not name.startswith("_"):
            value = getattr(event, name)
            if name not in {"raw", "EVENT_TYPE"} and isinstance(value, Mapping):
                assert value == {}


@pytest.mark.parametrize(("kind", "raw"), KINDS)
@pytest.mark.parametrize("copied", [lambda event: pickle.loads(pickle.dumps(event)), copy.copy, copy.deepcopy])
def test_an_event_survives_pickling_and_copying(kind: Any, raw: dict[str, Any], copied: Any) -> None:
    event = copied(kind(raw))
    assert (type(event), event.raw, event.connection_id) == (kind, raw, kind(raw).connection_id)


@pytest.mark.parametrize(("kind", "raw"), KINDS)
def test_an_event_of_another_kind_is_refused(kind: Any, raw: dict[str, Any]) -> None:
    for other, _ in KINDS:
        if other is not kind:
            with pytest.raises(EventError, match=f"this is a {kind.EVENT_TYPE} event, not a {other.EVENT_TYPE} event"):
                other(raw)


@pytest.mark.parametrize("key", ["stage", "apiId", "domainName", "requestId", "extendedRequestId", "connectedAt"])
def test_what_every_event_has_is_missed_by_name(key: str) -> None:
    raw = captured(CAPTURED_MESSAGE)
    del raw["requestContext"][key]
    names = {"apiId": "api_id", "domainName": "domain_name", "requestId": "request_id", "connectedAt": "connected_at"}
    names |= {"extendedRequestId": "extended_request_id"}
    with pytest.raises(EventError, match=f"requestContext.{key}"):
        getattr(MessageEvent(raw), names.get(key, key))


@pytest.mark.parametrize("time", [None, "1", 10**30, -(10**30), float("nan")])
def test_a_time_that_is_not_a_time(time: object) -> None:
    with pytest.raises(EventError, match="connectedAt in milliseconds"):
        _ = MessageEvent(captured(CAPTURED_MESSAGE, context={"connectedAt": time})).connected_at


def test_powertools_events_are_taken() -> None:
    data_classes = pytest.importorskip("aws_lambda_powertools.utilities.data_classes", reason="needs Powertools")
    assert MessageEvent(data_classes.APIGatewayWebSocketEvent(CAPTURED_MESSAGE)).raw is CAPTURED_MESSAGE


def test_a_time_beyond_the_calendar_is_an_event_error() -> None:
    event = ConnectEvent(captured(CAPTURED_CONNECT, context={"connectedAt": 10**15}))
    with pytest.raises(EventError, match="connectedAt"):
        _ = event.connected_at
