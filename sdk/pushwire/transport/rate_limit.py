"""A limit of requests per second that broadcasts, threads and event loops share."""

from __future__ import annotations

import math
import os
import threading
from typing import Final

from pushwire._checks import check_number, check_whole_number

__all__ = ["RateLimit"]

_ROUNDING: Final = 1e-6
"""Rounding tolerance, as a share of one request: sums of times lose less than this."""


class RateLimit:
    """A budget of requests per second, shared by all broadcasts that get the same object.

    It stands for the account's budget. API Gateway allows an account 10,000 requests a second in most regions, with a
    burst of 5,000, over all of its HTTP, REST and WebSocket APIs together ("Amazon API Gateway quotas", API Gateway
    developer guide). Each attempt of a post takes one request. It is safe to share between threads and event loops, and
    to fork. It is not shared with other processes.

        budget = RateLimit(per_second=5_000)

    Args:
        per_second: The requests per second, above 0.
        burst: The requests that may start at once after a pause, at least 1. Defaults to a tenth of a second's worth.
            In any `t` seconds there are at most `burst + t * per_second` requests.

    Raises:
        TypeError: An argument is not a number.
        ValueError: An argument is out of range.
    """

    __slots__ = ("_burst", "_left", "_lock", "_per_second", "_process", "_time")

    def __init__(self, *, per_second: float, burst: int | None = None) -> None:
        self._per_second = check_number("per_second", per_second, above=0, what="a number of requests")
        if math.isinf(per_second):
            raise ValueError("per_second= must be finite; without a RateLimit there is no limit")
        size = check_whole_number("burst", max(1, int(per_second / 10)) if burst is None else burst)
        self._burst = size
        self._left = float(size)
        self._time = -math.inf
        self._lock = threading.Lock()
        self._process = os.getpid()

    @property
    def per_second(self) -> float:
        """The requests per second."""
        return self._per_second

    @property
    def burst(self) -> int:
        """The requests that may start at once after a pause."""
        return self._burst

    def take(self, now: float, /) -> float:
        """Take one request from the budget, if it has one.

        Args:
            now: The time of `time.monotonic()`. Every caller must use this clock.

        Returns:
            0 if a request was taken; else the seconds after which to ask again.
        """
        process = os.getpid()
        if self._process != process:  # another thread of the parent may have held the lock at the fork
            self._process, self._lock = process, threading.Lock()
        with self._lock:
            delay = self.delay(now)
            if delay == 0:
                self._left, self._time = self._left_at(now) - 1, max(self._time, now)
            return delay

    def delay(self, now: float, /) -> float:
        """Return the seconds until the budget has a request, if no other caller takes it; 0 if it has one now.

        Args:
            now: The time of `time.monotonic()`.
        """
        left = self._left_at(now)
        return 0.0 if left >= 1 - _ROUNDING else (1 - left) / self._per_second

    def _left_at(self, now: float) -> float:
        return min(self._burst, self._left + max(0.0, now - self._time) * self._per_second)

    def __repr__(self) -> str:
        return f"RateLimit(per_second={self._per_second!r}, burst={self._burst!r})"
