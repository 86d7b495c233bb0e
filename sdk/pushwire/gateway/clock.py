"""The gateway's clock: the time of day, and the timers of everything that API Gateway does after a delay.

The clock is injected, so that tests can advance it: the idle limit of ten minutes, the lifetime of two hours and the 29
seconds of a handler pass in one call of `advance`.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

__all__ = ["Clock", "ClockTimer", "ManualClock", "TimeOfDay", "epoch_millis"]

TimeOfDay: TypeAlias = Callable[[], float]
"""Returns the time of day in seconds since the epoch, as `time.time` does."""

_MIN_CANCELLED: Final = 64
"""The number of cancelled timers that are kept before a clean-up is worth its time."""


class ClockTimer:
    """A callback that a clock calls at a certain time."""

    __slots__ = ("_callback", "_number", "_owner", "due")

    def __init__(self, due: float, number: int, callback: Callable[[], object], owner: "Clock") -> None:
        self.due: Final = due
        self._number = number
        self._callback: Callable[[], object] | None = callback
        self._owner = owner

    def cancel(self) -> None:
        """Cancel the callback. Does nothing if it was cancelled or has been called."""
        if self._callback is not None:
            self._callback = None
            self._owner.forget_cancelled()

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled or has fired."""
        return self._callback is None

    def run(self) -> None:
        """Call the callback, once."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()

    def __lt__(self, other: "ClockTimer") -> bool:
        return (self.due, self._number) < (other.due, other._number)


class Clock:
    """A clock that runs with real time, and can be advanced.

    `time` may be called from any thread, every other method only from the thread of the gateway's event loop.
    """

    def __init__(self) -> None:
        # Why: the machine's time of day may be set back; this clock never is.
        self._epoch = time.time() - time.monotonic()
        self._timers: list[ClockTimer] = []
        self._cancelled = 0
        self._numbers = itertools.count()
        self._wake: asyncio.TimerHandle | None = None
        self._sleepers: set[asyncio.Future[None]] = set()
        self._stopped = False

    def time(self) -> float:
        """Return the time of day, in seconds since the epoch."""
        return self._epoch + time.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> ClockTimer:
        """Schedule a callback.

        Args:
            seconds: Seconds from now, on this clock.
            callback: The function to call, on the event loop.
        """
        timer = ClockTimer(self.time() + seconds, next(self._numbers), callback, self)
        heapq.heappush(self._timers, timer)
        if self._timers[0] is timer:
            self._wake_up_in_time()
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait until a number of seconds has passed on this clock.

        Args:
            seconds: The seconds to wait.
        """
        await self.wait(asyncio.get_running_loop().create_future(), seconds)

    async def wait(self, until: asyncio.Future[None], seconds: float) -> None:
        """Wait for a future, for a limited time.

        Args:
            until: The future; the clock resolves it when the time is over.
            seconds: Seconds to wait at most, on this clock.
        """
        if self._stopped:
            return
        timer = self.call_later(seconds, partial(_finish, until))
        self._sleepers.add(until)
        try:
            await until
        finally:
            self._sleepers.discard(until)
            timer.cancel()

    @property
    def sleepers(self) -> int:
        """The number of tasks that wait for this clock."""
        return len(self._sleepers)

    def advance(self, seconds: float) -> None:
        """Advance the clock, and call the timers that fall due, in order and each at its own time.

        Work that a timer starts (a handler, a closing handshake) continues after this call.

        Args:
            seconds: Seconds to advance; at least 0.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError(f"seconds must be at least 0, not {seconds}")
        until = self.time() + seconds
        self._run_until(until)
        self._jump_to(until)
        self._wake_up_in_time()

    def stop(self) -> None:
        """Stop the clock: end every wait now, and drop all timers."""
        self._stopped = True
        self._timers.clear()
        self._wake_up_in_time()
        for sleeper in tuple(self._sleepers):
            _finish(sleeper)

    def forget_cancelled(self) -> None:
        """Count a cancelled timer, and drop cancelled timers if they are many.

        Why: most connections end before their expiry, so most timers are cancelled.
        """
        self._cancelled += 1
        if self._cancelled > _MIN_CANCELLED and self._cancelled > len(self._timers) / 2:
            self._timers = [timer for timer in self._timers if not timer.cancelled]
            heapq.heapify(self._timers)
            self._cancelled = 0

    def _run_until(self, until: float) -> None:
        while self._timers and self._timers[0].due <= until:
            timer = heapq.heappop(self._timers)
            if timer.cancelled:
                self._cancelled = max(0, self._cancelled - 1)
            else:
                self._jump_to(timer.due)
                timer.run()

    def _jump_to(self, moment: float) -> None:
        self._epoch += max(0.0, moment - self.time())

    def _wake_up_in_time(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if self._timers:
            seconds = max(0.0, self._timers[0].due - self.time())
            self._wake = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        self._run_until(self.time())
        self._wake_up_in_time()


class ManualClock(Clock):
    """A clock that stands still until it is advanced.

    Args:
        start: The initial time of day, in seconds since the epoch.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        super().__init__()
        self._now = start

    def time(self) -> float:
        """Return the time of day, in seconds since the epoch."""
        return self._now

    def _jump_to(self, moment: float) -> None:
        self._now = max(self._now, moment)

    def _wake_up_in_time(self) -> None:
        """Do nothing: this clock advances only by `advance`."""


def epoch_millis(seconds: float) -> int:
    """Return a time in seconds since the epoch as whole milliseconds."""
    return int(seconds * 1000)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
