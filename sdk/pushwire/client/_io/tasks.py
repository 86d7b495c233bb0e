"""The tasks that run functions of users. They end with their client."""

import asyncio
from collections.abc import Callable, Coroutine
from collections.abc import Set as AbstractSet
from typing import Any, Self, TypeAlias

from pushwire._log import logger

__all__ = ["ListenerTasks", "is_cancelled"]

Task: TypeAlias = asyncio.Task[Any]


def is_cancelled() -> bool:
    """Return whether the current task is being cancelled.

    Why: a `CancelledError` may also come from another task or future that a function of the user awaited.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


class _Closers:
    """The tasks that wait for a client or a connection to close. Closing does not wait for them."""

    __slots__ = ("_changed", "_tasks")

    def __init__(self) -> None:
        self._tasks: set[Task | None] = set()
        self._changed: asyncio.Future[None] | None = None

    async def wait_for(self, closing: Task) -> None:
        """Wait for a task that closes a client or a connection. The current task may be a listener of it."""
        current = asyncio.current_task()
        self._tasks.add(current)
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
        self._changed = None
        try:
            await asyncio.shield(closing)
        finally:
            self._tasks.discard(current)

    async def wait_for_others(self, tasks: AbstractSet[Task], seconds: float | None) -> set[Task]:
        """Wait until tasks have ended or have become closers.

        Args:
            tasks: The tasks.
            seconds: Seconds to wait at most. `None` for no limit.

        Returns:
            The other tasks after this time.
        """
        loop = asyncio.get_running_loop()
        deadline = None if seconds is None else loop.time() + seconds
        while others := {task for task in tasks if not task.done()} - self._tasks:
            left = None if deadline is None else deadline - loop.time()
            if left is not None and left <= 0:
                return others
            if self._changed is None:
                self._changed = loop.create_future()
            await asyncio.wait({*others, self._changed}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return set()


class ListenerTasks:
    """The running tasks of async listeners: those of a connection, or of a client that shares one."""

    __slots__ = ("_closers", "_closing", "_tasks")

    def __init__(self, closers: _Closers | None = None) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._closers = closers or _Closers()
        self._closing: Task | None = None

    def of_client(self) -> Self:
        """Return the tasks of a client on the same connection. They end separately from these."""
        return type(self)(self._closers)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the work that closes the owner of these tasks, once, and wait for it.

        The current task may be a listener of the owner. The work continues if the current task is cancelled.

        Args:
            work: The async function that closes the owner. Only the first call of this method calls it; later ones wait
                for the first.
        """
        if self._closing is None:  # Why a task: closing a client cancels its hooks, and a hook may close the client
            self._closing = asyncio.create_task(work())
        await self._closers.wait_for(self._closing)

    async def finish(self, seconds: float) -> None:
        """Wait for all tasks except closers, and cancel those that take longer.

        Args:
            seconds: Seconds to wait before cancelling.
        """
        late = await self._closers.wait_for_others(self._tasks, seconds)
        if late:
            text = "closing: cancelling %d listeners that still run after %s seconds"
            logger("client").warning(text, len(late), seconds)
            for task in late:
                task.cancel()
            await self._closers.wait_for_others(late, None)

    async def wait_for(self, tasks: AbstractSet[Task], seconds: float | None = None) -> None:
        """Wait for other tasks that are about to end, except closers.

        Args:
            tasks: The tasks.
            seconds: Seconds to wait at most. Defaults to no limit.
        """
        await self._closers.wait_for_others(tasks, seconds)
