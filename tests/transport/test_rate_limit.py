"""A budget of requests that calls, threads and event loops share."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire.transport.rate_limit import RateLimit


@given(
    per_second=st.floats(0.5, 10_000),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 0.2), min_size=1, max_size=200),
)
def test_in_no_span_of_time_is_there_more_than_the_burst_and_the_rate(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    limit = RateLimit(per_second=per_second, burst=burst)
    now, taken = 1_000.0, list[float]()
    for pause in pauses:
        now += pause
        while limit.take(now) == 0:
            taken.append(now)
    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - start) * per_second + 1e-6


def test_the_wait_that_it_names_is_enough() -> None:
    limit = RateLimit(per_second=3, burst=1)
    assert limit.take(0.0) == 0
    delay = limit.take(0.1)
    assert delay == pytest.approx(1 / 3 - 0.1)
    assert limit.delay(0.1) == delay
    assert limit.take(0.1 + delay + 1e-9) == 0


def test_after_a_pause_the_whole_burst_may_go_and_no_more() -> None:
    limit = RateLimit(per_second=10, burst=4)
    assert [limit.take(50.0) == 0 for _ in range(5)] == [True] * 4 + [False]
    assert [limit.take(5_000.0) == 0 for _ in range(5)] == [True] * 4 + [False]


def test_threads_never_take_more_than_there_is() -> None:
    limit = RateLimit(per_second=1, burst=500)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: limit.take(0.0) == 0, range(2_000)))
    assert sum(taken) == 500


def test_the_burst_is_a_tenth_of_a_second_unless_given() -> None:
    assert RateLimit(per_second=5_000).burst == 500
    assert RateLimit(per_second=2).burst == 1
    assert repr(RateLimit(per_second=20.5, burst=3)) == "RateLimit(per_second=20.5, burst=3)"


@pytest.mark.parametrize("per_second", ["5000", None, True])
def test_a_rate_that_is_no_number_is_a_type_error(per_second: Any) -> None:
    with pytest.raises(TypeError, match="per_second= must be a number of requests"):
        RateLimit(per_second=per_second)


@pytest.mark.parametrize("per_second", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_allows_nothing_or_anything_is_refused(per_second: float) -> None:
    with pytest.raises(ValueError, match="per_second= must be "):
        RateLimit(per_second=per_second)


@pytest.mark.parametrize(("burst", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError)])
def test_a_burst_is_a_whole_number_from_one(burst: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="burst="):
        RateLimit(per_second=10, burst=burst)
