"""A fan-out under asyncio, over attempts that are futures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any, TypeVar, cast

from pushwire.errors import SendError
from pushwire.transport._fan_out import FanOut

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
        fan_out: What to run.
        connection_ids: Where its ids come from. The next of an async iterable is awaited while posts are in flight; the
            wait for it is cancelled when the fan-out has ended without it.
        post: Starts one attempt: a future of `None` or a `SendError`.
        clock: The time in seconds, as the fan-out knows it.

    Returns:
        The ids that were drawn and not tried.

    Raises:
        asyncio.CancelledError: This call was cancelled, and the attempts with it.
    """
    run = _Run(fan_out, connection_ids, post, clock)
    try:
        while not fan_out.finished:
            now = clock()
            while run.proceed(now):
                pass
            if not fan_out.finished:
                await run.something_to_do(fan_out.wait(now))
    finally:
        await run.cancel()
    return fan_out.result()


class _Run:
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
        self._draw: asyncio.Future[str] | None = None
        self._woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def proceed(self, now: float) -> bool:
        """Start an attempt or draw an id; return whether there was either to do."""
        connection_id = self._fan_out.take(now)
        if connection_id is not None:
            self._watch(self._post(connection_id), partial(self._ended, connection_id))
        elif not self._fan_out.needs_id(now):
            return False
        elif isinstance(self._ids, AsyncIterator):
            self._draw = asyncio.ensure_future(anext(self._ids))
            self._watch(self._draw, self._drawn)
        else:
            self._fan_out.pull(self._ids.__next__)
        return True

    async def something_to_do(self, seconds: float | None) -> None:
        """Wait until an attempt has ended or an id has come, for no longer than this."""
        loop = asyncio.get_running_loop()
        self._woken = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, self._wake)
        try:
            await self._woken
        finally:
            if timer is not None:
                timer.cancel()

    async def cancel(self) -> None:
        """Give up what is on its way: attempts, if the call was cancelled; or the next id, if it is not needed."""
        given_up, self._pending = self._pending, set()
        if self._draw is not None and self._draw in given_up and self._draw.done():
            self._drawn(self._draw)  # it has come at the last moment, and is not tried
        for future in given_up:
            future.cancel()
        if self._draw is not None and not self._draw.done():
            await asyncio.wait([self._draw])  # until then nobody else can go on with the ids

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
            error: SendError | None = SendError("the connections were closed before", connection_id=connection_id)
        else:  # whoever starts attempts sees that they end with nothing else
            error = cast("SendError | None", attempt.exception())
        self._fan_out.ended(connection_id, error, self._clock())

    def _drawn(self, draw: asyncio.Future[str]) -> None:
        self._fan_out.pull(draw.result)

    def _wake(self) -> None:
        if not self._woken.done():
            self._woken.set_result(None)
