"""When to try again, and how long to wait first; no clock and no I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pushwire.errors import SendError, ThrottledError, UnavailableError

__all__ = ["DEFAULT_MAX_ATTEMPTS", "Attempts", "RetryPolicy"]

DEFAULT_MAX_ATTEMPTS: Final = 3


def _any_share() -> float:
    import random  # only a call that fails needs it

    return random.random()  # noqa: S311 - of a pause


class RetryPolicy:
    """Exponential backoff with full jitter, for throttling, 5xx and lost connections.

    Args:
        max_attempts: How many requests one call may make, the first included.
        base: The ceiling of the first delay in seconds; it doubles with each attempt.
        cap: The highest ceiling in seconds.
        random: Gives a number from 0 to 1: the share of the ceiling to wait.

    Attributes:
        max_attempts: How many requests one call may make, the first included.

    Raises:
        ValueError: There is less than one attempt.
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
        if max_attempts < 1:
            raise ValueError(f"max_attempts is at least 1, not {max_attempts}")
        self.max_attempts: Final = max_attempts
        self._base = base
        self._cap = cap
        self._random = random

    def delay(self, attempts: int) -> float:
        """How long to wait in seconds after so many failed attempts."""
        return self._random() * min(self._cap, self._base * 2.0 ** (attempts - 1))


class Attempts:
    """The attempts of one call."""

    __slots__ = ("made", "maybe_accepted", "policy")

    def __init__(self, policy: RetryPolicy) -> None:
        self.policy: Final = policy
        self.made = 0
        self.maybe_accepted = False

    def failed(self, error: SendError) -> float | None:
        """Count a failed attempt, and complete the error with what all of them amount to.

        Returns:
            How long to wait in seconds before the next attempt, or `None` to raise the error.
        """
        self.made += error.attempts
        # An earlier attempt whose answer was lost may have been accepted, whatever a later one says.
        self.maybe_accepted = self.maybe_accepted or error.maybe_accepted
        error.attempts, error.maybe_accepted = self.made, self.maybe_accepted
        if self.made >= self.policy.max_attempts or not isinstance(error, ThrottledError | UnavailableError):
            return None
        return self.policy.delay(self.made)
