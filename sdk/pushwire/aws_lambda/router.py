"""Routers: Lambda handlers that dispatch the events of a WebSocket API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from pushwire.aws_lambda.base_router import BaseRouter, BaseServiceRouter
from pushwire.aws_lambda.handlers import Bind, BindConnect, BindReply, Handlers
from pushwire.aws_lambda.interceptors import Interceptor
from pushwire.aws_lambda.request import DisconnectRequest, Request
from pushwire.operation import AnyOperation, Operation, RequestOperation
from pushwire.server import ServerSdk
from pushwire.store import ConnectionStore

__all__ = ["Router", "ServiceRouter"]

M = TypeVar("M", bound=Message)
P = TypeVar("P", bound=Message)
S = TypeVar("S", bound=ServerSdk[Any, Any])


class ServiceRouter(BaseServiceRouter[S], Generic[S]):
    """Base of generated `…Router` classes: a Lambda handler for one service.

    Generated classes take the same arguments without the operations, and add a decorator for each operation that
    servers receive.

    Args:
        operations: All operations of the service, by the name of their method.
        handlers: An instance of the service's handler class. `None` to register functions with decorators instead.
        interceptors: The interceptors around the functions, outermost first.
        sdk: A function that returns the Server SDK for a callback URL. Use it to configure the SDK, or to pass a
            recording transport in a test. If it does not return a sync SDK, the first use of the SDK raises
            `TypeError`.
        store: The connection store. The router stores accepted connections in it and ends them at `$disconnect`, and
            its SDKs send to its topics and users. Defaults to `None`.

    Raises:
        TypeError: The handlers are not an instance of the service's handler class, or a function, `sdk` or `store` is
            async.
    """

    def __init__(
        self,
        operations: Mapping[str, AnyOperation],
        handlers: Handlers[S] | None,
        interceptors: Sequence[Interceptor],
        sdk: Callable[[str], S],
        store: ConnectionStore | None = None,
        /,
    ) -> None:
        from pushwire.aws_lambda.dispatch import dispatch
        from pushwire.aws_lambda.service import SYNC

        super().__init__(operations, handlers, interceptors, sdk, store, SYNC, dispatch)

    @property
    def on_connect(self) -> BindConnect[S]:
        """Decorator that registers the function that decides whether a client may connect."""
        return BindConnect(partial(self._service.register, "$on_connect", "on_connect"))

    @property
    def on_disconnect(self) -> Bind[DisconnectRequest[S]]:
        """Decorator that registers the function that is called when a connection ends (best effort)."""
        return Bind(partial(self._service.register, "$on_disconnect", "on_disconnect"))

    @property
    def on_default(self) -> Bind[Request[None, S]]:
        """Decorator that registers the function that handles frames with an unknown route."""
        return Bind(partial(self._service.register, "$on_default", "on_default"))

    def _bind(self, operation: Operation[M], /) -> Bind[Request[M, S]]:
        return Bind(partial(self._service.register, operation.route, operation.full_name))

    def _bind_reply(self, operation: RequestOperation[M, P], /) -> BindReply[Request[M, S], P]:
        return BindReply(partial(self._service.register, operation.route, operation.full_name))


class Router(BaseRouter):
    """Lambda handler for several services behind one API: `Router(ChatRouter(Chat()), PresenceRouter(Presence()))`.

    The `on_connect` functions run in the order of the services, until one denies the connection. Every `on_disconnect`
    runs. The interceptors run around each of these calls, outside the interceptors of the services' routers.

    Args:
        services: The routers of the services.
        interceptors: The interceptors around them, outermost first. Defaults to no interceptors.

    Raises:
        RouterError: No service was given, two services have the same route, or two have an `on_default`.
        TypeError: A service is not a generated sync router, or an interceptor is not a function or is async.
    """

    def __init__(self, *services: ServiceRouter[Any], interceptors: Sequence[Interceptor] = ()) -> None:
        from pushwire.aws_lambda.dispatch import dispatch
        from pushwire.aws_lambda.service import SYNC

        super().__init__(services, ServiceRouter, interceptors, SYNC, dispatch)
