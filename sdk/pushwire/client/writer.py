"""Writing: each send in its turn, and a promise to whoever waits for it."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from pushwire.client.errors import ClientClosedError, ClientError, ConnectionLostError, SendQueueFullError
from pushwire.client.lifecycle import Lifecycle, State
from pushwire.client.outbox import Outbox
from pushwire.client.socket import Socket, Written
from pushwire.operation import AnyOperation

__all__ = ["Writer"]

_restoring: "ContextVar[Writer | None]" = ContextVar("pushwire.client.restoring", default=None)
"""Whose `on_reconnect` hooks run in this context."""


@dataclass(eq=False, slots=True)
class _Send:
    """A message to be written.

    Attributes:
        operation: Its operation; `None` for a keepalive.
        data: The frame.
        done: Is set when it has been written, or will not be.
        is_urgent: Whether a hook sends it.
    """

    operation: AnyOperation | None
    data: bytes
    done: asyncio.Future[None]
    is_urgent: bool


class Writer:
    """Writes to one connection after another.

    Args:
        lifecycle: Says whether there is one.
        max_queued: How many sends may wait while there is none.
        has_written: Is called with the operation of each message that has been written; `None` for keepalives.
    """

    def __init__(
        self, lifecycle: Lifecycle, *, max_queued: int, has_written: Callable[[AnyOperation | None], object]
    ) -> None:
        self._lifecycle = lifecycle
        self._max_queued = max_queued
        self._has_written = has_written
        self._outbox: Outbox[_Send] = Outbox()
        self._socket: Socket | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def queued(self) -> int:
        """How many sends wait."""
        return len(self._outbox)

    async def send(self, operation: AnyOperation | None, data: bytes) -> None:
        """Write a message as soon as it can be, and wait for that. Whoever is cancelled before takes it back.

        Raises:
            ClientClosedError: The client is closed, or is being closed.
            ConnectFailedError: The client gives up, or has given up.
            ConnectionLostError: The connection was lost in the middle of it.
            SendQueueFullError: There is no connection, and too many sends wait for one.
        """
        send = self._enqueue(operation, data)
        self._start()
        try:
            await send.done
        except asyncio.CancelledError:
            self._outbox.remove(send)
            raise

    def use(self, socket: Socket | None) -> None:
        """Write to this connection from now on; `None` to have everything wait."""
        self._socket = socket
        self._start()

    async def idle(self) -> None:
        """Wait until what can be written now has been."""
        while self._task is not None:
            await asyncio.shield(self._task)

    def lost(self) -> None:
        """Take note that the connection is lost: what its hooks were sending is not sent."""
        self._socket = None
        for send in self._outbox.clear_urgent():
            _fail(send, ConnectionLostError(send.operation, maybe_received=False))

    def fail(self, reason: Callable[[AnyOperation | None], ClientError]) -> None:
        """Fail everything that waits."""
        for send in self._outbox.clear():
            _fail(send, reason(send.operation))

    def prefer_this_context(self) -> None:
        """Have what this task sends, and what it starts, go first while hooks run."""
        _restoring.set(self)

    def resume(self) -> None:
        """Go on: hooks have run."""
        self._start()

    def refusal(self, operation: AnyOperation | None) -> ClientError:
        """Return why nothing can be sent any more."""
        given_up = self._lifecycle.given_up()
        return ClientClosedError("the client is closed", operation=operation) if given_up is None else given_up

    def _enqueue(self, operation: AnyOperation | None, data: bytes) -> _Send:
        lifecycle = self._lifecycle
        if lifecycle.state is State.CLOSED:
            raise self.refusal(operation)
        is_urgent = _restoring.get() is self and lifecycle.state is not State.OPEN
        if is_urgent and not lifecycle.restoring:
            raise ConnectionLostError(operation, maybe_received=False)
        if not is_urgent and lifecycle.state is not State.OPEN and len(self._outbox) >= self._max_queued:
            raise SendQueueFullError(operation, self._max_queued)
        send = _Send(operation, data, asyncio.get_running_loop().create_future(), is_urgent)
        if is_urgent:
            self._outbox.put_urgent(send)
        else:
            self._outbox.put(send)
        return send

    def _start(self) -> None:
        if self._task is None and self._socket is not None and len(self._outbox):
            self._task = asyncio.create_task(self._write(self._socket))

    async def _write(self, socket: Socket) -> None:
        try:
            while socket is self._socket and (send := self._next()) is not None:
                written = await socket.write(send.data)
                self._settle(send, written)
                if written is not Written.WHOLE:
                    return
        finally:
            self._task = None
            if socket is not self._socket:
                self._start()

    def _next(self) -> _Send | None:
        if self._lifecycle.restoring:
            return self._outbox.take_urgent()
        return self._outbox.take() if self._lifecycle.state is not State.RECONNECTING else None

    def _settle(self, send: _Send, written: Written) -> None:
        if written is Written.WHOLE:
            self._has_written(send.operation)
            if not send.done.done():
                send.done.set_result(None)
        elif written is Written.UNKNOWN or send.is_urgent:
            _fail(send, ConnectionLostError(send.operation, maybe_received=written is Written.UNKNOWN))
        elif self._lifecycle.state is State.CLOSED:
            _fail(send, self.refusal(send.operation))
        elif not send.done.done():
            self._outbox.put_back(send)


def _fail(send: _Send, error: ClientError) -> None:
    if not send.done.done():
        send.done.set_exception(error)
