"""Rate limits in the form of API Gateway's token buckets. Sans-I/O."""

import math

from pushwire.gateway.clock import TimeOfDay

__all__ = ["TokenBucket"]

# Why a tolerance: seconds since the epoch are large floats, so that sums of their differences are inexact.
_TOLERANCE = 1e-3


class TokenBucket:
    """A bucket that fills at a steady rate; each request takes a token ("Throttle requests to your APIs").

    Args:
        per_second: The number of tokens that are added each second; `math.inf` for no limit.
        burst: The maximum number of tokens, and the initial number.
        clock: Returns the time of day.
    """

    __slots__ = ("_burst", "_clock", "_filled_at", "_per_second", "_tokens")

    def __init__(self, *, per_second: float, burst: float, clock: TimeOfDay) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._filled_at = clock()

    def take(self) -> bool:
        """Take one token and return `True`, or return `False` if the bucket is empty."""
        if self._per_second == math.inf:
            return True
        now = self._clock()
        # Why max: a clock that was set back, or frozen by a test, must not empty the bucket.
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens < 1 - _TOLERANCE:
            return False
        self._tokens -= 1
        return True
