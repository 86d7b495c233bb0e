"""One frame to many connections: what to do next, and what has come of it; no clock, no I/O, no locks.

A driver brings the I/O. It may be threads, a selector or an event loop, and works in turns, each with one `now`, the
time of `time.monotonic()`:

    fan_out = FanOut(options, policy, on_outcome, time.monotonic())
    while not fan_out.finished:
        now = time.monotonic()
        while True:
            connection_id = fan_out.take(now)
            if connection_id is not None:
                start(connection_id)  # one attempt; never blocks for an answer
            elif fan_out.needs_id(now):
                fan_out.pull(ids.__next__)
            else:
                break
        for connection_id, error in attempts_that_end_within(fan_out.wait(now)):
            fan_out.ended(connection_id, error, time.monotonic())
    return fan_out.result()

- `take` gives a connection to post to, at once, in one attempt. It is in flight until the driver says `ended`, with
  `None` or with the error of this attempt (`attempts=1`, or 0 where no request was made). Further attempts are `take`n
  again. An id is in flight once at a time, so it is the key of whatever the driver keeps with the attempt.
- `needs_id` asks for one more id: after `True`, call `pull` when it is there (or `add`, `no_more_ids`). Until then the
  answer is `False`, so a driver may draw in a task and go on with what is in flight. One that still draws when the
  fan-out is `finished` gives that up, or says `pull` of what has come: it is then not tried.
- An iterator that raises, or anything else that must end the fan-out early: `stop(exc)`, which `pull` says by itself,
  and the turns go on until what is in flight has ended. `result` raises it. An exception of `on_outcome` comes the
  same way.
- `wait` is the longest pause until there is something to do without an outcome; `None` where only an outcome helps.
- All calls come from one thread at a time; `on_outcome` is called inside `ended`, `take` and `stop`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

from pushwire.errors import SendError
from pushwire.transport._pacing import AdaptiveLimiter
from pushwire.transport._retry import Attempts, RetryPolicy
from pushwire.transport.protocol import FanOutOptions

__all__ = ["FanOut"]

_MAX_WAITING_PER_POST: Final = 32
"""How many ids may wait for another attempt, or for their other occurrence, for each that may be in flight."""

_MAX_WAIT: Final = 3600.0
"""Seconds: what any timer takes."""


class _History:
    """What is known of an id that has failed once, or was drawn twice."""

    __slots__ = ("attempts", "error", "repeats")

    def __init__(self) -> None:
        self.attempts: Attempts | None = None
        self.error: SendError | None = None
        self.repeats = 0


class FanOut:
    """Sends one frame to many connections, at most `max_in_flight` at a time; the module tells how to drive it.

    Every id that was taken gets exactly one outcome. Attempts to one connection follow one another, also where it
    occurs twice, so that what is sent to it arrives in order.

    Args:
        options: How many at once, how fast, until when.
        policy: How often to try, and how long to wait in between.
        on_outcome: Called with each id, and `None` where it was accepted or else its last error.
        now: The time in seconds; the deadline counts from here.
    """

    __slots__ = (
        "_deadline",
        "_drained",
        "_failure",
        "_in_flight",
        "_limiter",
        "_max_in_flight",
        "_max_waiting",
        "_on_outcome",
        "_policy",
        "_pulled",
        "_rate_limit",
        "_ready",
        "_requested",
        "_retries",
        "_stopped",
        "_unsent",
        "_waiting",
    )

    def __init__(
        self,
        options: FanOutOptions,
        policy: RetryPolicy,
        on_outcome: Callable[[str, SendError | None], object],
        now: float,
    ) -> None:
        self._max_in_flight = options.max_in_flight
        self._max_waiting = options.max_in_flight * _MAX_WAITING_PER_POST
        self._rate_limit = options.rate_limit
        self._deadline = math.inf if options.deadline is None else now + options.deadline
        self._policy = policy
        self._on_outcome = on_outcome
        self._limiter = AdaptiveLimiter(now)
        self._pulled: dict[str, _History | None] = {}
        """Every id that has been drawn and has no outcome yet."""
        self._ready: deque[str] = deque()
        """Those to be sent for the first time, or once more."""
        self._retries: list[tuple[float, str]] = []
        """Those to be tried again, a heap by time."""
        self._waiting = 0
        self._in_flight = 0
        self._requested = False
        self._drained = False
        self._stopped = False
        self._failure: BaseException | None = None
        self._unsent: list[str] = []

    @property
    def finished(self) -> bool:
        """Whether every id that was drawn has its outcome, or will not be tried, and no more will be drawn."""
        return not self._pulled and (self._drained or self._stopped)

    @property
    def in_flight(self) -> int:
        """How many attempts have been taken and have not ended."""
        return self._in_flight

    def needs_id(self, now: float) -> bool:
        """Whether to draw one more id. After `True`, say `add` or `no_more_ids`; it will not be said twice before."""
        if now >= self._deadline:
            self.stop()
        if (
            self._requested
            or self._ready
            or self._in_flight >= self._max_in_flight
            or not self._may_draw()
            or self._delay(now) > 0
        ):
            return False
        self._requested = True
        return True

    def pull(self, next_id: Callable[[], str]) -> None:
        """Draw the id that was asked for.

        Args:
            next_id: Returns it, or raises `StopIteration` or `StopAsyncIteration`; any other exception ends the
                fan-out, and is raised by `result`.
        """
        try:
            self.add(next_id())
        except (StopIteration, StopAsyncIteration):
            self.no_more_ids()
        except BaseException as failure:  # noqa: BLE001 - raised when what is in flight has ended
            self.stop(failure)

    def add(self, connection_id: str) -> None:
        """Add the id that was asked for, and drawn.

        Raises:
            TypeError: It is no string.
        """
        self._requested = False
        if not isinstance(connection_id, str):
            raise TypeError(f"a connection id is a string, not {type(connection_id).__name__}")
        if self._stopped:
            self._unsent.append(connection_id)
        elif connection_id in self._pulled:
            self._history(connection_id).repeats += 1
            self._waiting += 1
        else:
            self._pulled[connection_id] = None
            self._ready.append(connection_id)

    def no_more_ids(self) -> None:
        """Learn that the id that was asked for does not exist: all have been drawn."""
        self._requested = False
        self._drained = True

    def take(self, now: float) -> str | None:
        """Take a connection to post to, now; `None` where there is none, or it has to wait."""
        if now >= self._deadline:
            self.stop()
        if self._in_flight >= self._max_in_flight:
            return None
        if self._retries and self._retries[0][0] <= now:
            if not self._start(now):
                return None
            connection_id = heappop(self._retries)[1]
            self._waiting -= 1
        elif self._ready and self._start(now):
            connection_id = self._ready.popleft()
        else:
            return None
        self._in_flight += 1
        return connection_id

    def ended(self, connection_id: str, error: SendError | None, now: float) -> None:
        """Learn how an attempt has ended.

        Args:
            connection_id: The id that was taken.
            error: Why this attempt was not accepted; `None` where it was.
            now: The time in seconds.
        """
        self._in_flight -= 1
        self._limiter.ended(error, self._in_flight, now)
        if error is not None and self._will_retry(connection_id, error, now):
            return
        history = self._pulled.pop(connection_id)
        if history is not None and history.repeats:
            self._repeat(connection_id, history)
        self._report(connection_id, error)

    def stop(self, failure: BaseException | None = None) -> None:
        """Take nothing more. What waits for another attempt has failed; what was not sent yet is not tried.

        Args:
            failure: What to raise when all has ended; the first that is given stands.
        """
        self._failure = self._failure or failure
        if self._stopped:
            return
        self._stopped = True
        failed = [connection_id for _, connection_id in sorted(self._retries)]
        not_sent, self._retries, self._waiting = list(self._ready), [], 0
        self._ready.clear()
        for connection_id in not_sent:
            self._unsent.append(connection_id)
            self._give_up(connection_id)
        errors = [self._give_up(connection_id) for connection_id in failed]
        for connection_id, history in self._pulled.items():
            if history is not None:  # of those in flight, the other occurrences
                self._unsent += [connection_id] * history.repeats
                history.repeats = 0
        for connection_id, error in zip(failed, errors, strict=True):
            self._report(connection_id, error)

    def wait(self, now: float) -> float | None:
        """In how many seconds there is something to do, if nothing ends before; `None` if only an outcome helps."""
        if self._stopped:
            return None
        until = self._deadline
        if self._in_flight < self._max_in_flight:
            if self._ready or (not self._requested and self._may_draw()):
                until = min(until, now + self._delay(now))
            if self._retries:
                until = min(until, max(self._retries[0][0], now + self._delay(now)))
        return None if until == math.inf else min(max(0.0, until - now), _MAX_WAIT)

    def result(self) -> tuple[str, ...]:
        """Return the ids that were drawn and not tried, when the fan-out is finished.

        Raises:
            BaseException: What ended it early, other than its deadline.
        """
        if self._failure is not None:
            raise self._failure
        return tuple(self._unsent)

    def _may_draw(self) -> bool:
        return not self._drained and not self._stopped and self._waiting < self._max_waiting

    def _delay(self, now: float) -> float:
        """In how many seconds another request may go, by the pace and the shared budget."""
        delay = self._limiter.delay(now)
        return delay if self._rate_limit is None else max(delay, self._rate_limit.delay(now))

    def _start(self, now: float) -> bool:
        """Begin another request, if the pace and the shared budget let it."""
        if self._limiter.delay(now) > 0 or (self._rate_limit is not None and self._rate_limit.take(now) > 0):
            return False
        self._limiter.started(now)
        return True

    def _history(self, connection_id: str) -> _History:
        history = self._pulled[connection_id]
        if history is None:
            history = self._pulled[connection_id] = _History()
        return history

    def _will_retry(self, connection_id: str, error: SendError, now: float) -> bool:
        """Count a failed attempt; plan the next, if there is one and it comes before the deadline."""
        history = self._history(connection_id)
        if history.attempts is None:
            history.attempts = Attempts(self._policy)
        delay = history.attempts.failed(error)
        if delay is None or self._stopped or now + delay >= self._deadline:
            return False
        history.error = error
        heappush(self._retries, (now + delay, connection_id))
        self._waiting += 1
        return True

    def _repeat(self, connection_id: str, history: _History) -> None:
        """Have an id that occurs again sent once more, now that its former occurrence has ended."""
        history.repeats -= 1
        history.attempts = history.error = None
        self._waiting -= 1
        self._pulled[connection_id] = history if history.repeats else None
        self._ready.append(connection_id)

    def _give_up(self, connection_id: str) -> SendError | None:
        """Forget an id that will not be sent any more; return the error of its last attempt, if it was tried."""
        history = self._pulled.pop(connection_id)
        if history is None:
            return None
        self._unsent += [connection_id] * history.repeats
        return history.error

    def _report(self, connection_id: str, error: SendError | None) -> None:
        try:
            self._on_outcome(connection_id, error)
        except BaseException as failure:  # noqa: BLE001 - raised when what is in flight has ended
            self.stop(failure)
