"""The results of broadcasts."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, Self

from pushwire.errors import BroadcastError, SendError

__all__ = ["BroadcastReport", "FanoutJob", "failure_counts", "failure_text"]


class BroadcastReport:
    """The outcomes of a broadcast. Reports can be added: `first + second`.

    *Accepted* means that API Gateway answered 200. The client may not have read the message.

    Attributes:
        accepted: The number of connections whose message was accepted.
        gone: The ids that API Gateway answered with 410. `on_gone` was called with each.
        failed: The errors of the other sends, each with its `connection_id` and `operation`.
        unsent: The ids that were read but not sent to before the deadline. Ids not read yet stay in the iterator.
    """

    __slots__ = ("_accepted", "_failed", "_gone", "_unsent")

    def __init__(
        self,
        *,
        accepted: int = 0,
        gone: tuple[str, ...] = (),
        failed: tuple[SendError, ...] = (),
        unsent: tuple[str, ...] = (),
    ) -> None:
        self._accepted = accepted
        self._gone = gone
        self._failed = failed
        self._unsent = unsent

    @property
    def accepted(self) -> int:
        """The number of connections whose message was accepted."""
        return self._accepted

    @property
    def gone(self) -> tuple[str, ...]:
        """The ids that API Gateway answered with 410."""
        return self._gone

    @property
    def failed(self) -> tuple[SendError, ...]:
        """The errors of the other sends."""
        return self._failed

    @property
    def unsent(self) -> tuple[str, ...]:
        """The ids that were read but not sent to before the deadline."""
        return self._unsent

    def raise_for_failures(self) -> None:
        """Raise the errors in `failed`, if there are any. Ids in `gone` and `unsent` are not failures.

        Raises:
            pushwire.BroadcastError: Some sends failed. It is a group of their errors, for `except*`.
        """
        if self._failed:
            raise BroadcastError(failure_text(self), self._failed)

    def __add__(self, other: Self) -> BroadcastReport:
        if not isinstance(other, BroadcastReport):
            return NotImplemented
        return BroadcastReport(
            accepted=self._accepted + other._accepted,
            gone=self._gone + other._gone,
            failed=self._failed + other._failed,
            unsent=self._unsent + other._unsent,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BroadcastReport) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[int, tuple[str, ...], tuple[SendError, ...], tuple[str, ...]]:
        return self._accepted, self._gone, self._failed, self._unsent

    def __repr__(self) -> str:
        return (
            f"BroadcastReport(accepted={self._accepted}, gone={self._gone!r}, failed={self._failed!r},"
            f" unsent={self._unsent!r})"
        )


class FanoutJob(NamedTuple):
    """A broadcast that other processes carry out: the result of `sdk.to(…, via=…)`.

    Attributes:
        id: The id of the job, for `SqsFanout.progress`.
        recipients: The number of recipients.
        shards: The number of shards: messages in the queue.
    """

    id: str
    recipients: int
    shards: int


def failure_counts(report: BroadcastReport) -> dict[str, int]:
    """Return the number of failures by the name of their class, the most frequent first."""
    return dict(Counter(type(error).__name__ for error in report.failed).most_common())


def failure_text(report: BroadcastReport) -> str:
    """Return how many sends failed, and with which errors."""
    tried = report.accepted + len(report.gone) + len(report.failed)
    counted = ", ".join(f"{count:,} {name}" for name, count in failure_counts(report).items())
    return f"{len(report.failed):,} of {tried:,} sends failed: {counted}"
