"""A fan-out on an event loop, over attempts that are futures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from typing import Final, cast

from pushwire.errors import SendError
from pushwire.transport._fan_out import FanOut
from pushwire.transport._on_loop import LoopDriver

__all__ = ["CLOSED", "FutureDriver"]

CLOSED: Final = "the transport was closed before the request was made"


class FutureDriver(LoopDriver):
    """Drives a fan-out whose attempts are futures.

    Args:
        fan_out: The fan-out to run.
        connection_ids: Its ids.
        post: Starts one attempt. The future has a `SendError`, or whether the request was made before the deadline.
        clock: Returns the time in seconds; the clock of the fan-out.
    """

    def __init__(
        self,
        fan_out: FanOut,
        connection_ids: Iterable[str] | AsyncIterable[str],
        post: Callable[[str], asyncio.Future[bool]],
        clock: Callable[[], float],
    ) -> None:
        super().__init__(fan_out, connection_ids)
        self._post = post
        self._clock = clock
        self._pending: set[asyncio.Future[bool]] = set()

    def start_attempts(self) -> float | None:
        """Start attempts, as `LoopDriver.start_attempts` describes."""
        return self.fan_out.start_attempts(self._start, self.pull, self._clock)

    def close(self) -> None:
        """Cancel the attempts in flight."""
        pending, self._pending = self._pending, set()
        for attempt in pending:
            attempt.cancel()

    def _start(self, connection_id: str) -> None:
        attempt = self._post(connection_id)
        self._pending.add(attempt)
        attempt.add_done_callback(partial(self._attempt_ended, connection_id))

    def _attempt_ended(self, connection_id: str, attempt: asyncio.Future[bool]) -> None:
        if attempt not in self._pending:  # the call was cancelled
            return
        self._pending.remove(attempt)
        # `post` guarantees that there is no other exception.
        error = SendError(CLOSED) if attempt.cancelled() else cast("SendError | None", attempt.exception())
        if error is None and not attempt.result():
            self.fan_out.withdraw(connection_id)
        else:
            self.fan_out.ended(connection_id, error, self._clock())
        self.take_turn(self.turn)
