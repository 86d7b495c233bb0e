"""A rate limiter that adapts to throttled responses (429), sans-I/O."""

from __future__ import annotations

from typing import Final

from pushwire.errors import SendError, ThrottledError

__all__ = ["WINDOW", "AdaptiveLimiter"]

WINDOW: Final = 0.1
_MIN_ENDED: Final = 20
_MAX_THROTTLED: Final = 20
_TOLERATED_SHARE: Final = 0.1
_GROWTH: Final = 0.5
_GROWTH_BESIDE_THROTTLING: Final = 0.2
_MIN_FACTOR: Final = 0.25
_MIN_RATE: Final = 10.0
_MAX_CATCH_UP: Final = 0.01
"""Seconds of requests that a late driver may send at once. Timers are not more exact than this."""


class AdaptiveLimiter:
    """A limiter that allows any rate until requests are throttled, then a rate a little under the accepted one.

    The rate recovers gradually. Outcomes are evaluated in windows of a tenth of a second, or of twenty throttled ones.
    If more than a tenth of a window was throttled, the account's budget is spent, so the rate falls. If fewer were,
    some clients read too slowly. API Gateway also answers 429 for those ("PostToConnection", API Gateway management API
    reference), and they are not a reason to delay the others.

    Args:
        now: The time in seconds.
    """

    __slots__ = ("_ended", "_next", "_old_in_flight", "_per_second", "_since", "_throttled")

    def __init__(self, now: float) -> None:
        self._per_second: float | None = None
        self._next = now
        self._old_in_flight = 0
        self.restart(now)

    def delay(self, now: float) -> float:
        """Return the seconds until the next request may start; 0 for now."""
        return max(0.0, self._next - now) if self._per_second is not None else 0.0

    def restart(self, now: float) -> None:
        """Start a new window."""
        self._since, self._ended, self._throttled = now, 0, 0

    def started(self, now: float) -> None:
        """Count a request that starts now."""
        if self._per_second is not None:
            self._next = max(self._next, now - _MAX_CATCH_UP) + 1.0 / self._per_second

    def ended(self, error: SendError | None, in_flight: int, now: float) -> None:
        """Count the outcome of a request.

        Args:
            error: The error of the request; `None` if it was accepted.
            in_flight: The number of requests that have not ended yet.
            now: The time in seconds.
        """
        if self._old_in_flight:
            self._old_in_flight -= 1  # it started before the rate changed, so it says nothing about the new rate
            return
        self._ended += 1
        if isinstance(error, ThrottledError):
            self._throttled += 1
        elapsed = now - self._since
        if (elapsed >= WINDOW and self._ended >= _MIN_ENDED) or self._throttled >= _MAX_THROTTLED:
            self._evaluate(elapsed, in_flight)
            self.restart(now)

    def _evaluate(self, elapsed: float, in_flight: int) -> None:
        sent = self._ended / max(elapsed, 1e-3)
        throttled = self._throttled / self._ended
        if throttled > _TOLERATED_SHARE:
            slower = min(sent, self._per_second or sent) * max(0.95 - throttled, _MIN_FACTOR)
            self._per_second = max(slower, _MIN_RATE)
            self._old_in_flight = in_flight
        elif self._per_second is not None:
            growth = _GROWTH_BESIDE_THROTTLING if throttled else _GROWTH
            self._per_second *= 1.0 + growth * min(elapsed, 1.0)
            if self._per_second > 2 * sent and not throttled:
                self._per_second = None  # not the limiter, but something else is the bottleneck
