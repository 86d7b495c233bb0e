"""Broadcasts that other processes carry out: the option `via=` of `sdk.to`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from google.protobuf.message import Message

from pushwire._checks import not_a_connection_id
from pushwire.operation import AnyOperation
from pushwire.server.options import CheckedFanoutOptions
from pushwire.server.pipeline import SendPipeline
from pushwire.server.report import FanoutJob

__all__ = ["FanoutQueue", "OpenJob", "check_queue", "queue_for_many", "queue_for_many_async"]

_CHUNK: Final = 1_000
"""Ids that are added to a job at once, on a thread in async SDKs."""


class OpenJob(Protocol):
    """A job whose connection ids are still being read.

    Attributes:
        id: The id of the job.
    """

    id: str

    def add(self, connection_ids: Sequence[str], /) -> None:
        """Add some of the ids.

        Args:
            connection_ids: The ids.
        """

    def close(self) -> FanoutJob:
        """Queue the last ids.

        Returns:
            The job.
        """
        ...


class FanoutQueue(Protocol):
    """What `via=` takes. `pushwire.fanout.SqsFanout` and other subclasses of `pushwire.fanout.ShardQueue` are one."""

    def open_job(self, operation: AnyOperation, frame: bytes, expires_in: float, /) -> OpenJob:
        """Start a job.

        Args:
            operation: The operation.
            frame: The text of the frame in UTF-8.
            expires_in: Seconds after which the job expires.

        Returns:
            The job, to add ids to.
        """
        ...


def check_queue(via: object) -> None:
    """Raise a `TypeError` if the argument `via=` is not a queue for jobs."""
    if isinstance(via, type) or not callable(getattr(via, "open_job", None)):
        raise TypeError(f"via= must be a queue for jobs, such as SqsFanout(queue_url), not {via!r:.100}")


def queue_for_many(
    pipeline: SendPipeline[Any],
    via: FanoutQueue,
    connection_ids: Iterable[str],
    options: CheckedFanoutOptions,
    operation: AnyOperation,
    message: Message,
) -> FanoutJob:
    """Queue one message for many connections."""
    frame = pipeline.frame(operation, message, "many")
    pipeline.check_size(operation, frame)
    job = via.open_job(operation, frame, options.expires_in)
    chunk: list[str] = []
    with _named(job):
        for connection_id in connection_ids:
            if _admits(connection_id, options):
                chunk.append(connection_id)
                if len(chunk) == _CHUNK:
                    job.add(chunk)
                    chunk = []
        job.add(chunk)
        return job.close()


async def queue_for_many_async(
    pipeline: SendPipeline[Any],
    via: FanoutQueue,
    connection_ids: Iterable[str] | AsyncIterable[str],
    options: CheckedFanoutOptions,
    operation: AnyOperation,
    message: Message,
) -> FanoutJob:
    """Queue one message for many connections. The queue is called on threads, and ids are read in the event loop."""
    from asyncio import to_thread  # already loaded, because an event loop is running

    frame = pipeline.frame(operation, message, "many")
    pipeline.check_size(operation, frame)
    job = await to_thread(via.open_job, operation, frame, options.expires_in)
    chunk: list[str] = []

    async def take(connection_id: str) -> None:
        nonlocal chunk
        if _admits(connection_id, options):
            chunk.append(connection_id)
            if len(chunk) == _CHUNK:
                full, chunk = chunk, []
                await to_thread(job.add, full)

    with _named(job):
        if isinstance(connection_ids, AsyncIterable):
            async for connection_id in connection_ids:
                await take(connection_id)
        else:
            for connection_id in connection_ids:
                await take(connection_id)
        await to_thread(job.add, chunk)
        return await to_thread(job.close)


def _admits(connection_id: object, options: CheckedFanoutOptions) -> bool:
    if not isinstance(connection_id, str):
        raise not_a_connection_id(connection_id)
    return connection_id not in options.skip


@contextmanager
def _named(job: OpenJob) -> Generator[None]:
    """Name the job in an exception, because some of its messages may be in the queue already."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"This ended the job {job.id}; some of its recipients may be in the queue.")
        raise
