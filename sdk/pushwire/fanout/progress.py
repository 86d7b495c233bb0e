"""The progress of jobs, in a DynamoDB table.

The table has the keys `pk` and `sk`, as that of `pushwire.store.DynamoDBStore`, and can be the same one. Its rows:

```text
J#job    J                    the job; with the number of recipients, once all of its shards are in the queue
J#job    S#number#attempt     the outcomes of one attempt at a shard, and the ids that return to the queue
```

Why a row for each attempt, and not a counter: a worker can be killed between a message and a row, and SQS can deliver a
message twice. The first row of an attempt stays as it is, and names the ids of the next attempt. So each id is counted
in one row, also when a step is repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pushwire._checks import check_function
from pushwire.fanout.errors import FanoutError
from pushwire.fanout.sending import ShardResult
from pushwire.fanout.shard import Shard
from pushwire.store._rows import FORMAT, check_format

if TYPE_CHECKING:
    from pushwire.store import DynamoDBClient  # imports boto3

__all__ = ["BRIEF_CALLS", "MAX_CALL", "DynamoDBProgress", "FanoutProgress", "checked_progress"]

BRIEF_CALLS: Final[Mapping[str, Any]] = {
    "connect_timeout": 0.5,
    "read_timeout": 1,
    "retries": {"total_max_attempts": 2, "mode": "standard"},
}
"""The settings of clients that workers call. Why not longer ones: a worker whose time is over while it waits has sent
its shard, and SQS delivers the whole shard again."""

MAX_CALL: Final = 4.0
"""Seconds after which such a call has failed: two attempts of at most 0.5 + 1 seconds, and at most one between them."""

_KEPT: Final = 14 * 86_400
"""Seconds that rows are kept after their job has expired: as long as a dead-letter queue keeps a message."""

_COUNTS: Final = ("accepted", "gone", "failed", "expired")


class FanoutProgress(NamedTuple):
    """The progress of a job.

    Attributes:
        recipients: The number of recipients. `None` until all of them are in the queue.
        accepted: The number of messages that API Gateway has accepted.
        gone: The number of connections that API Gateway has answered with 410.
        failed: The number of sends that have failed, after all attempts.
        expired: The number of recipients that were dropped because the job had expired.
        done: Whether every recipient is in one of these numbers. It stays false if a shard is in the dead-letter queue,
            if a row could not be written, or if the function that started the job failed before its end.
    """

    recipients: int | None
    accepted: int
    gone: int
    failed: int
    expired: int
    done: bool


class DynamoDBProgress:
    """The progress of jobs in a DynamoDB table, through boto3. Threads can share it.

    Each attempt at a shard costs a read unit and a write unit. If ids return to the queue, their row costs a write unit
    for each KB: 17 for 1,000 ids. The next delivery of the same attempt reads that row. `of` reads all rows of a job,
    for a read unit per 4 KB.

    Args:
        table: The name of the table, which can be that of a `DynamoDBStore`. `create_table` makes one.
        client: Your own `boto3.client("dynamodb")`, with its own retries and time-outs. A worker needs one whose calls
            fail within 4 seconds. Defaults to a new client, whose calls do.
        clock: Returns the time of day in seconds since the epoch. Defaults to `time.time`.

    Raises:
        ImportError: boto3 is not installed.
        pushwire.store.StoreError: A client cannot be made, for example because no region is known.
        TypeError: An argument has the wrong type, or `client` is not a sync client of DynamoDB.
        ValueError: `table` is empty or has control characters.
    """

    def __init__(
        self, table: str, *, client: DynamoDBClient | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        check_function("clock", clock)
        from pushwire.store._table import ConditionError, Table  # imports boto3

        self._table = Table(table, client, **BRIEF_CALLS)
        self._condition_error = ConditionError
        self._clock = clock

    def create_table(self) -> None:
        """Create the table, on demand and with its TTL, for tests and local use.

        Raises:
            pushwire.store.StoreError: The table cannot be created, for example because it exists.
        """
        self._table.create()

    def start(self, job_id: str, expires_at: float) -> None:
        """Store a job whose shards are not in the queue yet.

        Args:
            job_id: The id of the job.
            expires_at: The time at which the job expires, in seconds since the epoch.

        Raises:
            pushwire.store.StoreError: The row cannot be written.
        """
        self._table.put({**_key(job_id, "J"), **_ttl(expires_at)})

    def complete(self, job_id: str, expires_at: float, recipients: int) -> None:
        """Store that all shards of a job are in the queue.

        Args:
            job_id: The id of the job.
            expires_at: The time at which the job expires, in seconds since the epoch.
            recipients: The number of recipients.

        Raises:
            pushwire.store.StoreError: The row cannot be written.
        """
        self._table.put({**_key(job_id, "J"), **_ttl(expires_at), "recipients": _number(recipients)})

    def result_of(self, shard: Shard) -> ShardResult | None:
        """Return the result of an attempt that was stored before.

        Args:
            shard: The shard.

        Returns:
            The result. `None` if the attempt has not ended.

        Raises:
            pushwire.store.StoreError: The row cannot be read, or a newer version of Pushwire has written it.
        """
        row = self._table.get(_shard_key(shard))
        return None if row is None else _result_in(row)

    def record(self, shard: Shard, result: ShardResult) -> ShardResult:
        """Store the result of an attempt, unless another process has stored one.

        Args:
            shard: The shard.
            result: The result.

        Returns:
            The result that is stored: this one, or that of the other process.

        Raises:
            pushwire.store.StoreError: The row cannot be written, or a newer version of Pushwire has written it.
        """
        values: dict[str, Any] = {f":{name}": _number(getattr(result, name)) for name in _COUNTS}
        values |= {f":{name}": value for name, value in _ttl(shard.expires_at).items()}
        changes = ", ".join(f"{name[1:]} = {name}" for name in values)
        if result.unsent:
            values[":unsent_ids"] = {"L": [{"S": connection_id} for connection_id in result.unsent]}
            changes += ", unsent_ids = :unsent_ids"
        try:
            self._table.update(_shard_key(shard), f"SET {changes}", "attribute_not_exists(pk)", values)
        except self._condition_error as error:
            return result if error.row is None else _result_in(error.row)
        return result

    def of(self, job_id: str) -> FanoutProgress:
        """Return the progress of a job. It reads a row for each attempt at a shard.

        Args:
            job_id: The id of the job.

        Returns:
            The sums of its rows.

        Raises:
            FanoutError: There is no such job, or its rows have been deleted, 14 days after it has expired.
            pushwire.store.StoreError: The rows cannot be read, or a newer version of Pushwire has written them.
        """
        job: Mapping[str, Any] | None = None
        sums = dict.fromkeys(_COUNTS, 0)
        # Why not all attributes: a row can have 1,000 ids, which only a worker needs.
        attributes = ", ".join(("sk", "row_format", "recipients", *_COUNTS))
        for row in self._table.query(f"J#{job_id}", self._clock(), attributes):
            check_format(row)
            if row["sk"]["S"] == "J":
                job = row
            else:
                for name in _COUNTS:
                    sums[name] += int(row[name]["N"])
        if job is None:
            raise FanoutError("there is no such job, or its rows have been deleted", job_id=job_id)
        recipients = int(job["recipients"]["N"]) if "recipients" in job else None
        return FanoutProgress(recipients, **sums, done=recipients == sum(sums.values()))


def checked_progress(progress: DynamoDBProgress | None) -> DynamoDBProgress | None:
    """Return the argument `progress=`.

    Raises:
        TypeError: It has the wrong type.
    """
    given: object = progress
    if given is not None and not isinstance(given, DynamoDBProgress):
        raise TypeError(f"progress= must be a DynamoDBProgress(table), not {given!r:.100}")
    return progress


def _key(job_id: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": f"J#{job_id}"}, "sk": {"S": sort}}


def _shard_key(shard: Shard) -> dict[str, Any]:
    return _key(shard.job_id, f"S#{shard.number:08d}#{shard.attempt:04d}")


def _ttl(expires_at: float) -> dict[str, Any]:
    return {**FORMAT, "expires_at": _number(int(expires_at) + _KEPT)}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _result_in(row: Mapping[str, Any]) -> ShardResult:
    check_format(row)
    counts = {name: int(row[name]["N"]) for name in _COUNTS}
    return ShardResult(**counts, unsent=tuple(value["S"] for value in row.get("unsent_ids", {"L": []})["L"]))
