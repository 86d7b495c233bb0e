"""One message to many connections, with `await`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from google.protobuf.message import Message

from pushwire.operation import AnyOperation, Operation
from pushwire.server.broadcast import Outcomes
from pushwire.server.options import CheckedOptions
from pushwire.server.pipeline import SendPipeline
from pushwire.server.report import BroadcastReport
from pushwire.transport.protocol import AsyncTransport

if TYPE_CHECKING:
    from asyncio import Future

__all__ = ["AsyncBroadcast", "send_to_many"]

M = TypeVar("M", bound=Message)
R_co = TypeVar("R_co", covariant=True)


class AsyncBroadcast(Generic[R_co]):
    """Base of the generated `Async…Broadcast` classes, which `sdk.to(…)` of an async SDK returns.

    Like `Broadcast`, with these differences: the methods are async, connection ids may also come from an async
    iterable, and calls of an async `on_gone` run beside the broadcast, which ends when they have ended.

    Args:
        send: Sends a message of an operation to the recipients, and returns the result.
    """

    __slots__ = ("_send_to_recipients",)

    def __init__(self, send: Callable[[AnyOperation, Message], Awaitable[R_co]]) -> None:
        self._send_to_recipients = send

    async def _send(self, operation: Operation[M], message: M) -> R_co:
        """Send one message to the recipients; the body of every generated method."""
        return await self._send_to_recipients(operation, message)


async def send_to_many(
    pipeline: SendPipeline[AsyncTransport],
    connection_ids: Iterable[str] | AsyncIterable[str],
    options: CheckedOptions,
    operation: AnyOperation,
    message: Message,
) -> BroadcastReport:
    """Send one message to many connections."""
    outcomes = _AsyncOutcomes(pipeline, options, operation, message)
    if isinstance(connection_ids, AsyncIterable):
        admitted: AsyncIterable[str] | Iterable[str] = outcomes.admitted_async(connection_ids)
    else:
        admitted = outcomes.admitted(connection_ids)
    try:
        unsent = await pipeline.transport.post_many(admitted, outcomes.data, options.fan_out, outcomes.add)
        await outcomes.wait_for_on_gone()
    finally:
        outcomes.cancel()
    return outcomes.report(unsent)


class _AsyncOutcomes(Outcomes):
    """Outcomes whose `on_gone` may be async; each call of it runs in its own task."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._tasks: set[Future[object]] = set()
        self._failure: BaseException | None = None

    def admits(self, connection_id: str) -> bool:
        """Return whether to post to a connection, and add the outcome of one that is refused.

        Raises:
            TypeError: The connection id is not a string.
            Exception: What an `on_gone` has raised, so that no more ids are read.
        """
        if self._failure is not None:
            raise self._failure
        return super().admits(connection_id)

    async def admitted_async(self, connection_ids: AsyncIterable[str]) -> AsyncIterator[str]:
        """Yield the connection ids to post to, from an async iterable."""
        async for connection_id in connection_ids:
            if self.admits(connection_id):
                yield connection_id

    async def wait_for_on_gone(self) -> None:
        """Wait until every `on_gone` has ended, and raise the exception of the first that failed."""
        import asyncio

        await asyncio.gather(*self._tasks)

    def cancel(self) -> None:
        """Cancel the calls of `on_gone` that still run, after a failure."""
        for task in self._tasks:
            task.cancel()

    def _notified(self, result: object) -> None:
        if isinstance(result, Awaitable):
            import asyncio  # only where there is an event loop, so only where it is loaded

            task = asyncio.ensure_future(cast("Awaitable[object]", result))
            task.add_done_callback(self._keep_failure)
            self._tasks.add(task)

    def _keep_failure(self, task: Future[object]) -> None:
        if not task.cancelled():
            self._failure = self._failure or task.exception()
