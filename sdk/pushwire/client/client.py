"""The base class of generated clients."""
# ruff: noqa: SLF001 - a client uses private members of its Connection, which users do not see

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from types import TracebackType
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, Unpack

from google.protobuf.message import Message

from pushwire._checks import check_number
from pushwire.client._core.lifecycle import Status
from pushwire.client._core.streams import Streams
from pushwire.client._io.connection import Connection
from pushwire.client._io.dispatcher import SerialListener, Subscriptions
from pushwire.client.errors import ClientClosedError
from pushwire.client.events import Event
from pushwire.client.options import ConnectionOptions
from pushwire.errors import PushwireError
from pushwire.operation import AnyOperation, Operation, RequestOperation

__all__ = ["Client"]

M = TypeVar("M", bound=Message)
R = TypeVar("R", bound=Message)
E_co = TypeVar("E_co", covariant=True)

_CONFIRMATION_SECONDS: Final = 30.0
"""The default of `timeout=` with `confirm=True`. API Gateway waits 29 seconds for a function."""


class Client(Generic[E_co]):
    """Client of one service. Generated subclasses add typed methods for each operation.

    The client connects when its `async with` block begins, and stays connected until the block ends: it reconnects,
    renews its connection before API Gateway closes it, and queues sends while there is no connection.

    Each message is delivered to all listeners and iterations that exist when it arrives. They all get the same message
    object, so do not change it. Listeners that are added before the first `await` of the block get all messages,
    provided that the task that adds them has opened the client itself.

    A send returns when its message is written. The server may not have received it, because the network can fail later.
    With `confirm=True`, a send returns when the handler has returned. Requests return the reply of the handler. Both
    raise `pushwire.OperationError` if the server refuses the message, `ReplyTimeoutError`, or `ConnectionLostError`.
    The client repeats neither. A caller that repeats one passes the same `id=`, which the handler can recognize.

    Sends raise subclasses of `ClientError`. Before anything is written, they raise `pushwire.PayloadTooLargeError`,
    `pushwire.FrameError` or `TypeError`.

    A client belongs to the event loop on which its connection was opened. Its methods raise `RuntimeError` on another
    event loop, or in another thread.

    Args:
        url: `wss://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping key, or the
            URL that `pushwire dev` prints.
        connection: A connection to share with the clients of other services, instead of a URL. The code that created it
            opens and closes it.
        **options: The options, described at `ConnectionOptions`.

    Raises:
        ClientUrlError: The URL is not usable.
        TypeError: Neither or both of URL and connection were passed, or an option is unknown or has the wrong type.
        ValueError: The value of an option is invalid, or another client on the connection has a different operation
            with the same route.

    Example:
        ```python
        async with ChatClient("wss://…", auth=IamAuth()) as client:
            client.on_send_greeting(show)
            await client.join_room(JoinRoomRequest(room="lobby"))
            async for event in client:
                ...
        ```
    """

    _events: ClassVar[Sequence[tuple[type[Event[Any]], AnyOperation]]] = ()
    """The operations that clients of the service receive, with the classes of their events."""

    def __init__(
        self, url: str | None = None, *, connection: Connection | None = None, **options: Unpack[ConnectionOptions]
    ) -> None:
        self._owns_connection = connection is None
        if connection is None:
            if url is None:
                name = type(self).__name__
                raise TypeError(f"{name}() requires a URL, or connection= to share a connection")
            connection = Connection(url, **options)
        elif url is not None or options:
            raise TypeError("connection= cannot be combined with a URL or with options; pass them to Connection()")
        self._connection = connection
        self._tasks = connection._tasks if self._owns_connection else connection._tasks.of_client()
        self._is_closed = False
        self._max_events = connection._settings.max_events
        streams: Streams[Any] = Streams(
            bound=self._max_events,
            new_signal=asyncio.Event,
            report=connection._errors.report,
            check_loop=connection._check_loop,
        )
        self._subscriptions = Subscriptions(self._events, streams)
        connection._dispatcher.attach(self._subscriptions)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._connection!r}>"

    @property
    def status(self) -> Status:
        """The state and the counters of the client's connection at this moment."""
        return self._connection.status

    def on_error(self, listener: Callable[[PushwireError], object]) -> Callable[[], None]:
        """Add a listener for errors that no call raises.

        These are `GatewayError`; `pushwire.FrameError` for a frame that cannot be decoded; `ListenerError`;
        `EventsLostError`; and `ConnectFailedError` for each failed attempt to reconnect. They are also logged.

        Args:
            listener: The function, sync or async.

        Returns:
            A function that removes the listener.

        Raises:
            TypeError: The argument is not a function.
        """
        return self._connection.on_error(listener)

    def on_reconnect(self, hook: Callable[[], object]) -> Callable[[], None]:
        """Add a hook that runs on each connection except the first, for example to enter rooms again.

        The sends of a hook go before the sends that wait. So do the sends of tasks that it has started, until all hooks
        have run. If the connection is lost while a hook runs, the hook is cancelled and runs again on the next one.

        Args:
            hook: The function, sync or async. Hooks run one after another, in the order in which they were added.

        Returns:
            A function that removes the hook.

        Raises:
            TypeError: The argument is not a function.
        """
        return self._connection.on_reconnect(hook)

    async def close(self) -> None:
        """Close the client, and its connection unless it is shared.

        Queued sends are written if there is a connection. Async listeners and iterations end, and no task is left
        running. The method can be called in any state, more than once, and from listeners and hooks. A closed client
        cannot be opened again.
        """
        self._connection._check_loop()
        self._is_closed = True
        await (self._connection.close() if self._owns_connection else self._tasks.close(self._leave_connection))

    async def _leave_connection(self) -> None:
        self._connection._dispatcher.detach(self._subscriptions)
        self._subscriptions.end(self._closed_error)
        await self._tasks.finish(self._connection._settings.close_timeout)

    async def __aenter__(self) -> Self:
        """Connect. With a shared connection, do nothing.

        Raises:
            ConnectFailedError: Connecting failed.
            ClientClosedError: The client was closed.
        """
        self._connection._check_loop()
        if self._is_closed:
            raise self._closed_error()
        if self._owns_connection:
            await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __await__(self) -> Generator[Any, None, Self]:
        """Connect without a block: `client = await ChatClient("wss://…")`. Call `close` in the end."""
        return self.__aenter__().__await__()

    def __aiter__(self) -> AsyncIterator[E_co]:
        """Iterate over all events from now on. Each iteration gets each event.

        The iteration ends when the client is closed.

        Raises:
            EventsLostError: The iteration was too slow, and has lost events. A new `async for` continues it.
            ConnectFailedError: The client has given up.
        """
        self._connection._check_loop()
        return self._subscriptions.streams.open()

    async def _send(
        self,
        operation: Operation[M],
        message: M,
        confirm: bool = False,
        seconds: float | None = None,
        request_id: str | None = None,
        /,
    ) -> None:
        """Send a message. Generated methods of one-way operations call it."""
        self._check(operation)
        if confirm:
            seconds = _CONFIRMATION_SECONDS if seconds is None else seconds
            await self._connection._request(operation, message, seconds, request_id)
        elif request_id is not None:
            raise ValueError("id= requires confirm=True, because a server confirms each message that has an id")
        elif seconds is not None:
            raise ValueError("timeout= requires confirm=True, because only a confirmation has a time limit")
        else:
            await self._connection._send(operation, message)

    async def _request(
        self, operation: RequestOperation[M, R], message: M, seconds: float, request_id: str | None, /
    ) -> R:
        """Send a request, and return its reply. Generated methods of requests call it."""
        self._check(operation)
        reply: R = await self._connection._request(operation, message, seconds, request_id)
        return reply

    def _check(self, operation: AnyOperation) -> None:
        self._connection._check_loop()
        if self._is_closed:
            raise self._closed_error(operation)

    def _listen(self, operation: Operation[M], function: Callable[[M], object]) -> Callable[[], None]:
        """Add a listener. Generated `on_…` methods call it."""
        self._connection._check_loop()
        report = self._connection._errors.report
        listener = SerialListener(function, operation, bound=self._max_events, tasks=self._tasks, report=report)
        return self._subscriptions.of(operation).listen(listener)

    def _wait_for(self, operation: Operation[M], timeout: float | None) -> Awaitable[M]:
        """Wait for a message. Generated `wait_for_…` methods call it."""
        self._connection._check_loop()
        if timeout is not None:
            check_number("timeout", timeout, what="a number of seconds")
        if self._is_closed:
            raise self._closed_error()
        if self._connection._lifecycle.is_closed:
            raise self._connection._lifecycle.closed_error()
        return self._subscriptions.of(operation).wait(timeout)

    def _closed_error(self, operation: AnyOperation | None = None) -> ClientClosedError:
        return ClientClosedError("the client is closed", operation=operation)
