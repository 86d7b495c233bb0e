"""The plan of an API's routes, made before any construct is built."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from aws_cdk.aws_apigatewayv2 import WebSocketRouteIntegration

from pushwire.cdk.errors import InfrastructureError
from pushwire.cdk.integrations import Integrations, SucceedingMock
from pushwire.operation import AnyOperation, Format

__all__ = ["CONNECT", "DEFAULT", "DISCONNECT", "MAX_ROUTES", "Route", "RoutePlan", "plan"]

CONNECT: Final = "$connect"
DISCONNECT: Final = "$disconnect"
DEFAULT: Final = "$default"
_OWN: Final = (CONNECT, DISCONNECT, DEFAULT)

MAX_ROUTES: Final = 300
"""The routes that an API may have ("Quotas for configuring and running a WebSocket API", API Gateway guide)."""


class Route(NamedTuple):
    """A route to build.

    Attributes:
        key: Its key.
        integration: Where it leads.
        operation: The operation whose JSON frames select it; `None` for API Gateway's own routes.
    """

    key: str
    integration: WebSocketRouteIntegration
    operation: AnyOperation | None = None


class RoutePlan(NamedTuple):
    """The routes of an API.

    Attributes:
        routes: The routes, API Gateway's own first.
        remarks: What is otherwise than one may expect, in words.
    """

    routes: list[Route]
    remarks: list[str]


def plan(
    services: Sequence[Integrations],
    *,
    given: Mapping[str, WebSocketRouteIntegration],
    otherwise: Mapping[str, WebSocketRouteIntegration],
) -> RoutePlan:
    """Decide which routes there are.

    Every operation that clients send has a route of its own, unless its frames are binary, of which API Gateway sees no
    part, or there are more than it has routes for: such operations arrive by `$default`.

    Args:
        services: The integrations of each service.
        given: Where API Gateway's own routes lead expressly.
        otherwise: Where they lead if there is no router either.

    Raises:
        InfrastructureError: Two operations have one route, two integrations would have to share one, or it is not clear
            which of two routers a route leads to.
    """
    inbound = _inbound(services)
    own = {**otherwise, **_routed(services, given), **given}
    binary = [operation for operation in inbound if operation.format is Format.BINARY]
    count = len(inbound) - len(binary) + len({*own, DEFAULT} if binary else own)
    by_default: Sequence[AnyOperation] = binary
    remarks: list[str] = []
    if count > MAX_ROUTES:
        by_default = list(inbound)
        remarks.append(
            f"All {len(inbound)} operations arrive by $default: with a route for each the API would have {count}, and "
            f"{MAX_ROUTES} are allowed."
        )
    elif binary:
        remarks.append(f"{_listed(binary)} arrive by $default: API Gateway cannot read the route of a binary frame.")
    if by_default:
        shared = {str(operation): inbound[operation] for operation in by_default}
        own[DEFAULT] = _one(shared | {key: own[key] for key in own if key == DEFAULT})
    routes = [Route(key, own[key]) for key in _OWN if key in own]
    routeless = set(by_default)
    routes += [
        Route(operation.route, integration, operation)
        for operation, integration in inbound.items()
        if operation not in routeless
    ]
    return RoutePlan(routes, remarks)


def _inbound(services: Iterable[Integrations]) -> dict[AnyOperation, WebSocketRouteIntegration]:
    inbound: dict[AnyOperation, WebSocketRouteIntegration] = {}
    by_route: dict[str, AnyOperation] = {}
    for service in services:
        for operation, integration in service.by_operation.items():
            other = by_route.setdefault(operation.route, operation)
            if operation in inbound:
                raise InfrastructureError(f"{operation.service} is given twice: give its integrations once")
            if other is not operation:
                raise InfrastructureError(
                    f"{operation} has the route {operation.route!r}, as {other} has, and they share an API: set "
                    "another `route` in one of the two contracts, or give the services an API each"
                )
            inbound[operation] = integration
    return inbound


def _routed(
    services: Iterable[Integrations], given: Mapping[str, WebSocketRouteIntegration]
) -> dict[str, WebSocketRouteIntegration]:
    """Where API Gateway's own routes lead that are not given: to the router."""
    routers = list(dict.fromkeys(service.router for service in services if service.router is not None))
    wanted = [key for key in _OWN if key not in given]
    if len(routers) > 1 and wanted:
        keyword = f"{wanted[0].removeprefix('$')}_route_options"
        raise InfrastructureError(
            f"there are {len(routers)} routers, and {wanted[0]} can lead to one of them: name it in {keyword}"
        )
    return {key: routers[0] for key in wanted if routers}


def _one(sharing: Mapping[str, WebSocketRouteIntegration]) -> WebSocketRouteIntegration:
    """The integration that all have who arrive by `$default`."""
    (first, integration), *others = sharing.items()
    for name, other in others:
        are_mocks = isinstance(integration, SucceedingMock) and isinstance(other, SucceedingMock)
        if other is not integration and not are_mocks:
            raise InfrastructureError(
                f"{first} and {name} both arrive by $default, which leads to one integration: give both the same one, "
                "whose handler is a router"
            )
    return integration


def _listed(operations: Sequence[AnyOperation]) -> str:
    names = [str(operation) for operation in operations[:3]]
    more = len(operations) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
