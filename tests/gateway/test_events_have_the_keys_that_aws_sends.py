"""The three events, with AWS's keys in AWS's order, from a fixed clock and fixed ids."""

import dataclasses
import itertools

from hypothesis import given
from hypothesis import strategies as st

from pushwire.gateway._state.events import ApiIdentity, Caller, EventBuilder
from pushwire.gateway._state.ids import is_connection_id, random_id
from pushwire.gateway._wire.http11 import HttpRequest

AT = 1707502303.42  # 09/Feb/2024 18:11:43 UTC
API = ApiIdentity("abcd1234", "prod", "127.0.0.1:3001", 3001)
CALLER = Caller("AAAA1234=", 1707502303419, "192.0.2.1", "Mozilla/5.0")


def builder() -> EventBuilder:
    numbers = itertools.count(1)
    return EventBuilder(API, clock=lambda: AT, new_id=lambda: f"ID{next(numbers):013d}=")


def handshake(headers: tuple[tuple[str, str], ...], query: str = "") -> HttpRequest:
    target = f"/prod?{query}" if query else "/prod"
    return HttpRequest("GET", target, headers, b"", keep_alive=True, websocket=True)


def test_a_connect_event() -> None:
    headers = (
        ("Host", "127.0.0.1:3001"),
        ("Connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("Cookie", "a=1"),
        ("cookie", "b=2"),
        ("User-Agent", "Mozilla/5.0"),
    )
    event = builder().connect(CALLER, handshake(headers, "token=t&x=1&x=2&flag&text=a%20b%C3%A4"))
    trace = event["headers"]["X-Amzn-Trace-Id"]
    assert trace.startswith("Root=1-65c66adf-")
    assert len(trace) == len("Root=1-65c66adf-") + 24
    assert event == {
        "headers": {
            "Host": "127.0.0.1:3001",
            "Cookie": "b=2",
            "User-Agent": "Mozilla/5.0",
            "X-Amzn-Trace-Id": trace,
            "X-Forwarded-For": "192.0.2.1",
            "X-Forwarded-Port": "3001",
            "X-Forwarded-Proto": "http",
        },
        "multiValueHeaders": {
            "Host": ["127.0.0.1:3001"],
            "Cookie": ["a=1", "b=2"],
            "User-Agent": ["Mozilla/5.0"],
            "X-Amzn-Trace-Id": [trace],
            "X-Forwarded-For": ["192.0.2.1"],
            "X-Forwarded-Port": ["3001"],
            "X-Forwarded-Proto": ["http"],
        },
        "queryStringParameters": {"token": "t", "x": "2", "flag": "", "text": "a bä"},
        "multiValueQueryStringParameters": {"token": ["t"], "x": ["1", "2"], "flag": [""], "text": ["a bä"]},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "extendedRequestId": event["requestContext"]["requestId"],
            "requestTime": "09/Feb/2024:18:11:43 +0000",
            "messageDirection": "IN",
            "stage": "prod",
            "connectedAt": 1707502303419,
            "requestTimeEpoch": 1707502303420,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "Mozilla/5.0"},
            "requestId": event["requestContext"]["requestId"],
            "domainName": "127.0.0.1:3001",
            "connectionId": "AAAA1234=",
            "apiId": "abcd1234",
        },
        "isBase64Encoded": False,
    }


def test_without_a_query_string_or_a_user_agent_the_keys_are_absent_not_null() -> None:
    caller = Caller("AAAA1234=", 1, "192.0.2.1", None)
    event = builder().connect(caller, handshake((("Host", "x"),)))
    assert list(event) == ["headers", "multiValueHeaders", "requestContext", "isBase64Encoded"]
    assert event["requestContext"]["identity"] == {"sourceIp": "192.0.2.1"}


def test_a_message_event_has_no_headers_and_a_message_id() -> None:
    event = builder().message(CALLER, route_key="sendMessage", body='{"route":"sendMessage"}')
    assert list(event) == ["requestContext", "body", "isBase64Encoded"]
    context = event["requestContext"]
    assert list(context)[:4] == ["routeKey", "messageId", "eventType", "extendedRequestId"]
    assert (context["routeKey"], context["eventType"]) == ("sendMessage", "MESSAGE")
    assert context["messageId"] != context["requestId"] == context["extendedRequestId"]


def test_a_disconnect_event() -> None:
    event = builder().disconnect(CALLER, code=1005, reason="Client-side close frame status not set")
    assert event["headers"] == {"Host": "127.0.0.1:3001", "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    assert event["multiValueHeaders"]["x-restapi"] == [""]
    context = event["requestContext"]
    assert (context["routeKey"], context["eventType"]) == ("$disconnect", "DISCONNECT")
    assert context["disconnectStatusCode"] == 1005
    assert context["disconnectReason"] == "Client-side close frame status not set"


def test_stage_variables_and_what_an_authorizer_said_are_in_every_event_where_there_are_any() -> None:
    api = dataclasses.replace(API, stage_variables={"tenant": "t"})
    caller = dataclasses.replace(CALLER, authorizer={"principalId": "me", "admin": "true"})
    events = EventBuilder(api, clock=lambda: AT, new_id=lambda: "AAAAAAAAAAAAAAA=")
    for event in (
        events.connect(caller, handshake(())),
        events.message(caller, route_key="$default", body=""),
        events.disconnect(caller, code=1000, reason=""),
    ):
        assert event["stageVariables"] == {"tenant": "t"}
        assert event["requestContext"]["authorizer"] == {"principalId": "me", "admin": "true"}


def test_ids_have_the_shape_of_real_ones() -> None:
    ids = {random_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(map(is_connection_id, ids))
    assert all(map(is_connection_id, ["R0oXAdfD0kwCH6w=", "JC1dgf9yoAMCK-g=", "D-j5-fe7IAMCKMA="]))


@given(st.text(max_size=200))
def test_any_query_string_gives_an_event(query: str) -> None:
    event = builder().connect(CALLER, handshake((), query))
    single, multi = event.get("queryStringParameters", {}), event.get("multiValueQueryStringParameters", {})
    assert single == {name: values[-1] for name, values in multi.items()}
