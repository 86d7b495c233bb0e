"""Writing of sends in order. Each caller waits until its message is written."""

import asyncio
import contextlib
import enum
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pushwire.client._core.lifecycle import Lifecycle, State
from pushwire.client._core.pending_requests import PendingRequest
from pushwire.client._core.send_queue import SendQueue
from pushwire.client._io.websocket import WebSocket, Written
from pushwire.client.errors import ClientError, ConnectionLostError, SendQueueFullError
from pushwire.operation import AnyOperation

__all__ = ["Send", "Writer"]


class _Stage(enum.Enum):
    """The stage of one run of `on_reconnect` hooks."""

    RUNNING = "running"
    """Their sends are written before all others."""
    DONE = "done"
    """All hooks have run. Tasks that they have started send like any other task."""
    LOST = "lost"
    """Their connection was lost. Their sends are not kept, because they run again on the next connection."""


@dataclass(eq=False, slots=True)
class _HookRun:
    """One run of a client's `on_reconnect` hooks.

    Attributes:
        writer: The client's writer.
        stage: The stage of the run.
    """

    writer: "Writer"
    stage: _Stage = _Stage.RUNNING


_current_run: ContextVar[_HookRun | None] = ContextVar("pushwire.client.hook_run", default=None)
"""The run of hooks that the current context belongs to.

Why a context variable: tasks that a hook starts inherit it, so the writer recognizes their sends as the hook's.
"""


@dataclass(eq=False, slots=True)
class Send:
    """A message to write.

    Attributes:
        operation: Its operation; `None` for a keepalive.
        data: The frame.
        done: A future that is done when the message has been written or the send has failed.
        is_urgent: Whether a hook sends it.
        request: The request that it is the frame of. Defaults to `None`.
    """

    operation: AnyOperation | None
    data: bytes
    done: asyncio.Future[None]
    is_urgent: bool
    request: PendingRequest[Any] | None = None

    def fail(self, error: ClientError) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Writer:
    """Writer to one connection after another.

    Args:
        lifecycle: The state of the client.
        max_queued: The number of sends that may wait while there is no connection.
        has_written: A function that is called with the operation of each written message, or with `None` for a
            keepalive.
    """

    def __init__(
        self, lifecycle: Lifecycle, *, max_queued: int, has_written: Callable[[AnyOperation | None], object]
    ) -> None:
        self._lifecycle = lifecycle
        self._max_queued = max_queued
        self._has_written = has_written
        self._queue: SendQueue[Send] = SendQueue()
        self._websocket: WebSocket | None = None
        self._task: asyncio.Task[None] | None = None
        self._run: _HookRun | None = None

    @property
    def queued(self) -> int:
        """The number of sends that wait."""
        return len(self._queue)

    async def send(self, operation: AnyOperation | None, data: bytes) -> None:
        """Queue a message, and wait until it is written. Cancelling removes a message that is not yet written.

        Args:
            operation: Its operation; `None` for a keepalive.
            data: The frame.

        Raises:
            ClientClosedError: The client is closed, or is being closed.
            ConnectFailedError: The client has given up.
            ConnectionLostError: The connection was lost during the write.
            SendQueueFullError: There is no connection, and `max_queued` sends already wait.
        """
        send = self.enqueue(operation, data)
        try:
            await send.done
        except asyncio.CancelledError:
            self.withdraw(send)
            raise

    def enqueue(self, operation: AnyOperation | None, data: bytes, request: PendingRequest[Any] | None = None) -> Send:
        """Queue a message. Its `done` is done when the message is written; see `send` for the errors.

        Args:
            operation: Its operation; `None` for a keepalive.
            data: The frame.
            request: The request that it is the frame of. Defaults to `None`.
        """
        if self._lifecycle.is_closed:
            raise self._lifecycle.closed_error(operation)
        run = _current_run.get()
        stage = run.stage if run is not None and run.writer is self else None
        if stage is _Stage.LOST and self._lifecycle.state is not State.OPEN:
            raise ConnectionLostError(operation, maybe_received=False)
        is_urgent = stage is _Stage.RUNNING
        if not is_urgent and not self._is_writing() and len(self._queue) >= self._max_queued:
            raise SendQueueFullError(operation, self._max_queued)
        send = Send(operation, data, asyncio.get_running_loop().create_future(), is_urgent, request)
        self._queue.put(send, urgent=is_urgent)
        self._start()
        return send

    def withdraw(self, send: Send) -> bool:
        """Remove a message that is not written yet, and return whether it was removed. Its write may have begun."""
        send.done.cancel()
        return self._queue.remove(send)

    def use(self, websocket: WebSocket | None) -> None:
        """Write to this connection from now on; `None` to queue all sends."""
        self._websocket = websocket
        self._start()

    async def drain_until(self, deadline: float) -> None:
        """Wait until all sends are written that can be written now.

        Args:
            deadline: The time on the event loop's clock when the wait ends in any case.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                while self._task is not None:
                    await asyncio.shield(self._task)

    def lost(self) -> None:
        """Stop writing, because the connection was lost, and fail the sends of its hooks."""
        self._websocket = None
        self._end_run(_Stage.LOST)
        for send in self._queue.drain_urgent():
            send.fail(ConnectionLostError(send.operation, maybe_received=False))

    def fail_all(self) -> None:
        """Fail all sends that wait, because the client is closed."""
        for send in self._queue.drain():
            send.fail(self._lifecycle.closed_error(send.operation))

    def enter_run(self) -> None:
        """Give the sends of this task, and of tasks that it starts, precedence until `finish_run`."""
        self._run = _HookRun(self)
        _current_run.set(self._run)

    def finish_run(self) -> None:
        """Continue with the other sends, because all hooks have run."""
        self._end_run(_Stage.DONE)
        self._start()

    def _end_run(self, stage: _Stage) -> None:
        if self._run is not None:
            self._run.stage = stage
            self._run = None

    def _is_writing(self) -> bool:
        """Return whether queued sends are being written, which stops when the server closes the connection."""
        return self._lifecycle.state is State.OPEN and self._websocket is not None and self._websocket.is_open

    def _start(self) -> None:
        if self._task is None and self._websocket is not None and len(self._queue):
            self._task = asyncio.create_task(self._write(self._websocket))

    async def _write(self, websocket: WebSocket) -> None:
        try:
            while websocket is self._websocket and (send := self._next()) is not None:
                written = await websocket.write(send.data)
                self._settle(send, written)
                if written is not Written.COMPLETE:
                    return
        finally:
            self._task = None
            if websocket is not self._websocket:
                self._start()

    def _next(self) -> Send | None:
        if self._lifecycle.restoring:
            return self._queue.take_urgent()
        return self._queue.take() if self._lifecycle.state is not State.RECONNECTING else None

    def _settle(self, send: Send, written: Written) -> None:
        if written is Written.COMPLETE:
            if send.request is not None:
                send.request.is_written = True
            self._has_written(send.operation)
            if not send.done.done():
                send.done.set_result(None)
        elif written is Written.UNKNOWN or send.is_urgent:
            send.fail(ConnectionLostError(send.operation, maybe_received=written is Written.UNKNOWN))
        elif self._lifecycle.is_closed:
            send.fail(self._lifecycle.closed_error(send.operation))
        elif not send.done.done():
            self._queue.put_back(send)
