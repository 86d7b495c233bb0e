"""The three kinds of events with all keys: keys that AWS omits must be absent, not null."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tests.conformance.clients import App, Event
from tests.conformance.sources import BROWSER_EVENTS, IDS, MAPPING, MESSAGE_EVENT, PROXY_INPUT, USER_AGENTS, source

EventOf: TypeAlias = Callable[..., Event]

CONTEXT = {
    "routeKey",
    "eventType",
    "extendedRequestId",
    "requestTime",
    "messageDirection",
    "stage",
    "connectedAt",
    "requestTimeEpoch",
    "identity",
    "requestId",
    "domainName",
    "connectionId",
    "apiId",
}
ID = re.compile(r"[A-Za-z0-9_-]{15}=")


def connect_event(app: App, **options: Any) -> Event:
    return app.client(**options).connected


def message_event(app: App, **options: Any) -> Event:
    return app.client(**options).event_of('{"route":"report"}')


def disconnect_event(app: App, **options: Any) -> Event:
    client = app.client(**options)
    client.ws.close()
    return client.disconnected()


every_kind = pytest.mark.parametrize("event_of", [connect_event, message_event, disconnect_event])


@source(PROXY_INPUT)
def test_a_connect_event_has_these_keys(app: App) -> None:
    assert set(connect_event(app)) == {
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "requestContext",
        "isBase64Encoded",
    }


@source(PROXY_INPUT)
def test_without_a_query_string_a_connect_event_has_no_keys_for_it(app: App) -> None:
    assert set(app.client_without_query().connected) == {
        "headers",
        "multiValueHeaders",
        "requestContext",
        "isBase64Encoded",
    }


@source(PROXY_INPUT)
def test_the_context_of_a_connect_event_has_these_keys(app: App) -> None:
    assert set(connect_event(app)["requestContext"]) == CONTEXT


@source(PROXY_INPUT)
def test_a_connect_event_shows_these_headers(app: App) -> None:
    headers = app.client(additional_headers={"X-MiXed": "kept"}).connected["headers"]
    assert headers.keys() >= {
        "Host",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
        "X-MiXed",
    }
    assert headers["Sec-WebSocket-Version"] == "13"
    assert headers["X-Amzn-Trace-Id"].startswith("Root=1-")


@source(PROXY_INPUT)
def test_a_connect_event_leaves_out_the_headers_of_the_upgrade(app: App) -> None:
    assert {name.lower() for name in connect_event(app)["headers"]}.isdisjoint({"connection", "upgrade"})


@source(PROXY_INPUT)
def test_multi_value_headers_are_the_same_headers_in_lists(app: App) -> None:
    event = connect_event(app)
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}


@source(PROXY_INPUT)
def test_a_query_parameter_comes_in_both_forms(app: App) -> None:
    event = app.client(query={"token": "t"}).connected
    assert event["queryStringParameters"]["token"] == "t"
    assert event["multiValueQueryStringParameters"]["token"] == ["t"]


@source(PROXY_INPUT)
def test_the_domain_name_is_the_host_that_the_client_named(app: App) -> None:
    event = connect_event(app)
    assert event["requestContext"]["domainName"] == event["headers"]["Host"]


@source(MESSAGE_EVENT, PROXY_INPUT)
def test_a_message_event_has_these_keys_and_no_headers(app: App) -> None:
    assert set(message_event(app)) == {"requestContext", "body", "isBase64Encoded"}


@source(MESSAGE_EVENT, PROXY_INPUT)
def test_the_context_of_a_message_event_has_a_message_id_too(app: App) -> None:
    assert set(message_event(app)["requestContext"]) == CONTEXT | {"messageId"}


@source(MESSAGE_EVENT)
def test_the_body_of_a_message_event_is_the_message_to_the_letter(app: App) -> None:
    body = '{ "route" : "report",\n"text": "grüß dich ☺ \\u00e4" }'
    assert app.client().event_of(body)["body"] == body


@source(PROXY_INPUT)
def test_a_disconnect_event_has_these_keys(app: App) -> None:
    assert set(disconnect_event(app)) == {"headers", "multiValueHeaders", "requestContext", "isBase64Encoded"}


@source(PROXY_INPUT)
def test_the_context_of_a_disconnect_event_has_the_code_and_the_reason_too(app: App) -> None:
    assert set(disconnect_event(app)["requestContext"]) == CONTEXT | {"disconnectStatusCode", "disconnectReason"}


@source(PROXY_INPUT)
def test_a_disconnect_event_has_these_headers_and_all_but_the_host_are_empty(app: App) -> None:
    event = disconnect_event(app)
    host = event["requestContext"]["domainName"]
    assert event["headers"] == {"Host": host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    assert event["multiValueHeaders"] == {"Host": [host], "x-api-key": [""], "X-Forwarded-For": [""], "x-restapi": [""]}


@source(PROXY_INPUT, MESSAGE_EVENT)
@every_kind
def test_no_event_is_base64(app: App, event_of: EventOf) -> None:
    assert event_of(app)["isBase64Encoded"] is False


@source(USER_AGENTS, BROWSER_EVENTS)
@every_kind
def test_the_identity_is_the_address_and_the_user_agent(app: App, event_of: EventOf) -> None:
    identity = event_of(app, user_agent_header="conformance/1")["requestContext"]["identity"]
    assert identity.keys() == {"sourceIp", "userAgent"}
    assert identity["userAgent"] == "conformance/1"


@source(MESSAGE_EVENT, PROXY_INPUT + ": its sample of a DISCONNECT event")
@every_kind
def test_the_identity_has_no_user_agent_if_the_client_sent_none(app: App, event_of: EventOf) -> None:
    assert event_of(app, user_agent_header=None)["requestContext"]["identity"].keys() == {"sourceIp"}


@source(IDS, MESSAGE_EVENT)
@every_kind
def test_ids_are_fifteen_base64url_characters_and_an_equals_sign(app: App, event_of: EventOf) -> None:
    context = event_of(app)["requestContext"]
    names = [name for name in ("connectionId", "requestId", "extendedRequestId", "messageId") if name in context]
    assert [name for name in names if ID.fullmatch(context[name]) is None] == []


@source(MESSAGE_EVENT, MAPPING)
@every_kind
def test_both_request_ids_are_one(app: App, event_of: EventOf) -> None:
    context = event_of(app)["requestContext"]
    assert context["requestId"] == context["extendedRequestId"]


@source(PROXY_INPUT, MESSAGE_EVENT)
@every_kind
def test_times_are_whole_milliseconds_and_the_common_log_format(app: App, event_of: EventOf) -> None:
    context = event_of(app)["requestContext"]
    assert isinstance(context["connectedAt"], int)
    assert isinstance(context["requestTimeEpoch"], int)
    moment = dt.datetime.strptime(context["requestTime"], "%d/%b/%Y:%H:%M:%S %z")
    assert moment.timestamp() == context["requestTimeEpoch"] // 1_000
    assert context["requestTime"].endswith(" +0000")
    assert 0 <= context["requestTimeEpoch"] - context["connectedAt"] < 3_600_000


@source(PROXY_INPUT, MESSAGE_EVENT)
@pytest.mark.parametrize(
    ("event_of", "kind", "route_key"),
    [
        (connect_event, "CONNECT", "$connect"),
        (message_event, "MESSAGE", "report"),
        (disconnect_event, "DISCONNECT", "$disconnect"),
    ],
)
def test_an_event_names_its_kind_and_its_route(app: App, event_of: EventOf, kind: str, route_key: str) -> None:
    context = event_of(app)["requestContext"]
    found = (context["eventType"], context["routeKey"], context["messageDirection"])
    assert found == (kind, route_key, "IN")


@source(PROXY_INPUT, MESSAGE_EVENT)
def test_all_events_of_a_connection_agree_on_it(app: App) -> None:
    client = app.client()
    events = [client.connected, client.event_of('{"route":"report"}')]
    client.ws.close()
    events.append(client.disconnected())
    same = ["connectionId", "connectedAt", "apiId", "stage", "domainName", "identity"]
    first, *others = [[event["requestContext"][name] for name in same] for event in events]
    assert others == [first, first]


@source(MESSAGE_EVENT, MAPPING)
def test_each_message_has_ids_of_its_own(app: App) -> None:
    client = app.client()
    contexts = [client.event_of('{"route":"report"}')["requestContext"] for _ in range(2)]
    ids = {context[name] for context in contexts for name in ("messageId", "requestId")}
    assert len(ids) == 4
