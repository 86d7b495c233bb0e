"""The events of iterations: each is independent of the others, and bounded."""

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from typing import Generic, Self, TypeVar

from pushwire.client.errors import EventsLostError

__all__ = ["Stream", "Streams"]

V = TypeVar("V")
End = Callable[[], Exception]
"""Makes what an iteration ends with."""


class Stream(Generic[V]):
    """The events of one iteration, in order.

    Args:
        bound: How many may wait.
        awaited: Where it is kept while somebody waits for it, who may be held by nothing else.
    """

    def __init__(self, bound: int, awaited: "set[Stream[V]]") -> None:
        self._bound = bound
        self._awaited = awaited
        self._events: deque[V] = deque()
        self._lost = 0
        self._end: End | None = None
        self._wakeup: asyncio.Future[None] | None = None

    def put(self, event: V) -> bool:
        """Add an event; return whether it is the first that is lost."""
        if self._lost or len(self._events) >= self._bound:
            self._lost += 1
            return self._lost == 1
        self._events.append(event)
        if self._wakeup is not None:
            self._wake()
        return False

    def end(self, end: End) -> None:
        """End, when all that waits has been taken."""
        self._end = self._end or end
        self._wake()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> V:
        """Wait for the next event.

        Raises:
            EventsLostError: Events have been lost; those that follow have not been.
            Exception: What the iteration ends with.
        """
        while not self._events:
            if self._lost:
                lost, self._lost = self._lost, 0
                raise EventsLostError("the iteration", lost)
            if self._end is not None:
                raise self._end()
            if self._wakeup is None:
                self._wakeup = asyncio.get_running_loop().create_future()
            self._awaited.add(self)
            try:
                await asyncio.shield(self._wakeup)
            finally:
                self._awaited.discard(self)
        return self._events.popleft()

    def _wake(self) -> None:
        wakeup, self._wakeup = self._wakeup, None
        if wakeup is not None and not wakeup.done():
            wakeup.set_result(None)


class Streams(Generic[V]):
    """All iterations over one client that are under way: one that is dropped is forgotten.

    Args:
        bound: How many events may wait for each.
        report: Is told when one loses its first event.

    Attributes:
        under_way: The iterations.
    """

    __slots__ = ("_awaited", "_bound", "_end", "_report", "under_way")

    def __init__(self, *, bound: int, report: Callable[[EventsLostError], object]) -> None:
        self._bound = bound
        self._report = report
        self.under_way: tuple[weakref.ref[Stream[V]], ...] = ()
        self._awaited: set[Stream[V]] = set()
        self._end: End | None = None

    def open(self) -> Stream[V]:
        """Begin one."""
        stream: Stream[V] = Stream(self._bound, self._awaited)
        if self._end is not None:
            stream.end(self._end)
        self._forget_dropped()
        self.under_way = (*self.under_way, weakref.ref(stream))
        return stream

    def put(self, event: V) -> None:
        """Add an event to each."""
        for reference in self.under_way:
            stream = reference()
            if stream is None:
                self._forget_dropped()
            elif stream.put(event):
                self._report(EventsLostError("an iteration", 1))

    def end(self, end: End) -> None:
        """End all of them, and those to come."""
        self._end = self._end or end
        for reference in self.under_way:
            stream = reference()
            if stream is not None:
                stream.end(end)

    def _forget_dropped(self) -> None:
        """Not as a callback of the references: garbage may be collected in any thread, at any instant."""
        self.under_way = tuple(reference for reference in self.under_way if reference() is not None)
