"""How fast a fan-out may go, learnt from 429; no clock and no I/O."""

from __future__ import annotations

from typing import Final

from pushwire.errors import SendError, ThrottledError

__all__ = ["AdaptiveLimiter"]

_WINDOW: Final = 0.1
_MIN_ENDED: Final = 20
_MAX_THROTTLED: Final = 20
_TOLERATED_SHARE: Final = 0.1
_GROWTH: Final = 0.5
_GROWTH_BESIDE_THROTTLING: Final = 0.2
_MIN_FACTOR: Final = 0.25
_MIN_RATE: Final = 10.0
_MAX_CATCH_UP: Final = 0.01
"""Seconds' worth of requests that may follow at once where the driver was late: timers are no finer."""


class AdaptiveLimiter:
    """None until requests are throttled; then a rate, a little under what was accepted, that recovers by and by.

    Outcomes are judged together, a tenth of a second's or twenty throttled ones' at a time. Where more than a tenth of
    them were throttled, the account's budget is spent, and everything slows down. Where fewer were, it is clients that
    read too slowly, to whom API Gateway also answers 429 ("PostToConnection", API Gateway management API reference):
    no reason to let the others wait.

    Args:
        now: The time in seconds.
    """

    __slots__ = ("_before", "_ended", "_next", "_per_second", "_since", "_throttled")

    def __init__(self, now: float) -> None:
        self._per_second: float | None = None
        self._next = now
        self._since = now
        self._ended = 0
        self._throttled = 0
        self._before = 0

    def delay(self, now: float) -> float:
        """In how many seconds the next request may go; 0 for now."""
        return max(0.0, self._next - now) if self._per_second is not None else 0.0

    def started(self, now: float) -> None:
        """Count a request that goes now."""
        if self._per_second is not None:
            self._next = max(self._next, now - _MAX_CATCH_UP) + 1.0 / self._per_second

    def ended(self, error: SendError | None, in_flight: int, now: float) -> None:
        """Learn how a request has ended.

        Args:
            error: Why it was not accepted; `None` where it was.
            in_flight: How many have not ended yet.
            now: The time in seconds.
        """
        if self._before:
            self._before -= 1  # it was on its way when the pace changed, and says nothing of the new one
            return
        self._ended += 1
        if isinstance(error, ThrottledError):
            self._throttled += 1
        elapsed = now - self._since
        if (elapsed >= _WINDOW and self._ended >= _MIN_ENDED) or self._throttled >= _MAX_THROTTLED:
            self._judge(elapsed, in_flight)
            self._since, self._ended, self._throttled = now, 0, 0

    def _judge(self, elapsed: float, in_flight: int) -> None:
        sent = self._ended / max(elapsed, 1e-3)
        throttled = self._throttled / self._ended
        if throttled > _TOLERATED_SHARE:
            slower = min(sent, self._per_second or sent) * max(0.95 - throttled, _MIN_FACTOR)
            self._per_second = max(slower, _MIN_RATE)
            self._before = in_flight
        elif self._per_second is not None:
            growth = _GROWTH_BESIDE_THROTTLING if throttled else _GROWTH
            self._per_second *= 1.0 + growth * min(elapsed, 1.0)
            if self._per_second > 2 * sent and not throttled:
                self._per_second = None  # something else is slower
