"""The base of every generated client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar, Unpack

from google.protobuf.message import Message

from pushwire.client.channels import Channels
from pushwire.client.connection import Connection
from pushwire.client.errors import ClientClosedError
from pushwire.client.events import Event
from pushwire.client.lifecycle import State
from pushwire.client.listeners import Listener
from pushwire.client.settings import ConnectionOptions
from pushwire.client.status import Status
from pushwire.client.streams import Streams
from pushwire.errors import PushwireError
from pushwire.operation import AnyOperation, Operation

__all__ = ["Client"]

M = TypeVar("M", bound=Message)
E_co = TypeVar("E_co", covariant=True)


class Client(Generic[E_co]):
    """Sends and receives the messages of one service; generated classes add typed methods for each operation.

        async with ChatClient("wss://…", auth=IamAuth()) as client:
            client.on_send_greeting(show)
            await client.join_room(JoinRoomRequest(room="lobby"))
            async for event in client:
                ...

    It connects when the block begins, and stays connected until it ends: it reconnects, renews its connection before
    API Gateway cuts it, and keeps what is sent meanwhile. What arrives reaches each listener and each iteration that
    is there by then; listeners that are added before the first `await` of the block miss nothing, where the task that
    adds them has opened the client itself. All are given the same message: do not change it.

    Every send returns when its message is written: that is not yet received, as any network may fail in between. Sends
    raise `ClientError`, as one of its subclasses; or, before anything is written, `pushwire.PayloadTooLargeError`,
    `pushwire.FrameError` or `TypeError`.

    Args:
        url: `wss://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping key, or what
            `pushwire dev` prints.
        connection: A connection to share with the clients of other services, instead of a URL. Who made it opens and
            closes it.
        options: As in `ConnectionOptions`.

    Raises:
        ClientUrlError: The URL cannot work.
        TypeError: Neither a URL nor a connection was given, or both; or an option does not exist or is of another type.
        ValueError: The value of an option cannot be; or another client on the connection receives something else
            under the same route.
    """

    _events: ClassVar[Sequence[tuple[type[Event[Any]], AnyOperation]]] = ()
    """The operations that clients of the service receive, with the classes of their events."""

    def __init__(
        self, url: str | None = None, *, connection: Connection | None = None, **options: Unpack[ConnectionOptions]
    ) -> None:
        self._owned: Connection | None = None
        if connection is None:
            if url is None:
                raise TypeError(f"where to connect to? {type(self).__name__}(url), or (connection=…) to share one")
            connection = self._owned = Connection(url, **options)
        elif url is not None or options:
            raise TypeError("connection= stands alone: where and how to connect is its own")
        self._connection = connection
        self._link = connection.link
        runners = self._link.reports.runners
        self._runners = runners if self._owned is not None else runners.apart()
        self._is_closed = False
        self._closing: asyncio.Task[None] | None = None
        streams: Streams[Any] = Streams(bound=self._link.settings.max_events, report=self._link.reports.report)
        self._channels = Channels(self._events, streams)
        self._link.inbox.attach(self._channels)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._connection!r}>"

    @property
    def status(self) -> Status:
        """What its connection is doing, and what it has done so far."""
        return self._connection.status

    def on_error(self, listener: Callable[[PushwireError], object]) -> Callable[[], None]:
        """Have a function called with whatever goes wrong and is raised nowhere.

        That is: a `GatewayError`; a `pushwire.FrameError`, for a frame that cannot be decoded; a `ListenerError`; an
        `EventsLostError`; a `ConnectFailedError` for each attempt to reconnect that fails. All of it is logged as well.

        Args:
            listener: The function, sync or async.

        Returns:
            What removes it.
        """
        return self._connection.on_error(listener)

    def on_reconnect(self, hook: Callable[[], object]) -> Callable[[], None]:
        """Have a function called on each connection but the first: to enter rooms and to subscribe again.

        What it sends goes before all that waits; so does what tasks send that it has started, until all hooks have run.
        Where the connection is lost while it runs it is cancelled, and runs again on the next one.

        Args:
            hook: The function, sync or async. They run in order, one after another.

        Returns:
            What removes it.
        """
        return self._connection.on_reconnect(hook)

    async def close(self) -> None:
        """Close the client, and its connection unless that is shared.

        What can be written is written, async listeners end, iterations end, and nothing is left running. It may be
        called in any state, more than once, and from listeners. There is no way back.
        """
        self._is_closed = True
        if self._owned is not None:
            self._link.refuse()
        if self._closing is None:  # it goes on, if whoever closes is cancelled: hooks are, by this
            self._closing = asyncio.create_task(self._close())
        with self._runners.not_waiting_for_me():
            await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._owned is not None:
            await self._owned.close()
        self._link.inbox.detach(self._channels)
        self._channels.end(self._refusal, StopAsyncIteration)
        await self._runners.finish(self._link.settings.close_timeout)

    async def __aenter__(self) -> Self:
        """Connect; over a shared connection, do nothing.

        Raises:
            ConnectFailedError: It cannot be connected.
            ClientClosedError: It has been closed.
        """
        if self._is_closed:
            raise self._refusal()
        if self._owned is not None:
            await self._owned.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __await__(self) -> Generator[Any, None, Self]:
        """Connect, without a block: `client = await ChatClient("wss://…")`. Close it in the end."""
        return self.__aenter__().__await__()

    def __aiter__(self) -> AsyncIterator[E_co]:
        """Iterate over all events from now on; each iteration sees each of them.

        It ends when the client is closed.

        Raises:
            EventsLostError: The iteration was too slow, and has lost events. It may go on, with a new `async for`.
            ConnectFailedError: The client has given up.
        """
        return self._channels.streams.open()

    async def _send(self, operation: Operation[M], message: M) -> None:
        """Send a message; the body of each generated method that sends."""
        if self._is_closed:
            raise self._refusal(operation)
        await self._link.send(operation, message)

    def _listen(self, operation: Operation[M], function: Callable[[M], object]) -> Callable[[], None]:
        """Add a listener; the body of each generated `on_…`."""
        listener = Listener(
            function,
            operation,
            bound=self._link.settings.max_events,
            runners=self._runners,
            report=self._link.reports.report,
        )
        return self._channels.of(operation).listen(listener)

    def _wait_for(self, operation: Operation[M], timeout: float | None) -> Awaitable[M]:
        """Wait for a message; the body of each generated `wait_for_…`."""
        if self._is_closed:
            raise self._refusal()
        if self._link.lifecycle.state is State.CLOSED:
            raise self._link.writer.refusal(None)
        return self._channels.of(operation).wait(timeout)

    def _refusal(self, operation: AnyOperation | None = None) -> ClientClosedError:
        return ClientClosedError("the client is closed", operation=operation)
