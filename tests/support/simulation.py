"""A fan-out under a simulated clock: a driver without I/O, and an API Gateway that answers from a script."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush

from pushwire import ConnectionGoneError, SendError, ThrottledError, UnavailableError
from pushwire.transport._fan_out import FanOut
from pushwire.transport._retry import RetryPolicy
from pushwire.transport.protocol import FanOutOptions

Answer = Callable[[str, float], SendError | None]
"""The outcome of a post to a connection that starts at a time."""


def accepted(_connection_id: str, _time: float) -> SendError | None:
    return None


def gone(connection_id: str) -> SendError:
    return ConnectionGoneError(connection_id=connection_id, attempts=1)


def throttled(connection_id: str) -> SendError:
    return ThrottledError(connection_id=connection_id, attempts=1)


def unavailable(connection_id: str) -> SendError:
    return UnavailableError(connection_id=connection_id, attempts=1, maybe_accepted=True)


@dataclass
class Account:
    """Answers as API Gateway's token bucket does: 429 where an account's budget is spent."""

    per_second: float
    burst: float
    tokens: float = field(init=False)
    time: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def __call__(self, connection_id: str, time: float) -> SendError | None:
        self.tokens = min(self.burst, self.tokens + (time - self.time) * self.per_second)
        self.time = time
        if self.tokens < 1:
            return throttled(connection_id)
        self.tokens -= 1
        return None


@dataclass
class Simulation:
    """Drives fan-outs.

    Attributes:
        latency: Gives the seconds until a post is answered.
        random: Gives the share of the longest wait before another attempt.
        time: The time of its clock.
        outcomes: Every outcome so far, in order.
        posts: Every post so far: when, and to which connection.
        most_in_flight: How many posts were in flight at once, at the most.
    """

    latency: Callable[[], float] = lambda: 0.01
    random: Callable[[], float] = lambda: 0.5
    time: float = 100.0
    outcomes: list[tuple[str, SendError | None]] = field(default_factory=list)
    posts: list[tuple[float, str]] = field(default_factory=list)
    most_in_flight: int = 0

    def run(
        self,
        connection_ids: Iterable[str],
        answer: Answer = accepted,
        *,
        options: FanOutOptions | None = None,
        max_attempts: int = 3,
        on_outcome: Callable[[str, SendError | None], object] | None = None,
    ) -> tuple[str, ...]:
        def told(connection_id: str, error: SendError | None) -> None:
            self.outcomes.append((connection_id, error))
            if on_outcome is not None:
                on_outcome(connection_id, error)

        policy = RetryPolicy(max_attempts=max_attempts, random=self.random)
        fan_out = FanOut(options or FanOutOptions(), policy, told, self.time)
        numbers = itertools.count()
        in_flight: list[tuple[float, int, str, SendError | None]] = []

        def start(connection_id: str) -> None:
            assert connection_id not in {post[2] for post in in_flight}, "a connection has one post at a time"
            self.posts.append((self.time, connection_id))
            ends = self.time + self.latency()
            heappush(in_flight, (ends, next(numbers), connection_id, answer(connection_id, self.time)))

        pull = partial(fan_out.pull, iter(connection_ids).__next__)
        while not fan_out.finished:
            started = self.time
            wait = fan_out.start_attempts(start, pull, lambda: self.time)
            self.most_in_flight = max(self.most_in_flight, len(in_flight))
            assert fan_out.in_flight == len(in_flight)
            was_slow = self.time > started  # the iterable has moved the clock, so the responses come first
            assert wait is None or wait > 0 or was_slow or fan_out.finished, "nothing was left to do now"
            if in_flight and (wait is None or in_flight[0][0] <= self.time + wait):
                ended, _, connection_id, error = heappop(in_flight)
                self.time = max(self.time, ended)
                fan_out.ended(connection_id, error, self.time)
            elif wait is not None:
                self.time += wait
            else:
                assert fan_out.finished, "it waits for nothing"
        return fan_out.result()

    def outcomes_of(self, connection_id: str) -> list[SendError | None]:
        return [error for known, error in self.outcomes if known == connection_id]

    def counted(self) -> Counter[str]:
        return Counter(connection_id for connection_id, _ in self.outcomes)

    def most_posts_within(self, seconds: float) -> int:
        """How many posts there were in any such span of time, at the most."""
        times = [time for time, _ in self.posts]
        first, most = 0, 0
        for last, time in enumerate(times):
            while time - times[first] >= seconds:
                first += 1
            most = max(most, last - first + 1)
        return most
