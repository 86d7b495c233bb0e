"""Shards: the parts of a job, and their text in a queue."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError

from pushwire.fanout.errors import ShardError
from pushwire.v1.fanout_pb2 import FanoutShard

__all__ = ["MAX_IDS", "Shard"]

MAX_IDS: Final = 1_000
"""The largest number of ids in one shard. A crashed worker sends at most so many messages twice."""

_VERSION: Final = 1


class Shard(NamedTuple):
    """A part of a job: one frame, and up to 1,000 of the connections that it goes to.

    Attributes:
        job_id: The id of the job.
        number: The number of the shard in its job, from 0.
        operation: The full name of the operation.
        frame: The text of the frame in UTF-8.
        connection_ids: The ids of the connections. One that occurs twice gets the frame twice.
        expires_at: The time after which the frame is not sent any more, in seconds since the epoch.
        attempt: How often ids of the shard have returned to the queue. Defaults to 0.
    """

    job_id: str
    number: int
    operation: str
    frame: bytes
    connection_ids: tuple[str, ...]
    expires_at: float
    attempt: int = 0

    def remainder(self, connection_ids: Iterable[str]) -> Shard:
        """Return the shard of the ids that were not sent, which is the next attempt.

        Args:
            connection_ids: The ids, such as `ShardResult.unsent`.

        Returns:
            A new shard.
        """
        return self._replace(connection_ids=tuple(connection_ids), attempt=self.attempt + 1)

    def to_text(self) -> str:
        """Return the shard as a text for a queue: a serialized `pushwire.v1.FanoutShard` in base64.

        Returns:
            The text. It has at most 256 KiB if the ids have the length of API Gateway's.
        """
        message = FanoutShard(
            version=_VERSION,
            job_id=self.job_id,
            number=self.number,
            attempt=self.attempt,
            expires_at_ms=round(self.expires_at * 1000),
            operation=self.operation,
            frame=self.frame,
            connection_ids=self.connection_ids,
        )
        return base64.b64encode(message.SerializeToString()).decode()

    @classmethod
    def from_text(cls, text: str) -> Shard:
        """Return the shard of a text that `to_text` has returned.

        Args:
            text: The text.

        Returns:
            The shard.

        Raises:
            ShardError: The text is not a shard, or a newer version of Pushwire has written it.
        """
        try:
            message = FanoutShard.FromString(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error, DecodeError) as error:
            raise ShardError(f"not a shard of a job: {error}: {text!r:.100}") from error
        if message.version > _VERSION:
            raise ShardError(
                f"a shard has version {message.version}, and this version of Pushwire can send version {_VERSION}: "
                "update Pushwire in the function of the worker first, then in the functions that start jobs",
                job_id=message.job_id,
            )
        if not message.version:
            raise ShardError(f"not a shard of a job: it has no version: {text!r:.100}")
        return cls(
            message.job_id,
            message.number,
            message.operation,
            message.frame,
            tuple(message.connection_ids),
            message.expires_at_ms / 1000,
            message.attempt,
        )
