"""One message to many clients, with `await`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast

from google.protobuf.message import Message

from pushwire.operation import Operation
from pushwire.server.broadcast import Outcomes, check_many
from pushwire.server.options import BroadcastOptions
from pushwire.server.outgoing import Outgoing
from pushwire.server.report import BroadcastReport
from pushwire.transport.protocol import AsyncTransport

if TYPE_CHECKING:
    from asyncio import Future

__all__ = ["AsyncBroadcast"]

M = TypeVar("M", bound=Message)


class AsyncBroadcast:
    """Sends the messages of one service to many clients each, with `await`, as `Broadcast` does.

    Ids may also come from an async iterable, and an `on_gone` that is async runs beside the broadcast, which ends when
    it has.

    Raises:
        pushwire.PayloadTooLargeError: The frame is over 131,072 bytes; nothing was sent.
        TypeError: The ids are one string, or an option is none, or has a wrong type; nothing was sent.
        ValueError: An option cannot be; nothing was sent.
        Exception: What drawing an id, `on_gone` or `on_outcome` raises, when what is in flight has ended.
    """

    __slots__ = ("_outgoing",)

    def __init__(self, outgoing: Outgoing[AsyncTransport]) -> None:
        self._outgoing = outgoing

    async def _send(
        self,
        operation: Operation[M],
        connection_ids: Iterable[str] | AsyncIterable[str],
        message: M,
        /,
        **options: Unpack[BroadcastOptions],
    ) -> BroadcastReport:
        """Send one message to many clients; the body of every generated method."""
        check_many(connection_ids, Iterable, AsyncIterable)
        outcomes = _AsyncOutcomes(self._outgoing, operation, message, options)
        if isinstance(connection_ids, AsyncIterable):
            admitted: AsyncIterable[str] | Iterable[str] = outcomes.admitted_later(connection_ids)
        else:
            admitted = outcomes.admitted(connection_ids)
        try:
            unsent = await self._outgoing.transport.post_many(admitted, outcomes.data, outcomes.options, outcomes.add)
            await outcomes.all_told()
        finally:
            outcomes.cancel()
        return outcomes.report(unsent)


class _AsyncOutcomes(Outcomes):
    """Counts outcomes, and tells all who want to know; an `on_gone` that is async, in a task of its own."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._telling: set[Future[object]] = set()
        self._failure: BaseException | None = None

    def admits(self, connection_id: str) -> bool:
        """Whether anything can be sent to a connection; if not, that is its outcome.

        Raises:
            TypeError: It is no string.
            Exception: What an `on_gone` has raised: no more ids are drawn.
        """
        if self._failure is not None:
            raise self._failure
        return super().admits(connection_id)

    async def admitted_later(self, connection_ids: AsyncIterable[str]) -> AsyncIterator[str]:
        """Draw ids from an async iterable, and refuse those that nothing can be sent to."""
        async for connection_id in connection_ids:
            if self.admits(connection_id):
                yield connection_id

    async def all_told(self) -> None:
        """Wait until every `on_gone` has ended, and raise what the first that failed has raised."""
        import asyncio

        await asyncio.gather(*self._telling)

    def cancel(self) -> None:
        """Give up what has not ended, after a failure."""
        for telling in self._telling:
            telling.cancel()

    def _told(self, result: object) -> None:
        if isinstance(result, Awaitable):
            import asyncio  # only where there is an event loop, so only where it is loaded

            telling = asyncio.ensure_future(cast("Awaitable[object]", result))
            telling.add_done_callback(self._note_failure)
            self._telling.add(telling)

    def _note_failure(self, telling: Future[object]) -> None:
        if not telling.cancelled():
            self._failure = self._failure or telling.exception()
