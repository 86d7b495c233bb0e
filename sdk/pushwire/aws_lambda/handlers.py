"""The bases of generated handler classes, and the decorators of routers."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar, overload

from google.protobuf.message import Message

from pushwire.aws_lambda.async_interceptors import AsyncInterceptor
from pushwire.aws_lambda.connect import ConnectionAccepted
from pushwire.aws_lambda.interceptors import Interceptor
from pushwire.aws_lambda.request import ConnectRequest, DisconnectRequest, Request
from pushwire.server import AsyncServerSdk, ServerSdk

__all__ = [
    "AsyncBind",
    "AsyncBindConnect",
    "AsyncBindReply",
    "AsyncHandlers",
    "Bind",
    "BindConnect",
    "BindReply",
    "Handlers",
]

P = TypeVar("P", bound=Message)
R = TypeVar("R")
T = TypeVar("T")
N = TypeVar("N", Interceptor, AsyncInterceptor)
A = TypeVar("A", bound=AsyncServerSdk[Any, Any])
S = TypeVar("S", bound=ServerSdk[Any, Any])


class Handlers(ABC, Generic[S]):
    """Base of generated `…Handlers` classes, which add an abstract method for each operation that servers receive.

    The three methods of this class are optional. Without `on_connect`, every client may connect. Without `on_default`,
    the router answers a frame with an unknown route with an error frame.
    """

    def on_connect(self, request: ConnectRequest[S], /) -> ConnectionAccepted | None:
        """Decide whether a client may connect. Override it to authorize clients.

        Messages cannot be sent to the connection yet. Send when its first message arrives.

        Args:
            request: The request, with the headers and the query of the handshake in its event.

        Returns:
            `None`, or `ConnectionAccepted` with a subprotocol, a user, attributes or topics, to open the connection.

        Raises:
            ConnectionDenied: The connection is refused, with a status code. Any other exception refuses it with 500.
        """

    def on_disconnect(self, request: DisconnectRequest[S], /) -> None:
        """Handle the end of a connection. API Gateway calls it on a best-effort basis.

        Args:
            request: The request, with the close code in its event.
        """

    def on_default(self, request: Request[None, S], /) -> None:
        """Handle a frame with an unknown route.

        Args:
            request: The request. Its `message` is `None`; the text of the frame is `request.event.body`.
        """


class AsyncHandlers(ABC, Generic[A]):
    """Base of generated `Async…Handlers` classes. It is like `Handlers`, with async methods."""

    async def on_connect(self, request: ConnectRequest[A], /) -> ConnectionAccepted | None:
        """Decide whether a client may connect. Override it to authorize clients.

        Messages cannot be sent to the connection yet. Send when its first message arrives.

        Args:
            request: The request, with the headers and the query of the handshake in its event.

        Returns:
            `None`, or `ConnectionAccepted` with a subprotocol, a user, attributes or topics, to open the connection.

        Raises:
            ConnectionDenied: The connection is refused, with a status code. Any other exception refuses it with 500.
        """

    async def on_disconnect(self, request: DisconnectRequest[A], /) -> None:
        """Handle the end of a connection. API Gateway calls it on a best-effort basis.

        Args:
            request: The request, with the close code in its event.
        """

    async def on_default(self, request: Request[None, A], /) -> None:
        """Handle a frame with an unknown route.

        Args:
            request: The request. Its `message` is `None`; the text of the frame is `request.event.body`.
        """


class _Decorator(Generic[R, T, N]):
    """Decorator that registers a function with a request `R`, a result `T` and interceptors `N`."""

    __slots__ = ("_register",)

    def __init__(self, register: Callable[[Callable[[Any], Any], Sequence[Any]], None], /) -> None:
        self._register = register

    @overload
    def __call__(self, function: Callable[[R], T], /) -> Callable[[R], T]: ...
    @overload
    def __call__(self, /, *, interceptors: Sequence[N]) -> Callable[[Callable[[R], T]], Callable[[R], T]]: ...
    def __call__(
        self, function: Callable[[R], T] | None = None, /, *, interceptors: Sequence[N] = ()
    ) -> Callable[[R], T] | Callable[[Callable[[R], T]], Callable[[R], T]]:
        """Register a function: `@chat.join_room`, or `@chat.join_room(interceptors=[…])`.

        Args:
            function: The function.
            interceptors: The interceptors around this function alone, outermost first. They run inside those of the
                router. Defaults to no interceptors.

        Returns:
            The function, or a decorator if the function is not given.

        Raises:
            RouterError: The router has a function for it already, or was made with a handler class.
            TypeError: The argument is not a function, or is async in a sync router or sync in an async one.
        """

        def register(function: Callable[[R], T]) -> Callable[[R], T]:
            self._register(function, interceptors)
            return function

        return register if function is None else register(function)


class Bind(_Decorator[R, None, Interceptor], Generic[R]):
    """Decorator of a router that registers the function of one operation, and returns it."""

    __slots__ = ()


class BindReply(_Decorator[R, P, Interceptor], Generic[R, P]):
    """Decorator of a router that registers the function of one request, which returns the reply."""

    __slots__ = ()


class BindConnect(_Decorator[ConnectRequest[S], ConnectionAccepted | None, Interceptor], Generic[S]):
    """Decorator of a router that registers the function for `$connect`, and returns it."""

    __slots__ = ()


class AsyncBind(_Decorator[R, Coroutine[Any, Any, None], AsyncInterceptor], Generic[R]):
    """Decorator of an async router that registers the function of one operation, and returns it."""

    __slots__ = ()


class AsyncBindReply(_Decorator[R, Coroutine[Any, Any, P], AsyncInterceptor], Generic[R, P]):
    """Decorator of an async router that registers the function of one request, which returns the reply."""

    __slots__ = ()


class AsyncBindConnect(
    _Decorator[ConnectRequest[A], Coroutine[Any, Any, ConnectionAccepted | None], AsyncInterceptor], Generic[A]
):
    """Decorator of an async router that registers the function for `$connect`, and returns it."""

    __slots__ = ()
