"""The sans-I/O core of `post_many`: decides what to do next, and collects the outcomes. It has no locks.

A driver does the I/O, with threads, a selector or an event loop. It works in turns:

    fan_out = FanOut(options, policy, on_outcome, clock())
    while not fan_out.finished:
        pause = fan_out.start_attempts(start, pull, clock)  # `start` never blocks for a response
        for connection_id, error in attempts_that_end_within(pause):
            fan_out.ended(connection_id, error, clock())
    return fan_out.result()

- The clock is read again after every call into user code: an iterator, a callback, or credentials can take seconds. A
  pull that takes long ends the turn, so that responses are read and reported between two slow pulls.
- A driver that has time-outs reads its sockets before it declares an attempt late, and compares with a time from before
  that look. After the process was stopped, the responses wait in the sockets. Without the look, their messages would be
  sent twice.
- No attempt starts after `deadline`. If a driver has taken an id, but could not make a request before the deadline, it
  calls `withdraw`.
- `take` returns a connection to post to now, in one attempt. The attempt is in flight until the driver calls `ended`,
  with `None` or with the error of this attempt (`attempts=1`, or 0 if no request was made). A retry is `take`n again.
  An id is in flight once at a time, so a driver may use it as the key of an attempt.
- `needs_id` asks for one more id. After `True`, the driver calls `pull` when the id is there (or `add`, or
  `no_more_ids`). Until then `needs_id` returns `False`, so a driver may pull in a task while attempts are in flight.
  If it still pulls when the fan-out is `finished`, it cancels that, or calls `pull` with the id that came late, which
  is then reported as unsent.
- `stop(exc)` ends the fan-out early. `pull` calls it when the iterator raises. The turns continue until all attempts
  in flight have ended; then `result` raises the exception. An exception from `on_outcome` is handled the same way.
- `wait` returns the longest pause until there is something to do without an outcome; `None` if only an outcome helps.
- All calls come from one thread at a time. `on_outcome` is called inside `ended`, `withdraw`, and the methods that may
  stop the fan-out: `stop`, `pull`, `take`, `start_attempts` and `is_over`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

from pushwire._checks import not_a_connection_id
from pushwire.errors import SendError
from pushwire.transport._pacing import WINDOW, AdaptiveLimiter
from pushwire.transport._retry import Attempts, RetryPolicy
from pushwire.transport.protocol import DEFAULT_MAX_IN_FLIGHT, FanOutOptions

__all__ = ["MAX_TURN", "FanOut"]

MAX_TURN: Final = 0.01
"""Seconds of user code after which a turn ends."""

_MAX_WAITING_PER_POST: Final = 32
"""Ids that may wait for a retry, or for their first occurrence to end, per attempt that may be in flight."""

_MAX_WAIT: Final = 3600.0
"""Seconds. Every timer accepts this: `select` and locks fail on very large numbers."""


class _History:
    """The attempts of an id that has failed once, and how often it occurs again."""

    __slots__ = ("attempts", "error", "repeats")

    def __init__(self, policy: RetryPolicy) -> None:
        self.attempts = Attempts(policy)
        self.error: SendError | None = None
        self.repeats = 0


class FanOut:
    """The state of one frame's way to many connections, with at most `max_in_flight` attempts at a time.

    The module's docstring shows how to drive it. Every id that was taken gets exactly one outcome. Attempts to one
    connection never overlap, also if its id occurs twice, so its messages arrive in order.

    Args:
        options: The limits: attempts in flight, rate, deadline.
        policy: The retry policy.
        on_outcome: Called with each id, and `None` if it was accepted or else its last error.
        now: The time in seconds. The deadline counts from here.

    Attributes:
        in_flight: The number of attempts that were taken and have not ended.
        max_in_flight: The most attempts in flight. A driver may change it.
        deadline: The time in seconds after which no attempt starts; infinite without a deadline.
    """

    __slots__ = (
        "_drained",
        "_failure",
        "_limiter",
        "_on_outcome",
        "_policy",
        "_pulled",
        "_rate_limit",
        "_ready",
        "_requested",
        "_requested_at",
        "_retries",
        "_stopped",
        "_unsent",
        "_waiting",
        "deadline",
        "in_flight",
        "max_in_flight",
    )

    def __init__(
        self,
        options: FanOutOptions,
        policy: RetryPolicy,
        on_outcome: Callable[[str, SendError | None], object],
        now: float,
    ) -> None:
        self.max_in_flight = options.max_in_flight or DEFAULT_MAX_IN_FLIGHT
        self._rate_limit = options.rate_limit
        self.deadline = math.inf if options.deadline is None else now + options.deadline
        self._policy = policy
        self._on_outcome = on_outcome
        self._limiter = AdaptiveLimiter(now)
        self._pulled: dict[str, _History | None] = {}
        """Every id that was pulled and has no outcome yet."""
        self._ready: deque[str] = deque()
        """The ids to send for the first time, and those whose next occurrence is due."""
        self._retries: list[tuple[float, str]] = []
        """The ids to retry, as a heap by time."""
        self._waiting = 0
        self.in_flight = 0
        self._requested = False
        self._requested_at = now
        self._drained = False
        self._stopped = False
        self._failure: BaseException | None = None
        self._unsent: list[str] = []

    @property
    def finished(self) -> bool:
        """Whether no more ids will be pulled, and each has its outcome or is unsent."""
        return not self._pulled and (self._drained or self._stopped)

    @property
    def is_full(self) -> bool:
        """Whether another attempt could start if `max_in_flight` were larger."""
        return self.in_flight >= self.max_in_flight and (bool(self._ready) or self._may_pull())

    def is_over(self, now: float) -> bool:
        """Stop at the deadline; return whether it has passed."""
        if now < self.deadline:
            return False
        self.stop()
        return True

    def start_attempts(
        self, start: Callable[[str], object], pull: Callable[[], object], clock: Callable[[], float]
    ) -> float | None:
        """Start attempts and pull ids while that is possible, until user code has made the turn long.

        Args:
            start: Starts one attempt for a connection.
            pull: Pulls the id that `needs_id` asked for, or requests it from a task.
            clock: Returns the time in seconds.

        Returns:
            The longest pause before the next turn, as `wait` returns it.
        """
        started = clock()
        while (now := clock()) - started <= MAX_TURN:
            connection_id = self.take(now)
            if connection_id is not None:
                start(connection_id)
            elif self.needs_id(now):
                pull()
            else:
                return self.wait(now)
        return 0.0

    def needs_id(self, now: float) -> bool:
        """Return whether to pull one more id; after `True`, `False` until `add` or `no_more_ids` is called."""
        if (
            now >= self.deadline
            or self._requested
            or self._ready
            or self.in_flight >= self.max_in_flight
            or not self._may_pull()
            or self._delay(now) > 0
        ):
            return False
        self._requested, self._requested_at = True, now
        return True

    def pull(self, next_id: Callable[[], str]) -> None:
        """Pull the id that `needs_id` asked for.

        Args:
            next_id: Returns the id, or raises `StopIteration` or `StopAsyncIteration`. Any other exception ends the
                fan-out, and `result` raises it.
        """
        try:
            self.add(next_id())
        except (StopIteration, StopAsyncIteration):
            self.no_more_ids()
        except BaseException as failure:  # noqa: BLE001 - raised by `result`, when all attempts in flight have ended
            self.stop(failure)

    def add(self, connection_id: str) -> None:
        """Add the id that `needs_id` asked for.

        Raises:
            TypeError: The id is not a string.
        """
        self._requested = False
        if not isinstance(connection_id, str):
            raise not_a_connection_id(connection_id)
        if self._stopped:
            self._unsent.append(connection_id)
        elif connection_id in self._pulled:
            self._history(connection_id).repeats += 1
            self._waiting += 1
        else:
            self._pulled[connection_id] = None
            self._ready.append(connection_id)

    def no_more_ids(self) -> None:
        """End the ids: the one that `needs_id` asked for does not exist."""
        self._requested = False
        self._drained = True

    def take(self, now: float) -> str | None:
        """Return a connection to post to now; `None` if every one has to wait."""
        if self._requested_at < now and not self._requested:
            self._pulled_at(now)
        if now >= self.deadline or self.in_flight >= self.max_in_flight:
            self.is_over(now)
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
        self.in_flight += 1
        return connection_id

    def ended(self, connection_id: str, error: SendError | None, now: float) -> None:
        """Record the end of an attempt.

        Args:
            connection_id: The id that was taken.
            error: The error of this attempt; `None` if it was accepted.
            now: The time in seconds.
        """
        self.in_flight -= 1
        if self._requested_at < now and not self._requested:
            self._pulled_at(now)
        self._limiter.ended(error, self.in_flight, now)
        if error is not None and self._will_retry(connection_id, error, now):
            return
        history = self._pulled.pop(connection_id)
        if history is not None and history.repeats:
            self._repeat(connection_id, history)
        self._report(connection_id, error)

    def withdraw(self, connection_id: str) -> None:
        """Return an id that was taken, and for which no request was made before the deadline."""
        self.in_flight -= 1
        self.stop()
        error = self._give_up(connection_id)
        if error is None:
            self._unsent.append(connection_id)
        else:
            self._report(connection_id, error)

    def stop(self, failure: BaseException | None = None) -> None:
        """Start no more attempts. Ids that wait for a retry have failed; ids that were not sent yet are unsent.

        Args:
            failure: The exception for `result` to raise. The first one that is given is kept.
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
            if history is not None:  # in flight: only the further occurrences are unsent
                self._unsent += [connection_id] * history.repeats
                history.repeats = 0
        for connection_id, error in zip(failed, errors, strict=True):
            self._report(connection_id, error)

    def wait(self, now: float) -> float | None:
        """Return the seconds until something is due if no attempt ends before; `None` if only an outcome helps."""
        if self._stopped:
            return None
        until = self.deadline
        if self.in_flight < self.max_in_flight:
            if self._ready or (not self._requested and self._may_pull()):
                until = min(until, now + self._delay(now))
            if self._retries:
                until = min(until, max(self._retries[0][0], now + self._delay(now)))
        return None if until == math.inf else min(max(0.0, until - now), _MAX_WAIT)

    def result(self) -> tuple[str, ...]:
        """Return the ids that were pulled and not sent, when the fan-out is finished.

        Raises:
            BaseException: The exception that ended it early.
        """
        if self._failure is not None:
            raise self._failure
        return tuple(self._unsent)

    def _may_pull(self) -> bool:
        return not self._drained and not self._stopped and self._waiting < self.max_in_flight * _MAX_WAITING_PER_POST

    def _pulled_at(self, now: float) -> None:
        """Start a new window of the limiter after a slow pull, which says nothing about the possible rate."""
        if now - self._requested_at > WINDOW:
            self._limiter.restart(now)
        self._requested_at = math.inf

    def _delay(self, now: float) -> float:
        """Return the seconds until the limiter and the shared budget allow another request."""
        delay = self._limiter.delay(now)
        return delay if self._rate_limit is None else max(delay, self._rate_limit.delay(now))

    def _start(self, now: float) -> bool:
        """Count another request, if the limiter and the shared budget allow it; return whether they do."""
        if self._limiter.delay(now) > 0 or (self._rate_limit is not None and self._rate_limit.take(now) > 0):
            return False
        self._limiter.started(now)
        return True

    def _history(self, connection_id: str) -> _History:
        history = self._pulled[connection_id]
        if history is None:
            history = self._pulled[connection_id] = _History(self._policy)
        return history

    def _will_retry(self, connection_id: str, error: SendError, now: float) -> bool:
        """Count a failed attempt. Schedule its retry, if the policy has one and it is before the deadline."""
        history = self._history(connection_id)
        delay = history.attempts.failed(error, connection_id)
        if delay is None or self._stopped or now + delay >= self.deadline:
            return False
        history.error = error
        heappush(self._retries, (now + delay, connection_id))
        self._waiting += 1
        return True

    def _repeat(self, connection_id: str, history: _History) -> None:
        """Queue the next occurrence of an id, after the one before has ended."""
        history.repeats -= 1
        history.attempts, history.error = Attempts(self._policy), None
        self._waiting -= 1
        self._pulled[connection_id] = history if history.repeats else None
        self._ready.append(connection_id)

    def _give_up(self, connection_id: str) -> SendError | None:
        """Drop an id that will not be sent any more; return the error of its last attempt, if it had one."""
        history = self._pulled.pop(connection_id)
        if history is None:
            return None
        self._unsent += [connection_id] * history.repeats
        return history.error

    def _report(self, connection_id: str, error: SendError | None) -> None:
        try:
            self._on_outcome(connection_id, error)
        except BaseException as failure:  # noqa: BLE001 - raised by `result`, when all attempts in flight have ended
            self.stop(failure)
