"""The event buffers of iterations. Each is bounded and independent of the others. Sans-I/O."""

import weakref
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, Self, TypeVar

from pushwire.client.errors import ClientClosedError, ClientError, EventsLostError

__all__ = ["Signal", "Stream", "Streams"]

V = TypeVar("V")
ClosedError = Callable[[], ClientError]
"""Returns the reason why the client is closed, as a new error each time."""


class Signal(Protocol):
    """A flag to wait for. An `asyncio.Event` is one."""

    def set(self) -> None:
        """Set the flag, and wake the tasks that wait for it."""
        ...

    def clear(self) -> None:
        """Reset the flag."""
        ...

    async def wait(self) -> object:
        """Wait until the flag is set."""
        ...


class Stream(Generic[V]):
    """The events of one iteration, in order.

    Args:
        bound: The number of events that may wait.
        changed: A signal that is set when an event is added, or when the stream ends.
        awaited: The set that holds the stream while a task waits for it. asyncio has only weak references to tasks, so
            the task and its stream could be garbage-collected otherwise.
        check_loop: Called before each wait. Raises an exception if the wait would never end.
    """

    def __init__(
        self, bound: int, changed: Signal, awaited: "set[Stream[V]]", check_loop: Callable[[], object]
    ) -> None:
        self._bound = bound
        self._changed = changed
        self._awaited = awaited
        self._check_loop = check_loop
        self._events: deque[V] = deque()
        self._lost = 0
        self._closed_error: ClosedError | None = None

    def put(self, event: V) -> bool:
        """Add an event, and return whether it is the first that is lost."""
        if self._lost or len(self._events) >= self._bound:
            self._lost += 1
            return self._lost == 1
        self._events.append(event)
        self._changed.set()
        return False

    def end(self, closed_error: ClosedError) -> None:
        """End the stream after the events that wait.

        Args:
            closed_error: Returns the reason. The iteration raises it, unless it is a `ClientClosedError`.
        """
        self._closed_error = self._closed_error or closed_error
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> V:
        """Wait for the next event.

        Raises:
            EventsLostError: Events were lost before the next one.
            ConnectFailedError: The client has given up.
            RuntimeError: This event loop did not open the client.
        """
        while not self._events:
            if self._lost:
                lost, self._lost = self._lost, 0
                raise EventsLostError("the iteration", lost)
            if self._closed_error is not None:
                error = self._closed_error()
                raise StopAsyncIteration if isinstance(error, ClientClosedError) else error
            self._check_loop()
            self._changed.clear()
            self._awaited.add(self)
            try:
                await self._changed.wait()
            finally:
                self._awaited.discard(self)
        return self._events.popleft()


class Streams(Generic[V]):
    """The streams of one client. A stream that is not referenced any more is dropped.

    Args:
        bound: The number of events that may wait in each stream.
        new_signal: A function that returns a new signal.
        report: A function that is called when a stream loses its first event.
        check_loop: A function that raises an exception if no stream can be waited for here.

    Attributes:
        active: Weak references to the streams.
    """

    __slots__ = ("_awaited", "_bound", "_check_loop", "_closed_error", "_new_signal", "_report", "active")

    def __init__(
        self,
        *,
        bound: int,
        new_signal: Callable[[], Signal],
        report: Callable[[EventsLostError], object],
        check_loop: Callable[[], object],
    ) -> None:
        self._bound = bound
        self._new_signal = new_signal
        self._report = report
        self._check_loop = check_loop
        self.active: tuple[weakref.ref[Stream[V]], ...] = ()
        self._awaited: set[Stream[V]] = set()
        self._closed_error: ClosedError | None = None

    def open(self) -> Stream[V]:
        """Return a new stream."""
        stream: Stream[V] = Stream(self._bound, self._new_signal(), self._awaited, self._check_loop)
        if self._closed_error is not None:
            stream.end(self._closed_error)
        self._remove_dropped()
        self.active = (*self.active, weakref.ref(stream))
        return stream

    def put(self, event: V) -> None:
        """Add an event to each stream."""
        for reference in self.active:
            stream = reference()
            if stream is None:
                self._remove_dropped()
            elif stream.put(event):
                self._report(EventsLostError("an iteration", 1))

    def end(self, closed_error: ClosedError) -> None:
        """End all streams, and those that are opened later; see `Stream.end`."""
        self._closed_error = self._closed_error or closed_error
        for reference in self.active:
            stream = reference()
            if stream is not None:
                stream.end(closed_error)

    def _remove_dropped(self) -> None:
        # Why not a callback of the weak references: garbage can be collected in any thread, at any time.
        self.active = tuple(reference for reference in self.active if reference() is not None)
