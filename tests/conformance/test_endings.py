"""The ends of connections, and the events of `$disconnect`."""

import pytest

from tests.conformance.clients import App, Client
from tests.conformance.sources import (
    CONNECT_AND_DISCONNECT,
    LEFT_EVENT,
    OVERVIEW,
    PROXY_INPUT,
    source,
)


def ending(client: Client) -> tuple[int, str]:
    context = client.disconnected()["requestContext"]
    return context["disconnectStatusCode"], context["disconnectReason"]


@source(PROXY_INPUT + ": its sample of a DISCONNECT event", OVERVIEW)
def test_a_close_frame_without_a_code_is_1005(app: App) -> None:
    client = app.client()
    client.close_without_code()
    assert ending(client) == (1005, "Client-side close frame status not set")


@source(OVERVIEW)
def test_a_connection_that_is_cut_is_1006(app: App) -> None:
    client = app.client()
    client.cut()
    assert ending(client)[0] == 1006


@source(CONNECT_AND_DISCONNECT, PROXY_INPUT)
@pytest.mark.parametrize("code", [1000, 1001, 4000])
def test_the_code_of_a_client_is_told(app: App, code: int) -> None:
    client = app.client()
    client.ws.close(code)
    assert ending(client)[0] == code


@source(CONNECT_AND_DISCONNECT, PROXY_INPUT)
@pytest.mark.parametrize("code", [1000, 4000])
def test_the_reason_of_a_client_is_told(app: App, code: int) -> None:
    client = app.client()
    client.ws.close(code, "müde")
    assert ending(client) == (code, "müde")


@source(LEFT_EVENT)
def test_a_client_that_leaves_without_a_reason_has_an_empty_one(app: App) -> None:
    client = app.client()
    client.ws.close(1001)
    assert ending(client) == (1001, "")
