"""Sending of one message to many connections, with `await`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from google.protobuf.message import Message

from pushwire.operation import AnyOperation, Operation
from pushwire.server.broadcast import Outcomes, time_left
from pushwire.server.options import CheckedOptions
from pushwire.server.pipeline import OnGone, SendPipeline
from pushwire.server.report import BroadcastReport
from pushwire.store import AsyncStore
from pushwire.transport.protocol import DEFAULT_MAX_IN_FLIGHT, AsyncTransport

if TYPE_CHECKING:
    from asyncio import Future

__all__ = ["AsyncBroadcast", "AsyncStoredIds", "member_ids", "send_to_many"]

M = TypeVar("M", bound=Message)
R_co = TypeVar("R_co", covariant=True)


class AsyncBroadcast(Generic[R_co]):
    """Base of the generated `Async…Broadcast` classes, which `sdk.to(…)` of an async SDK returns.

    Like `Broadcast`, with these differences: the methods are async, connection ids may also come from an async
    iterable, and calls of an async `on_gone` run concurrently with the broadcast, which waits for them before it
    returns. At most `max_in_flight` of them run at the same time, or 32 if that option is not given.

    Args:
        send: Sends a message of an operation to the recipients, and returns the result.
    """

    __slots__ = ("_send_to_recipients",)

    def __init__(self, send: Callable[[AnyOperation, Message], Awaitable[R_co]]) -> None:
        self._send_to_recipients = send

    async def _send(self, operation: Operation[M], message: M) -> R_co:
        """Send one message to the recipients. Every generated method calls it."""
        return await self._send_to_recipients(operation, message)


async def send_to_many(
    pipeline: SendPipeline[AsyncTransport],
    store: AsyncStore | None,
    connection_ids: Iterable[str] | AsyncIterable[str],
    options: CheckedOptions,
    operation: AnyOperation,
    message: Message | bytes,
) -> BroadcastReport:
    """Send one message, or its frame, to many connections, and remove those that are gone from the store."""
    started = time.monotonic()
    updates = _AsyncStoreUpdates(store, pipeline.on_gone) if store is not None else None
    observed = pipeline.with_on_gone(updates) if updates is not None else pipeline
    outcomes = _AsyncOutcomes(observed, options, operation, message)
    if isinstance(connection_ids, AsyncIterable):
        admitted: AsyncIterable[str] | Iterable[str] = outcomes.admitted_async(connection_ids)
    else:
        admitted = outcomes.admitted(connection_ids)
    try:
        unsent = await pipeline.transport.post_many(admitted, outcomes.data, options.fan_out, outcomes.add)
        await outcomes.on_gone_calls.wait()
        if updates is not None:
            await updates.wait(time_left(options, started))
    finally:
        outcomes.on_gone_calls.cancel()
        if updates is not None:
            updates.cancel()
    return outcomes.report(unsent)


class AsyncStoredIds:
    """The connection ids of a topic or a user, which are read from the store again for each message.

    Args:
        read: Returns an async iterator of the ids.
    """

    def __init__(self, read: Callable[[], AsyncIterator[str]]) -> None:
        self._read = read

    def __aiter__(self) -> AsyncIterator[str]:
        return self._read()


async def member_ids(store: AsyncStore, topic: str) -> AsyncIterator[str]:
    """Yield the ids of the connections in a topic."""
    async for member in store.members(topic):
        yield member.connection_id


class _AsyncStoreUpdates:
    """Removes the gone connections of one broadcast from a store, in batches, in a task; see `StoreUpdates`."""

    def __init__(self, store: AsyncStore, on_gone: OnGone | None) -> None:
        self._store = store
        self._on_gone = on_gone
        self._pending: list[str] = []
        self._task: Future[None] | None = None
        self._has_failed = False

    def __call__(self, connection_id: str) -> object:
        """Add a connection to the next batch, and call `on_gone`."""
        if not self._has_failed:
            self._pending.append(connection_id)
            if self._task is None or self._task.done():
                import asyncio  # already loaded, because an event loop is running

                self._task = asyncio.ensure_future(self._run())
        return self._on_gone(connection_id) if self._on_gone is not None else None

    async def wait(self, timeout: float | None) -> None:  # noqa: ASYNC109 - what is late is dropped, without an error
        """Wait until all batches are removed, or for so many seconds."""
        import asyncio

        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout)

    def cancel(self) -> None:
        """Drop what has not begun. The next broadcast finds it again."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, []
            try:
                await self._store.gone(batch)
            except Exception as error:  # noqa: BLE001 - of a store of the user's
                from pushwire.server.store_updates import log_store_failure

                log_store_failure(error)
                self._has_failed, self._pending = True, []


class _AsyncOutcomes(Outcomes):
    """Outcomes of a broadcast whose `on_gone` may be async."""

    def __init__(
        self,
        pipeline: SendPipeline[AsyncTransport],
        options: CheckedOptions,
        operation: AnyOperation,
        message: Message | bytes,
    ) -> None:
        most = options.fan_out.max_in_flight or DEFAULT_MAX_IN_FLIGHT
        self.on_gone_calls = _OnGoneCalls(pipeline.on_gone, most)
        super().__init__(pipeline.with_on_gone(self.on_gone_calls), options, operation, message)

    def admits(self, connection_id: str) -> bool:
        """Return whether to post to a connection, and add the outcome of one that is refused.

        Raises:
            TypeError: The connection id is not a string.
            Exception: An earlier `on_gone` has raised it. Raising it here stops the reading of ids.
        """
        if self.on_gone_calls.failure is not None:
            raise self.on_gone_calls.failure
        return super().admits(connection_id)

    async def admitted_async(self, connection_ids: AsyncIterable[str]) -> AsyncIterator[str]:
        """Yield the connection ids to post to, from an async iterable."""
        async for connection_id in connection_ids:
            if self.admits(connection_id):
                yield connection_id


class _OnGoneCalls:
    """The calls of an `on_gone` that may be async.

    Args:
        on_gone: The function. `None` if there is nothing to call.
        most: The largest number of async calls that run at the same time. Further connection ids are queued.

    Attributes:
        failure: The exception of the first async call that failed. No call is started after it.
    """

    def __init__(self, on_gone: OnGone | None, most: int) -> None:
        self.failure: BaseException | None = None
        self._on_gone = on_gone
        self._most = most
        self._queue: deque[str] = deque()
        self._running: set[Future[object]] = set()

    def __call__(self, connection_id: str) -> None:
        """Call `on_gone` now, or when another call has ended."""
        self._queue.append(connection_id)
        self._start()

    async def wait(self) -> None:
        """Wait until every call has ended, and raise the exception of the first that failed."""
        import asyncio

        while self._running and self.failure is None:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        if self.failure is not None:
            raise self.failure

    def cancel(self) -> None:
        """Drop the queue, and cancel the calls that still run, after a failure."""
        self._queue.clear()
        for task in self._running:
            task.cancel()

    def _start(self) -> None:
        while self._on_gone is not None and self._queue and len(self._running) < self._most:
            result = self._on_gone(self._queue.popleft())
            if isinstance(result, Awaitable):
                import asyncio  # already loaded, because an event loop is running

                task = asyncio.ensure_future(cast("Awaitable[object]", result))
                self._running.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: Future[object]) -> None:
        self._running.discard(task)
        try:
            task.result()
            if self.failure is None:
                self._start()
        except BaseException as failure:  # noqa: BLE001 - raised by the broadcast
            self.failure = self.failure or failure
