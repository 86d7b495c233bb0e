"""A fan-out on an event loop, over attempts that are futures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any, TypeVar, cast

from pushwire.errors import SendError
from pushwire.transport._fan_out import MAX_TURN, FanOut

__all__ = ["run_on_loop"]

T = TypeVar("T")


async def run_on_loop(
    fan_out: FanOut,
    connection_ids: Iterable[str] | AsyncIterable[str],
    post: Callable[[str], asyncio.Future[None]],
    clock: Callable[[], float],
) -> tuple[str, ...]:
    """Run a fan-out to its end, on the running event loop.

    Args:
        fan_out: The fan-out to run.
        connection_ids: Its ids. The next id of an async iterable is awaited while posts are in flight. When the
            fan-out ends before the id arrives, the wait is cancelled.
        post: Starts one attempt, and returns a future that ends with `None` or a `SendError`.
        clock: Returns the time in seconds; the clock of the fan-out.

    Returns:
        The ids that were pulled and not sent.

    Raises:
        asyncio.CancelledError: This call was cancelled. Its attempts are cancelled as well.
    """
    driver = _Driver(fan_out, connection_ids, post, clock)
    try:
        while not fan_out.finished:
            started = clock()
            while driver.proceed(now := clock()) and now - started <= MAX_TURN:
                pass
            if not fan_out.finished:
                await driver.wait(fan_out.wait(clock()))
    finally:
        await driver.cancel()
    return fan_out.result()


class _Driver:
    """Starts attempts, pulls ids, and waits for both."""

    def __init__(
        self,
        fan_out: FanOut,
        connection_ids: Iterable[str] | AsyncIterable[str],
        post: Callable[[str], asyncio.Future[None]],
        clock: Callable[[], float],
    ) -> None:
        self._fan_out = fan_out
        self._ids = aiter(connection_ids) if isinstance(connection_ids, AsyncIterable) else iter(connection_ids)
        self._post = post
        self._clock = clock
        self._pending: set[asyncio.Future[Any]] = set()
        self._next_id: asyncio.Future[str] | None = None
        self._woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def proceed(self, now: float) -> bool:
        """Start an attempt or pull an id; return whether there was one to start or pull."""
        connection_id = self._fan_out.take(now)
        if connection_id is not None:
            self._watch(self._post(connection_id), partial(self._ended, connection_id))
        elif not self._fan_out.needs_id(now):
            return False
        elif isinstance(self._ids, AsyncIterator):
            self._next_id = asyncio.ensure_future(anext(self._ids))
            self._watch(self._next_id, self._pulled)
        else:
            self._fan_out.pull(self._ids.__next__)
        return True

    async def wait(self, seconds: float | None) -> None:
        """Wait until an attempt has ended or an id has arrived, for at most `seconds`."""
        loop = asyncio.get_running_loop()
        self._woken = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, self._wake)
        try:
            await self._woken
        finally:
            if timer is not None:
                timer.cancel()

    async def cancel(self) -> None:
        """Cancel the attempts of a cancelled call, or the wait for an id that is no longer needed."""
        cancelled, self._pending = self._pending, set()
        if self._next_id is not None and self._next_id in cancelled and self._next_id.done():
            self._pulled(self._next_id)  # the id arrived too late, and is reported as unsent
        for future in cancelled:
            future.cancel()
        if self._next_id is not None and not self._next_id.done():
            await asyncio.wait([self._next_id])  # an async generator cannot be used again before this ends

    def _watch(self, future: asyncio.Future[T], then: Callable[[asyncio.Future[T]], None]) -> None:
        def done(future: asyncio.Future[T]) -> None:
            if future in self._pending:
                self._pending.remove(future)
                then(future)
                self._wake()

        self._pending.add(future)
        future.add_done_callback(done)

    def _ended(self, connection_id: str, attempt: asyncio.Future[None]) -> None:
        if attempt.cancelled():
            error: SendError | None = SendError(
                "the transport was closed before the request was made", connection_id=connection_id
            )
        else:  # `post` guarantees that there is no other exception
            error = cast("SendError | None", attempt.exception())
        self._fan_out.ended(connection_id, error, self._clock())

    def _pulled(self, next_id: asyncio.Future[str]) -> None:
        self._fan_out.pull(next_id.result)

    def _wake(self) -> None:
        if not self._woken.done():
            self._woken.set_result(None)
