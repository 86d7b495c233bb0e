"""Time, as a client needs it: tests pass a clock that they set ahead, such as the local gateway's."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

__all__ = ["Clock", "Timer", "sleep"]


class Timer(Protocol):
    """Something that will be called."""

    def cancel(self) -> object:
        """Do not call it."""
        ...


class Clock(Protocol):
    """A clock. The event loop is one."""

    def time(self) -> float:
        """Return a time in seconds; only differences of two count."""
        ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call something on the event loop when so many seconds have passed."""
        ...


async def sleep(clock: Clock, seconds: float) -> None:
    """Wait until so many seconds have passed on a clock; 0 is no time on any."""
    if seconds <= 0:
        return
    waiter = asyncio.get_running_loop().create_future()
    timer = clock.call_later(seconds, partial(_wake, waiter))
    try:
        await waiter
    finally:
        timer.cancel()


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
