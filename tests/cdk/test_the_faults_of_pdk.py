"""Faults of AWS PDK's construct, which this construct does not have, with their numbers in the project's list."""

import json

from jsonschema import Draft4Validator

from pushwire.frame import encode
from tests.cdk.stacks import services
from tests.cdk.test_models import models
from tests.cdk.test_routes import leads_to
from tests.cdk.world import World


def test_b1_the_route_key_is_what_clients_send_whatever_the_case_of_a_name(world: World) -> None:
    operations = services().NamesIntegrations.operations()
    sent = {json.loads(encode(operation, operation.message_type()))["route"] for operation in operations}
    assert sent == {"HTTPThing", "SendSMS", "get_url", "orders/v1.progressed"}
    assert leads_to(world, "Names").keys() == sent


def test_b2_disconnect_leads_to_its_own_function(world: World) -> None:
    both = leads_to(world, "FunctionEach")
    assert (both["$connect"], both["$disconnect"]) == ("Opened", "Shut")
    for given, other in [("Connect", "disconnect"), ("Disconnect", "connect")]:
        alone = leads_to(world, f"Only{given}")
        assert alone[f"${given.lower()}"] == "Only"
        assert f"${other}" not in alone


def test_b6_throttling_is_kept_beside_logging(world: World) -> None:
    (stage,) = world.resources("Throttled", "ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 100,
        "ThrottlingBurstLimit": 50,
        "LoggingLevel": "ERROR",
        "DataTraceEnabled": False,
    }


def test_b36_models_take_null_hold_the_route_and_have_a_type_for_every_field(world: World) -> None:
    schema = models(world, "Order")["PlaceOrder"]["Schema"]
    model = Draft4Validator(schema)
    assert model.is_valid({"route": "PlaceOrder", "payload": {"label": None, "due": None, "extra": {"any": None}}})
    assert not model.is_valid({"route": "Other", "payload": {}})
    assert not model.is_valid({"payload": {}})
    assert "nullable" not in json.dumps(schema)
    for name, definition in schema["definitions"].items():
        assert "type" in definition, name
    # A bare enum and an empty object are schemas like others.
    assert model.is_valid({"route": "PlaceOrder", "payload": {"colour": "COLOUR_RED"}})
    assert Draft4Validator(models(world, "Router")["ping"]["Schema"]).is_valid({"route": "ping", "payload": {}})
