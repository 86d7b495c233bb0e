"""Where the messages of one client go, operation by operation: to listeners, to whoever waits, to iterations."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Generic, TypeVar, cast

from google.protobuf.message import Message

from pushwire.client.errors import ClientError
from pushwire.client.events import Event
from pushwire.client.streams import Streams
from pushwire.operation import AnyOperation, Operation

__all__ = ["Channel", "Channels"]

M = TypeVar("M", bound=Message)


class Channel(Generic[M]):
    """Where the messages of one operation go.

    Args:
        operation: The operation.
        event: The class of its events.
        streams: The client's iterations.

    Attributes:
        operation: The operation.
    """

    __slots__ = ("_event", "_listeners", "_streams", "_waiters", "operation")

    def __init__(self, operation: Operation[M], event: type[Event[M]], streams: Streams[Any]) -> None:
        self.operation = operation
        self._event = event
        self._streams = streams
        self._listeners: tuple[Callable[[M], object], ...] = ()
        self._waiters: list[asyncio.Future[M]] = []

    def deliver(self, message: M) -> None:
        """Give a message to everybody."""
        for listener in self._listeners:
            listener(message)
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(message)
        if self._streams.under_way:
            self._streams.put(self._event(message))

    def listen(self, listener: Callable[[M], object]) -> Callable[[], None]:
        """Add a listener, and return what removes it."""
        self._listeners = (*self._listeners, listener)

        def remove() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return remove

    def wait(self, timeout: float | None) -> asyncio.Future[M]:
        """Wait for the next message, from now on.

        Args:
            timeout: Seconds after which it is a `TimeoutError`.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[M] = loop.create_future()
        self._waiters.append(waiter)
        timer = None if timeout is None else loop.call_later(timeout, self._time_out, waiter, timeout)
        waiter.add_done_callback(partial(self._forget, timer))
        return waiter

    def end(self, reason: Callable[[], ClientError]) -> None:
        """Fail everybody who waits: there will be no more."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            _fail(waiter, reason())

    def _time_out(self, waiter: asyncio.Future[M], timeout: float) -> None:
        _fail(waiter, TimeoutError(f"no {self.operation.name} within {timeout} s"))

    def _forget(self, timer: asyncio.TimerHandle | None, waiter: asyncio.Future[M]) -> None:
        """Forget one who waits no more: given up by whoever waited, too."""
        if timer is not None:
            timer.cancel()
        if waiter in self._waiters:
            self._waiters.remove(waiter)


class Channels:
    """All that one client receives.

    Args:
        events: The operations, with the classes of their events.
        streams: The client's iterations.

    Attributes:
        by_route: The channels.
        streams: The iterations.
    """

    def __init__(self, events: Iterable[tuple[type[Event[Any]], AnyOperation]], streams: Streams[Any]) -> None:
        self.by_route = {operation.route: Channel(operation, event, streams) for event, operation in events}
        self.streams = streams

    def of(self, operation: Operation[M]) -> Channel[M]:
        """The channel of an operation."""
        return cast("Channel[M]", self.by_route[operation.route])

    def end(self, waiting: Callable[[], ClientError], iterating: Callable[[], Exception]) -> None:
        """End everything.

        Args:
            waiting: Why, for those who wait for one message.
            iterating: What iterations end with.
        """
        for channel in self.by_route.values():
            channel.end(waiting)
        self.streams.end(iterating)


def _fail(waiter: asyncio.Future[M], error: Exception) -> None:
    if not waiter.done():
        waiter.set_exception(error)
        waiter.exception()  # it may never be awaited, where a send raised first: no news to anybody
