"""Writing: each send in its turn, and a promise to whoever waits for it."""

import asyncio
import enum
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from pushwire.client.errors import ClientClosedError, ClientError, ConnectionLostError, SendQueueFullError
from pushwire.client.lifecycle import Lifecycle, State
from pushwire.client.outbox import Outbox
from pushwire.client.socket import Socket, Written
from pushwire.operation import AnyOperation

__all__ = ["Writer"]


class _Stage(enum.Enum):
    """What became of one run of `on_reconnect` hooks."""

    UNDER_WAY = "under way"
    """What they send goes first."""
    DONE = "done"
    """All have run: tasks that they have left behind are like any other."""
    LOST = "lost"
    """Their connection was lost: what they send is not kept for the next, on which they run again."""


@dataclass(eq=False, slots=True)
class _Restoration:
    """One run of a client's `on_reconnect` hooks.

    Attributes:
        writer: The client's.
        stage: What became of it.
    """

    writer: "Writer"
    stage: _Stage = _Stage.UNDER_WAY


_restoring: ContextVar[_Restoration | None] = ContextVar("pushwire.client.restoring", default=None)
"""The run of hooks that this context belongs to."""


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
        self._restoration: _Restoration | None = None

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
        self._leave(_Stage.LOST)
        for send in self._outbox.clear_urgent():
            _fail(send, ConnectionLostError(send.operation, maybe_received=False))

    def fail(self, reason: Callable[[AnyOperation | None], ClientError]) -> None:
        """Fail everything that waits."""
        for send in self._outbox.clear():
            _fail(send, reason(send.operation))

    def prefer_this_context(self) -> None:
        """Have what this task sends, and what it starts, go first until `resume`."""
        self._restoration = _Restoration(self)
        _restoring.set(self._restoration)

    def resume(self) -> None:
        """Go on: hooks have run."""
        self._leave(_Stage.DONE)
        self._start()

    def refusal(self, operation: AnyOperation | None) -> ClientError:
        """Return why nothing can be sent any more."""
        given_up = self._lifecycle.given_up()
        return ClientClosedError("the client is closed", operation=operation) if given_up is None else given_up

    def _enqueue(self, operation: AnyOperation | None, data: bytes) -> _Send:
        lifecycle = self._lifecycle
        if lifecycle.state is State.CLOSED:
            raise self.refusal(operation)
        stage = self._stage()
        if stage is _Stage.LOST and lifecycle.state is not State.OPEN:
            raise ConnectionLostError(operation, maybe_received=False)
        is_urgent = stage is _Stage.UNDER_WAY
        if not is_urgent and not self._is_writing() and len(self._outbox) >= self._max_queued:
            raise SendQueueFullError(operation, self._max_queued)
        send = _Send(operation, data, asyncio.get_running_loop().create_future(), is_urgent)
        if is_urgent:
            self._outbox.put_urgent(send)
        else:
            self._outbox.put(send)
        return send

    def _stage(self) -> _Stage | None:
        """What became of the hooks that send here; `None` where it is not hooks that send."""
        restoration = _restoring.get()
        return restoration.stage if restoration is not None and restoration.writer is self else None

    def _leave(self, stage: _Stage) -> None:
        if self._restoration is not None:
            self._restoration.stage = stage
            self._restoration = None

    def _is_writing(self) -> bool:
        """Whether what waits is being written: not while the server is closing the connection, either."""
        return self._lifecycle.state is State.OPEN and self._socket is not None and self._socket.is_open

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
