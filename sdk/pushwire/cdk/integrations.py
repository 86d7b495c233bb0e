"""Where the messages of a service go."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Self

from aws_cdk.aws_apigatewayv2 import WebSocketRouteIntegration
from aws_cdk.aws_apigatewayv2_integrations import WebSocketMockIntegration

from pushwire.operation import AnyOperation, Operation

__all__ = ["Integrations", "SucceedingMock"]


class Integrations:
    """The integrations of one service; generated modules derive `ChatIntegrations` and its like.

    Attributes:
        by_operation: The integration of each operation that clients send.
        router: The integration that takes everything, also `$connect`, `$disconnect` and `$default`; `None` where each
            operation was given its own.
    """

    _contract: ClassVar[type[object]] = object
    """The class that holds the service's operations."""

    by_operation: Mapping[AnyOperation, WebSocketRouteIntegration] = MappingProxyType({})
    router: WebSocketRouteIntegration | None = None

    @classmethod
    def operations(cls) -> list[AnyOperation]:
        """Return all operations of the service, in the order of the contract."""
        return [value for value in vars(cls._contract).values() if isinstance(value, Operation)]

    @classmethod
    def all(cls, integration: WebSocketRouteIntegration) -> Self:
        """Send everything to one integration: a Lambda whose handler is a router.

        It also gets `$connect`, `$disconnect` and `$default`: the router's `on_connect` decides who may connect.

        Raises:
            TypeError: It is no integration.
        """
        _check({f"{cls.__name__}.all": integration})
        made = cls._each(integration)
        made.router = integration
        return made

    @classmethod
    def mock(cls) -> Self:
        """Accept every message and do nothing with it, as long as there is no function yet."""
        return cls._each(SucceedingMock("Mock"))

    @classmethod
    def _each(cls, integration: WebSocketRouteIntegration) -> Self:
        made = cls.__new__(cls)
        made.by_operation = {each: integration for each in cls.operations() if each.direction.inbound}
        return made

    def _take(self, integrations: Mapping[AnyOperation, WebSocketRouteIntegration]) -> None:
        """Keep what a generated class was given."""
        _check(integrations)
        self.by_operation = integrations


class SucceedingMock(WebSocketMockIntegration):
    """A mock that answers 200, once its integration also has a response.

    Without a template that says so API Gateway takes a mock for failed ("Integration requests", developer guide).
    """

    def __init__(self, id: str) -> None:  # noqa: A002  # CDK's name
        super().__init__(id, request_templates={"200": '{"statusCode":200}'}, template_selection_expression="200")


def _check(integrations: Mapping[AnyOperation, object] | Mapping[str, object]) -> None:
    for name, integration in integrations.items():
        if not isinstance(integration, WebSocketRouteIntegration):
            raise TypeError(
                f"{name} needs a WebSocketRouteIntegration, such as WebSocketLambdaIntegration(id, function), not "
                f"{type(integration).__name__}"
            )
