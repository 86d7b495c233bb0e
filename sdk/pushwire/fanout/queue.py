"""The coordinator: turns the recipients of a broadcast into shards, and queues them."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final

from pushwire._checks import check_function
from pushwire._log import logger
from pushwire.fanout.errors import FanoutError
from pushwire.fanout.progress import DynamoDBProgress, FanoutProgress, checked_progress
from pushwire.fanout.shard import MAX_IDS, Shard
from pushwire.operation import AnyOperation
from pushwire.server import FanoutJob, OpenJob
from pushwire.store import StoreError

__all__ = ["ShardQueue"]

_MAX_ID_BYTES: Final = 60_000
"""The largest sum of the lengths of a shard's ids. With a frame of 128 KB its text then has at most 256 KiB."""

_MAX_SHARDS: Final = 10
"""The number of shards that are queued together: the largest batch of SQS."""


class ShardQueue(ABC):
    """Base of the objects that `via=` takes: what queues the shards of a broadcast for other processes.

    `SqsFanout` is one. A subclass with the method `put` connects another engine of tasks.

    Args:
        progress: Where the progress of jobs is stored. Defaults to `None`: it is not stored.
        clock: Returns the time of day in seconds since the epoch. Defaults to `time.time`.

    Raises:
        TypeError: An argument has the wrong type.
    """

    def __init__(self, *, progress: DynamoDBProgress | None = None, clock: Callable[[], float] = time.time) -> None:
        self._progress = checked_progress(progress)
        check_function("clock", clock)
        self._clock = clock

    @abstractmethod
    def put(self, shards: Sequence[Shard], /) -> None:
        """Queue up to ten shards.

        Args:
            shards: The shards.

        Raises:
            FanoutError: Some were not queued. Its `unsent` has their ids.
        """

    def progress(self, job_id: str) -> FanoutProgress:
        """Return the progress of a job.

        Args:
            job_id: The id of the job, as in `FanoutJob.id`.

        Returns:
            Its recipients, and how many of them have which outcome.

        Raises:
            FanoutError: No progress is stored, because `progress=` was not passed, or there is no such job.
            pushwire.store.StoreError: The table cannot be read.
        """
        if self._progress is None:
            name = type(self).__name__
            raise FanoutError(
                f"{name} has no progress=: pass the same DynamoDBProgress(table) to {name} and to FanoutWorker"
            )
        return self._progress.of(job_id)

    def open_job(self, operation: AnyOperation, frame: bytes, expires_in: float, /) -> OpenJob:
        """Start a job. `sdk.to(…, via=…)` calls it.

        Args:
            operation: The operation.
            frame: The text of the frame in UTF-8.
            expires_in: Seconds after which the job expires.

        Returns:
            The job, to add ids to.

        Raises:
            pushwire.store.StoreError: The progress cannot be stored. Nothing was queued.
        """
        job_id = os.urandom(16).hex()
        expires_at = self._clock() + expires_in
        if self._progress is not None:
            self._progress.start(job_id, expires_at)
        return _Job(self, self._progress, Shard(job_id, 0, operation.full_name, frame, (), expires_at))


class _Job:
    """A job whose ids are still being read."""

    def __init__(self, queue: ShardQueue, progress: DynamoDBProgress | None, shard: Shard) -> None:
        self.id = shard.job_id
        self._queue = queue
        self._progress = progress
        self._shard = shard
        self._ids: list[str] = []
        self._size = 0
        self._full: list[Shard] = []
        self._recipients = 0
        self._shards = 0

    def add(self, connection_ids: Sequence[str], /) -> None:
        """Add ids, and queue the shards that are full."""
        for connection_id in connection_ids:
            try:
                text = connection_id.encode()
            except UnicodeEncodeError:
                # Why: a shard cannot contain half a surrogate pair. The worker counts an empty id as failed.
                text = b""
            size = len(text) + 3
            if self._ids and self._size + size > _MAX_ID_BYTES:
                self._cut()
            self._ids.append(connection_id if text else "")
            self._size += size
            if len(self._ids) == MAX_IDS:
                self._cut()
        if len(self._full) >= _MAX_SHARDS:
            self._flush()

    def close(self) -> FanoutJob:
        """Queue the last shards."""
        if self._ids:
            self._cut()
        self._flush()
        if self._progress is not None:
            try:
                self._progress.complete(self.id, self._shard.expires_at, self._recipients)
            except StoreError as error:
                # Why not raised: all shards are in the queue, and a caller that starts again would send them twice.
                logger("fanout").warning(
                    "%s: job %s: its progress stays incomplete: %s",
                    *(self._shard.operation, self.id, error),
                    extra={"operation": self._shard.operation, "job_id": self.id},
                )
        return FanoutJob(self.id, self._recipients, self._shards)

    def _cut(self) -> None:
        number = self._shards + len(self._full)
        self._full.append(self._shard._replace(number=number, connection_ids=tuple(self._ids)))
        self._ids, self._size = [], 0

    def _flush(self) -> None:
        while self._full:
            shards = self._full[:_MAX_SHARDS]
            try:
                self._queue.put(shards)
            except FanoutError as error:
                later = [connection_id for shard in self._full[_MAX_SHARDS:] for connection_id in shard.connection_ids]
                error.unsent = (*error.unsent, *later, *self._ids)
                error.job_id = self.id
                raise
            self._recipients += sum(len(shard.connection_ids) for shard in shards)
            self._shards += len(shards)
            del self._full[:_MAX_SHARDS]
