"""Retry policy and attempt counting, sans-I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from pushwire._checks import check_whole_number
from pushwire.errors import SendError, ThrottledError, UnavailableError

__all__ = ["DEFAULT_MAX_ATTEMPTS", "Attempts", "RetryPolicy", "call", "call_async"]

T = TypeVar("T")

DEFAULT_MAX_ATTEMPTS: Final = 3


def _any_share() -> float:
    import random  # lazily: only a call that fails needs it

    return random.random()  # noqa: S311 - jitter, not a secret


class RetryPolicy:
    """Exponential backoff with full jitter, for throttling, 5xx and lost connections.

    Args:
        max_attempts: The most requests that one call makes, including the first. Defaults to 3.
        base: The upper bound of the first delay in seconds. It doubles with each attempt. Defaults to 0.1.
        cap: The largest upper bound in seconds. Defaults to 5.
        random: Returns the share of the upper bound to wait, from 0 to 1. Defaults to `random.random`.

    Attributes:
        max_attempts: The most requests that one call makes, including the first.

    Raises:
        TypeError: `max_attempts` is not a whole number.
        ValueError: `max_attempts` is less than 1.
    """

    __slots__ = ("_base", "_cap", "_random", "max_attempts")

    def __init__(
        self,
        *,
        max_attempts: int = DEFAULT_MAX_ATTEMPTS,
        base: float = 0.1,
        cap: float = 5.0,
        random: Callable[[], float] = _any_share,
    ) -> None:
        self.max_attempts: Final = check_whole_number("max_attempts", max_attempts)
        self._base = base
        self._cap = cap
        self._random = random

    def delay(self, attempts: int) -> float:
        """Return the seconds to wait after this number of failed attempts."""
        return self._random() * min(self._cap, self._base * 2.0 ** (attempts - 1))


class Attempts:
    """The attempts of one call, counted."""

    __slots__ = ("made", "maybe_accepted", "policy")

    def __init__(self, policy: RetryPolicy) -> None:
        self.policy: Final = policy
        self.made = 0
        self.maybe_accepted = False

    def failed(self, error: SendError, connection_id: str) -> float | None:
        """Count a failed attempt; set the error's id, and its `attempts` and `maybe_accepted` to those of the call.

        Returns:
            The seconds to wait before the next attempt, or `None` to raise the error.
        """
        error.connection_id = connection_id
        self.made += error.attempts
        # An earlier attempt whose response was lost may have been accepted, even if a later one was not.
        self.maybe_accepted = self.maybe_accepted or error.maybe_accepted
        error.attempts, error.maybe_accepted = self.made, self.maybe_accepted
        if self.made >= self.policy.max_attempts or not isinstance(error, ThrottledError | UnavailableError):
            return None
        return self.policy.delay(self.made)


def call(attempt: Callable[[str], T], connection_id: str, policy: RetryPolicy, sleep: Callable[[float], object]) -> T:
    """Make attempts until one succeeds or the policy has no more.

    Args:
        attempt: Makes one attempt for a connection; returns its result, or raises a `SendError`.
        connection_id: The connection.
        policy: The retry policy.
        sleep: Waits for a number of seconds.

    Raises:
        pushwire.SendError: The error of the last attempt.
    """
    attempts = Attempts(policy)
    while True:
        try:
            return attempt(connection_id)
        except SendError as error:
            delay = attempts.failed(error, connection_id)
            if delay is None:
                raise
        sleep(delay)


async def call_async(
    attempt: Callable[[str], Awaitable[T]],
    connection_id: str,
    policy: RetryPolicy,
    sleep: Callable[[float], Awaitable[object]],
) -> T:
    """Make attempts until one succeeds or the policy has no more, as `call` does."""
    attempts = Attempts(policy)
    while True:
        try:
            return await attempt(connection_id)
        except SendError as error:
            delay = attempts.failed(error, connection_id)
            if delay is None:
                raise
        await sleep(delay)
