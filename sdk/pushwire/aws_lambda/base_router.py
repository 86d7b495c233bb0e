"""Bases of the sync and async routers.

Services and dispatchers are imported when a router is made, so that a Lambda that only sends starts sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from pushwire.aws_lambda.errors import RouterError
from pushwire.operation import AnyOperation
from pushwire.server import BaseServerSdk
from pushwire.store import AsyncStore, ConnectionStore

if TYPE_CHECKING:
    from pushwire.aws_lambda.dispatcher import EventDispatcher, Result
    from pushwire.aws_lambda.service import Mode

    Dispatch: TypeAlias = Callable[[EventDispatcher, Mapping[str, Any], Any], Result]

__all__ = ["BaseRouter", "BaseServiceRouter"]

S = TypeVar("S", bound=BaseServerSdk[Any, Any])


class LambdaHandler:
    """Base of all routers: an object that Lambda can call.

    It has `__name__`, because decorators of Lambda handlers read it. `functools.wraps` copies the attributes of the
    instance to the decorated handler, including `operations`, which the local gateway and the test kit read.

    Attributes:
        operations: The operations of all services in both directions, in the contract's order.
    """

    operations: tuple[AnyOperation, ...] = ()

    def __init__(
        self, operations: tuple[AnyOperation, ...], dispatch: Callable[[Mapping[str, Any], Any], dict[str, Any]]
    ) -> None:
        self.operations = operations
        self._dispatch = dispatch
        self.__name__ = type(self).__name__

    def __call__(self, event: Mapping[str, Any], context: Any, /) -> dict[str, Any]:
        """Handle an event, as Lambda calls it.

        An async router runs its functions on an event loop that the process keeps.

        Args:
            event: An event of a WebSocket API, or Powertools' `APIGatewayWebSocketEvent`.
            context: Lambda's context object.

        Returns:
            The proxy result for API Gateway: `statusCode` and, for `$connect`, a header with the chosen subprotocol.

        Raises:
            EventError: The event is not an event of a WebSocket API.
            RuntimeError: The router is async, and an event loop is running in this thread.
            Exception: The exception of a function. An exception of `on_connect` denies the connection instead.
        """
        return self._dispatch(event, context)


class BaseServiceRouter(LambdaHandler, Generic[S]):
    """Router of one service."""

    def __init__(
        self,
        operations: Mapping[str, AnyOperation],
        handlers: object | None,
        interceptors: Sequence[Any],
        sdk: Callable[[str], S],
        store: ConnectionStore | AsyncStore | None,
        mode: Mode,
        dispatch: Dispatch,
        /,
    ) -> None:
        from pushwire.aws_lambda.dispatcher import EventDispatcher
        from pushwire.aws_lambda.service import RoutedService

        self._service = RoutedService(type(self).__name__, operations, interceptors, sdk, mode, store)
        if handlers is not None:
            self._service.use_class(handlers)
        dispatcher = EventDispatcher([self._service], (), mode)
        super().__init__(self._service.operations, partial(dispatch, dispatcher))


class BaseRouter(LambdaHandler):
    """Router of several services behind one API."""

    def __init__(
        self,
        services: Sequence[BaseServiceRouter[Any]],
        kind: type[BaseServiceRouter[Any]],
        interceptors: Sequence[Any],
        mode: Mode,
        dispatch: Dispatch,
    ) -> None:
        from pushwire.aws_lambda.dispatcher import EventDispatcher

        given: Sequence[object] = services
        strangers = [type(service).__name__ for service in given if not isinstance(service, kind)]
        if strangers:
            raise TypeError(f"{type(self).__name__} takes generated {mode.name} routers, not {strangers[0]}")
        if not services:
            raise RouterError(f"{type(self).__name__}() needs the router of at least one service")
        # Private, because the public names of a generated router come from the contract.
        members = [service._service for service in services]  # noqa: SLF001
        operations = tuple(operation for member in members for operation in member.operations)
        super().__init__(operations, partial(dispatch, EventDispatcher(members, interceptors, mode)))
        for member in members:
            member.join(members)
