"""Connections that are kept open between calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from pushwire.transport._settings import MAX_IDLE

__all__ = ["Pool", "Pooled"]


class Pooled(Protocol):
    """What a pool knows of a connection.

    Attributes:
        idle_since: When it was put there.
    """

    idle_since: float

    def is_intact(self) -> bool:
        """Whether it is still open, and nothing has come that nobody asked for."""
        ...

    def close(self) -> None:
        """Close it at once."""


C = TypeVar("C", bound=Pooled)


class Pool(Generic[C]):
    """Keeps connections for the next call, the last one used first. Threads may share it; it has no lock to fork with.

    Args:
        most: How many to keep.
        clock: Gives the time in seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._kept: deque[C] = deque()

    def take(self) -> C | None:
        """Take a connection that can be used; `None` where one has to be opened."""
        oldest = self._clock() - MAX_IDLE
        while True:
            try:
                connection = self._kept.pop()
            except IndexError:
                return None
            if connection.idle_since >= oldest and connection.is_intact():
                return connection
            connection.close()

    def keep(self, connection: C) -> None:
        """Keep a connection that has carried a whole reply; close those that have not been used for long."""
        connection.idle_since = now = self._clock()
        self._kept.append(connection)
        with suppress(IndexError):  # another thread took what was left
            while len(self._kept) > self._most or self._kept[0].idle_since < now - MAX_IDLE:
                self._kept.popleft().close()

    def close(self) -> None:
        """Close all of them."""
        with suppress(IndexError):
            while True:
                self._kept.pop().close()
