"""How long to wait before connecting again. No clock and no I/O."""

from dataclasses import dataclass

__all__ = ["Backoff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential backoff with full jitter: a random share of a ceiling that doubles with each attempt.

    Clients that were cut off together do not come back together: API Gateway takes 500 new connections a second
    ("Quotas for configuring and running a WebSocket API").

    Attributes:
        first: The ceiling of the first delay, in seconds.
        maximum: The highest ceiling, in seconds.
    """

    first: float = 0.5
    maximum: float = 30.0

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.maximum:
            raise ValueError(f"backoff: 0 < first <= maximum, not first={self.first} and maximum={self.maximum}")

    def delay(self, step: int, share: float) -> float:
        """How long to wait, in seconds.

        Args:
            step: How many delays there were before this one.
            share: A random number from 0 to 1.
        """
        return share * min(self.maximum, self.first * 2.0 ** min(step, 64))

    def last_step(self) -> int:
        """The step from which on the ceiling is the highest."""
        step = 0
        while self.first * 2.0**step < self.maximum and step < 64:
            step += 1
        return step
