"""The clock: timers run in order, each at its own time, in real time and with `advance`."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire.gateway.clock import Clock, ManualClock


@given(st.lists(st.floats(0, 1e6), max_size=200), st.floats(0, 1e6))
def test_what_falls_due_is_done_in_order_and_each_at_its_own_time(delays: list[float], ahead: float) -> None:
    clock = ManualClock(0.0)
    done: list[tuple[float, float]] = []
    for delay in delays:
        clock.call_later(delay, lambda delay=delay: done.append((delay, clock.time())))  # type: ignore[misc]
    clock.advance(ahead)
    assert done == [(delay, delay) for delay in sorted(delay for delay in delays if delay <= ahead)]
    assert clock.time() == ahead


def test_what_is_cancelled_is_not_done_and_not_kept() -> None:
    clock = ManualClock()
    done: list[int] = []
    timers = [clock.call_later(number, lambda number=number: done.append(number)) for number in range(1_000)]  # type: ignore[misc]
    for timer in timers[:-1]:
        timer.cancel()
        timer.cancel()
    assert len(clock._timers) < 200
    clock.advance(1_000)
    timers[-1].cancel()
    assert done == [999]


def test_a_timer_that_sets_another_on_the_way_has_it_done_too() -> None:
    clock = ManualClock(0.0)
    seen: list[float] = []

    def again() -> None:
        seen.append(clock.time())
        clock.call_later(10, again)

    clock.call_later(10, again)
    clock.advance(35)
    assert seen == [10, 20, 30]


async def _real_time() -> list[str]:
    clock = Clock()
    done: list[str] = []
    over = asyncio.get_running_loop().create_future()
    clock.call_later(3_600, lambda: done.append("in an hour"))

    def soon() -> None:
        done.append("soon")
        over.set_result(None)

    clock.call_later(0.01, soon)
    await over
    before = clock.time()
    clock.advance(3_600)
    assert clock.time() >= before + 3_600
    await clock.sleep(0.001)
    return done


def test_the_usual_clock_runs_with_real_time_and_can_be_set_ahead() -> None:
    assert asyncio.run(_real_time()) == ["soon", "in an hour"]


def test_whoever_sleeps_is_woken_when_the_clock_ends() -> None:
    async def story() -> int:
        clock = ManualClock()
        sleeper = asyncio.ensure_future(clock.sleep(1e9))
        await asyncio.sleep(0)
        asleep = clock.sleepers
        clock.stop()
        await sleeper
        await clock.sleep(1e9)
        return asleep

    assert asyncio.run(story()) == 1


def test_a_clock_is_not_set_back() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        ManualClock().advance(-1)
