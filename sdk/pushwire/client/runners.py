"""The tasks in which async listeners run, and how they end with their client: also those that close it."""

import asyncio
import contextlib
from collections.abc import Coroutine, Generator
from typing import Any, Self

from pushwire._log import logger

__all__ = ["Runners"]


class _Closers:
    """The tasks that close something, and so wait for listeners: nobody waits for them."""

    __slots__ = ("_changed", "tasks")

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[Any]] = set()
        self._changed: asyncio.Future[None] | None = None

    def add(self, task: asyncio.Task[Any]) -> None:
        self.tasks.add(task)
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
        self._changed = None

    def changed(self) -> "asyncio.Future[None]":
        """Becomes done when there is another."""
        if self._changed is None:
            self._changed = asyncio.get_running_loop().create_future()
        return self._changed


class Runners:
    """The tasks in which async listeners run at the moment: those of a connection, or of a client that shares one."""

    __slots__ = ("_closers", "_tasks")

    def __init__(self, closers: _Closers | None = None) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._closers = closers or _Closers()

    def apart(self) -> Self:
        """Return others on the same connection, which end apart from these."""
        return type(self)(self._closers)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @contextlib.contextmanager
    def not_waiting_for_me(self) -> Generator[None, None, None]:
        """Let the current task wait for the end of a client, though it may be a listener of it."""
        current = asyncio.current_task()
        if current is None or current in self._closers.tasks:
            yield
            return
        self._closers.add(current)
        try:
            yield
        finally:
            self._closers.tasks.discard(current)

    async def finish(self, seconds: float) -> None:
        """Wait for all of them, except those that close something themselves; cancel what takes longer."""
        late = await self._wait(seconds)
        if late:
            logger("client").warning(
                "closing: %d listeners are cancelled, still running after %s s", len(late), seconds
            )
            for task in late:
                task.cancel()
            await self._wait(None)

    async def _wait(self, seconds: float | None) -> set[asyncio.Task[None]]:
        """Wait; return those that have not ended in time."""
        loop = asyncio.get_running_loop()
        deadline = None if seconds is None else loop.time() + seconds
        while others := self._tasks - self._closers.tasks:
            left = None if deadline is None else deadline - loop.time()
            if left is not None and left <= 0:
                return others
            await asyncio.wait({*others, self._closers.changed()}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return set()
