"""The core of a broadcast, under a simulated clock and server."""

import gc
import itertools
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.simulation import Account, Simulation, accepted, gone, throttled, unavailable

from pushwire import SendError, ThrottledError, UnavailableError
from pushwire.transport._fan_out import FanOut
from pushwire.transport._pacing import AdaptiveLimiter
from pushwire.transport._retry import RetryPolicy
from pushwire.transport.protocol import FanOutOptions
from pushwire.transport.rate_limit import RateLimit

FAILURES = {"gone": gone, "throttled": throttled, "unavailable": unavailable}


@dataclass
class Script:
    """The results of the posts to each connection, in order; the last one repeats."""

    answers: dict[str, list[str]]
    made: Counter[str] = field(default_factory=Counter)

    def __call__(self, connection_id: str, _time: float) -> SendError | None:
        answers = self.answers.get(connection_id, ["ok"])
        answer = answers[min(self.made[connection_id], len(answers) - 1)]
        self.made[connection_id] += 1
        return None if answer == "ok" else FAILURES[answer](connection_id)


@dataclass
class Random:
    """Random numbers that hypothesis chooses a few of, over and over."""

    numbers: list[float]

    def __post_init__(self) -> None:
        self._numbers = itertools.cycle(self.numbers)

    def __call__(self) -> float:
        return next(self._numbers)


IDS = st.lists(st.sampled_from([f"c{number}" for number in range(12)]), max_size=60)
ANSWERS = st.dictionaries(
    st.sampled_from([f"c{number}" for number in range(12)]),
    st.lists(st.sampled_from(["ok", *FAILURES]), min_size=1, max_size=4),
)
NUMBERS = st.lists(st.floats(0, 1), min_size=1, max_size=7)


@given(ids=IDS, answers=ANSWERS, latencies=NUMBERS, jitter=NUMBERS, in_flight=st.integers(1, 5), data=st.data())
def test_whatever_fails_every_id_gets_one_outcome_and_the_bounds_hold(
    ids: list[str],
    answers: dict[str, list[str]],
    latencies: list[float],
    jitter: list[float],
    in_flight: int,
    data: st.DataObject,
) -> None:
    limit = data.draw(st.builds(RateLimit, per_second=st.floats(1, 500), burst=st.integers(1, 20)) | st.none())
    deadline = data.draw(st.floats(0, 2) | st.none())
    simulation = Simulation(latency=Random(latencies), random=Random(jitter))
    began = simulation.time
    rest = iter(ids)
    unsent = simulation.run(
        rest,
        Script(answers),
        options=FanOutOptions(max_in_flight=in_flight, rate_limit=limit, deadline=deadline),
    )

    assert simulation.counted() + Counter(unsent) + Counter(rest) == Counter(ids)
    assert simulation.most_in_flight <= in_flight
    if deadline is None:
        assert unsent == ()
    else:
        assert all(time < began + deadline for time, _ in simulation.posts)
        assert simulation.time <= began + deadline + max(latencies) + 1e-9
    if limit is not None:
        for seconds in (0.01, 0.1, 1.0):
            assert simulation.most_posts_within(seconds) <= limit.burst + seconds * limit.per_second + 1e-6


@given(ids=IDS, answers=ANSWERS, latencies=NUMBERS, jitter=NUMBERS)
def test_an_outcome_tells_what_all_its_attempts_amount_to(
    ids: list[str], answers: dict[str, list[str]], latencies: list[float], jitter: list[float]
) -> None:
    simulation = Simulation(latency=Random(latencies), random=Random(jitter))
    script = Script(answers)
    simulation.run(ids, script)
    attempts: Counter[str] = Counter()
    for connection_id, error in simulation.outcomes:
        if error is not None:
            assert 1 <= error.attempts <= 3
            assert error.attempts == 3 or not isinstance(error, ThrottledError | UnavailableError)
            attempts[connection_id] += error.attempts
    for connection_id, errors in _by_id(simulation).items():
        if all(error is not None for error in errors):
            assert attempts[connection_id] == script.made[connection_id]


@given(answers=ANSWERS, latencies=NUMBERS, jitter=NUMBERS)
def test_broadcasts_made_one_after_another_reach_each_connection_in_order(
    answers: dict[str, list[str]], latencies: list[float], jitter: list[float]
) -> None:
    ids = [f"c{number}" for number in range(12)] * 2
    simulation = Simulation(latency=Random(latencies), random=Random(jitter))
    script = Script(answers)
    arrived: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for name in ("first", "second"):

        def answer(connection_id: str, time: float, name: str = name) -> SendError | None:
            arrived[connection_id].append((name, time))
            return script(connection_id, time)

        simulation.run(ids, answer)
    for posts in arrived.values():
        assert [name for name, _ in posts] == sorted(name for name, _ in posts)
        assert [time for _, time in posts] == sorted(time for _, time in posts)


def test_ids_are_drawn_only_when_there_is_room_for_them() -> None:
    simulation = Simulation()

    def ids() -> Iterator[str]:
        for number in range(100):
            assert number - len(simulation.outcomes) <= 4
            yield f"c{number}"

    assert simulation.run(ids(), options=FanOutOptions(max_in_flight=4)) == ()
    assert len(simulation.outcomes) == 100
    assert simulation.most_in_flight == 4


def test_many_ids_take_no_more_memory_than_few() -> None:
    def peak(count: int) -> int:
        told = 0

        def on_outcome(_connection_id: str, _error: SendError | None) -> None:
            nonlocal told
            told += 1
            simulation.outcomes.clear()
            simulation.posts.clear()

        simulation = Simulation()
        gc.collect()
        tracemalloc.start()
        simulation.run((f"c{number}" for number in range(count)), _every_hundredth_throttled, on_outcome=on_outcome)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert told == count
        return highest

    assert peak(30_000) < peak(1_000) + 100_000


def test_an_id_given_over_and_over_is_sent_one_at_a_time_and_drawn_in_bounds() -> None:
    simulation = Simulation()
    seen: list[int] = []

    def ids() -> Iterator[str]:
        for number in range(500):
            seen.append(number - len(simulation.outcomes))
            yield "same"

    simulation.run(ids(), options=FanOutOptions(max_in_flight=2))
    assert simulation.counted() == {"same": 500}
    assert simulation.most_in_flight == 1
    assert max(seen) <= 2 * 32 + 1


def test_a_connection_that_waits_for_its_next_attempt_keeps_no_other_waiting() -> None:
    simulation = Simulation(random=lambda: 1.0)
    script = Script({"slow": ["throttled", "throttled", "ok"]})
    simulation.run(["slow", *(f"c{number}" for number in range(10))], script, options=FanOutOptions(max_in_flight=1))
    assert [connection_id for connection_id, _ in simulation.outcomes][-1] == "slow"
    assert simulation.outcomes_of("slow") == [None]


def test_at_the_deadline_what_is_in_flight_gets_its_outcome_and_what_was_not_sent_is_returned() -> None:
    simulation = Simulation(latency=lambda: 0.5)
    ids = iter(["a", "b", "a", "c", "d"])
    unsent = simulation.run(ids, options=FanOutOptions(max_in_flight=3, deadline=0.4))
    assert simulation.counted() == {"a": 1, "b": 1, "c": 1}
    assert unsent == ("a",)
    assert list(ids) == ["d"]


def test_an_attempt_that_would_come_after_the_deadline_is_not_waited_for() -> None:
    simulation = Simulation(latency=lambda: 0.4, random=lambda: 1.0)
    simulation.run(["a"], Script({"a": ["unavailable"]}), options=FanOutOptions(deadline=0.45))
    (error,) = simulation.outcomes_of("a")
    assert isinstance(error, UnavailableError)
    assert (error.attempts, error.maybe_accepted) == (1, True)
    assert simulation.time == 100.4


def test_at_the_deadline_what_waits_for_its_next_attempt_has_failed() -> None:
    simulation = Simulation(latency=lambda: 0.01, random=lambda: 0.0)
    budget = RateLimit(per_second=1, burst=1)
    simulation.run(["a"], Script({"a": ["throttled"]}), options=FanOutOptions(rate_limit=budget, deadline=0.5))
    (error,) = simulation.outcomes_of("a")
    assert isinstance(error, ThrottledError)
    assert (error.attempts, simulation.time) == (1, 100.5)


def test_a_deadline_that_has_passed_draws_nothing() -> None:
    ids = iter(["a"])
    assert Simulation().run(ids, options=FanOutOptions(deadline=-1.0)) == ()
    assert list(ids) == ["a"]


def test_an_iterable_that_raises_is_told_when_what_is_in_flight_has_ended() -> None:
    def ids() -> Iterator[str]:
        yield from ("a", "b")
        raise ZeroDivisionError

    simulation = Simulation()
    with pytest.raises(ZeroDivisionError):
        simulation.run(ids())
    assert simulation.counted() == {"a": 1, "b": 1}


def test_a_callback_that_raises_ends_it_and_every_post_still_gets_its_outcome() -> None:
    simulation = Simulation()

    def on_outcome(connection_id: str, _error: SendError | None) -> None:
        if connection_id in ("c1", "c2"):
            raise LookupError(connection_id)

    ids = (f"c{number}" for number in range(100))
    with pytest.raises(LookupError, match="c1"):
        simulation.run(ids, on_outcome=on_outcome, options=FanOutOptions(max_in_flight=4))
    assert simulation.counted() == {connection_id: 1 for _, connection_id in simulation.posts}
    assert len(list(ids)) > 90


class Driver:
    """Drives a fan-out by hand."""

    def __init__(self, **options: Any) -> None:
        self.outcomes: list[str] = []
        self.fan_out = FanOut(FanOutOptions(**options), RetryPolicy(random=lambda: 1.0), self._told, 0.0)

    def _told(self, connection_id: str, _error: SendError | None) -> None:
        self.outcomes.append(connection_id)


def test_a_driver_that_draws_meanwhile_is_asked_for_one_id_at_a_time() -> None:
    driver = Driver()
    assert driver.fan_out.needs_id(0.0)
    assert not driver.fan_out.needs_id(0.0)
    assert driver.fan_out.wait(0.0) is None, "the id that is being drawn is all there is to wait for"
    driver.fan_out.add("a")
    assert driver.fan_out.take(0.0) == "a"
    assert driver.fan_out.needs_id(0.0)
    driver.fan_out.ended("a", None, 0.1)
    assert (driver.fan_out.finished, driver.outcomes) == (False, ["a"])
    driver.fan_out.no_more_ids()
    assert driver.fan_out.finished


def test_an_id_that_is_withdrawn_at_the_deadline_is_unsent_and_the_others_go_on() -> None:
    outcomes: dict[str, SendError | None] = {}
    fan_out = FanOut(FanOutOptions(deadline=1), RetryPolicy(), outcomes.__setitem__, 0.0)
    for connection_id in "abc":
        assert fan_out.needs_id(0.0)
        fan_out.add(connection_id)
        assert fan_out.take(0.0) == connection_id
    fan_out.withdraw("b")
    assert (fan_out.in_flight, fan_out.finished) == (2, False)
    fan_out.ended("a", None, 2.0)
    fan_out.ended("c", None, 2.0)
    assert (fan_out.in_flight, fan_out.finished) == (0, True)
    assert (fan_out.result(), outcomes) == (("b",), {"a": None, "c": None})


def test_an_id_that_comes_after_the_deadline_was_not_tried() -> None:
    driver = Driver(deadline=1.0)
    assert driver.fan_out.needs_id(0.5)
    assert driver.fan_out.wait(0.5) == 0.5
    assert driver.fan_out.take(1.0) is None
    assert driver.fan_out.finished
    driver.fan_out.add("late")
    assert driver.fan_out.result() == ("late",)


def test_a_fan_out_that_waits_long_is_looked_after_now_and_then() -> None:
    driver = Driver(deadline=1e9)
    assert driver.fan_out.needs_id(0.0)
    assert driver.fan_out.wait(0.0) == 3600


def test_a_rate_limit_is_one_budget_for_broadcasts_that_share_it() -> None:
    limit = RateLimit(per_second=100, burst=10)
    simulation = Simulation()
    simulation.run((f"c{number}" for number in range(50)), options=FanOutOptions(rate_limit=limit))
    simulation.run((f"c{number}" for number in range(50)), options=FanOutOptions(rate_limit=limit))
    assert simulation.most_posts_within(0.5) <= 10 + 50
    assert 0.85 < simulation.time - 100.0 < 1.0


def test_an_account_whose_budget_is_spent_slows_everything_down_and_loses_nothing() -> None:
    simulation = Simulation(latency=lambda: 0.005, random=Random([0.1, 0.5, 0.9]))
    account = Account(per_second=1_000, burst=500)
    simulation.run((f"c{number}" for number in range(10_000)), account)
    assert simulation.counted() == {f"c{number}": 1 for number in range(10_000)}
    failed = [connection_id for connection_id, error in simulation.outcomes if error is not None]
    refused = len(simulation.posts) - 10_000 + len(failed)
    took = simulation.time - 100.0
    assert failed == []
    assert refused < 2_000
    assert took < 12  # 9.5 s is the least


@pytest.mark.parametrize("pause", [1.0, 60.0])
def test_a_pause_between_two_pages_of_ids_does_not_lower_the_pace(pause: float) -> None:
    driver = Simulation(latency=lambda: 0.005)
    began: list[float] = []

    def pages() -> Iterator[str]:
        for page in range(3):
            driver.time += pause
            began.append(driver.time)
            yield from (f"{page}c{number}" for number in range(3_000))

    driver.run(pages(), Account(per_second=1_000, burst=100))
    seconds = [later - earlier - pause for earlier, later in itertools.pairwise([*began, driver.time + pause])]
    assert max(seconds) < 3.5, "each page takes 3 seconds at the pace of the account"
    assert all(error is None for _, error in driver.outcomes)


def test_the_pace_recovers_when_requests_are_throttled_no_more() -> None:
    def answer(connection_id: str, time: float) -> SendError | None:
        return account(connection_id, time) if time < 102 else None

    account = Account(per_second=500, burst=100)
    simulation = Simulation(latency=lambda: 0.005)
    simulation.run((f"c{number}" for number in range(60_000)), answer)
    late = [time for time, _ in simulation.posts if time > simulation.time - 0.5]
    assert len(late) / 0.5 > 5_000  # 32 at a time, 5 ms each, are 6,400 a second


def test_an_account_that_accepts_nothing_is_still_asked_ten_times_a_second() -> None:
    limiter, now = AdaptiveLimiter(0.0), 0.0
    delays: list[float] = []
    for number in range(2_000):
        now += limiter.delay(now)
        limiter.started(now)
        delays.append(limiter.delay(now))
        limiter.ended(throttled(f"c{number}"), 0, now)
    assert max(delays) == pytest.approx(0.1)


def test_clients_that_read_too_slowly_keep_no_other_waiting() -> None:
    simulation = Simulation(latency=lambda: 0.005)
    simulation.run((f"c{number}" for number in range(20_000)), _every_hundredth_throttled)
    assert simulation.time - 100.0 < 1.2 * 20_000 * 0.005 / 32


def _every_hundredth_throttled(connection_id: str, _time: float) -> SendError | None:
    return throttled(connection_id) if connection_id.endswith("00") else accepted(connection_id, _time)


def _by_id(simulation: Simulation) -> dict[str, list[SendError | None]]:
    errors: dict[str, list[SendError | None]] = defaultdict(list)
    for connection_id, error in simulation.outcomes:
        errors[connection_id].append(error)
    return errors
