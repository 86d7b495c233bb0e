"""The rules when to connect, wait and give up, without a clock and a network."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pushwire.client import Backoff, Closed, ConnectFailedError, State
from pushwire.client._core.lifecycle import RENEWAL, Failure, Lifecycle
from pushwire.client.options import settings_of

CUT = Closed(1006, "")


def lifecycle(share: float = 1.0, **options: Any) -> Lifecycle:
    """Return a lifecycle with the longest delays, or with another share of them."""
    return Lifecycle(settings_of(**{"random": lambda: share, **options}))


def failure(status: int | None = None) -> Failure:
    return Failure("refused", status, OSError())


def open_since(now: float, **options: Any) -> Lifecycle:
    found = lifecycle(**options)
    found.opened(now)
    return found


def test_the_first_connection_is_tried_once() -> None:
    first = lifecycle()
    error = first.attempt_failed(failure())
    assert (first.state, error.retry_in, error.attempts) == (State.CLOSED, None, 1)


def test_or_as_often_as_is_asked() -> None:
    patient = lifecycle(connect_attempts=3)
    assert [patient.attempt_failed(failure()).retry_in is None for _ in range(3)] == [False, False, True]
    endless = lifecycle(connect_attempts=None)
    assert all(endless.attempt_failed(failure()).retry_in is not None for _ in range(1_000))


def test_a_lost_connection_is_tried_again_for_ever_unless_a_bound_is_set() -> None:
    endless = open_since(0)
    endless.lost(100, CUT)
    assert all(endless.attempt_failed(failure()).retry_in is not None for _ in range(1_000))
    bounded = open_since(0, max_attempts=3)
    bounded.lost(100, CUT)
    assert [bounded.attempt_failed(failure()).retry_in is None for _ in range(3)] == [False, False, True]
    error = bounded.closed_error()
    assert isinstance(error, ConnectFailedError)
    assert (bounded.state, error.attempts) == (State.CLOSED, 3)
    assert bounded.closed_error() is not error


def test_a_client_knows_whether_it_was_closed_or_has_given_up() -> None:
    closed, given_up = lifecycle(), lifecycle()
    closed.close()
    closed.give_up(failure())  # too late
    assert str(closed.closed_error()) == "the client is closed"
    given_up.give_up(failure(503))
    given_up.close()
    error = given_up.closed_error()
    assert isinstance(error, ConnectFailedError)
    assert (error.reason, error.status_code) == ("refused", 503)


def test_ceilings_double_up_to_the_highest() -> None:
    cut = open_since(0, backoff=Backoff(first=1, maximum=30))
    delays = [cut.lost(100, CUT)[1], *(cut.attempt_failed(failure()).retry_in for _ in range(6))]
    assert delays == [1, 2, 4, 8, 16, 30, 30]


@given(st.floats(0, 1), st.integers(0, 100), st.floats(0.01, 10), st.floats(1, 1_000))
def test_a_delay_is_any_share_of_its_ceiling(share: float, step: int, first: float, factor: float) -> None:
    backoff = Backoff(first=first, maximum=first * factor)
    delay, ceiling = backoff.delay(step, share), backoff.delay(step, 1.0)
    assert 0 <= delay <= ceiling <= backoff.maximum
    assert delay == pytest.approx(share * ceiling)
    assert backoff.delay(backoff.last_step(), 1.0) == backoff.maximum


@pytest.mark.parametrize(("first", "maximum"), [(0, 30), (-1, 30), (2, 1)])
def test_a_ceiling_is_more_than_0_and_at_most_the_highest(first: float, maximum: float) -> None:
    with pytest.raises(ValueError, match=r"above 0|first <= maximum"):
        Backoff(first=first, maximum=maximum)


def test_backoff_begins_anew_only_after_a_connection_that_has_held() -> None:
    flapping = open_since(0, backoff=Backoff(first=1, maximum=30))
    delays = [flapping.lost(0, CUT)[1]]
    for now in range(1, 5):
        flapping.opened(now)
        delays.append(flapping.lost(now + 0.5, CUT)[1])
    assert delays == [1, 2, 4, 8, 16]
    flapping.opened(100)
    assert flapping.lost(110, CUT) == (CUT, 1)


def test_attempts_are_counted_anew_with_each_connection() -> None:
    cut_often = open_since(0, max_attempts=3)
    for now in range(100):
        cut_often.lost(now, CUT)
        assert cut_often.attempt_failed(failure()).retry_in is not None
        assert cut_often.attempt_failed(failure()).retry_in is not None
        cut_often.opened(now)
    assert cut_often.state is State.RECONNECTING  # its hooks run


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_does_not_knock_again(status: int) -> None:
    refused = open_since(0)
    refused.lost(100, CUT)
    error = refused.attempt_failed(failure(status))
    assert (error.retry_in, error.status_code, refused.state) == (None, status, State.CLOSED)


@pytest.mark.parametrize("status", [400, 404, 408, 426, 429, 500, 502, 503, 504, None])
def test_every_other_answer_may_change(status: int | None) -> None:
    refused = open_since(0)
    refused.lost(100, CUT)
    assert refused.attempt_failed(failure(status)).retry_in is not None


def test_which_answers_are_final_can_be_set() -> None:
    refused = open_since(0, fatal_statuses={404})
    refused.lost(100, CUT)
    assert refused.attempt_failed(failure(403)).retry_in is not None
    assert refused.attempt_failed(failure(404)).retry_in is None


def test_who_is_too_quick_waits_as_long_as_may_be() -> None:
    backoff = Backoff(first=1, maximum=30)
    closed = open_since(0, backoff=backoff)
    assert closed.lost(100, Closed(1008, ""))[1] == 30
    refused = open_since(0, backoff=backoff)
    refused.lost(100, CUT)
    assert refused.attempt_failed(failure(429)).retry_in == 30


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1011, 1012, 4_000])
def test_no_close_code_ends_a_client(code: int) -> None:
    closed = open_since(0)
    assert closed.lost(100, Closed(code, "")) == (Closed(code, ""), 0.5)
    assert closed.state is State.RECONNECTING
    assert closed.status(queued=0, requests=0, dropped_replies=0).last_closed == Closed(code, "")


def test_a_renewed_connection_is_replaced_at_once() -> None:
    renewed = open_since(0)
    renewed.renewing()
    assert renewed.state is State.RECONNECTING
    assert renewed.lost(7_000, CUT) == (RENEWAL, 0)
    renewed.opened(7_001)
    assert renewed.lost(7_002, CUT) == (CUT, 0.5)
    lookalike = open_since(0)
    assert lookalike.lost(7_000, RENEWAL) == (RENEWAL, 0.5)


def test_a_connection_is_open_when_its_hooks_have_run_but_for_the_first() -> None:
    restored = open_since(0)
    assert (restored.state, restored.restoring) == (State.OPEN, False)
    restored.lost(100, CUT)
    restored.opened(101)
    assert (restored.state, restored.restoring) == (State.RECONNECTING, True)
    restored.restored()
    assert (restored.state, restored.restoring) == (State.OPEN, False)


def test_hooks_of_a_lost_connection_open_nothing() -> None:
    late = open_since(0)
    late.lost(100, CUT)
    late.opened(101)
    late.lost(102, CUT)
    late.restored()
    assert late.state is State.RECONNECTING


EVENTS = st.sampled_from(["opened", "lost", "failed", "restored", "renewing", "close"])


@given(st.lists(EVENTS, max_size=30), st.integers(1, 3), st.floats(0, 1))
@example(["opened", "lost", "opened", "close", "restored"], 3, 0.0)
def test_after_any_events_a_closed_client_stays_closed_and_delays_are_bounded(
    events: list[str], most: int, share: float
) -> None:
    any_life = lifecycle(share, max_attempts=most, connect_attempts=most)
    closed = False
    for now, event in enumerate(events):
        if event == "lost":
            _, delay = any_life.lost(now, CUT)
            assert 0 <= delay <= 30
        elif event == "failed":
            retry_in = any_life.attempt_failed(failure()).retry_in
            assert retry_in is None or 0 <= retry_in <= 30
        elif event == "opened":
            any_life.opened(now)
        else:
            getattr(any_life, event)()
        closed = closed or any_life.state is State.CLOSED
        assert (any_life.state is State.CLOSED) == closed
