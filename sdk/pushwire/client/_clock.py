"""The clock of a client. Tests can pass one that they advance, such as the local gateway's."""

from collections.abc import Callable
from typing import Protocol

__all__ = ["Clock", "TimerHandle"]


class TimerHandle(Protocol):
    """A scheduled call."""

    def cancel(self) -> object:
        """Cancel the call."""
        ...


class Clock(Protocol):
    """A clock that can schedule calls. An asyncio event loop is one."""

    def time(self) -> float:
        """Return the current time in seconds. Only the difference between two times has a meaning."""
        ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> TimerHandle:
        """Schedule a call on the event loop.

        Args:
            delay: Seconds to wait before the call.
            callback: The function to call, without arguments.
        """
        ...
