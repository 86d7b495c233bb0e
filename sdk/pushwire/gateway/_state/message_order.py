"""In which order the events of one connection are handled."""

from collections import deque
from collections.abc import Callable, Coroutine
from typing import TypeAlias

from pushwire.gateway.settings import MessageOrder

__all__ = ["Lane", "lane"]

Work: TypeAlias = Callable[[], Coroutine[object, object, None]]
Spawn: TypeAlias = Callable[[Coroutine[object, object, None]], None]

Lane: TypeAlias = Callable[[Work], None]
"""Takes what is to be done for one connection, and does it in its turn."""


def lane(order: MessageOrder, spawn: Spawn) -> Lane:
    """Return a new connection's lane.

    Args:
        order: Whether one event may be handled before the one before it has been.
        spawn: Starts a coroutine.
    """
    if order is MessageOrder.SERIAL:
        return _SerialLane(spawn).take
    return lambda work: spawn(work())


class _SerialLane:
    """Does one thing after the other."""

    __slots__ = ("_spawn", "_waiting", "_working")

    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._waiting: deque[Work] = deque()
        self._working = False

    def take(self, work: Work) -> None:
        """Do this when everything before it is done."""
        self._waiting.append(work)
        if not self._working:
            self._working = True
            self._spawn(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._waiting.popleft()()
        finally:
            self._working = False
