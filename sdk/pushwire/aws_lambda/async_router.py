"""Async routers: Lambda handlers whose functions are async."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from pushwire.aws_lambda.async_interceptors import AsyncInterceptor
from pushwire.aws_lambda.base_router import BaseRouter, BaseServiceRouter
from pushwire.aws_lambda.handlers import AsyncBind, AsyncBindConnect, AsyncBindReply, AsyncHandlers
from pushwire.aws_lambda.request import DisconnectRequest, Request
from pushwire.operation import AnyOperation, Operation, RequestOperation
from pushwire.server import AsyncServerSdk
from pushwire.store import AsyncStore, ConnectionStore

__all__ = ["AsyncRouter", "AsyncServiceRouter"]

A = TypeVar("A", bound=AsyncServerSdk[Any, Any])
M = TypeVar("M", bound=Message)
P = TypeVar("P", bound=Message)


class AsyncServiceRouter(BaseServiceRouter[A], Generic[A]):
    """Base of generated `Async…Router` classes: a Lambda handler for one service, whose functions are async.

    Generated classes take the same arguments without the operations, and add a decorator for each operation that
    servers receive.

    Args:
        operations: All operations of the service, by the name of their method.
        handlers: An instance of the service's handler class. `None` to register functions with decorators instead.
        interceptors: The interceptors around the functions, outermost first.
        sdk: A function that returns the Server SDK for a callback URL. Use it to configure the SDK, or to pass a
            recording transport in a test. If it does not return an async SDK, the first use of the SDK raises
            `TypeError`.
        store: The connection store. The router stores accepted connections in it and ends them at `$disconnect`, and
            its SDKs send to its topics and users. A store that is not async runs on threads, as in an `AsyncStore`.
            Defaults to `None`.

    Raises:
        TypeError: The handlers are not an instance of the service's handler class, a function is not async, or `sdk`
            is a class of another SDK.
    """

    def __init__(
        self,
        operations: Mapping[str, AnyOperation],
        handlers: AsyncHandlers[A] | None,
        interceptors: Sequence[AsyncInterceptor],
        sdk: Callable[[str], A],
        store: AsyncStore | ConnectionStore | None = None,
        /,
    ) -> None:
        from pushwire.aws_lambda.async_dispatch import dispatch_on_loop
        from pushwire.aws_lambda.service import ASYNC

        super().__init__(operations, handlers, interceptors, sdk, store, ASYNC, dispatch_on_loop)

    @property
    def on_connect(self) -> AsyncBindConnect[A]:
        """Decorator that registers the function that decides whether a client may connect."""
        return AsyncBindConnect(partial(self._service.register, "$on_connect", "on_connect"))

    @property
    def on_disconnect(self) -> AsyncBind[DisconnectRequest[A]]:
        """Decorator that registers the function that is called when a connection ends (best effort)."""
        return AsyncBind(partial(self._service.register, "$on_disconnect", "on_disconnect"))

    @property
    def on_default(self) -> AsyncBind[Request[None, A]]:
        """Decorator that registers the function that handles frames with an unknown route."""
        return AsyncBind(partial(self._service.register, "$on_default", "on_default"))

    def _bind(self, operation: Operation[M], /) -> AsyncBind[Request[M, A]]:
        return AsyncBind(partial(self._service.register, operation.route, operation.full_name))

    def _bind_reply(self, operation: RequestOperation[M, P], /) -> AsyncBindReply[Request[M, A], P]:
        return AsyncBindReply(partial(self._service.register, operation.route, operation.full_name))


class AsyncRouter(BaseRouter):
    """Lambda handler for several services behind one API, whose functions are async; see `Router`.

    The `on_connect` functions run in the order of the services, until one denies the connection. Every `on_disconnect`
    runs. The interceptors run around each of these calls, outside the interceptors of the services' routers.

    Args:
        services: The routers of the services.
        interceptors: The interceptors around them, outermost first. Defaults to no interceptors.

    Raises:
        RouterError: No service was given, two services have the same route, or two have an `on_default`.
        TypeError: A service is not a generated async router, or an interceptor is not an async function.
    """

    def __init__(self, *services: AsyncServiceRouter[Any], interceptors: Sequence[AsyncInterceptor] = ()) -> None:
        from pushwire.aws_lambda.async_dispatch import dispatch_on_loop
        from pushwire.aws_lambda.service import ASYNC

        super().__init__(services, AsyncServiceRouter, interceptors, ASYNC, dispatch_on_loop)
