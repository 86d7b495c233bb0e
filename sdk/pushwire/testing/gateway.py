"""Local gateway for tests without an event loop, and its clients."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar, Unpack, cast

from google.protobuf.message import Message
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from pushwire.frame import GatewayErrorFrame
from pushwire.gateway import Handler, LocalGateway, serve_in_thread
from pushwire.operation import Format, Operation, RequestOperation
from pushwire.testing._running_gateway import (
    PATIENCE_SECONDS,
    RECEIVE_SECONDS,
    Closed,
    GatewayUnderTest,
    closed,
    closed_instead,
    environment_of,
    nothing_received,
)
from pushwire.testing.frames import Frames, ReceivedMessage, expected
from pushwire.testing.options import GatewayOptions

__all__ = ["Closed", "GatewayClient", "RunningGateway", "local_gateway"]

M = TypeVar("M", bound=Message)
R = TypeVar("R", bound=Message)
T = TypeVar("T")


class GatewayClient:
    """Client of a gateway under test, with a real WebSocket. Close it, or use it as a context manager.

    Attributes:
        socket: The connection object of the package `websockets`.
        connection_id: API Gateway's id of the connection.
    """

    def __init__(self, socket: ClientConnection, connection_id: str, frames: Frames, gateway: "RunningGateway") -> None:
        self.socket = socket
        self.connection_id = connection_id
        self._frames = frames
        self._gateway = gateway
        self._early: deque[str] = deque()
        self._requests = 0

    @property
    def subprotocol(self) -> str | None:
        """The negotiated subprotocol, or `None`."""
        return self.socket.subprotocol

    def send(self, operation: Operation[M], message: M | None = None, *, frame_format: Format | None = None) -> None:
        """Send a message.

        Args:
            operation: The operation, such as `ChatOperations.say`.
            message: The message. Defaults to a message with no field set.
            frame_format: The format of the frame. Defaults to the format in the contract.

        Raises:
            TypeError: Clients do not send the operation, the message has another type, or the handler is a router
                without this operation.
            pushwire.FrameError: The message cannot be encoded.
        """
        self.send_text(self._frames.encode(operation, message, frame_format))

    def send_text(self, text: str) -> None:
        """Send a text message, which need not be a valid frame.

        Args:
            text: The text.
        """
        self.socket.send(text)

    def request(
        self,
        operation: RequestOperation[M, R],
        message: M | None = None,
        *,
        frame_format: Format | None = None,
        timeout: float = RECEIVE_SECONDS,
    ) -> R:
        """Send a request, and wait for its reply. Other frames that arrive before it are kept for `receive`.

        Args:
            operation: The operation, such as `ChatOperations.get_history`.
            message: The message. Defaults to a message with no field set.
            frame_format: The format of the frame. Defaults to the format in the contract.
            timeout: Seconds to wait for the reply. Defaults to 10.

        Returns:
            The reply.

        Raises:
            AssertionError: The reply cannot be decoded, or the connection is closed.
            TimeoutError: No reply arrived in time.
            TypeError: The operation has no reply, the message has another type, or the handler is a router without
                this operation.
            pushwire.FrameError: The message cannot be encoded.
            pushwire.OperationError: The server refused the message, or failed.
        """
        self._requests += 1
        request_id = f"test-{self._requests}"
        self.send_text(self._frames.encode_request(operation, message, frame_format, request_id))
        wanted, deadline = f"expected the reply to {operation}", time.monotonic() + timeout
        early, self._early = self._early, deque()
        try:
            while True:
                text = self._next(wanted, max(0.0, deadline - time.monotonic()))
                reply = self._frames.decode_reply(text, operation, request_id)
                if reply is not None:
                    return reply
                early.append(text)
        finally:
            self._early = early

    def receive(self, operation: Operation[M], *, timeout: float = RECEIVE_SECONDS) -> M:
        """Wait for the next frame, and return its message.

        Args:
            operation: The expected operation, such as `ChatOperations.said`.
            timeout: Seconds to wait for the frame. Defaults to 10.

        Returns:
            The message.

        Raises:
            AssertionError: The frame is not a message of this operation, or the connection is closed.
            TimeoutError: No frame arrived in time.
            TypeError: Clients do not receive the operation.
        """
        return self._frames.decode(self._next(expected(operation), timeout), operation)

    def receive_any(self, *, timeout: float = RECEIVE_SECONDS) -> ReceivedMessage:
        """Wait for the next frame, which may be of any operation of the handler's contract.

        Args:
            timeout: Seconds to wait for the frame. Defaults to 10.

        Returns:
            The operation and the message.

        Raises:
            AssertionError: The frame is not of an operation that clients receive, or the connection is closed. A
                handler without `operations` has none; use `receive` with it.
            TimeoutError: No frame arrived in time.
        """
        return self._frames.decode_any(self._next("expected a message of any operation", timeout))

    def receive_error(self, *, timeout: float = RECEIVE_SECONDS) -> GatewayErrorFrame:
        """Wait for the next frame, and return it as an error frame of API Gateway.

        Args:
            timeout: Seconds to wait for the frame. Defaults to 10.

        Returns:
            The error frame.

        Raises:
            AssertionError: The frame is not an error frame, or the connection is closed.
            TimeoutError: No frame arrived in time.
        """
        return self._frames.decode_error(self._next("expected an error frame", timeout))

    def receive_text(self, *, timeout: float = RECEIVE_SECONDS) -> str:
        """Wait for the next frame, and return its text.

        Args:
            timeout: Seconds to wait for the frame. Defaults to 10.

        Returns:
            The text.

        Raises:
            AssertionError: The connection is closed.
            TimeoutError: No frame arrived in time.
        """
        return self._next("expected a frame", timeout)

    def expect_nothing(self, *, timeout: float = 0) -> None:
        """Wait until the handlers in progress have returned, and check that the client has received nothing.

        Args:
            timeout: Seconds to wait in addition for a frame, such as one that another process posts. Defaults to 0.

        Raises:
            AssertionError: A frame has arrived, or the connection is closed.
        """
        self._gateway.settled()
        wanted = "expected no frame"
        try:
            if not self._gateway.is_silenced(self.connection_id):
                self.socket.ping(ack_on_close=True).wait(PATIENCE_SECONDS)
            text = self._next(wanted, timeout)
        except ConnectionClosed as error:
            raise closed_instead(wanted, error) from None
        except TimeoutError:
            return
        raise AssertionError(f"{wanted}, received {self._frames.describe(text)}")

    def wait_closed(self, *, timeout: float = RECEIVE_SECONDS) -> Closed:
        """Wait until the gateway has closed the connection.

        Args:
            timeout: Seconds to wait for the close. Defaults to 10.

        Returns:
            The close code and the reason.

        Raises:
            AssertionError: A frame arrived instead.
            TimeoutError: The connection was not closed in time.
        """
        wanted = "expected the connection to be closed"
        try:
            text = self._receive(timeout)
        except ConnectionClosed as error:
            return closed(error)
        except TimeoutError:
            raise nothing_received(wanted, timeout) from None
        raise AssertionError(f"{wanted}, received {self._frames.describe(text)}")

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection. Calling it again does nothing.

        Args:
            code: The close code. Defaults to 1000.
            reason: The reason in the close frame. Defaults to an empty string.
        """
        if self._gateway.is_silenced(self.connection_id):
            self._gateway.drop(self.connection_id)  # because it answers no closing handshake
        self.socket.close(code, reason)

    def _next(self, wanted: str, timeout: float) -> str:
        try:
            return self._receive(timeout)
        except ConnectionClosed as error:
            raise closed_instead(wanted, error) from None
        except TimeoutError:
            raise nothing_received(wanted, timeout) from None

    def _receive(self, timeout: float) -> str:
        if self._early:
            return self._early.popleft()
        text = self.socket.recv(timeout=timeout)
        return text if isinstance(text, str) else text.decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RunningGateway(GatewayUnderTest):
    """Gateway under test, which runs in a thread.

    Attributes:
        gateway: The gateway. Call its methods only on its event loop, which runs in another thread.
        transcript: The traffic of the gateway: connections, events, results, frames, posts.
        faults: Injects faults.
    """

    def __init__(self, gateway: LocalGateway, handler: object) -> None:
        super().__init__(gateway, handler)
        self._sockets = contextlib.ExitStack()

    def connect(
        self,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        subprotocols: Iterable[str] = (),
    ) -> GatewayClient:
        """Connect a client. It is closed with the gateway at the latest.

        Args:
            query: The query parameters of its URL. Defaults to no parameters.
            headers: Additional headers of its handshake. Defaults to no headers.
            subprotocols: The subprotocols to offer. Defaults to no subprotocols.

        Returns:
            The connected client.

        Raises:
            websockets.exceptions.InvalidStatus: The handshake was refused; the error has the `response`.
        """
        opened = cast("ClientConnection", connect(**self._connect_options(query, headers, subprotocols)))
        socket = self._sockets.enter_context(opened)
        return GatewayClient(socket, self._connection_id(socket.local_address[1]), self._frames, self)

    def advance(self, seconds: float) -> None:
        """Advance the gateway's clock, and wait until the work that falls due is done.

        Args:
            seconds: Seconds to advance. API Gateway closes idle connections after 600 seconds and all connections after
                7,200; it waits 29 seconds for a handler.
        """

        async def advance() -> None:
            self.gateway.clock.advance(seconds)
            await self.gateway.settled()

        self._run(advance())

    def settled(self) -> None:
        """Wait for handlers, handshakes and responses in progress, except those that wait for the clock."""
        self._run(self.gateway.settled())

    def close_clients(self) -> None:
        """Close all open clients."""
        self._drop_silent()
        self._sockets.close()

    def _call(self, action: Callable[[], None]) -> None:
        async def act() -> None:
            action()

        self._run(act())

    def _run(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.gateway.loop).result(PATIENCE_SECONDS)


@contextlib.contextmanager
def local_gateway(handler: Handler | None = None, /, **options: Unpack[GatewayOptions]) -> Generator[RunningGateway]:
    """Run a local gateway in its own thread, on a free port, while the block runs.

    While the block runs, the process has the environment variables that Lambda sets, such as `AWS_REGION` and
    `AWS_LAMBDA_FUNCTION_NAME`, unless they were set before. `PUSHWIRE_CALLBACK_URL` is not set, so that handlers post
    to the gateway in their events. For an API on a custom domain, whose events do not have the gateway's address, the
    variable is set to the callback URL of this gateway.

    Args:
        handler: The Lambda handler. The operations of a router become routes. `None` if `routes` has all routes.
        **options: The options of `GatewayOptions`: `routes`, `settings`, `clock` and more.

    Yields:
        The running gateway.

    Raises:
        pushwire.gateway.RouteError: The routes are invalid.
    """
    gateway = LocalGateway(handler, **options)
    with serve_in_thread(gateway), environment_of(gateway, handler):
        running = RunningGateway(gateway, handler)
        try:
            yield running
        finally:
            running.close_clients()
