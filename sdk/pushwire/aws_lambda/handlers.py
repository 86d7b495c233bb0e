"""The bases of generated handler classes, and the decorators of routers."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar, overload

from pushwire.aws_lambda.async_interceptors import AsyncInterceptor
from pushwire.aws_lambda.connect import ConnectionAccepted
from pushwire.aws_lambda.interceptors import Interceptor
from pushwire.aws_lambda.request import ConnectRequest, DisconnectRequest, Request
from pushwire.server import AsyncServerSdk, ServerSdk

__all__ = ["AsyncBind", "AsyncBindConnect", "AsyncHandlers", "Bind", "BindConnect", "Handlers"]

R = TypeVar("R")
T = TypeVar("T")
N = TypeVar("N", Interceptor, AsyncInterceptor)
A = TypeVar("A", bound=AsyncServerSdk[Any, Any])
S = TypeVar("S", bound=ServerSdk[Any, Any])


class Handlers(ABC, Generic[S]):
    """The base of generated `…Handlers` classes, which add an abstract method for each operation that servers receive.

    These three have defaults. Without an `on_connect` every client may connect; what no operation claims is answered
    with an error frame unless there is an `on_default`.
    """

    def on_connect(self, request: ConnectRequest[S], /) -> ConnectionAccepted | None:
        """Decide whether a client may connect. Override it to authorize clients.

        The connection cannot be sent to yet. Send when its first message arrives.

        Returns:
            `None`, or `ConnectionAccepted` with a subprotocol, to open the connection.

        Raises:
            ConnectionDenied: To refuse it with a status code. Any other exception refuses it with 500.
        """

    def on_disconnect(self, request: DisconnectRequest[S], /) -> None:
        """Called when a connection ends (best effort)."""

    def on_default(self, request: Request[None, S], /) -> None:
        """Handle a frame with an unknown route. Its text is `request.event.body`."""


class AsyncHandlers(ABC, Generic[A]):
    """The base of generated `Async…Handlers` classes, as `Handlers` is of the sync ones."""

    async def on_connect(self, request: ConnectRequest[A], /) -> ConnectionAccepted | None:
        """Decide whether a client may connect. Override it to authorize clients.

        The connection cannot be sent to yet. Send when its first message arrives.

        Returns:
            `None`, or `ConnectionAccepted` with a subprotocol, to open the connection.

        Raises:
            ConnectionDenied: To refuse it with a status code. Any other exception refuses it with 500.
        """

    async def on_disconnect(self, request: DisconnectRequest[A], /) -> None:
        """Called when a connection ends (best effort)."""

    async def on_default(self, request: Request[None, A], /) -> None:
        """Handle a frame with an unknown route. Its text is `request.event.body`."""


class _Decorator(Generic[R, T, N]):
    """Registers a function that takes an `R` and returns a `T`, perhaps with interceptors `N`."""

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
        """Register a function, bare or with interceptors of its own: `@chat.join_room(interceptors=[…])`.

        Raises:
            RouterError: A function is registered already, or the router has a handler class.
            TypeError: It is not a function, or it is async in a sync router, or the reverse.
        """

        def register(function: Callable[[R], T]) -> Callable[[R], T]:
            self._register(function, interceptors)
            return function

        return register if function is None else register(function)


class Bind(_Decorator[R, None, Interceptor], Generic[R]):
    """A router's decorator: registers the function that handles one operation. It returns the function."""

    __slots__ = ()


class BindConnect(_Decorator[ConnectRequest[S], ConnectionAccepted | None, Interceptor], Generic[S]):
    """A router's decorator: registers the function that decides on clients that connect. It returns the function."""

    __slots__ = ()


class AsyncBind(_Decorator[R, Coroutine[Any, Any, None], AsyncInterceptor], Generic[R]):
    """An async router's decorator: registers the function that handles one operation. It returns the function."""

    __slots__ = ()


class AsyncBindConnect(
    _Decorator[ConnectRequest[A], Coroutine[Any, Any, ConnectionAccepted | None], AsyncInterceptor], Generic[A]
):
    """An async router's decorator: registers the function that decides on clients that connect, and returns it."""

    __slots__ = ()
