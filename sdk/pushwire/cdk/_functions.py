"""The functions behind integrations: which they are, and which routes may invoke them."""

from collections.abc import Iterable
from typing import NamedTuple, cast

from aws_cdk import Reference, Tokenization
from aws_cdk.aws_apigatewayv2 import WebSocketRoute, WebSocketRouteIntegration
from aws_cdk.aws_lambda import Alias, CfnPermission, Function, FunctionBase, Version

__all__ = ["RoutedFunction", "function_of", "invoked"]


class RoutedFunction(NamedTuple):
    """A function that routes lead to.

    Attributes:
        permission: What lets API Gateway invoke it.
        keys: The keys of the routes.
    """

    permission: CfnPermission
    keys: list[str]

    @property
    def function(self) -> FunctionBase | None:
        """The function, or its alias or version; `None` where this app does not define it."""
        # CDK's integrations keep their function to themselves; what names it is the permission.
        name = Tokenization.reverse_string(self.permission.function_name).first_token
        if name is None or not Reference.is_reference(name):
            return None
        construct = cast("Reference", name).target.node.scope
        return construct if isinstance(construct, FunctionBase) else None


def invoked(routes: Iterable[tuple[WebSocketRoute, WebSocketRouteIntegration]]) -> list[RoutedFunction]:
    """Find the functions that routes lead to, and leave one permission to each.

    CDK gives a function one permission for each of its routes, and some versions of it one for the first alone. They
    share a policy of 20 KB ("Lambda quotas"), which has room for about fifty: fewer than a router may have routes.

    Args:
        routes: The routes, each with where it leads.
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
    """Return what an alias or a version is one of, or the function itself; `None` where this app does not define it."""
    while isinstance(function, Alias | Version):
        function = cast("FunctionBase", function.lambda_)
    return function if isinstance(function, Function) else None
