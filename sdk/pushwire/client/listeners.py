"""Listeners: functions that are called with each message, sync or async.

Each is independent of the others: one that raises, or falls behind, keeps nothing from anybody else.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, cast

from pushwire._functions import name_of
from pushwire.client.awaiting import is_cancelled
from pushwire.client.errors import EventsLostError, ListenerError
from pushwire.client.runners import Runners
from pushwire.operation import AnyOperation

__all__ = ["Listener"]

V = TypeVar("V")


class Listener(Generic[V]):
    """A function that is called with values; where it is async, each call ends before the next one begins.

    Args:
        function: The function.
        operation: The operation whose messages it is called with; `None` for others.
        bound: How many calls may wait for the one that runs.
        runners: Where it runs, if it is async.
        report: Is told what it raises, and that it has lost something.
    """

    __slots__ = ("_bound", "_function", "_lost", "_operation", "_report", "_runners", "_running", "_waiting")

    def __init__(
        self,
        function: Callable[[V], object],
        operation: AnyOperation | None,
        *,
        bound: int,
        runners: Runners,
        report: Callable[[EventsLostError | ListenerError], object],
    ) -> None:
        if not callable(function):
            raise TypeError(f"a listener is a function, not {type(function).__name__}")
        self._function = function
        self._operation = operation
        self._bound = bound
        self._runners = runners
        self._report = report
        self._waiting: deque[Awaitable[object]] = deque()
        self._running = False
        self._lost = 0

    def __call__(self, value: V) -> None:
        """Call the function; what it raises is reported."""
        try:
            result = self._function(value)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the others are called all the same
            self._raised(error)
            return
        if result is not None and isinstance(result, Awaitable):
            self._await_in_turn(cast("Awaitable[object]", result))

    def _await_in_turn(self, result: Awaitable[object]) -> None:
        if len(self._waiting) >= self._bound:
            _discard(result)
            self._lost += 1
            if self._lost == 1:
                self._report(EventsLostError(f"the listener {name_of(self._function)}", 1))
            return
        self._waiting.append(result)
        if not self._running:
            self._running = True
            self._runners.start(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._await(self._waiting.popleft())
        finally:
            self._running = False
            self._tell_of_losses()
            while self._waiting:  # cancelled
                _discard(self._waiting.popleft())

    def _tell_of_losses(self) -> None:
        """Report how many it has lost in all, now that it has caught up. Of the first it was told at once."""
        lost, self._lost = self._lost, 0
        if lost > 1:
            self._report(EventsLostError(f"the listener {name_of(self._function)}", lost))

    async def _await(self, result: Awaitable[object]) -> None:
        try:
            await result
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            self._raised(error)  # by something of its own
        except Exception as error:  # noqa: BLE001 - the next call follows
            self._raised(error)

    def _raised(self, error: BaseException) -> None:
        report = ListenerError(name_of(self._function), self._operation)
        report.__cause__ = error
        self._report(report)


def _discard(result: Awaitable[object]) -> None:
    """Let go of something that will never be awaited, without a warning."""
    close = getattr(result, "close", None) or getattr(result, "cancel", None)
    if close is not None:
        close()
