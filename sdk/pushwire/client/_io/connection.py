"""A connection that reconnects: the basis of a client, shared by the clients of several services."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, TypeVar, Unpack

from google.protobuf.message import Message

from pushwire import frame
from pushwire._checks import check_number
from pushwire._log import debugs, logger
from pushwire.client._core.lifecycle import (
    NORMAL_CLOSURE,
    RENEWAL,
    Closed,
    Failure,
    Lifecycle,
    State,
    Status,
    is_client_fault,
)
from pushwire.client._core.pending_requests import PendingRequests, outcome
from pushwire.client._io.dispatcher import SHOWN_OF_A_FRAME, Dispatcher, ErrorReporter, listener_error
from pushwire.client._io.keepalive_runner import KeepaliveRunner
from pushwire.client._io.tasks import ListenerTasks, is_cancelled
from pushwire.client._io.websocket import Receiver, WebSocket, connect_failure, open_websocket
from pushwire.client._io.writer import Send, Writer
from pushwire.client.auth import Handshake, check_url, result_of
from pushwire.client.errors import AuthError, ClientClosedError, ClientError, ConnectionLostError, ReplyTimeoutError
from pushwire.client.options import Clock, ConnectionOptions, settings_of
from pushwire.errors import PayloadTooLargeError, PushwireError
from pushwire.operation import AnyOperation, Operation

__all__ = ["Connection"]

M = TypeVar("M", bound=Message)


class Connection:
    """WebSocket connection that reconnects, for the clients of several services.

    A single client creates its own: `ChatClient("wss://…")`. A connection belongs to the event loop on which it was
    opened. Its methods raise `RuntimeError` on another event loop, or in another thread.

    Args:
        url: `wss://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping key, or the
            URL that `pushwire dev` prints.
        **options: The options, described at `ConnectionOptions`.

    Raises:
        ClientUrlError: The URL is not usable.
        TypeError: An option is unknown or has the wrong type.
        ValueError: The value of an option is invalid.

    Example:
        ```python
        async with Connection("wss://…", auth=IamAuth()) as connection:
            chat, presence = ChatClient(connection=connection), PresenceClient(connection=connection)
        ```
    """

    def __init__(self, url: str, **options: Unpack[ConnectionOptions]) -> None:
        check_url(url)
        settings = settings_of(**options)
        self._url = url
        self._websocket: WebSocket | None = None
        self._task: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[ClientError | None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._hooks: tuple[tuple[Callable[[], object]], ...] = ()
        self._hooks_task: asyncio.Task[None] | None = None
        self._settings: Final = settings
        self._lifecycle: Final = Lifecycle(settings)
        self._requests: Final[PendingRequests[asyncio.Future[Any]]] = PendingRequests(settings.max_requests)
        self._tasks: Final = ListenerTasks()
        self._errors: Final = ErrorReporter(self._tasks, settings.max_events, self._lifecycle.counters)
        self._writer = Writer(self._lifecycle, max_queued=settings.max_queued, has_written=self._message_written)
        self._keepalive = KeepaliveRunner(
            settings,
            self._lifecycle.counters,
            send=partial(self._writer.send, None),
            renew=self._renew,
            report=self._errors.report,
        )
        self._dispatcher: Final = Dispatcher(
            self._errors.report, self._keepalive.is_answered_by, self._replied, self._lifecycle.counters
        )
        self._receiver = Receiver(self._keepalive.data_received, self._dispatcher.received, self._errors.report)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {Handshake(self._url).address} {self._lifecycle.state.value}>"

    @property
    def status(self) -> Status:
        """The state and the counters of the connection at this moment."""
        return self._lifecycle.status(self._writer.queued, len(self._requests), self._requests.dropped)

    def on_error(self, listener: Callable[[PushwireError], object]) -> Callable[[], None]:
        """Add a listener for errors that no call raises.

        These are `GatewayError`; `pushwire.FrameError` for a frame that cannot be decoded; `ListenerError`;
        `EventsLostError`; and `ConnectFailedError` for each failed attempt to reconnect. They are also logged.

        Args:
            listener: The function, sync or async.

        Returns:
            A function that removes the listener.

        Raises:
            TypeError: The argument is not a function.
        """
        self._check_loop()
        return self._errors.listen(listener)

    def on_reconnect(self, hook: Callable[[], object]) -> Callable[[], None]:
        """Add a hook that runs on each connection except the first, for example to enter rooms again.

        The sends of a hook go before the sends that wait. So do the sends of tasks that it has started, until all hooks
        have run. If the connection is lost while a hook runs, the hook is cancelled and runs again on the next one.

        Args:
            hook: The function, sync or async. Hooks run one after another, in the order in which they were added.

        Returns:
            A function that removes the hook.

        Raises:
            TypeError: The argument is not a function.
        """
        self._check_loop()
        if not callable(hook):
            raise TypeError(f"a hook must be a function, not {type(hook).__name__}")
        added = (hook,)  # the same function may be added twice
        self._hooks = (*self._hooks, added)

        def remove() -> None:
            self._hooks = tuple(other for other in self._hooks if other is not added)

        return remove

    async def close(self) -> None:
        """Close the connection, after writing the queued sends if there is a connection.

        Async listeners end, and no task is left running. The method can be called in any state, more than once, and
        from listeners and hooks. A closed connection cannot be opened again.
        """
        self._check_loop()
        self._lifecycle.close()
        await self._tasks.close(self._close)

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ConnectFailedError: Connecting failed.
            ClientClosedError: The connection was closed.
        """
        try:
            await self._open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __await__(self) -> Generator[Any, None, Self]:
        """Connect without a block: `connection = await Connection("wss://…")`. Call `close` in the end."""
        return self.__aenter__().__await__()

    async def _send(self, operation: Operation[M], message: M) -> None:
        """Send a message, and wait until it is written.

        Raises:
            TypeError: The message is not of the operation's type.
            pushwire.FrameError: The message cannot be encoded.
            pushwire.PayloadTooLargeError: The frame has more than 131,072 bytes.
            ClientClosedError: The client is closed, or was not opened.
            ConnectFailedError: The client has given up.
            ConnectionLostError: The connection was lost during the write.
            SendQueueFullError: There is no connection, and `max_queued` sends already wait.
        """
        await self._writer.send(operation, self._frame(operation, message, None))

    async def _request(self, operation: Operation[M], message: M, seconds: float, request_id: str | None) -> Any:
        """Send a message with an id, and wait for its reply.

        Args:
            operation: The operation.
            message: The message.
            seconds: Seconds to wait for the reply, from this call on.
            request_id: The id; `None` for a new one.

        Returns:
            The reply, or `None` for the confirmation of a one-way message.

        Raises:
            TypeError: The message is not of the operation's type, or the seconds or the id has a wrong type.
            ValueError: The seconds or the id are not valid.
            pushwire.RemoteOperationError: The server refused the message, or failed.
            pushwire.FrameError: The message cannot be encoded, or the reply cannot be decoded.
            pushwire.PayloadTooLargeError: The frame has more than 131,072 bytes.
            ClientClosedError: The client is closed, or was not opened.
            ConnectFailedError: The client has given up.
            ConnectionLostError: The connection was lost before the reply.
            ReplyTimeoutError: No reply arrived in time.
            RequestLimitError: `max_requests` requests already wait for a reply.
            SendQueueFullError: There is no connection, and `max_queued` sends already wait.
        """
        check_number("timeout", seconds, above=0, what="a number of seconds")
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        request = self._requests.add(operation, request_id, reply)
        try:
            send = self._writer.enqueue(operation, self._frame(operation, message, request.id), request)
            send.done.add_done_callback(partial(_fail_with, reply))
            timer = self._clock().call_later(seconds, partial(self._time_out, send, reply, seconds))
            try:
                return await reply
            finally:
                timer.cancel()
                self._writer.withdraw(send)
        finally:
            self._requests.remove(request)

    def _time_out(self, send: Send, reply: asyncio.Future[Any], seconds: float) -> None:
        if send.operation is not None and not reply.done():
            is_sent = not self._writer.withdraw(send)
            reply.set_exception(ReplyTimeoutError(send.operation, seconds, is_sent))

    def _replied(self, envelope: frame.Envelope) -> None:
        request = self._requests.take(envelope)
        if request is None:
            logger("client").debug("dropped a reply to %r, which no call waits for", envelope.route)
        elif not request.reply.done():
            result = outcome(request.operation, envelope)
            if isinstance(result, PushwireError):
                request.reply.set_exception(result)
            else:
                request.reply.set_result(result)

    def _lose_requests(self) -> None:
        """Fail the requests whose replies can no longer arrive."""
        for request in self._requests.lost():
            if not request.reply.done():
                request.reply.set_exception(ConnectionLostError(request.operation, maybe_received=True))

    def _clock(self) -> Clock:
        return self._settings.clock or asyncio.get_running_loop()

    def _frame(self, operation: Operation[M], message: M, request_id: str | None) -> bytes:
        if not isinstance(message, operation.message_type):
            raise TypeError(
                f"{operation} takes a {operation.message_type.DESCRIPTOR.full_name}, not a {type(message).__name__}"
            )
        if self._opened is None and not self._lifecycle.is_closed:
            raise ClientClosedError("the client is not open yet: use `async with`", operation=operation)
        data = frame.encode(operation, message, self._settings.frame_format, id=request_id)
        if len(data) > frame.MAX_FRAME_SIZE:
            raise PayloadTooLargeError(
                f"it has {len(data):,} bytes, and API Gateway's limit is {frame.MAX_FRAME_SIZE:,}",
                size=len(data),
                operation=operation,
            )
        if debugs("client"):
            logger("client").debug("send %s: %r", operation, data[:SHOWN_OF_A_FRAME])
        return data

    async def _open(self) -> None:
        """Wait for the first connection. Its messages are delivered after the caller has had time to add listeners."""
        self._check_loop()
        if self._lifecycle.is_closed:
            raise self._lifecycle.closed_error()
        loop = asyncio.get_running_loop()
        if self._opened is None:
            self._loop, self._thread = loop, threading.get_ident()
            self._opened = loop.create_future()
            self._task = loop.create_task(self._run(self._opened))
        if (error := await asyncio.shield(self._opened)) is not None:
            raise error
        loop.call_soon(self._receive)

    def _check_loop(self) -> None:
        """Raise a `RuntimeError` if the caller is not on the event loop that the connection was opened on.

        Why: a call on another loop would wait for ever for the tasks of this one.
        """
        running: asyncio.AbstractEventLoop | None = None
        with contextlib.suppress(RuntimeError):
            running = asyncio.get_running_loop()
        if running is self._loop or self._loop is None or (running is None and threading.get_ident() == self._thread):
            return
        here = "in a thread without an event loop" if running is None else f"on {_shown(running)}"
        raise RuntimeError(
            f"{self!r} was opened on {_shown(self._loop)} and is used {here}: call it on its own loop, with "
            "asyncio.run_coroutine_threadsafe(coroutine, loop) or loop.call_soon_threadsafe(function)"
        )

    async def _close(self) -> None:
        if self._task is None:
            self._end()
        else:
            if self._websocket is None:
                self._task.cancel()
            else:
                await self._end_websocket(self._websocket, NORMAL_CLOSURE)
            await self._tasks.wait_for({self._task})
        await self._tasks.finish(self._settings.close_timeout)

    async def _run(self, opened: asyncio.Future[ClientError | None]) -> None:
        """Open one connection after another until the client is closed."""
        clock = self._clock()
        delay = 0.0
        try:
            while not self._lifecycle.is_closed:
                await _sleep(clock, delay)
                websocket = await self._connect()
                if self._lifecycle.state is State.CLOSED:  # an auth may have suppressed the cancellation
                    if isinstance(websocket, WebSocket):
                        await self._end_websocket(websocket, NORMAL_CLOSURE)
                    break
                if isinstance(websocket, WebSocket):
                    self._lifecycle.opened(clock.time())
                    await self._use(websocket, opened, clock.time())
                    closed, delay = self._lifecycle.lost(clock.time(), websocket.closed)
                    log = logger("client").warning if is_client_fault(closed.code) else logger("client").info
                    log("the connection has ended: %d %s", *closed)
                else:
                    error = self._lifecycle.attempt_failed(websocket)
                    if error.retry_in is not None or self._lifecycle.connections:
                        self._errors.report(error)  # otherwise it is raised
                    delay = error.retry_in or 0.0
        except Exception as error:  # noqa: BLE001 - raised by the user's clock= or random=
            self._fail(error)
        finally:
            self._websocket = None
            self._end()
            if not opened.done():
                # Why a result, not an exception: from Python 3.14 on, asyncio.shield reports the exception of a future
                # to the event loop's exception handler when the caller that awaited it was cancelled.
                opened.set_result(self._lifecycle.closed_error())

    async def _connect(self) -> WebSocket | Failure:
        explain = _auth_failure
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                handshake = await self._handshake()
                explain = partial(connect_failure, url=handshake.url)
                return await open_websocket(handshake, self._settings)
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            return explain(error)
        except Exception as error:  # noqa: BLE001 - an auth may raise any exception
            return explain(error)

    async def _handshake(self) -> Handshake:
        handshake = Handshake(self._url)
        for name in self._settings.subprotocols:
            handshake = handshake.with_subprotocol(name)
        if self._settings.auth is None:
            return handshake
        completed = await result_of(self._settings.auth(handshake))
        if not isinstance(completed, Handshake):
            raise AuthError(f"an auth must return a Handshake, not {type(completed).__name__}")
        check_url(completed.url)
        return completed

    def _fail(self, error: Exception) -> None:
        logger("client").error("the client has failed", exc_info=error)
        if not self._lifecycle.is_closed:
            given_up = self._lifecycle.give_up(Failure(f"the client failed with {type(error).__name__}", None, error))
            if self._lifecycle.connections:
                self._errors.report(given_up)  # otherwise it is raised

    async def _use(self, websocket: WebSocket, opened: asyncio.Future[ClientError | None], now: float) -> None:
        """Use a connection until it ends."""
        logger("client").info("connected to %s", Handshake(self._url).address)
        self._websocket = websocket
        try:
            self._keepalive.begin(websocket, now)
            if opened.done():
                websocket.receive(self._receiver)
            else:
                opened.set_result(None)
            if self._lifecycle.restoring:
                self._hooks_task = asyncio.create_task(self._run_hooks(websocket))
            self._writer.use(websocket)
            await websocket.wait_closed()
        finally:
            websocket.abort()
        websocket.receive(self._receiver)  # for the case that it ended before `_receive` was called
        self._writer.lost()
        self._lose_requests()
        await self._tasks.wait_for(self._keepalive.end() | self._cancel_hooks(), self._settings.close_timeout)
        self._websocket = None

    def _receive(self) -> None:
        if self._websocket is not None:
            self._websocket.receive(self._receiver)

    def _message_written(self, operation: AnyOperation | None) -> None:
        self._lifecycle.counters.sent += operation is not None
        self._keepalive.message_written(operation)

    async def _run_hooks(self, websocket: WebSocket) -> None:
        """Run the hooks, until the connection is lost. They run again on the next one."""
        self._writer.enter_run()
        for (hook,) in self._hooks:
            if not self._is_usable(websocket):
                return
            try:
                await result_of(hook())
            except asyncio.CancelledError as error:
                if is_cancelled():
                    raise
                self._errors.report(listener_error(hook, error))
            except (ClientClosedError, ConnectionLostError) as error:
                if self._is_usable(websocket):  # otherwise it comes from this connection's end
                    self._errors.report(listener_error(hook, error))
            except Exception as error:  # noqa: BLE001 - the other hooks still run
                self._errors.report(listener_error(hook, error))
        self._lifecycle.restored()
        self._writer.finish_run()

    def _is_usable(self, websocket: WebSocket) -> bool:
        return websocket.is_open and not self._lifecycle.is_closed

    def _cancel_hooks(self) -> set[asyncio.Task[None]]:
        task, self._hooks_task = self._hooks_task, None
        if task is None or task.done():
            return set()
        task.cancel()
        return {task}

    async def _renew(self, websocket: WebSocket) -> None:
        logger("client").info("renewing the connection")
        self._lifecycle.renewing()
        self._writer.use(None)
        await self._end_websocket(websocket, RENEWAL)

    async def _end_websocket(self, websocket: WebSocket, closed: Closed) -> None:
        """Write the queued sends, then close a connection, within `close_timeout`. A renewal also waits for replies."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.close_timeout
        await self._writer.drain_until(deadline)
        replies = [request.reply for request in self._requests.written()]
        if replies and closed is RENEWAL:
            await asyncio.wait(replies, timeout=deadline - loop.time())
        await websocket.end(closed, deadline)

    def _end(self) -> None:
        self._lifecycle.close()
        self._writer.fail_all()
        self._lose_requests()
        self._dispatcher.end(self._lifecycle.closed_error)


def _fail_with(reply: asyncio.Future[Any], written: asyncio.Future[None]) -> None:
    """Fail a request whose frame could not be written."""
    if not written.cancelled() and not reply.done() and (error := written.exception()) is not None:
        reply.set_exception(error)


def _shown(loop: asyncio.AbstractEventLoop) -> str:
    return f"{type(loop).__name__} {id(loop):#x}"


def _auth_failure(error: BaseException) -> Failure:
    # Why only the type: the text of an error that is not Pushwire's may have a token.
    text = f": {error}" if isinstance(error, PushwireError) else ""
    return Failure(f"the auth raised {type(error).__name__}{text}", None, error)


async def _sleep(clock: Clock, seconds: float) -> None:
    if seconds <= 0:
        return
    passed = asyncio.Event()
    timer = clock.call_later(seconds, passed.set)
    try:
        await passed.wait()
    finally:
        timer.cancel()
