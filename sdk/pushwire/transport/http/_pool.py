"""The pool of idle connections, which are kept open between calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress

from pushwire.transport._settings import MAX_IDLE
from pushwire.transport.http._channel import Channel

__all__ = ["Pool"]


class Pool:
    """Idle channels, of which the most recently used one is taken first.

    Threads may share a pool. It has no lock, which another thread could hold at a fork: operations of a `deque` are
    atomic.

    Args:
        most: The largest number of channels to keep.
        clock: Returns the time in seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._kept: deque[Channel] = deque()

    def __len__(self) -> int:
        """Return the number of channels that were not idle for too long."""
        oldest = self._clock() - MAX_IDLE
        return sum(channel.idle_since >= oldest for channel in tuple(self._kept))

    def take(self) -> Channel | None:
        """Return an intact channel; `None` if a connection has to be opened."""
        oldest = self._clock() - MAX_IDLE
        while True:
            try:
                channel = self._kept.pop()
            except IndexError:
                return None
            if channel.idle_since >= oldest and channel.is_intact():
                return channel
            channel.close()

    def keep(self, channel: Channel) -> None:
        """Keep an idle channel, and close channels that were idle for too long."""
        oldest = self._clock() - MAX_IDLE
        self._kept.append(channel)
        try:
            while len(self._kept) > self._most or self._kept[0].idle_since < oldest:
                self._kept.popleft().close()
        except IndexError:  # another thread took the last one
            pass

    def close(self) -> None:
        """Close all channels."""
        with suppress(IndexError):
            while True:
                self._kept.pop().close()
