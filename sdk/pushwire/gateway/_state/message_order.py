"""The order in which the events of one connection are handled."""

from collections import deque
from collections.abc import Callable, Coroutine
from typing import TypeAlias

from pushwire.gateway.settings import MessageOrder

__all__ = ["Submit", "in_order"]

_Work: TypeAlias = Callable[[], Coroutine[object, object, None]]
_Spawn: TypeAlias = Callable[[Coroutine[object, object, None]], None]

Submit: TypeAlias = Callable[[_Work], None]
"""Starts work for one connection, at once or after the work that was submitted before it."""


def in_order(order: MessageOrder, spawn: _Spawn) -> Submit:
    """Return the function to which one new connection submits its work.

    Args:
        order: Whether events of a connection may be handled concurrently.
        spawn: Starts a coroutine.
    """
    if order is MessageOrder.SERIAL:
        return _SerialQueue(spawn).submit
    return lambda work: spawn(work())


class _SerialQueue:
    """A queue that runs one piece of work at a time."""

    __slots__ = ("_queue", "_running", "_spawn")

    def __init__(self, spawn: _Spawn) -> None:
        self._spawn = spawn
        self._queue: deque[_Work] = deque()
        self._running = False

    def submit(self, work: _Work) -> None:
        self._queue.append(work)
        if not self._running:
            self._running = True
            self._spawn(self._run())

    async def _run(self) -> None:
        try:
            while self._queue:
                await self._queue.popleft()()
        finally:
            self._running = False
