"""Builds the planned routes of an API with CDK."""

from collections.abc import Sequence
from typing import cast

from aws_cdk.aws_apigatewayv2 import (
    CfnIntegrationResponse,
    CfnRoute,
    IWebSocketRouteAuthorizer,
    WebSocketIntegration,
    WebSocketRoute,
    WebSocketRouteOptions,
)
from aws_cdk.aws_apigatewayv2 import WebSocketApi as CdkWebSocketApi

from pushwire.cdk._plan import CONNECT, DEFAULT, DISCONNECT, Route, RoutePlan, plan
from pushwire.cdk.errors import InfrastructureError
from pushwire.cdk.integrations import Integrations, SucceedingMock
from pushwire.cdk.options import WebSocketApiOptions

__all__ = ["build", "planned"]


def planned(services: Sequence[Integrations], options: WebSocketApiOptions) -> RoutePlan:
    """Plan the routes of an API.

    Args:
        services: The integrations of each service.
        options: The options of the API.

    Raises:
        InfrastructureError: The integrations and options cannot be combined.
    """
    # Why: authorizers and API keys belong to the route $connect, and API Gateway deploys no API without a route.
    needs_connect = _authorizer(options) or _takes_api_keys(options) or not any(each.by_operation for each in services)
    return plan(
        services,
        given={key: route.integration for key, route in _given(options).items()},
        otherwise={CONNECT: SucceedingMock("Mock")} if needs_connect else {},
    )


def build(
    api: CdkWebSocketApi, routes: Sequence[Route], options: WebSocketApiOptions
) -> list[tuple[Route, WebSocketRoute]]:
    """Build planned routes, in order, and return each with its construct."""
    given = _given(options)
    built: list[tuple[Route, WebSocketRoute]] = []
    for route in routes:
        is_mock = isinstance(route.integration, SucceedingMock)
        answers = given[route.key].return_response if route.key in given else is_mock and route.key == CONNECT
        made = api.add_route(
            route.key,
            integration=route.integration,
            authorizer=_authorizer(options) if route.key == CONNECT else None,
            return_response=answers or None,
        )
        if is_mock:
            _let_succeed(api, made)
        if route.key == CONNECT and _takes_api_keys(options):
            cast("CfnRoute", made.node.default_child).api_key_required = True
        built.append((route, made))
    return built


def _given(options: WebSocketApiOptions) -> dict[str, WebSocketRouteOptions]:
    given = {
        CONNECT: options.get("connect_route_options"),
        DISCONNECT: options.get("disconnect_route_options"),
        DEFAULT: options.get("default_route_options"),
    }
    return {key: route for key, route in given.items() if route is not None}


def _authorizer(options: WebSocketApiOptions) -> IWebSocketRouteAuthorizer | None:
    connect = options.get("connect_route_options")
    found = [options.get("authorizer"), connect.authorizer if connect is not None else None]
    given = [authorizer for authorizer in found if authorizer is not None]
    if len(given) > 1:
        raise InfrastructureError(
            "authorizer cannot be combined with connect_route_options that have an authorizer; pass one of them"
        )
    return given[0] if given else None


def _takes_api_keys(options: WebSocketApiOptions) -> bool:
    return options.get("api_key_selection_expression") is not None


def _let_succeed(api: CdkWebSocketApi, route: WebSocketRoute) -> None:
    """Add the integration response without which a mock fails. Routes that share a mock share the response."""
    for child in route.node.children:
        if isinstance(child, WebSocketIntegration):
            CfnIntegrationResponse(
                child,
                "Response",
                api_id=api.api_id,
                integration_id=child.integration_id,
                integration_response_key="$default",
            )
