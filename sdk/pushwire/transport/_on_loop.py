"""The turns of a fan-out on an asyncio event loop, for transports of both kinds."""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial

from pushwire.transport._fan_out import FanOut

__all__ = ["LoopDriver"]


class LoopDriver(ABC):
    """Drives a fan-out on the running event loop.

    It takes a turn when a subclass calls `take_turn`, because an attempt may have ended, when an id has arrived, and
    when a pause is over.

    Args:
        fan_out: The fan-out to run.
        connection_ids: Its ids. The next id of an async iterable is awaited while posts are in flight. When the
            fan-out ends before the id arrives, the wait is cancelled.
        max_pause: The longest pause between two turns, in seconds. Defaults to no limit.

    Attributes:
        fan_out: The fan-out.
        loop: The event loop.
        pull: Pulls the id that the fan-out needs, or wakes the task that pulls ids.
    """

    def __init__(
        self, fan_out: FanOut, connection_ids: Iterable[str] | AsyncIterable[str], max_pause: float = math.inf
    ) -> None:
        self.fan_out = fan_out
        self.loop = asyncio.get_running_loop()
        self.pull: Callable[[], object] = self._ask_for_id
        self._async_ids: AsyncIterable[str] | None = None
        if isinstance(connection_ids, AsyncIterable):
            self._async_ids = connection_ids
        else:
            self.pull = partial(fan_out.pull, iter(connection_ids).__next__)
        self._max_pause = max_pause
        self._ended: asyncio.Future[None] = self.loop.create_future()
        self._asked: asyncio.Future[None] = self.loop.create_future()
        self._timer: asyncio.Handle | None = None
        self._timer_at = math.inf

    @abstractmethod
    def start_attempts(self) -> float | None:
        """Start attempts while that is possible.

        Returns:
            The longest pause before the next turn, in seconds; `None` for no limit.
        """

    @abstractmethod
    def close(self) -> None:
        """Remove all callbacks, and cancel the attempts in flight, which an interrupted fan-out has."""

    def turn(self) -> float | None:
        """Collect the attempts that have ended, and start others. By default, only `start_attempts`."""
        return self.start_attempts()

    async def run(self) -> tuple[str, ...]:
        """Run the fan-out to its end.

        Returns:
            The ids that were pulled and not sent.

        Raises:
            asyncio.CancelledError: This call was cancelled. Its attempts are cancelled as well.
        """
        pulling: asyncio.Task[None] | None = None
        try:
            if self._async_ids is not None:
                pulling = asyncio.ensure_future(self._pull_when_asked(self._async_ids))
            self.take_turn(self.turn)
            await self._ended
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._ended.cancel()
            self.close()
            if pulling is not None:
                pulling.cancel()
                await asyncio.wait([pulling])  # until it ends, the caller cannot use the iterable
        return self.fan_out.result()

    def take_turn(self, turn: Callable[[], float | None]) -> None:
        """Take a turn, and schedule the next one. An exception ends `run`, because a loop would only log it."""
        if self._ended.done():
            return
        try:
            pause = turn()
        except BaseException as failure:  # noqa: BLE001 - raised by `run`
            self._ended.set_exception(failure)
            return
        if self.fan_out.finished:
            self._ended.set_result(None)
        else:
            self._set_timer(self._max_pause if pause is None else min(pause, self._max_pause))

    def _ask_for_id(self) -> None:
        self._asked.set_result(None)

    async def _pull_when_asked(self, connection_ids: AsyncIterable[str]) -> None:
        """Pull ids, each when the fan-out needs it."""
        try:
            ids = aiter(connection_ids)
            while not self._ended.done():  # an iterable may suppress the cancellation
                await self._asked  # does not pause if an id was requested before
                self._asked = self.loop.create_future()
                self.fan_out.add(await anext(ids))
                self.take_turn(self.start_attempts)
        except StopAsyncIteration:
            self.fan_out.no_more_ids()
        except BaseException as failure:
            if self._ended.done():
                raise
            self.fan_out.stop(failure)
        self.take_turn(self.start_attempts)

    def _set_timer(self, pause: float) -> None:
        now = self.loop.time()
        at = now + pause
        if self._timer is not None:
            if now <= self._timer_at <= at:
                return  # an early turn does no harm
            self._timer.cancel()
        self._timer, self._timer_at = None, at
        if pause == 0:
            self._timer = self.loop.call_soon(self._timer_fired)
        elif at < math.inf:
            self._timer = self.loop.call_at(at, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer, self._timer_at = None, math.inf
        self.take_turn(self.turn)
