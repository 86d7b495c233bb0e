"""The front desk with async routers, so that the tests of sync routers run with them too.

The desk itself stays sync: the coroutines of the async SDK and of `call_next` run at once. They never suspend, because
nothing is sent.
"""

import copy
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast

from google.protobuf.empty_pb2 import Empty

from pushwire.aws_lambda import AnyRequest, AsyncCallNext, AsyncInterceptor, ConnectionAccepted, Handlers, Interceptor
from pushwire.server import SendObserver
from pushwire.testing import RecordingTransport
from pushwire.transport import ConnectionInfo
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import (
    AsyncDeskConnectRequest,
    AsyncDeskDisconnectRequest,
    AsyncDeskHandlers,
    AsyncDeskRequest,
    AsyncDeskRouter,
    AsyncDeskServerSdk,
)

__all__ = ["OnGone", "async_router"]

OnGone = Callable[[str], object]


def async_router(
    desk: Any,
    transport: RecordingTransport,
    interceptors: Sequence[Interceptor],
    on_gone: OnGone | None,
    *,
    by_decorators: bool,
) -> AsyncDeskRouter:
    handlers = AsyncOpenDesk(desk) if type(desk).on_default is not Handlers.on_default else AsyncDesk(desk)
    router = AsyncDeskRouter(
        None if by_decorators else handlers,
        interceptors=[awaiting(interceptor) for interceptor in interceptors],
        sdk=lambda _url: AsyncDeskServerSdk(transport=Awaited(transport), on_gone=on_gone),
    )
    if by_decorators:
        router.enter(handlers.enter)
        router.say(handlers.say)
        router.leave(handlers.leave)
        if isinstance(handlers, AsyncOpenDesk):
            router.on_connect(handlers.on_connect)
            router.on_disconnect(handlers.on_disconnect)
            router.on_default(handlers.on_default)
    return router


class AsyncDesk(AsyncDeskHandlers):
    """Async handlers that call a sync desk."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk

    async def enter(self, request: AsyncDeskRequest[Visitor], /) -> None:
        self._given("enter", request)

    async def say(self, request: AsyncDeskRequest[Greeting], /) -> None:
        self._given("say", request)

    async def leave(self, request: AsyncDeskRequest[Empty], /) -> None:
        self._given("leave", request)

    def _given(self, name: str, request: AnyRequest) -> Any:
        return getattr(self._desk, name)(Driven(request))


class AsyncOpenDesk(AsyncDesk):
    """A desk with all optional methods."""

    async def on_connect(self, request: AsyncDeskConnectRequest, /) -> ConnectionAccepted | None:
        return cast("ConnectionAccepted | None", self._given("on_connect", request))

    async def on_disconnect(self, request: AsyncDeskDisconnectRequest, /) -> None:
        self._given("on_disconnect", request)

    async def on_default(self, request: AsyncDeskRequest[None], /) -> None:
        self._given("on_default", request)


class Driven:
    """Wrapper whose async methods, and those of its SDK, can be called without `await`."""

    def __init__(self, behind: Any) -> None:
        self.behind = behind
        self._parts: dict[str, Driven] = {}

    def __copy__(self) -> "Driven":
        return Driven(copy.copy(self.behind))

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.behind, name)
        if name not in ("sdk", "connections", "broadcast"):
            return driving(value) if callable(value) else value
        if name not in self._parts or self._parts[name].behind is not value:
            self._parts[name] = Driven(value)
        return self._parts[name]


def driving(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any, **options: Any) -> Any:
        made = function(*arguments, **options)
        return driven(made) if isinstance(made, Coroutine) else made

    return run


def driven(coroutine: Any) -> Any:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


def awaiting(interceptor: Interceptor) -> AsyncInterceptor:
    """The same interceptor, for async routers."""

    async def around(request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        given: Any = Driven(request)
        interceptor(given, lambda passed: driven(call_next(getattr(passed, "behind", passed))))

    return around


class Awaited(SendObserver):
    """Wrap a recording transport as an async one."""

    def __init__(self, transport: RecordingTransport) -> None:
        self._connections = transport

    def on_send_complete(self, *arguments: Any) -> None:
        self._connections.on_send_complete(*arguments)

    async def post(self, connection_id: str, data: bytes, /) -> None:
        self._connections.post(connection_id, data)

    async def post_many(self, connection_ids: Any, data: bytes, options: Any, on_outcome: Any, /) -> tuple[str, ...]:
        return self._connections.post_many(connection_ids, data, options, on_outcome)

    async def get(self, connection_id: str, /) -> ConnectionInfo:
        return self._connections.get(connection_id)

    async def delete(self, connection_id: str, /) -> None:
        self._connections.delete(connection_id)

    async def close(self) -> None:
        self._connections.close()
