"""Routers: Lambda handlers that dispatch the events of a WebSocket API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from pushwire.aws_lambda.base_router import BaseRouter, BaseServiceRouter
from pushwire.aws_lambda.handlers import Bind, BindConnect, Handlers
from pushwire.aws_lambda.interceptors import Interceptor
from pushwire.aws_lambda.request import DisconnectRequest, Request
from pushwire.operation import AnyOperation, Operation
from pushwire.server import ServerSdk

__all__ = ["Router", "ServiceRouter"]

M = TypeVar("M", bound=Message)
S = TypeVar("S", bound=ServerSdk[Any, Any])


class ServiceRouter(BaseServiceRouter[S], Generic[S]):
    """The base of generated `…Router` classes: a Lambda handler for one service.

    Generated classes take the same arguments without the operations, and add a decorator for each operation that
    servers receive.

    Args:
        operations: All operations of the service, by the name of their method.
        handlers: The functions of all operations. `None` to register them with decorators.
        interceptors: The interceptors around the functions, outermost first.
        sdk: A function that returns the Server SDK for a callback URL. Use it to configure the SDK, or to pass the
            transport of a test.

    Raises:
        TypeError: The handlers are not an instance of the service's handler class, or a function or `sdk` is async.
    """

    def __init__(
        self,
        operations: Mapping[str, AnyOperation],
        handlers: Handlers[S] | None,
        interceptors: Sequence[Interceptor],
        sdk: Callable[[str], S],
        /,
    ) -> None:
        from pushwire.aws_lambda.dispatch import dispatch
        from pushwire.aws_lambda.service import SYNC

        super().__init__(operations, handlers, interceptors, sdk, SYNC, dispatch)

    @property
    def on_connect(self) -> BindConnect[S]:
        """Register the function that decides on a client that connects."""
        return BindConnect(partial(self._service.register, "$on_connect", "on_connect"))

    @property
    def on_disconnect(self) -> Bind[DisconnectRequest[S]]:
        """Register the function that is called when a connection ends (best effort)."""
        return Bind(partial(self._service.register, "$on_disconnect", "on_disconnect"))

    @property
    def on_default(self) -> Bind[Request[None, S]]:
        """Register the function that handles frames with an unknown route."""
        return Bind(partial(self._service.register, "$on_default", "on_default"))

    def _bind(self, operation: Operation[M], /) -> Bind[Request[M, S]]:
        return Bind(partial(self._service.register, operation.route, operation.full_name))


class Router(BaseRouter):
    """A Lambda handler for several services behind one API: `Router(ChatRouter(Chat()), PresenceRouter(Presence()))`.

    Every `on_connect` runs, in this order, until one denies; every `on_disconnect` runs. The interceptors run around
    each of them, and are outside those of the services' routers.

    Args:
        services: The routers of the services.
        interceptors: The interceptors around them, outermost first.

    Raises:
        RouterError: No service was given, a route is claimed twice, or there are two `on_default`.
        TypeError: A service is not a generated router of this mode, or the router cannot run an interceptor.
    """

    def __init__(self, *services: ServiceRouter[Any], interceptors: Sequence[Interceptor] = ()) -> None:
        from pushwire.aws_lambda.dispatch import dispatch
        from pushwire.aws_lambda.service import SYNC

        super().__init__(services, ServiceRouter, interceptors, SYNC, dispatch)
