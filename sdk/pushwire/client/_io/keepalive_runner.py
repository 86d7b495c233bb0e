"""The keepalive, ping and renewal timers of the open connection."""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final

from websockets.exceptions import ConnectionClosed

from pushwire import frame
from pushwire._log import logger
from pushwire.client._core.keepalive import Action, KeepaliveSchedule
from pushwire.client._core.lifecycle import Counters
from pushwire.client._io.dispatcher import listener_error
from pushwire.client._io.tasks import is_cancelled
from pushwire.client._io.websocket import WebSocket
from pushwire.client.errors import ClientError, ListenerError
from pushwire.client.options import ConnectionSettings, TimerHandle
from pushwire.operation import AnyOperation

__all__ = ["KeepaliveRunner"]

_FORBIDDEN: Final = "Forbidden"
"""The text of API Gateway's error frame for a route that an API does not have."""


class KeepaliveRunner:
    """Runner of the keepalives, pings and renewals of one connection after another.

    Args:
        settings: The intervals, and the user's keepalive.
        counters: The counters, which count the keepalives.
        send: An async function that sends a frame as a keepalive.
        renew: An async function that closes a connection to renew it.
        report: A function that is called with the exceptions of the user's keepalive.

    Attributes:
        tasks: The running actions.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        counters: Counters,
        *,
        send: Callable[[bytes], Awaitable[None]],
        renew: Callable[[WebSocket], Coroutine[Any, Any, None]],
        report: Callable[[ListenerError], object],
    ) -> None:
        self._settings = settings
        self._counters = counters
        self._send = send
        self._renew = renew
        self._report = report
        self._schedule: KeepaliveSchedule | None = None
        self._timer: TimerHandle | None = None
        self._pinging: asyncio.Task[None] | None = None
        self._unanswered = 0  # keepalives that a `Forbidden` frame may still answer
        self._is_always_answered = False
        self._received = 0
        self._time: Callable[[], float] = lambda: 0.0
        self.tasks: set[asyncio.Task[None]] = set()

    def begin(self, websocket: WebSocket, now: float) -> None:
        """Start the timers of a connection that was opened at the time `now`."""
        self._time = (self._settings.clock or asyncio.get_running_loop()).time
        self._schedule = KeepaliveSchedule(self._settings, now)
        self._unanswered = 0
        self._wait(websocket, self._schedule)

    def end(self) -> set[asyncio.Task[None]]:
        """Stop the timers, because the connection has ended, and return the tasks that are being cancelled."""
        self._schedule = None
        if self._timer is not None:
            self._timer.cancel()
        for task in self.tasks:
            task.cancel()
        return set(self.tasks)

    def data_received(self) -> None:
        """Record that bytes have come from the server."""
        schedule = self._schedule
        if schedule is not None:
            schedule.last_received_at = self._time()
            if self._counters.received != self._received:
                self._received = self._counters.received
                schedule.last_message_at = schedule.last_received_at

    def message_written(self, operation: AnyOperation | None) -> None:
        """Record that a message was written. The operation is `None` for a keepalive."""
        # Why: an API without `$default` answers each keepalive with `Forbidden`. Before the first such frame it is not
        # known whether the API has `$default`, and a `Forbidden` after another message may be the answer to that
        # message. An error frame does not identify the message that it answers.
        if operation is None:
            self._unanswered += 1
        elif not self._is_always_answered:
            self._unanswered = 0
        if self._schedule is not None:
            self._schedule.last_sent_at = self._time()

    def is_answered_by(self, answer: frame.GatewayErrorFrame) -> bool:
        """Return whether an error frame answers a keepalive."""
        if not self._unanswered or answer.message != _FORBIDDEN:
            return False
        self._unanswered -= 1
        self._is_always_answered = True
        return True

    def _wait(self, websocket: WebSocket, schedule: KeepaliveSchedule) -> None:
        at = schedule.next_check_at()
        if at < math.inf:
            clock = self._settings.clock or asyncio.get_running_loop()
            self._timer = clock.call_later(max(0.0, at - self._time()), partial(self._check, websocket, schedule))

    def _check(self, websocket: WebSocket, schedule: KeepaliveSchedule) -> None:
        if schedule is self._schedule:
            while (action := schedule.next_action(self._time())) is not None:
                self._run(action, websocket, schedule)
            self._wait(websocket, schedule)

    def _run(self, action: Action, websocket: WebSocket, schedule: KeepaliveSchedule) -> None:
        match action:
            case Action.SEND_KEEPALIVE:
                self._start(self._send_keepalive())
            case Action.PING:
                if self._pinging is not None:
                    self._pinging.cancel()  # so that tasks do not accumulate if the server never answers pings
                self._pinging = self._start(self._ping(websocket, schedule))
            case Action.RENEW:
                self._start(self._renew(websocket))
            case Action.DROP:
                logger("client").warning("the server has stopped answering pings: dropping the connection")
                websocket.abort()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def _send_keepalive(self) -> None:
        keepalive = self._settings.keepalive or partial(self._send, frame.KEEPALIVE)
        try:
            await keepalive()
            self._counters.keepalives += 1
        except ClientError:
            pass  # the connection is closed or being closed, so a keepalive has no use
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            self._report(listener_error(keepalive, error))

    async def _ping(self, websocket: WebSocket, schedule: KeepaliveSchedule) -> None:
        with contextlib.suppress(ConnectionClosed):
            await websocket.wait_for_pong()
            schedule.pong_received(self._time())
