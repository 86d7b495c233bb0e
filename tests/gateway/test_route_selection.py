"""Route selection with `$request.body.route`."""

import json
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from hypothesis import given
from hypothesis import strategies as st

from pushwire.gateway import RouteError
from pushwire.gateway._state.routes import RouteTable, SelectedRoute, route_table, selection_value
from pushwire.operation import Direction, Operation


class Router:
    def __init__(self, *operations: object) -> None:
        self.operations: Any = operations

    def __call__(self, event: object, context: object) -> None: ...


def operation(route: str, direction: Direction) -> Operation[Empty]:
    return Operation(service="chat.v1.Chat", name=route, route=route, direction=direction, message_type=Empty)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('{"route":"Join"}', "Join"),
        ('{"payload":{},"route":"chat.v1/Join"}', "chat.v1/Join"),
        ('{"route":""}', ""),
        ("{}", ""),
        ('{"Route":"Join"}', ""),
        ("[]", ""),
        ('"Join"', ""),
        ("5", ""),
        ('{"route":5}', "5"),
        ('{"route":true}', "true"),
        ('{"route":null}', "null"),
        ('{"route":["a",1]}', "[a, 1]"),
        ('{"route":{"a":1}}', '{"a":1}'),
        ('{"route":"a","route":"b"}', "b"),
        ("", None),
        ("hello", None),
        ('{"route":"Join"', None),
        ('{"route":NaN}', None),
        ("eyJyb3V0ZSI6IkpvaW4ifQ==", None),
        ("[" * 100_000, None),
        ('{"route":' + "[" * 100 + "]" * 100 + "}", "[" * 100 + "]" * 100),
        ('{"route":' + "9" * 5_000 + "}", None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_selection_expression(body: str, value: str | None) -> None:
    assert selection_value(body) == value


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("route"), inner),
    ).map(json.dumps)
)
def test_any_text_selects_a_known_route_or_the_default_or_nothing(body: str) -> None:
    routes: RouteTable[str] = RouteTable({"$connect": "c", "$disconnect": "d", "A": "a"})
    assert routes.select(body) in (None, SelectedRoute("A", "a"))
    with_default: RouteTable[str] = RouteTable({"$default": "x", "A": "a"})
    assert with_default.select(body) in (SelectedRoute("$default", "x"), SelectedRoute("A", "a"))


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1))
def test_a_route_key_matches_exactly(key: str) -> None:
    if key.startswith("$"):
        return
    routes = route_table(None, routes={key: "target", "$default": "rest"})
    assert routes.select(json.dumps({"route": key})) == SelectedRoute(key, "target")
    assert routes.select(json.dumps({"route": key + "x"})) == SelectedRoute("$default", "rest")


@pytest.mark.parametrize("key", ["$connect", "$disconnect", "$default", "$other"])
def test_no_message_reaches_a_route_with_a_dollar_by_name(key: str) -> None:
    body = json.dumps({"route": key})
    handler = Router()
    assert route_table(handler).select(body) == SelectedRoute("$default", handler)
    assert route_table(handler, omit_routes=("$default",)).select(body) is None


def test_a_routers_inbound_operations_are_its_routes() -> None:
    router = Router(
        operation("Join", Direction.CLIENT_TO_SERVER),
        operation("Ping", Direction.BIDIRECTIONAL),
        operation("Greet", Direction.SERVER_TO_CLIENT),
    )
    routes = route_table(router)
    assert routes.keys == ("$connect", "$disconnect", "$default", "Join", "Ping")
    assert routes.select('{"route":"Join"}') == SelectedRoute("Join", router)
    assert routes.select('{"route":"Greet"}') == SelectedRoute("$default", router)


def test_a_plain_callable_receives_every_plausible_route_by_its_own_name() -> None:
    def handler(event: object, context: object) -> None: ...

    routes = route_table(handler)
    assert routes.select('{"route":"anything/goes-1.0_x"}') == SelectedRoute("anything/goes-1.0_x", handler)
    for body in ('{"route":"with space"}', '{"route":""}', "{}", "text", json.dumps({"route": "x" * 129})):
        assert routes.select(body) == SelectedRoute("$default", handler)


def test_named_routes_are_all_there_is_for_a_plain_callable() -> None:
    routes = route_table("rest", routes={"Join": "join"})
    assert routes.select('{"route":"Join"}') == SelectedRoute("Join", "join")
    assert routes.select('{"route":"Other"}') == SelectedRoute("$default", "rest")


def test_a_named_connect_route_leaves_a_plain_callable_every_message() -> None:
    routes = route_table("rest", routes={"$connect": "authorize"})
    assert routes.connect == "authorize"
    assert routes.select('{"route":"Other"}') == SelectedRoute("Other", "rest")


def test_predefined_routes_can_be_switched_off() -> None:
    routes = route_table("all", omit_routes=("$connect", "$disconnect", "$default"))
    assert (routes.connect, routes.disconnect, routes.select("text")) == (None, None, None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"handler": None}, "the API has no handler and no route"),
        ({"handler": "h", "routes": {"$foo": "x"}}, r"route '\$foo' starts with '\$'"),
        ({"handler": "h", "routes": {"": "x"}}, "route '' is empty"),
        ({"handler": "h", "omit_routes": ["Join"]}, "route 'Join' cannot be omitted"),
        ({"handler": "h", "routes": {"$connect": "x"}, "omit_routes": ["$connect"]}, "has a handler and is omitted"),
        ({"handler": Router("Join")}, "must hold pushwire.Operation objects, not str"),
        ({"handler": type("R", (), {"operations": 5})()}, "must hold pushwire.Operation objects, not int"),
    ],
)
def test_routes_that_cannot_work_are_refused_with_the_reason(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(RouteError, match=words):
        route_table(**arguments)
