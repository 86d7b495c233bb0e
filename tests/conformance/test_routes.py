"""Route selection by `$request.body.route`."""

import json
import re

import pytest

from tests.conformance.clients import App, Clients
from tests.conformance.sources import FORBIDDEN_FRAME, INTEGRATIONS, ROUTES, SELECTION, capture, source

ANY_KEY = capture("route keys with a slash, a dash, an underscore and a dot at work")


def route_key(app: App, body: str) -> object:
    return app.client().event_of(body)["requestContext"]["routeKey"]


@source(ROUTES)
def test_a_message_takes_the_route_that_it_names(app: App) -> None:
    assert route_key(app, '{"route":"report"}') == "report"


@source(ROUTES, ANY_KEY)
def test_a_route_key_may_have_slashes_dashes_underscores_and_dots(app: App) -> None:
    assert route_key(app, '{"route":"chat.v1.Chat/Send-it_2"}') == "chat.v1.Chat/Send-it_2"


@source(ROUTES, SELECTION)
def test_a_number_is_compared_as_a_string(app: App) -> None:
    assert route_key(app, '{"route":7}') == "7"


@source(ROUTES, capture("MESSAGE events of the text hello, with routeKey $default"))
@pytest.mark.parametrize(
    "body",
    [
        '{"route":"no such route"}',
        '{"route":"Report"}',
        '{"route":" report"}',
        '{"route":"report/"}',
        '{"route":"repor"}',
    ],
)
def test_a_route_that_does_not_match_exactly_goes_to_default_whose_name_the_event_has(app: App, body: str) -> None:
    assert route_key(app, body) == "$default"


@source(ROUTES, SELECTION)
@pytest.mark.parametrize("body", ["{}", '{"Route":"report"}', '{"in":{"route":"report"}}', "[]", '"report"', "7"])
def test_a_message_without_a_route_goes_to_default(app: App, body: str) -> None:
    assert route_key(app, body) == "$default"


@source(ROUTES + ": an array becomes [item1, item2]")
def test_an_array_is_not_its_only_item(app: App) -> None:
    assert route_key(app, '{"route":["report"]}') == "$default"


@source(INTEGRATIONS)
@pytest.mark.parametrize("body", ["hello", '{"route":"report"', "{'route':'report'}", '{"route":"report"}}'])
def test_what_is_not_json_goes_to_default(app: App, body: str) -> None:
    assert route_key(app, body) == "$default"


@source(FORBIDDEN_FRAME)
@pytest.mark.parametrize("body", ['{"route":"no such route"}', "hello"])
def test_with_no_route_and_no_default_the_client_gets_this_frame_to_the_letter(bare: Clients, body: str) -> None:
    ws = bare.open()
    ws.send(body)
    frame = ws.recv(bare.patience)
    assert isinstance(frame, str)
    assert re.fullmatch(r'\{"message": "Forbidden", "connectionId":"[^" ]+", "requestId":"[^" ]+"\}', frame)


@source(FORBIDDEN_FRAME)
def test_that_frame_names_the_connection_which_stays_open(bare: Clients) -> None:
    ws = bare.open()
    ws.send("hello")
    frame = json.loads(ws.recv(bare.patience))
    ws.send('{"route":"report"}')
    context = json.loads(ws.recv(bare.patience))["event"]["requestContext"]
    assert frame["connectionId"] == context["connectionId"]
    assert frame["requestId"] != context["requestId"]
