"""Shards in an SQS queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from pushwire._checks import check_text
from pushwire._services import ServiceClient
from pushwire.fanout.errors import FanoutError
from pushwire.fanout.progress import DynamoDBProgress
from pushwire.fanout.queue import ShardQueue
from pushwire.fanout.shard import Shard
from pushwire.operation import AnyOperation
from pushwire.server import OpenJob

__all__ = ["SqsClient", "SqsFanout", "put_shards", "sqs_client"]

_MAX_ENTRIES: Final = 10
_MAX_BYTES: Final = 262_144
"""The largest sum of the bodies in one request. Why not the 1 MiB of SQS: queues made before August 2025, and engines
of tests, accept 256 KiB. SQS charges for each 64 KiB of a request."""

_MAX_ATTEMPTS: Final = 6
"""The largest number of attempts at entries that SQS has refused."""

_FIRST_WAIT: Final = 0.05
"""Seconds before the second attempt. Each further wait is twice as long."""


class SqsClient(Protocol):
    """The methods of `boto3.client("sqs")` that Pushwire calls."""

    def send_message_batch(self, *, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803
        """Send up to ten messages.

        Args:
            QueueUrl: The URL of the queue.
            Entries: The messages.
        """

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Any) -> Any:  # noqa: N803
        """Return settings of a queue.

        Args:
            QueueUrl: The URL of the queue.
            AttributeNames: The names of the settings.
        """

    def get_queue_url(self, *, QueueName: str, QueueOwnerAWSAccountId: str) -> Any:  # noqa: N803
        """Return the URL of a queue.

        Args:
            QueueName: The name of the queue.
            QueueOwnerAWSAccountId: The account of the queue.
        """


class SqsFanout(ShardQueue):
    """An SQS queue that hands broadcasts to the `FanoutWorker`s of Lambda: `sdk.to(ids, via=fanout).said(message)`.

    It needs the permissions `sqs:SendMessage` and `sqs:GetQueueAttributes`. Threads can share it. In async SDKs it runs
    on threads.

    Args:
        queue_url: The URL of a standard queue, such as that of `pushwire.cdk.Fanout`.
        client: Your own `boto3.client("sqs")`, with its own retries and time-outs. Defaults to a new client.
        progress: Where the progress of jobs is stored. The workers need the same. Defaults to `None`: it is not stored.
        clock: Returns the time of day in seconds since the epoch. Defaults to `time.time`.

    Raises:
        FanoutError: A client cannot be made, for example because no region is known.
        ImportError: boto3 is not installed.
        TypeError: An argument has the wrong type, or `client` is not a sync client of SQS.
        ValueError: `queue_url` is not a URL, or the queue is a FIFO queue, because jobs are not ordered.
    """

    def __init__(
        self,
        queue_url: str,
        *,
        client: SqsClient | None = None,
        progress: DynamoDBProgress | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(progress=progress, clock=clock)
        check_text("queue_url", queue_url, what="the URL of a queue")
        if not queue_url.startswith(("https://", "http://")) or queue_url.endswith(".fifo"):
            raise ValueError(f"queue_url= must be the URL of a standard queue, not {queue_url!r:.200}")
        self._url = queue_url
        self._service = sqs_client(client)
        self._visibility_timeout: int | None = None

    def open_job(self, operation: AnyOperation, frame: bytes, expires_in: float, /) -> OpenJob:
        """Start a job. `sdk.to(…, via=…)` calls it. It reads the visibility timeout of the queue once.

        Args:
            operation: The operation.
            frame: The text of the frame in UTF-8.
            expires_in: Seconds after which the job expires.

        Returns:
            The job, to add ids to.

        Raises:
            FanoutError: The queue cannot be reached. Nothing was queued.
            pushwire.store.StoreError: The progress cannot be stored. Nothing was queued.
            ValueError: `expires_in` does not exceed the visibility timeout.
        """
        if self._visibility_timeout is None:
            answer = _call(self._service, self._url, "get_queue_attributes", AttributeNames=["VisibilityTimeout"])
            self._visibility_timeout = int(answer["Attributes"]["VisibilityTimeout"])
        if expires_in <= self._visibility_timeout:
            raise ValueError(
                f"expires_in= must exceed the queue's visibility timeout of {self._visibility_timeout} seconds, after "
                f"which the shard of a crashed worker is delivered again, not {expires_in!r}"
            )
        return super().open_job(operation, frame, expires_in)

    def put(self, shards: Sequence[Shard], /, *, delay: int = 0) -> None:
        """Queue shards. Entries that SQS refuses are repeated alone.

        Args:
            shards: The shards.
            delay: Seconds after which they are delivered, at most 900. Defaults to 0.

        Raises:
            FanoutError: Some were not queued. Its `unsent` has their ids.
        """
        put_shards(self._service, self._url, shards, delay)


def put_shards(service: ServiceClient, url: str, shards: Sequence[Shard], delay: int) -> None:
    """Queue shards in the queue of a URL, as `SqsFanout.put` does."""
    left = {str(index): shard for index, shard in enumerate(shards)}
    for entries in _requests(left, delay):
        attempt = 0
        while entries:
            attempt += 1
            try:
                answer = _call(service, url, "send_message_batch", Entries=entries)
            except FanoutError as error:
                error.unsent = _ids_of(left)
                raise
            refused = {entry["Id"]: entry for entry in answer.get("Failed", [])}
            for entry in entries:
                if entry["Id"] not in refused:
                    del left[entry["Id"]]
            entries = [entry for entry in entries if entry["Id"] in refused]
            if not entries:
                break
            why = refused[entries[0]["Id"]]
            if attempt == _MAX_ATTEMPTS or why.get("SenderFault"):
                raise FanoutError(
                    f"the queue {url!r} refused {len(entries)} shards after {attempt} attempts: "
                    f"{why.get('Code')}: {why.get('Message')}",
                    unsent=_ids_of(left),
                )
            time.sleep(_FIRST_WAIT * 2 ** (attempt - 1))


def _call(service: ServiceClient, url: str, operation: str, **parameters: Any) -> Any:
    request = getattr(service.client, operation)
    return service.call(f"{operation} of the queue {url!r}", request, QueueUrl=url, **parameters)


def sqs_client(client: Any, **settings: Any) -> ServiceClient:
    """Return a client of SQS: this one, or a new one.

    Args:
        client: The client. `None` to make one.
        **settings: Settings of botocore's `Config` for a client that is made here, in place of the default ones.

    Raises:
        FanoutError: A client cannot be made.
        ImportError: boto3 is not installed.
        TypeError: The client is not a sync client of SQS.
    """
    return ServiceClient(
        client,
        service="sqs",
        title="SQS",
        methods=("send_message_batch", "get_queue_attributes", "get_queue_url"),
        error=FanoutError,
        if_async="pass a client of boto3, which runs on threads",
        **settings,
    )


def _requests(shards: dict[str, Shard], delay: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries of each request."""
    entries: list[dict[str, Any]] = []
    size = 0
    for entry_id, shard in list(shards.items()):
        text = shard.to_text()
        if entries and (len(entries) == _MAX_ENTRIES or size + len(text) > _MAX_BYTES):
            yield entries
            entries, size = [], 0
        entry: dict[str, Any] = {"Id": entry_id, "MessageBody": text}
        entries.append(entry | {"DelaySeconds": delay} if delay else entry)
        size += len(text)
    if entries:
        yield entries


def _ids_of(shards: dict[str, Shard]) -> tuple[str, ...]:
    return tuple(connection_id for shard in shards.values() for connection_id in shard.connection_ids)
