"""The number of posts that a broadcast has in flight, sans-I/O.

The best number depends on the network. On loopback, the work for a post takes longer than the wait for its response, so
more connections only cost memory. With responses after 20 ms, 32 connections wait nearly all the time.
"""

from __future__ import annotations

from typing import Final

__all__ = ["InFlightLimit"]

_ROUNDS: Final = 2
"""Responses of each connection in one measurement. A server that shares the processor responds in bursts, and so one
round can be three times as fast as the next one."""

_MIN_GAIN: Final = 0.25
"""By how much the rate has to grow, as a share of the growth in connections. A busy server only responds later."""

_FIRST_HOLD: Final = 2
_LONGEST_HOLD: Final = 64
"""Measurements after which to try more connections again. They double each time, because one measurement can be wrong:
another process may have taken the processor."""


class InFlightLimit:
    """Doubles the number of posts in flight while a broadcast waits more than it works, and becomes faster by it.

    Args:
        start: The number to start with.
        most: The largest number.

    Attributes:
        value: The number of posts that may be in flight.
    """

    __slots__ = ("_before", "_ended", "_hold", "_most", "_next_hold", "_waited", "_worked", "value")

    def __init__(self, start: int, most: int) -> None:
        self.value = min(start, most)
        self._most = most
        self._hold = 0
        self._next_hold = _FIRST_HOLD
        self._before: tuple[int, float] | None = None
        # The first round shows how long a response takes, and not how many the server can send.
        self._ended = -self.value
        self.restart()

    @property
    def proven(self) -> int:
        """The largest number that was worth its connections."""
        return self.value if self._before is None else self._before[0]

    def restart(self) -> None:
        """Start a new measurement. While connections are being opened, times do not show what the open ones can do."""
        self._waited = self._worked = 0.0
        self._ended = min(0, self._ended)

    def measured(self, waited: float, worked: float, ended: int) -> None:
        """Add the measurements of one turn.

        Args:
            waited: Seconds of waiting for responses while no more posts could start.
            worked: All other seconds.
            ended: The number of posts that have ended.
        """
        if self._ended < 0:
            self._ended = min(0, self._ended + ended)
            return
        self._waited += waited
        self._worked += worked
        self._ended += ended
        if self._ended < self.value * _ROUNDS:
            return
        rate = self._ended / (self._waited + self._worked or 1e-9)
        before, self._before = self._before, None
        if before is not None and rate < before[1] * (1 + _MIN_GAIN * (self.value / before[0] - 1)):
            self.value, self._hold = before[0], self._next_hold
            self._next_hold = min(_LONGEST_HOLD, self._next_hold * 2)
        elif self._hold:
            self._hold -= 1
        elif self._waited > self._worked and self.value < self._most:
            self._before = self.value, rate
            self.value = min(self._most, self.value * 2)
        self._ended = 0
        self.restart()
