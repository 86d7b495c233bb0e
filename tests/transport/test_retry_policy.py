"""Backoff and the counting of attempts, with no clock and no network."""

import pytest

from pushwire import ConnectionGoneError, SendError, ThrottledError, UnavailableError
from pushwire.transport._retry import Attempts, RetryPolicy


def test_the_ceiling_of_the_wait_doubles_up_to_its_cap() -> None:
    policy = RetryPolicy(base=0.1, cap=0.5, random=lambda: 1.0)
    assert [policy.delay(attempts) for attempts in (1, 2, 3, 4, 5)] == [0.1, 0.2, 0.4, 0.5, 0.5]


def test_the_jitter_is_full() -> None:
    policy = RetryPolicy(base=0.1, random=lambda: 0.0)
    assert policy.delay(3) == 0.0


@pytest.mark.parametrize("error", [ThrottledError(attempts=1), UnavailableError(attempts=1)])
def test_what_may_pass_is_tried_again_until_the_attempts_are_spent(error: SendError) -> None:
    attempts = Attempts(RetryPolicy(max_attempts=2, random=lambda: 0.5))
    assert attempts.failed(error, "c") == 0.05
    assert attempts.failed(type(error)(attempts=1), "c") is None


def test_what_is_final_is_not_tried_again() -> None:
    assert Attempts(RetryPolicy()).failed(ConnectionGoneError(attempts=1), "c") is None


def test_the_last_error_tells_what_all_attempts_amount_to() -> None:
    attempts = Attempts(RetryPolicy())
    attempts.failed(UnavailableError(attempts=1, maybe_accepted=True), "c")
    last = ConnectionGoneError(attempts=1)
    attempts.failed(last, "c")
    assert (last.connection_id, last.attempts, last.maybe_accepted) == ("c", 2, True)
