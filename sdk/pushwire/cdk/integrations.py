"""The integrations of a service."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Self

from aws_cdk.aws_apigatewayv2 import WebSocketRouteIntegration
from aws_cdk.aws_apigatewayv2_integrations import WebSocketMockIntegration

from pushwire.operation import AnyOperation, Operation

__all__ = ["Integrations", "SucceedingMock"]


class Integrations:
    """The integrations of one service. Generated modules have a subclass for each service, such as `ChatIntegrations`.

    Attributes:
        by_operation: The integration of each operation that clients send.
        router: The integration of all operations and of `$connect`, `$disconnect` and `$default`; `None` if each
            operation has its own integration.
    """

    _contract: ClassVar[type[object]] = object
    """The class that holds the service's operations."""

    by_operation: Mapping[AnyOperation, WebSocketRouteIntegration] = MappingProxyType({})
    router: WebSocketRouteIntegration | None = None

    @classmethod
    def operations(cls) -> list[AnyOperation]:
        """Return all operations of the service, of both directions, in the order of the contract."""
        return [value for value in vars(cls._contract).values() if isinstance(value, Operation)]

    @classmethod
    def all(cls, integration: WebSocketRouteIntegration) -> Self:
        """Use one integration for all operations: a Lambda function whose handler is a router.

        It also serves `$connect`, `$disconnect` and `$default`: the router's `on_connect` decides whether a client may
        connect.

        Args:
            integration: The integration, such as `WebSocketLambdaIntegration("Router", function)`.

        Raises:
            TypeError: The argument is not a `WebSocketRouteIntegration`.
        """
        _check({f"{cls.__name__}.all": integration})
        made = cls._each(integration)
        made.router = integration
        return made

    @classmethod
    def mock(cls) -> Self:
        """Use mock integrations, which accept every message and ignore it: for an API that has no functions yet."""
        return cls._each(SucceedingMock("Mock"))

    @classmethod
    def _each(cls, integration: WebSocketRouteIntegration) -> Self:
        made = cls.__new__(cls)
        made.by_operation = {each: integration for each in cls.operations() if each.direction.inbound}
        return made

    def _take(self, integrations: Mapping[AnyOperation, WebSocketRouteIntegration]) -> None:
        """Check and store the integrations that a generated class was constructed with."""
        _check(integrations)
        self.by_operation = integrations


class SucceedingMock(WebSocketMockIntegration):
    """A mock integration with the status 200. It also needs an integration response.

    Without a template that sets a status, API Gateway treats a mock as failed ("Integration requests", developer
    guide).
    """

    def __init__(self, id: str) -> None:  # noqa: A002  # CDK's name
        super().__init__(id, request_templates={"200": '{"statusCode":200}'}, template_selection_expression="200")


def _check(integrations: Mapping[AnyOperation, object] | Mapping[str, object]) -> None:
    for name, integration in integrations.items():
        if not isinstance(integration, WebSocketRouteIntegration):
            raise TypeError(
                f"{name} must be a WebSocketRouteIntegration, such as WebSocketLambdaIntegration(id, function), not "
                f"{type(integration).__name__}"
            )
