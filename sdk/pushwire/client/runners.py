"""The tasks in which functions of users run, and how they end with their client: also those that close it."""

import asyncio
import contextlib
from collections.abc import Coroutine, Generator
from collections.abc import Set as AbstractSet
from typing import Any, Self, TypeAlias

from pushwire._log import logger

__all__ = ["Runners"]

Task: TypeAlias = asyncio.Task[Any]


class _Closers:
    """The tasks that close something, and so wait for others: nobody waits for them."""

    __slots__ = ("_changed", "tasks")

    def __init__(self) -> None:
        self.tasks: set[Task] = set()
        self._changed: asyncio.Future[None] | None = None

    def add(self, task: Task) -> None:
        self.tasks.add(task)
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
        self._changed = None

    async def wait_for_others(self, tasks: AbstractSet[Task], seconds: float | None) -> set[Task]:
        """Wait until tasks have ended, or close something themselves; return those that have not in time."""
        loop = asyncio.get_running_loop()
        deadline = None if seconds is None else loop.time() + seconds
        while others := {task for task in tasks if not task.done()} - self.tasks:
            left = None if deadline is None else deadline - loop.time()
            if left is not None and left <= 0:
                return others
            if self._changed is None:
                self._changed = loop.create_future()
            await asyncio.wait({*others, self._changed}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return set()


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
        late = await self._closers.wait_for_others(self._tasks, seconds)
        if late:
            text = "closing: %d listeners are cancelled, still running after %s s"
            logger("client").warning(text, len(late), seconds)
            for task in late:
                task.cancel()
            await self._closers.wait_for_others(late, None)

    async def outlive(self, tasks: AbstractSet[Task], seconds: float | None = None) -> None:
        """Wait for other tasks that have been told to end, except those that close something themselves."""
        await self._closers.wait_for_others(tasks, seconds)
