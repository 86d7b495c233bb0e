"""Route models: API Gateway accepts the same frames as the codec."""

import json
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Annotations, Match, Template
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from pushwire import FrameError, Operation
from pushwire.cdk import _models
from pushwire.frame import decode, encode
from pushwire.schema import frame_schema
from tests.cdk.stacks import chat, services, sized
from tests.cdk.world import World
from tests.support.strategies import messages as any_message

LARGEST_MODEL = 32_768  # characters: `Schema` of `CreateModel`, API Gateway V2 API reference
LARGEST_TEMPLATE = 1_000_000


def models(world: World, name: str) -> dict[str, dict[str, Any]]:
    """Return the model of each route key."""
    by_name = {model["Name"]: model for model in world.resources(name, "ApiGatewayV2::Model")}
    routes = world.resources(name, "ApiGatewayV2::Route")
    return {
        route["RouteKey"]: by_name[route["RequestModels"][route["ModelSelectionExpression"]]]
        for route in routes
        if "RequestModels" in route
    }


def test_every_operation_has_the_model_of_its_frames(world: World) -> None:
    for name, integrations in [("Router", services().ChatIntegrations), ("Size40", sized(40).SizeIntegrations)]:
        inbound = {each.route: each for each in integrations.operations() if each.direction.inbound}
        found = models(world, name)
        assert found.keys() == inbound.keys()
        for route, model in found.items():
            assert model["ContentType"] == "application/json"
            assert model["Name"].isalnum()
            assert as_javascript_has_it(model["Schema"]) == as_javascript_has_it(frame_schema(inbound[route]))
            assert len(json.dumps(model["Schema"], separators=(",", ":"))) <= LARGEST_MODEL
            Draft4Validator.check_schema(model["Schema"])


def as_javascript_has_it(schema: object) -> object:
    """Return a schema with numbers as in JavaScript, in which CDK runs."""
    return json.loads(json.dumps(schema), parse_int=float)


def test_a_route_waits_for_its_model_and_a_template_stays_small(world: World) -> None:
    for route in world.template("Size40").find_resources("AWS::ApiGatewayV2::Route").values():
        depends = route.get("DependsOn", [])
        assert any("Model" in name for name in depends) == ("RequestModels" in route["Properties"])
    assert world.path("Size40").stat().st_size < LARGEST_TEMPLATE


def place_order() -> Operation[Any]:
    operation: Operation[Any] = services().OrderIntegrations.operations()[0]
    return operation


ORDERS = st.deferred(lambda: any_message(place_order().message_type))


@pytest.fixture(scope="module")
def model(world: World) -> Draft4Validator:
    return Draft4Validator(models(world, "Order")["PlaceOrder"]["Schema"])


@given(order=ORDERS)
def test_it_accepts_every_frame_that_the_codec_writes(model: Draft4Validator, order: Any) -> None:
    model.validate(json.loads(encode(place_order(), order)))


FIELDS = ["number", "weight", "label", "colour", "counts", "card", "cash", "due", "extra", "parts", "price"]
WRONG = st.sampled_from([True, 1.5, "x", "☃", [None], {"a": "b"}, [[]], {"a": {}}, -1, 2**65, "1e", [1]])


@given(order=ORDERS, name=st.sampled_from(FIELDS), value=WRONG)
def test_it_refuses_every_type_that_the_codec_refuses(
    model: Draft4Validator, order: Any, name: str, value: object
) -> None:
    operation = place_order()
    frame = json.loads(encode(operation, order))
    frame["payload"][name] = value
    try:
        decode(json.dumps(frame), {operation.route: operation})
    except FrameError:
        assert not model.is_valid(frame)


@pytest.mark.parametrize("name", ["Binary", "Size400", "PushOnly"])
def test_what_arrives_by_default_and_what_nobody_sends_has_none(world: World, name: str) -> None:
    assert models(world, name) == {}


@pytest.mark.parametrize(("length", "has_model"), [(LARGEST_MODEL, True), (LARGEST_MODEL + 1, False)])
def test_a_model_that_api_gateway_would_refuse_is_left_out_and_named(
    world: World, length: int, has_model: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def padded(operation: Operation[Any]) -> dict[str, Any]:
        schema = frame_schema(operation) | {"description": ""}
        if operation.route == "ping":
            schema["description"] = "x" * (length - len(json.dumps(schema, separators=(",", ":"))))
        return schema

    monkeypatch.setattr(_models, "frame_schema", padded)
    stack = Stack(App(), "Stack")
    chat(stack)
    template = Template.from_stack(stack)
    named = {
        model["Properties"]["Description"] for model in template.find_resources("AWS::ApiGatewayV2::Model").values()
    }
    assert ("The JSON frames of apis.ChatService.Ping." in named) == has_model
    assert "The JSON frames of apis.ChatService.JoinRoom." in named
    said = [str(each.entry.data) for each in Annotations.from_stack(stack).find_warning("*", Match.any_value())]
    assert [
        text for text in said if "apis.ChatService.Ping (32,769). API Gateway allows 32,768 characters" in text
    ] == said
    assert len(said) == (0 if has_model else 1)


def test_models_can_be_switched_off(world: World) -> None:
    assert models(world, "NoModels") == {}
    assert world.annotations("NoModels") == []


def test_models_that_would_overflow_a_stack_are_left_out_and_it_says_so(world: World) -> None:
    assert models(world, "Size200") == {}
    assert len(world.resources("Size200", "ApiGatewayV2::Route")) == 203
    (said,) = world.annotations("Size200")
    assert said.startswith("warning: The API has no route models, so that only handlers check messages: 200 models of ")
