"""How many requests a second may be made, over all calls that share a limit."""

from __future__ import annotations

import math
import threading
from typing import Final

__all__ = ["RateLimit"]

_ROUNDING: Final = 1e-6
"""How little may lack from a request: less than what is lost in sums of times."""


class RateLimit:
    """A budget of requests, shared by all broadcasts that are given the same object: it stands for the account's.

    API Gateway allows an account 10,000 requests a second in most regions, with a burst of 5,000, over all of its HTTP,
    REST and WebSocket APIs together ("Amazon API Gateway quotas", API Gateway developer guide); each post spends one, a
    second attempt one more. Safe to share between threads and event loops; other processes know nothing of it.

        budget = RateLimit(per_second=5_000)

    Args:
        per_second: How many requests a second.
        burst: How many may go at once after a pause; a tenth of a second's worth unless given. In any `t` seconds there
            are at most `burst + t * per_second`.

    Raises:
        TypeError: It is no number.
        ValueError: The rate is not above zero, or the burst is less than one.
    """

    __slots__ = ("_burst", "_left", "_lock", "_per_second", "_time")

    def __init__(self, *, per_second: float, burst: int | None = None) -> None:
        rate: object = per_second
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise TypeError(f"per_second= takes a number of requests, not {type(rate).__name__}")
        if not (math.isfinite(per_second) and per_second > 0):
            raise ValueError(f"per_second= is a number above zero, not {per_second!r}")
        size: object = max(1, int(per_second / 10)) if burst is None else burst
        if isinstance(size, bool) or not isinstance(size, int):
            raise TypeError(f"burst= takes a whole number of requests, not {type(size).__name__}")
        if size < 1:
            raise ValueError(f"burst= is at least 1, not {size}")
        self._per_second = per_second
        self._burst = size
        self._left = float(size)
        self._time = -math.inf
        self._lock = threading.Lock()

    @property
    def per_second(self) -> float:
        """How many requests a second."""
        return self._per_second

    @property
    def burst(self) -> int:
        """How many may go at once."""
        return self._burst

    def take(self, now: float, /) -> float:
        """Take one request from the budget, if it has one.

        Args:
            now: The time of `time.monotonic()`, whoever asks.

        Returns:
            0 where it was taken; else in how many seconds to ask again, and nothing was taken.
        """
        with self._lock:
            left = self._left_at(now)
            if left < 1 - _ROUNDING:
                return (1 - left) / self._per_second
            self._left = left - 1
            self._time = max(self._time, now)
            return 0.0

    def delay(self, now: float, /) -> float:
        """In how many seconds there will be a request to take, if nobody else takes it; 0 where there is one."""
        left = self._left_at(now)
        return 0.0 if left >= 1 - _ROUNDING else (1 - left) / self._per_second

    def _left_at(self, now: float) -> float:
        return min(self._burst, self._left + max(0.0, now - self._time) * self._per_second)

    def __repr__(self) -> str:
        return f"RateLimit(per_second={self._per_second!r}, burst={self._burst!r})"
