"""The routes of a contract: one for each operation, with the integration of its function."""

from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Match, Template
from aws_cdk.aws_apigatewayv2 import WebSocketRouteOptions
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketIamAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketMockIntegration
from google.protobuf.empty_pb2 import Empty

from pushwire import Direction, Operation, PushwireError
from pushwire.cdk import InfrastructureError, Integrations, WebSocketApi
from pushwire.cdk._plan import plan
from tests.cdk.stacks import function, integration, services
from tests.cdk.world import World

OWN = ["$connect", "$default", "$disconnect"]


def leads_to(world: World, name: str) -> dict[str, str]:
    """Return the function of each route key, or `MOCK`."""
    template = world.template(name).to_json()["Resources"]
    targets: dict[str, str] = {}
    for route in world.resources(name, "ApiGatewayV2::Route"):
        target = template[route["Target"]["Fn::Join"][1][1]["Ref"]]["Properties"]
        uri = target.get("IntegrationUri")
        found = [part["Fn::GetAtt"][0] for part in uri["Fn::Join"][1] if "Fn::GetAtt" in part] if uri else ["MOCK"]
        targets[route["RouteKey"]] = found[0].rstrip("0123456789ABCDEF") if uri else "MOCK"
    return targets


def test_a_router_gets_every_message_and_every_connection(world: World) -> None:
    assert leads_to(world, "Router") == dict.fromkeys([*OWN, "JoinRoom", "ping"], "Router")
    world.template("Router").resource_count_is("AWS::ApiGatewayV2::Integration", 1)
    world.template("Router").has_resource_properties(
        "AWS::ApiGatewayV2::Api", {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.route"}
    )
    assert world.annotations("Router") == []


def test_each_operation_may_have_a_function_of_its_own(world: World) -> None:
    assert leads_to(world, "FunctionEach") == {
        "$connect": "Opened",
        "$disconnect": "Shut",
        "JoinRoom": "Join",
        "ping": "Pinged",
    }


def test_what_is_named_goes_before_the_router(world: World) -> None:
    assert leads_to(world, "RouterBehindADoor") == dict.fromkeys(
        ["$default", "$disconnect", "JoinRoom", "ping"], "Router"
    ) | {"$connect": "Opened"}


# Sizes


def test_one_operation_and_forty_have_routes(world: World) -> None:
    assert leads_to(world, "Size1") == {"Take0": "Take"}
    taken = [f"Take{number}" for number in range(40)]
    assert leads_to(world, "Size40") == dict.fromkeys([*OWN, *taken], "Router")
    assert world.annotations("Size40") == []


def test_more_operations_than_an_api_has_routes_for_arrive_by_default_and_it_says_so(world: World) -> None:
    assert leads_to(world, "Size400") == dict.fromkeys(OWN, "Router")
    (said,) = world.annotations("Size400")
    assert said.startswith(
        "warning: The route $default receives all 400 operations: with a route for each operation, the API would have "
        "403 routes, and API Gateway allows 300. If the API is deployed with a route for each operation, these routes "
        "and their models are deleted. Clients stay connected and need no change, but API Gateway no longer refuses"
    )


def many(count: int) -> type[Integrations]:
    """Return the integrations of a service with a number of inbound operations."""
    operations = {
        f"take{number}": Operation(
            service="many.ManyService",
            name=f"Take{number}",
            route=f"Take{number}",
            direction=Direction.CLIENT_TO_SERVER,
            message_type=Empty,
        )
        for number in range(count)
    }
    return type("ManyIntegrations", (Integrations,), {"_contract": type("_ManyOperations", (), operations)})


@pytest.mark.parametrize(("count", "own", "routes"), [(297, 3, 300), (298, 3, 3), (300, 0, 300), (301, 0, 1)])
def test_every_route_counts_also_api_gateways_own(world: World, count: int, own: int, routes: int) -> None:
    integrations = many(count).all(WebSocketMockIntegration("Router")) if own else many(count).mock()
    planned = plan([integrations], given={}, otherwise={})
    assert len(planned.routes) == routes
    assert len(planned.warnings) == (0 if routes == 300 else 1)
    assert planned.remarks == []


# Binary frames


def test_binary_frames_arrive_by_default_and_it_says_so(world: World) -> None:
    assert leads_to(world, "Binary") == dict.fromkeys(OWN, "Router")
    (said,) = world.annotations("Binary")
    assert said == (
        "info: The route $default receives apis.BinaryService.Draw, apis.BinaryService.Erase: API Gateway cannot read "
        "the route of a binary frame."
    )


def test_json_beside_binary_keeps_its_route(world: World) -> None:
    assert leads_to(world, "Mixed") == {"$default": "Router", "Write": "Text"}
    (said,) = world.annotations("Mixed")
    assert said.startswith("info: The route $default receives apis.MixedService.Paint:")


# Several services


def test_several_services_share_an_api(world: World) -> None:
    assert leads_to(world, "TwoServices") == dict.fromkeys([*OWN, "JoinRoom", "ping", "Watch"], "Router")
    assert leads_to(world, "TwoRouters") == {
        "$connect": "Present",
        "$disconnect": "Present",
        "$default": "Chatter",
        "JoinRoom": "Chatter",
        "ping": "Chatter",
        "Watch": "Present",
    }


# Authorizers and API keys


def test_an_authorizer_stands_at_connect_and_nowhere_else(world: World) -> None:
    for name, kind in [("Iam", "AWS_IAM"), ("LambdaAuthorizer", "CUSTOM")]:
        kinds = {r["RouteKey"]: r["AuthorizationType"] for r in world.resources(name, "ApiGatewayV2::Route")}
        assert kinds.pop("$connect") == kind
        assert set(kinds.values()) == {"NONE"}
    world.template("LambdaAuthorizer").has_resource_properties(
        "AWS::ApiGatewayV2::Authorizer",
        {"AuthorizerType": "REQUEST", "IdentitySource": ["route.request.querystring.token"]},
    )


def test_an_api_key_is_asked_for_at_connect(world: World) -> None:
    world.template("ApiKey").has_resource_properties(
        "AWS::ApiGatewayV2::Api", {"ApiKeySelectionExpression": "$request.header.x-api-key"}
    )
    needed = {r["RouteKey"]: r.get("ApiKeyRequired") for r in world.resources("ApiKey", "ApiGatewayV2::Route")}
    assert needed.pop("$connect") is True
    assert set(needed.values()) == {None}


# Without functions


def test_mocks_succeed_and_answer_nothing(world: World) -> None:
    assert leads_to(world, "Mock") == {"JoinRoom": "MOCK", "ping": "MOCK"}
    template = world.template("Mock")
    template.has_resource_properties(
        "AWS::ApiGatewayV2::Integration",
        {
            "IntegrationType": "MOCK",
            "RequestTemplates": {"200": '{"statusCode":200}'},
            "TemplateSelectionExpression": "200",
        },
    )
    template.resource_count_is("AWS::ApiGatewayV2::Integration", 1)
    template.has_resource_properties("AWS::ApiGatewayV2::IntegrationResponse", {"IntegrationResponseKey": "$default"})
    template.resource_count_is("AWS::ApiGatewayV2::RouteResponse", 0)
    template.resource_count_is("AWS::Lambda::Permission", 0)


@pytest.mark.parametrize("name", ["Iam", "PushOnly"])
def test_connect_is_mocked_where_a_route_is_needed_and_no_function_is_there(world: World, name: str) -> None:
    assert leads_to(world, name)["$connect"] == "MOCK"
    world.template(name).has_resource_properties(
        "AWS::ApiGatewayV2::Route", {"RouteKey": "$connect", "RouteResponseSelectionExpression": "$default"}
    )
    world.template(name).resource_count_is("AWS::ApiGatewayV2::RouteResponse", 1)


def test_an_api_that_only_pushes_has_the_route_that_clients_connect_by(world: World) -> None:
    assert leads_to(world, "PushOnly") == {"$connect": "MOCK"}


def test_routes_are_one_way_unless_their_options_say_otherwise(world: World) -> None:
    answering = [
        route["RouteKey"]
        for route in world.resources("Answering", "ApiGatewayV2::Route")
        if "RouteResponseSelectionExpression" in route
    ]
    assert answering == ["$default"]
    world.template("Answering").has_resource_properties(
        "AWS::ApiGatewayV2::RouteResponse", {"RouteId": Match.any_value(), "RouteResponseKey": "$default"}
    )


# Errors


@pytest.fixture
def scope(world: World) -> Stack:
    """Return a stack that is not deployed."""
    return Stack(App(), "Stack")


def test_a_missing_integration_is_named(scope: Stack) -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'ping'"):
        services().ChatIntegrations(join_room=integration(scope))


@pytest.mark.parametrize("wrong", [None, "arn:aws:lambda", function])
def test_an_argument_that_is_not_an_integration_is_an_error(scope: Stack, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"apis.ChatService.JoinRoom must be a WebSocketRouteIntegration, such as"):
        services().ChatIntegrations(join_room=wrong, ping=integration(scope))
    with pytest.raises(TypeError, match=r"ChatIntegrations.all must be a WebSocketRouteIntegration"):
        services().ChatIntegrations.all(wrong)


def test_an_unknown_option_is_an_error(scope: Stack) -> None:
    with pytest.raises(TypeError, match="ChatWebSocketApi has no option 'trottle'"):
        services().ChatWebSocketApi(scope, "Api", integrations=services().ChatIntegrations.mock(), trottle=1)


def refused(scope: Stack, *services_: Any, **options: Any) -> str:
    with pytest.raises(InfrastructureError) as caught:
        WebSocketApi(scope, "Api", integrations=list(services_), **options)
    assert isinstance(caught.value, PushwireError)
    return str(caught.value)


def test_two_services_with_one_route_cannot_share_an_api(scope: Stack) -> None:
    router = integration(scope)
    assert refused(scope, services().ChatIntegrations.all(router), services().ClashingIntegrations.all(router)) == (
        "apis.ClashingService.Knock and apis.ChatService.Ping share an API and have the same route 'ping'; set another "
        "`route` in one of the two contracts, or use an API for each service"
    )
    assert refused(scope, services().ChatIntegrations.mock(), services().ChatIntegrations.mock()) == (
        "integrations has apis.ChatService twice; pass the integrations of a service once"
    )


def test_two_routers_do_not_leave_open_who_lets_clients_in(scope: Stack) -> None:
    chat = services().ChatIntegrations.all(integration(scope, "A"))
    presence = services().PresenceIntegrations.all(integration(scope, "B"))
    assert refused(scope, chat, presence) == (
        "2 routers could take the route $connect; choose one of them with connect_route_options"
    )


def test_what_arrives_by_default_arrives_at_one_router(scope: Stack) -> None:
    apart = services().BinaryIntegrations(draw=integration(scope, "A"), erase=integration(scope, "B"))
    assert refused(scope, apart) == (
        "apis.BinaryService.Draw and apis.BinaryService.Erase both use the route $default, which has one integration; "
        "pass the same integration for both, with a router as its handler"
    )
    elsewhere = WebSocketRouteOptions(integration=integration(scope, "C"))
    together = services().BinaryIntegrations.all(integration(scope, "D"))
    assert "apis.BinaryService.Draw and $default both use the route $default" in refused(
        scope, together, default_route_options=elsewhere
    )


def test_mocks_may_share_what_arrives_by_default(scope: Stack) -> None:
    mocks = [services().BinaryIntegrations.mock(), services().MixedIntegrations.mock()]
    WebSocketApi(scope, "Api", integrations=mocks)
    Template.from_stack(scope).resource_count_is("AWS::ApiGatewayV2::Route", 2)


def test_two_authorizers_are_one_too_many(scope: Stack) -> None:
    door = WebSocketRouteOptions(integration=integration(scope), authorizer=WebSocketIamAuthorizer())
    mock = services().ChatIntegrations.mock()
    assert refused(scope, mock, authorizer=WebSocketIamAuthorizer(), connect_route_options=door) == (
        "authorizer cannot be combined with connect_route_options that have an authorizer; pass one of them"
    )
