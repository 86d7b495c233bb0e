"""Looks after the open connection: does in time what `Upkeep` says is due. All I/O, no rules."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from websockets.exceptions import ConnectionClosed

from pushwire import frame
from pushwire._functions import name_of
from pushwire._log import logger
from pushwire.client.awaiting import is_cancelled
from pushwire.client.clock import Timer
from pushwire.client.endings import RENEWED
from pushwire.client.errors import ClientError, ListenerError
from pushwire.client.lifecycle import Lifecycle
from pushwire.client.reports import Reports
from pushwire.client.settings import Settings
from pushwire.client.socket import Socket
from pushwire.client.status import Counters
from pushwire.client.upkeep import Duty, Upkeep
from pushwire.client.writer import Writer
from pushwire.operation import AnyOperation

__all__ = ["Keeper"]

_FORBIDDEN: Final = "Forbidden"
"""What API Gateway answers to a route that an API does not have."""


class Keeper:
    """Looks after one connection after another.

    Args:
        settings: The intervals, and how to keep alive.
        lifecycle: Is told of a renewal.
        writer: Writes keepalives.
        reports: Is told what a keepalive of the user's raises.
        counters: Counts.

    Attributes:
        is_renewing: Whether the connection is being closed to be renewed.
    """

    def __init__(
        self, settings: Settings, lifecycle: Lifecycle, writer: Writer, reports: Reports, counters: Counters
    ) -> None:
        self._settings = settings
        self._lifecycle = lifecycle
        self._writer = writer
        self._reports = reports
        self._counters = counters
        self._upkeep: Upkeep | None = None
        self._timer: Timer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pinging: asyncio.Task[None] | None = None
        self._unanswered = 0
        self._is_always_answered = False
        self._received = 0
        self._time: Callable[[], float] = lambda: 0.0
        self.is_renewing = False

    def begin(self, socket: Socket, now: float) -> None:
        """Look after a connection that has just been opened."""
        self._time = (self._settings.clock or asyncio.get_running_loop()).time
        self._upkeep = Upkeep(self._settings, now, self._settings.random)
        self._unanswered = 0
        self.is_renewing = False
        self._wait(socket, self._upkeep)

    def end(self) -> set[asyncio.Task[None]]:
        """Leave it alone, as it has ended; return what has still to end."""
        self._upkeep = None
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        return set(self._tasks)

    def heard(self) -> None:
        """Take note that something has come from the peer."""
        upkeep = self._upkeep
        if upkeep is not None:
            upkeep.heard_at = self._time()
            if self._counters.received != self._received:
                self._received = self._counters.received
                upkeep.received_at = upkeep.heard_at

    def wrote(self, operation: AnyOperation | None) -> None:
        """Take note that a message has been written; `None` for a keepalive."""
        # An API that does not know keepalives answers each with `Forbidden`. Until it is known to do so, one that comes
        # when something else has been sent may be an answer to that.
        if operation is None:
            self._unanswered += 1
        elif not self._is_always_answered:
            self._unanswered = 0
        if self._upkeep is not None:
            self._upkeep.spoke_at = self._time()

    def is_answered_by(self, answer: frame.GatewayErrorFrame) -> bool:
        """Whether an error frame answers a keepalive."""
        if not self._unanswered or answer.message != _FORBIDDEN:
            return False
        self._unanswered -= 1
        self._is_always_answered = True
        return True

    def _wait(self, socket: Socket, upkeep: Upkeep) -> None:
        at = upkeep.next_at()
        if at < math.inf:
            clock = self._settings.clock or asyncio.get_running_loop()
            self._timer = clock.call_later(max(0.0, at - self._time()), partial(self._look, socket, upkeep))

    def _look(self, socket: Socket, upkeep: Upkeep) -> None:
        if upkeep is self._upkeep:
            while (duty := upkeep.due(self._time())) is not None:
                self._do(duty, socket, upkeep)
            self._wait(socket, upkeep)

    def _do(self, duty: Duty, socket: Socket, upkeep: Upkeep) -> None:
        match duty:
            case Duty.KEEP_ALIVE:
                self._start(self._keep_alive())
            case Duty.PING:
                if self._pinging is not None:
                    self._pinging.cancel()  # a peer that never answers is owed no more than one
                self._pinging = self._start(self._ping(socket, upkeep))
            case Duty.RENEW:
                self._start(self._renew(socket))
            case Duty.ABANDON:
                logger("client").warning("the server has stopped answering: the connection is dropped")
                socket.drop()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _keep_alive(self) -> None:
        keepalive = self._settings.keepalive or partial(self._writer.send, None, frame.KEEPALIVE)
        try:
            await keepalive()
            self._counters.keepalives += 1
        except ClientError:
            pass  # where nothing can be sent, nothing has to be kept alive
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            report = ListenerError(name_of(keepalive), None)
            report.__cause__ = error
            self._reports.report(report)

    async def _ping(self, socket: Socket, upkeep: Upkeep) -> None:
        with contextlib.suppress(ConnectionClosed):
            await socket.ask()
            upkeep.ponged(self._time())

    async def _renew(self, socket: Socket) -> None:
        logger("client").info("the connection is renewed")
        self._counters.renewals += 1
        self.is_renewing = True
        self._lifecycle.renewing()
        self._writer.use(None)
        deadline = asyncio.get_running_loop().time() + self._settings.close_timeout
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._writer.idle()
        await socket.end(RENEWED, deadline)
