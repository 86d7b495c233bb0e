"""Plans the routes of an API, before any construct is built."""

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
"""The maximum number of routes of an API ("Quotas for configuring and running a WebSocket API", API Gateway guide)."""


class Route(NamedTuple):
    """A route to build.

    Attributes:
        key: The route key.
        integration: The integration of the route.
        operation: The operation whose JSON frames select the route. Defaults to `None`, for `$connect`, `$disconnect`
            and `$default`.
    """

    key: str
    integration: WebSocketRouteIntegration
    operation: AnyOperation | None = None


class RoutePlan(NamedTuple):
    """The routes of an API.

    Attributes:
        routes: The routes; first `$connect`, `$disconnect` and `$default`.
        remarks: Sentences for the user about operations that have no route of their own.
        warnings: Sentences about consequences that the user may not want.
    """

    routes: list[Route]
    remarks: list[str]
    warnings: list[str]


def plan(
    services: Sequence[Integrations],
    *,
    given: Mapping[str, WebSocketRouteIntegration],
    otherwise: Mapping[str, WebSocketRouteIntegration],
) -> RoutePlan:
    """Decide which routes the API has.

    Every operation that clients send has its own route, with two exceptions: operations with binary frames, which API
    Gateway cannot read, and all operations if they are more than the API may have routes. Those use `$default`.

    Args:
        services: The integrations of each service.
        given: The integrations of `$connect`, `$disconnect` and `$default` that options set.
        otherwise: The integrations of these routes if there is no router.

    Raises:
        InfrastructureError: Two operations have the same route, two operations of `$default` have different
            integrations, a service is passed twice, or several routers could take a route.
    """
    inbound = _inbound(services)
    own = {**otherwise, **_routed(services, given), **given}
    binary = [operation for operation in inbound if operation.format is Format.BINARY]
    count = len(inbound) - len(binary) + len({*own, DEFAULT} if binary else own)
    by_default: Sequence[AnyOperation] = binary
    remarks: list[str] = []
    warnings: list[str] = []
    if count > MAX_ROUTES:
        by_default = list(inbound)
        warnings.append(
            f"The route $default receives all {len(inbound)} operations: with a route for each operation, the API "
            f"would have {count} routes, and API Gateway allows {MAX_ROUTES}. If the API is deployed with a route for "
            "each operation, these routes and their models are deleted. Clients stay connected and need no change, but "
            "API Gateway no longer refuses messages that do not match the contract, and settings, permissions, metrics "
            "and logs of single routes end. To keep the routes, move operations to another service with its own API."
        )
    elif binary:
        remarks.append(
            f"The route $default receives {_listed(binary)}: API Gateway cannot read the route of a binary frame."
        )
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
    return RoutePlan(routes, remarks, warnings)


def _inbound(services: Iterable[Integrations]) -> dict[AnyOperation, WebSocketRouteIntegration]:
    inbound: dict[AnyOperation, WebSocketRouteIntegration] = {}
    by_route: dict[str, AnyOperation] = {}
    for service in services:
        for operation, integration in service.by_operation.items():
            other = by_route.setdefault(operation.route, operation)
            if operation in inbound:
                raise InfrastructureError(
                    f"integrations has {operation.service} twice; pass the integrations of a service once"
                )
            if other is not operation:
                raise InfrastructureError(
                    f"{operation} and {other} share an API and have the same route {operation.route!r}; set another "
                    "`route` in one of the two contracts, or use an API for each service"
                )
            inbound[operation] = integration
    return inbound


def _routed(
    services: Iterable[Integrations], given: Mapping[str, WebSocketRouteIntegration]
) -> dict[str, WebSocketRouteIntegration]:
    """Return the router as the integration of those predefined routes that options do not set."""
    routers = list(dict.fromkeys(service.router for service in services if service.router is not None))
    wanted = [key for key in _OWN if key not in given]
    if len(routers) > 1 and wanted:
        keyword = f"{wanted[0].removeprefix('$')}_route_options"
        raise InfrastructureError(
            f"{len(routers)} routers could take the route {wanted[0]}; choose one of them with {keyword}"
        )
    return {key: routers[0] for key in wanted if routers}


def _one(sharing: Mapping[str, WebSocketRouteIntegration]) -> WebSocketRouteIntegration:
    """Return the integration that all operations of `$default` have."""
    (first, integration), *others = sharing.items()
    for name, other in others:
        are_mocks = isinstance(integration, SucceedingMock) and isinstance(other, SucceedingMock)
        if other is not integration and not are_mocks:
            raise InfrastructureError(
                f"{first} and {name} both use the route $default, which has one integration; pass the same integration "
                "for both, with a router as its handler"
            )
    return integration


def _listed(operations: Sequence[AnyOperation]) -> str:
    names = [str(operation) for operation in operations[:3]]
    more = len(operations) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
