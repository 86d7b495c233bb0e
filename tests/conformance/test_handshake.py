"""The handshake: the decision of `$connect`, and the response to the client."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conformance.clients import App, Clients, refusal
from tests.conformance.management import Http
from tests.conformance.sources import (
    CONNECT_AND_DISCONNECT,
    PROXY_INPUT,
    PROXY_OUTPUT,
    QUOTAS,
    STATUSES,
    SUBPROTOCOL,
    capture,
    source,
)


def returning(result: object) -> dict[str, str]:
    return {"result": json.dumps(result)}


@source(STATUSES)
@pytest.mark.parametrize("status", [200, 201])
def test_a_2xx_of_connect_opens_the_connection(app: App, status: int) -> None:
    assert app.client(query=returning({"statusCode": status})).is_there()


@source(STATUSES, SUBPROTOCOL + " returns 400 for an unsupported one")
@pytest.mark.parametrize("status", [301, 400, 401, 501])
def test_any_other_status_of_connect_is_the_status_of_the_handshake(app: App, status: int) -> None:
    assert app.refusal(returning({"statusCode": status})).status_code == status


@source(STATUSES)
def test_connect_that_raises_is_502(app: App) -> None:
    assert app.refusal({"raise": "1"}).status_code == 502


@source(PROXY_OUTPUT)
@pytest.mark.parametrize("result", ["accepted", {"body": "no status"}], ids=["text", "no status"])
def test_connect_with_a_malformed_result_is_502(app: App, result: object) -> None:
    assert app.refusal(returning(result)).status_code == 502


@source(CONNECT_AND_DISCONNECT)
def test_the_handshake_is_pending_until_connect_has_returned(app: App) -> None:
    name = uuid.uuid4().hex
    with ThreadPoolExecutor() as threads:
        opening = threads.submit(app.open, {"watcher": app.watcher.id, "hold": name, "seconds": "1"})
        app.watcher.report_of("CONNECT")
        assert not opening.done()
        app.release(name)
        assert opening.result().response is not None


@source(CONNECT_AND_DISCONNECT)
def test_without_a_connect_route_everybody_is_accepted(bare: Clients) -> None:
    ws = bare.open()
    ws.send('{"route":"report"}')
    assert json.loads(ws.recv(bare.patience))["event"]["requestContext"]["eventType"] == "MESSAGE"


@source(SUBPROTOCOL)
def test_the_subprotocol_is_the_one_that_connect_names(app: App) -> None:
    headers = {"Sec-WebSocket-Protocol": "chat.v2"}
    client = app.client(query=returning({"statusCode": 200, "headers": headers}), subprotocols=["chat.v1", "chat.v2"])
    assert client.ws.subprotocol == "chat.v2"


@source(SUBPROTOCOL)
def test_no_subprotocol_is_chosen_if_connect_names_none(app: App) -> None:
    assert app.client(subprotocols=["chat.v1"]).ws.subprotocol is None


@source(SUBPROTOCOL)
def test_connect_sees_the_offered_subprotocols_in_one_header(app: App) -> None:
    offered = app.client(
        query=returning({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "a"}}), subprotocols=["a", "b"]
    ).connected["headers"]["Sec-WebSocket-Protocol"]
    assert [name.strip() for name in offered.split(",")] == ["a", "b"]


@source(PROXY_INPUT + ": its sample", "no page and no capture of the service shows an extension accepted")
def test_an_offered_extension_is_shown_to_connect_and_not_accepted(app: App) -> None:
    client = app.client(compression="deflate")
    assert "permessage-deflate" in client.connected["headers"]["Sec-WebSocket-Extensions"]
    assert client.ws.response is not None
    assert "Sec-WebSocket-Extensions" not in client.ws.response.headers


@source(capture("end-to-end tests of serverless-offline, written to pass against AWS too"))
def test_a_plain_get_is_426(app: App, http: Http) -> None:
    assert http.unsigned("GET", "http" + app.stage.url.removeprefix("ws")).status_code == 426


@source(capture('a stage that does not exist: 403 {"message":"Forbidden"}'))
def test_a_stage_that_does_not_exist_is_403(app: App) -> None:
    response = refusal(app.stage.sibling("no-such-stage").url, app.patience)
    assert response.status_code == 403
    assert json.loads(response.body or b"") == {"message": "Forbidden"}


@source(QUOTAS + ": 4,096 characters")
def test_a_url_of_4096_characters_is_accepted(app: App) -> None:
    room = 4_096 - len(f"{app.stage.url}?watcher={app.watcher.id.replace('=', '%3D')}&long=")
    client = app.client(query={"long": "x" * room})
    assert len(client.connected["queryStringParameters"]["long"]) == room
