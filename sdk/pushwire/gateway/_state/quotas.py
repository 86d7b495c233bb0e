"""Rates: how often something may happen, as API Gateway counts it. Sans-I/O."""

import math

from pushwire.gateway.clock import TimeOfDay

__all__ = ["TokenBucket"]

_PRECISION = 1e-3  # of what came in a time of day, which is a large number of seconds


class TokenBucket:
    """A bucket that fills at a steady rate; each request takes a token ("Throttle requests to your APIs").

    Args:
        per_second: How many tokens come each second; `math.inf` for no limit.
        burst: How many it holds, and has at first.
        clock: The time of day.
    """

    __slots__ = ("_burst", "_clock", "_filled_at", "_per_second", "_tokens")

    def __init__(self, *, per_second: float, burst: float, clock: TimeOfDay) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._filled_at = clock()

    def take(self) -> bool:
        """Take one token; return `False` if there is none."""
        if self._per_second == math.inf:
            return True
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens < 1 - _PRECISION:
            return False
        self._tokens -= 1
        return True
