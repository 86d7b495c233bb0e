"""Finds the functions behind integrations, with the routes that may invoke them."""

from collections.abc import Iterable
from typing import NamedTuple, cast

from aws_cdk import Reference, Tokenization
from aws_cdk.aws_apigatewayv2 import WebSocketRoute, WebSocketRouteIntegration
from aws_cdk.aws_lambda import Alias, CfnPermission, Function, FunctionBase, Version

__all__ = ["RoutedFunction", "function_of", "invoked"]


class RoutedFunction(NamedTuple):
    """A function that routes invoke.

    Attributes:
        permission: The permission by which API Gateway may invoke the function.
        keys: The keys of the routes.
    """

    permission: CfnPermission
    keys: list[str]

    @property
    def function(self) -> FunctionBase | None:
        """The function, alias or version; `None` if this app does not define it."""
        # Why from the permission: CDK's integrations keep their function in a private attribute.
        name = Tokenization.reverse_string(self.permission.function_name).first_token
        if name is None or not Reference.is_reference(name):
            return None
        construct = cast("Reference", name).target.node.scope
        return construct if isinstance(construct, FunctionBase) else None


def invoked(routes: Iterable[tuple[WebSocketRoute, WebSocketRouteIntegration]]) -> list[RoutedFunction]:
    """Find the functions that routes invoke, and remove all but one permission of each.

    CDK makes one permission for each route of a function; some versions make one for the first route only. The
    permissions of a function share a policy of at most 20 KB ("Lambda quotas"). That is enough for about fifty
    permissions, but a router may have more routes.

    Args:
        routes: The routes, each with its integration.
    """
    by_name: dict[str, RoutedFunction] = {}
    by_integration: dict[WebSocketRouteIntegration, RoutedFunction] = {}
    for route, integration in routes:
        for permission in route.node.children:
            if isinstance(permission, CfnPermission):
                found = by_name.setdefault(permission.function_name, RoutedFunction(permission, []))
                by_integration[integration] = found
                if found.permission is not permission:
                    route.node.try_remove_child(permission.node.id)
        if integration in by_integration:
            by_integration[integration].keys.append(route.route_key)
    return list(by_name.values())


def function_of(function: FunctionBase) -> Function | None:
    """Return the function of an alias or a version, or the function itself; `None` if this app does not define it."""
    while isinstance(function, Alias | Version):
        function = cast("FunctionBase", function.lambda_)
    return function if isinstance(function, Function) else None
