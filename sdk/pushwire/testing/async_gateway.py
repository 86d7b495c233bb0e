"""Local gateway for asyncio tests, on the event loop of the test, and its clients."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar, Unpack

from google.protobuf.message import Message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from pushwire.frame import GatewayErrorFrame
from pushwire.gateway import Handler, LocalGateway
from pushwire.operation import Format
from pushwire.testing._running_gateway import PATIENCE_SECONDS, Closed, GatewayUnderTest, callback_url_of, closed
from pushwire.testing.frames import Frames
from pushwire.testing.options import GatewayOptions

__all__ = ["AsyncGatewayClient", "AsyncRunningGateway", "async_local_gateway"]

M = TypeVar("M", bound=Message)


class AsyncGatewayClient:
    """Client of a gateway under test, with a real WebSocket. Close it, or use it as a context manager.

    Attributes:
        socket: The connection object of the package `websockets`.
        connection_id: API Gateway's id of the connection.
    """

    def __init__(self, socket: ClientConnection, connection_id: str, frames: Frames) -> None:
        self.socket = socket
        self.connection_id = connection_id
        self._frames = frames

    @property
    def subprotocol(self) -> str | None:
        """The negotiated subprotocol, or `None`."""
        return self.socket.subprotocol

    async def send(self, route: str, message: Message | None = None, *, frame_format: Format | None = None) -> None:
        """Send a message.

        Args:
            route: The route of its operation, such as `JoinRoom`.
            message: The message. Defaults to `google.protobuf.Empty`.
            frame_format: The format of the frame. Defaults to the format in the contract.

        Raises:
            TypeError: The handler is a router, and its contract has no inbound operation with this route, or another
                message type for it.
            pushwire.FrameError: The message cannot be encoded.
        """
        await self.send_text(self._frames.encode(route, message, frame_format))

    async def send_text(self, text: str) -> None:
        """Send a text message, which need not be a valid frame.

        Args:
            text: The text.
        """
        await self.socket.send(text)

    async def receive(self, message_type: type[M]) -> M:
        """Wait for the next frame, and return its message.

        Args:
            message_type: The expected type of the message.

        Returns:
            The message.

        Raises:
            AssertionError: The frame has another message. The text of the error includes the frame.
            pushwire.FrameError: The frame cannot be decoded.
            TimeoutError: No frame arrived within 30 seconds.
        """
        return self._frames.decode(await self.receive_text(), message_type)

    async def receive_error(self) -> GatewayErrorFrame:
        """Wait for the next frame, and return it as an error frame of API Gateway.

        Raises:
            AssertionError: The frame is not an error frame.
            TimeoutError: No frame arrived within 30 seconds.
        """
        return self._frames.decode_error(await self.receive_text())

    async def receive_text(self) -> str:
        """Wait for the next frame, and return its text.

        Raises:
            TimeoutError: No frame arrived within 30 seconds.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.socket.recv(decode=True)

    async def wait_closed(self) -> Closed:
        """Wait until the gateway has closed the connection.

        Raises:
            AssertionError: A frame arrived instead.
            TimeoutError: The connection was not closed within 30 seconds.
        """
        try:
            text = await self.receive_text()
        except ConnectionClosed as error:
            return closed(error)
        raise AssertionError(f"expected the connection to be closed, received this frame: {text}")

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection. Calling it again does nothing.

        Args:
            code: The close code. Defaults to 1000.
            reason: The reason in the close frame. Defaults to an empty string.
        """
        await self.socket.close(code, reason)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncRunningGateway(GatewayUnderTest):
    """Gateway under test, which runs on the event loop of the test.

    Attributes:
        gateway: The gateway.
        transcript: The traffic of the gateway: connections, events, results, frames, posts.
        faults: Injects faults.
    """

    def __init__(self, gateway: LocalGateway, handler: object) -> None:
        super().__init__(gateway, handler)
        self._sockets = contextlib.AsyncExitStack()

    async def connect(
        self,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        subprotocols: Iterable[str] = (),
    ) -> AsyncGatewayClient:
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
        socket: ClientConnection = await self._sockets.enter_async_context(
            connect(**self._connect_options(query, headers, subprotocols))
        )
        return AsyncGatewayClient(socket, self._connection_id(socket.local_address[1]), self._frames)

    async def advance(self, seconds: float) -> None:
        """Advance the gateway's clock, and wait until the work that falls due is done.

        Args:
            seconds: Seconds to advance. API Gateway closes idle connections after 600 seconds and all connections after
                7,200; it waits 29 seconds for a handler.
        """
        self.gateway.clock.advance(seconds)
        await self.gateway.settled()

    async def settled(self) -> None:
        """Wait for handlers, handshakes and responses in progress, except those that wait for the clock."""
        await self.gateway.settled()

    async def close_clients(self) -> None:
        """Close all open clients."""
        self._drop_silent()
        await self._sockets.aclose()


@contextlib.asynccontextmanager
async def async_local_gateway(
    handler: Handler | None = None, /, **options: Unpack[GatewayOptions]
) -> AsyncGenerator[AsyncRunningGateway]:
    """Run a local gateway on the running event loop, on a free port, while the block runs.

    While the block runs, the environment variable `PUSHWIRE_CALLBACK_URL` is not set, so that handlers post to the
    gateway in their events. For an API on a custom domain, whose events do not have the gateway's address, the variable
    is set to the callback URL of this gateway.

    Args:
        handler: The Lambda handler. The operations of a router become routes. `None` if `routes` has all routes.
        **options: The options of `GatewayOptions`: `routes`, `settings`, `clock` and more.

    Yields:
        The running gateway.

    Raises:
        pushwire.gateway.RouteError: The routes are invalid.
    """
    gateway = LocalGateway(handler, **options)
    async with gateway:
        with callback_url_of(gateway):
            running = AsyncRunningGateway(gateway, handler)
            try:
                yield running
            finally:
                await running.close_clients()
