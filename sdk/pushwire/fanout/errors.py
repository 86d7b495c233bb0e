"""The exceptions of broadcasts beyond one process."""

from __future__ import annotations

from collections.abc import Iterable

from pushwire.errors import PushwireError

__all__ = ["FanoutError", "ShardError"]


class FanoutError(PushwireError):
    """A job could not be queued, or its progress cannot be read. The error of botocore is its `__cause__`.

    Attributes:
        reason: What happened.
        job_id: The id of the job. `None` if it has not started.
        unsent: The connection ids that were read and are not in the queue. If the response of the queue was lost, they
            may be in the queue. Ids that were not read yet stay in the iterator.
    """

    def __init__(self, reason: str, *, job_id: str | None = None, unsent: Iterable[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.job_id = job_id
        self.unsent = tuple(unsent)

    def __str__(self) -> str:
        facts = [
            f"job {self.job_id}" if self.job_id is not None else "",
            f"{len(self.unsent):,} ids were read and not queued" if self.unsent else "",
        ]
        known = ", ".join(filter(None, facts))
        return f"{self.reason} ({known})" if known else self.reason


class ShardError(FanoutError):
    """A message of the queue cannot be sent by this process: not a shard, a newer version, or an unknown operation.

    A worker that raises it leaves the message to the dead-letter queue.
    """
