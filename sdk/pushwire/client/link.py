"""The link to the server: one connection after another, until it is closed or given up. All I/O, no rules."""

import asyncio
import contextlib
from typing import Final, TypeVar

from google.protobuf.message import Message

from pushwire import frame
from pushwire._log import debugs, logger
from pushwire.client.awaiting import is_cancelled, result_of
from pushwire.client.clock import sleep
from pushwire.client.endings import GOODBYE, RENEWED, Failure, says_client_is_wrong
from pushwire.client.errors import AuthError, ClientClosedError, ClientError
from pushwire.client.failures import auth_failure, connect_failure
from pushwire.client.handshake import Handshake
from pushwire.client.hooks import Hooks
from pushwire.client.inbox import Inbox
from pushwire.client.keeper import Keeper
from pushwire.client.lifecycle import Lifecycle, State
from pushwire.client.reports import Reports
from pushwire.client.settings import Settings
from pushwire.client.socket import Receiver, Socket, open_socket
from pushwire.client.status import Counters
from pushwire.client.url import check_url
from pushwire.client.writer import Writer
from pushwire.errors import PayloadTooLargeError
from pushwire.operation import AnyOperation, Operation

__all__ = ["Link"]

M = TypeVar("M", bound=Message)

_SHOWN_OF_A_FRAME: Final = 200


class Link:
    """Keeps connected.

    Args:
        url: The URL to connect to.
        settings: How.
        reports: Is told what goes wrong.
        counters: Counts.

    Attributes:
        settings: How.
        reports: Is told what goes wrong.
        lifecycle: What it is doing.
        hooks: Run on each connection but the first.
        inbox: Where frames go.
        writer: Where they come from.
    """

    def __init__(self, url: str, settings: Settings, reports: Reports, counters: Counters) -> None:
        self._url = url
        self._counters = counters
        self._socket: Socket | None = None
        self._task: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[ClientError | None] | None = None
        self.settings: Final = settings
        self.reports: Final = reports
        self.lifecycle: Final = Lifecycle(settings, settings.random)
        self.hooks: Final = Hooks(reports)
        self.writer: Final = Writer(self.lifecycle, max_queued=settings.max_queued, has_written=self._wrote)
        self._keeper = Keeper(settings, self.lifecycle, self.writer, reports, counters)
        self.inbox: Final = Inbox(reports.report, self._keeper.is_answered_by, counters)
        self._receiver = Receiver(self._keeper.heard, self.inbox.received, reports.report)

    async def open(self) -> None:
        """Wait for the first connection. What arrives is given to nobody before the caller has had time to listen.

        Raises:
            ConnectFailedError: The client has given up.
            ClientClosedError: It has been closed.
        """
        if self._is_closed():
            raise self.writer.refusal(None)
        loop = asyncio.get_running_loop()
        if self._opened is None:
            self._opened = loop.create_future()
            self._task = loop.create_task(self._run(self._opened))
        if (error := await asyncio.shield(self._opened)) is not None:
            raise error
        loop.call_soon(self._receive)

    def refuse(self) -> None:
        """Take nothing more: it is about to be closed."""
        self.lifecycle.close()

    async def close(self) -> None:
        """Write what can be written now, say goodbye, and end, from any state."""
        self.refuse()
        socket = self._socket
        if self._task is None:
            self._end()
        elif socket is None:
            self._task.cancel()
        else:
            deadline = self._deadline()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self.writer.idle()
            await socket.end(GOODBYE, deadline)
        if self._task is not None:
            await self.reports.runners.outlive({self._task})

    async def send(self, operation: Operation[M], message: M) -> None:
        """Send a message, and wait until it is written.

        Raises:
            TypeError: It is not the operation's message.
            pushwire.FrameError: It cannot be encoded.
            pushwire.PayloadTooLargeError: Its frame is larger than 131,072 bytes.
            ClientClosedError: The client is closed, or has not been opened.
            ConnectFailedError: The client gives up, or has given up.
            ConnectionLostError: The connection was lost in the middle of it.
            SendQueueFullError: There is no connection, and too many sends wait for one.
        """
        if not isinstance(message, operation.message_type):
            raise TypeError(
                f"{operation} takes a {operation.message_type.DESCRIPTOR.full_name}, not a {type(message).__name__}"
            )
        if self._opened is None and not self._is_closed():
            raise ClientClosedError("the client has not been opened: use `async with`", operation=operation)
        data = frame.encode(operation, message, self.settings.frame_format)
        if len(data) > frame.MAX_FRAME_SIZE:
            raise PayloadTooLargeError(
                f"{len(data):,} bytes, and API Gateway takes {frame.MAX_FRAME_SIZE:,}",
                size=len(data),
                operation=operation,
            )
        if debugs("client"):
            logger("client").debug("send %s: %r", operation, data[:_SHOWN_OF_A_FRAME])
        await self.writer.send(operation, data)

    async def _run(self, opened: asyncio.Future[ClientError | None]) -> None:
        clock = self.settings.clock or asyncio.get_running_loop()
        delay = 0.0
        try:
            while not self._is_closed():
                await sleep(clock, delay)
                socket = await self._connect()
                if self._is_closed():  # an auth would not be cancelled
                    if isinstance(socket, Socket):
                        await socket.end(GOODBYE, self._deadline())
                    break
                if isinstance(socket, Socket):
                    self.lifecycle.opened(clock.time())
                    await self._hold(socket, opened, clock.time())
                    closed = RENEWED if self._keeper.is_renewing else socket.closed
                    delay = self.lifecycle.lost(clock.time(), closed)
                    log = logger("client").warning if says_client_is_wrong(closed.code) else logger("client").info
                    log("the connection has ended: %d %s", *closed)
                else:
                    delay = self._failed(socket)
        except Exception as error:  # noqa: BLE001 - of a clock or of a random of the user's
            self._failed_for_good(error)
        finally:
            self._socket = None
            self._end()
            if not opened.done():
                # A result, not an exception: from Python 3.14 on, asyncio.shield reports the exception of a future to
                # the event loop's exception handler when the caller that awaited it was cancelled.
                opened.set_result(self.writer.refusal(None))

    async def _connect(self) -> Socket | Failure:
        explain = auth_failure
        try:
            async with asyncio.timeout(self.settings.connect_timeout):
                handshake = await self._handshake()
                explain = connect_failure
                return await open_socket(handshake, self.settings)
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            return explain(error)
        except Exception as error:  # noqa: BLE001 - auths raise what they like
            return explain(error)

    async def _handshake(self) -> Handshake:
        handshake = Handshake(self._url)
        for name in self.settings.subprotocols:
            handshake = handshake.with_subprotocol(name)
        if self.settings.auth is None:
            return handshake
        completed = await result_of(self.settings.auth(handshake))
        if not isinstance(completed, Handshake):
            raise AuthError(f"an auth returns a Handshake, not {type(completed).__name__}")
        check_url(completed.url)
        return completed

    def _failed(self, failure: Failure) -> float:
        error = self.lifecycle.failed(failure)
        if error.retry_in is not None or self.lifecycle.connections:
            self.reports.report(error)  # otherwise it is raised
        return error.retry_in or 0.0

    def _failed_for_good(self, error: Exception) -> None:
        logger("client").error("the client cannot go on", exc_info=error)
        self.lifecycle.broke(Failure(f"the client cannot go on after {type(error).__name__}", None, error))
        if (given_up := self.lifecycle.given_up()) is not None and self.lifecycle.connections:
            self.reports.report(given_up)

    async def _hold(self, socket: Socket, opened: asyncio.Future[ClientError | None], now: float) -> None:
        """Use a connection until it ends."""
        logger("client").info("connected to %s", Handshake(self._url).address)
        self._socket = socket
        try:
            self._keeper.begin(socket, now)
            if opened.done():
                socket.receive(self._receiver)
            else:
                opened.set_result(None)
            if self.lifecycle.restoring:
                self.hooks.begin(self.writer, lambda: socket.is_open and not self._is_closed(), self._restored)
            self.writer.use(socket)
            await socket.wait_closed()
        finally:
            socket.drop()
        socket.receive(self._receiver)  # where it has ended before anybody had time to listen
        self.writer.lost()
        await self.reports.runners.outlive(self._keeper.end() | self.hooks.end(), self.settings.close_timeout)
        self._socket = None

    def _receive(self) -> None:
        if self._socket is not None:
            self._socket.receive(self._receiver)

    def _wrote(self, operation: AnyOperation | None) -> None:
        self._counters.sent += operation is not None
        self._keeper.wrote(operation)

    def _restored(self) -> None:
        self.lifecycle.restored()
        self.writer.resume()

    def _is_closed(self) -> bool:
        return self.lifecycle.state is State.CLOSED

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self.settings.close_timeout

    def _end(self) -> None:
        """Let go of everybody who waits."""
        self.lifecycle.close()
        self.writer.fail(self.writer.refusal)
        self.inbox.end(lambda: self.writer.refusal(None), lambda: self.lifecycle.given_up() or StopAsyncIteration())
