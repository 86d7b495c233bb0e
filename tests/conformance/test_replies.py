"""The reply to a message: none, the body of a route response, or an error frame."""

import pytest

from tests.conformance.clients import App, Client
from tests.conformance.sources import (
    INTEGRATIONS,
    INTERNAL_ERROR_FRAME,
    MESSAGE_STATUSES,
    OWN_KEYS,
    PROXY_OUTPUT,
    ROUTE_RESPONSES,
    source,
)


def error_frame(message: str, client: Client, request_id: str) -> str:
    """Return an error frame with AWS's spacing: one space, after the first colon."""
    return f'{{"message": "{message}", "connectionId":"{client.id}", "requestId":"{request_id}"}}'


@source(ROUTE_RESPONSES, INTEGRATIONS)
def test_without_a_route_response_the_body_is_not_sent(app: App) -> None:
    client = app.client()
    client.send(route="report", result={"statusCode": 200, "body": "not sent"})
    client.reported()
    assert client.is_there()


@source(MESSAGE_STATUSES)
@pytest.mark.parametrize("status", [200, 201, 301, 401, 501])
def test_the_status_of_a_message_changes_nothing(app: App, status: int) -> None:
    client = app.client()
    client.send(route="report", result={"statusCode": status})
    client.reported()
    assert client.is_there()


@source(ROUTE_RESPONSES)
@pytest.mark.parametrize("body", ["plain text", '{ "json" : 1 }', "grüß dich ☺"])
def test_with_a_route_response_the_body_is_sent_to_the_letter(app: App, body: str) -> None:
    client = app.client()
    client.send(route="answer", silent=True, result={"statusCode": 200, "body": body})
    assert client.receive() == body


@source(INTERNAL_ERROR_FRAME)
@pytest.mark.parametrize("route", ["report", "answer", "no such route"])
def test_a_handler_that_raises_gives_this_frame_to_the_letter(app: App, route: str) -> None:
    client = app.client()
    client.send(route=route, **{"raise": True})
    request_id = client.reported()["event"]["requestContext"]["requestId"]
    assert client.receive() == error_frame("Internal server error", client, request_id)


@source(INTERNAL_ERROR_FRAME)
def test_the_connection_stays_open_after_an_error_frame(app: App) -> None:
    client = app.client()
    client.send(route="report", silent=True, **{"raise": True})
    client.receive()
    assert client.is_there()


@source(OWN_KEYS)
def test_a_result_with_keys_of_its_own_gives_that_frame_too(app: App) -> None:
    client = app.client()
    client.send(route="report", result={"statusCode": 200, "ConnectionId": client.id, "Data": "Hello"})
    request_id = client.reported()["event"]["requestContext"]["requestId"]
    assert client.receive() == error_frame("Internal server error", client, request_id)


@source(PROXY_OUTPUT)
@pytest.mark.parametrize("result", ["text", {"body": "no status"}], ids=["text", "no status"])
def test_a_malformed_result_gives_that_frame_too(app: App, result: object) -> None:
    client = app.client()
    client.send(route="report", result=result)
    request_id = client.reported()["event"]["requestContext"]["requestId"]
    assert client.receive() == error_frame("Internal server error", client, request_id)
