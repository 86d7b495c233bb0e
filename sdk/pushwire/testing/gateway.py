"""A local gateway for tests without an event loop, and its clients."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping
from types import TracebackType
from typing import NamedTuple, Self, TypeVar, Unpack
from urllib.parse import urlencode

from google.protobuf.message import Message
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from pushwire.callback_url import ENVIRONMENT_VARIABLE
from pushwire.frame import GatewayErrorFrame
from pushwire.gateway import Faults, Handler, LocalGateway, Transcript, serve_in_thread
from pushwire.operation import Format
from pushwire.testing.frames import Frames
from pushwire.testing.options import GatewayOptions

__all__ = [
    "PATIENCE_SECONDS",
    "Closed",
    "GatewayClient",
    "RunningGateway",
    "callback_url_of",
    "closed",
    "local_gateway",
]

M = TypeVar("M", bound=Message)
T = TypeVar("T")

PATIENCE_SECONDS = 30.0
"""How long a client waits for something to arrive before it fails; a test that passes never waits so long."""


class Closed(NamedTuple):
    """How a connection was closed, as its client sees it.

    Attributes:
        code: The close code; 1006 where no close frame came.
        reason: The reason.
    """

    code: int
    reason: str


def closed(error: ConnectionClosed) -> Closed:
    """Return how a connection was closed, as its client sees it."""
    return Closed(1006, "") if error.rcvd is None else Closed(error.rcvd.code, error.rcvd.reason)


class GatewayClient:
    """A client of a gateway under test: a real WebSocket, on `websockets`. Close it, or use it as a context manager.

    Attributes:
        socket: The WebSocket itself, for everything else.
        connection_id: The id of its connection.
    """

    def __init__(self, socket: ClientConnection, connection_id: str, frames: Frames) -> None:
        self.socket = socket
        self.connection_id = connection_id
        self._frames = frames

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was agreed on, if one was."""
        return self.socket.subprotocol

    def send(self, route: str, message: Message | None = None, *, frame_format: Format | None = None) -> None:
        """Send a message.

        Args:
            route: The route of its operation, such as `JoinRoom`.
            message: The message; `Empty` unless given.
            frame_format: The format to send in, instead of the contract's.

        Raises:
            TypeError: The handler is a router, and its contract has no such inbound operation or another message type.
            pushwire.FrameError: The message cannot be encoded.
        """
        self.send_text(self._frames.encode(route, message, frame_format))

    def send_text(self, text: str) -> None:
        """Send any text."""
        self.socket.send(text)

    def receive(self, message_type: type[M]) -> M:
        """Wait for the next frame, and return its message.

        Args:
            message_type: What it should hold.

        Raises:
            AssertionError: It holds something else, which the text tells.
            TimeoutError: None came.
        """
        return self._frames.decode(self.receive_text(), message_type)

    def receive_error(self) -> GatewayErrorFrame:
        """Wait for the next frame, which should be an error frame of API Gateway's.

        Raises:
            AssertionError: It is none.
            TimeoutError: None came.
        """
        return self._frames.decode_error(self.receive_text())

    def receive_text(self) -> str:
        """Wait for the next frame, and return its text.

        Raises:
            TimeoutError: None came.
        """
        text = self.socket.recv(timeout=PATIENCE_SECONDS)
        return text if isinstance(text, str) else text.decode()

    def wait_closed(self) -> Closed:
        """Wait until the gateway has closed the connection.

        Raises:
            AssertionError: A frame came instead.
            TimeoutError: It did not.
        """
        try:
            text = self.receive_text()
        except ConnectionClosed as error:
            return closed(error)
        raise AssertionError(f"the connection should have been closed, and this frame came: {text}")

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection. Calling it again does nothing."""
        self.socket.close(code, reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RunningGateway:
    """A gateway under test.

    Attributes:
        gateway: The gateway itself. It runs in a thread of its own, so do not call it.
        transcript: All that has passed, from connecting to disconnecting: events, results, frames, posts.
        faults: What can go wrong, on demand.
    """

    def __init__(self, gateway: LocalGateway, handler: object) -> None:
        self.gateway = gateway
        self.transcript = Transcript()
        self.faults: Faults = gateway.faults
        self._frames = Frames(handler)
        self._sockets = contextlib.ExitStack()
        self._silent: set[str] = set()
        gateway.observe(self.transcript)

    @property
    def url(self) -> str:
        """The URL that clients connect to."""
        return self.gateway.url

    @property
    def callback_url(self) -> str:
        """The URL that servers post to: `ChatServerSdk(gateway.callback_url)`."""
        return self.gateway.callback_url

    @property
    def connection_ids(self) -> tuple[str, ...]:
        """The ids of the connections that are open."""
        return tuple(connection.id for connection in self.gateway.registry)

    def connect(
        self,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        subprotocols: Iterable[str] = (),
    ) -> GatewayClient:
        """Connect a client. It is closed with the gateway, if not before.

        Args:
            query: The parameters of its URL.
            headers: Headers of its handshake, besides those that every handshake has.
            subprotocols: The subprotocols that it offers.

        Raises:
            websockets.exceptions.InvalidStatus: The handshake was refused; `response.status_code` says how.
        """
        socket: ClientConnection = self._sockets.enter_context(
            connect(
                f"{self.url}?{urlencode(query)}" if query else self.url,
                additional_headers=dict(headers or {}),
                subprotocols=[Subprotocol(name) for name in subprotocols] or None,
                compression=None,
                open_timeout=PATIENCE_SECONDS,
                close_timeout=PATIENCE_SECONDS,
                ping_interval=None,
                proxy=None,
            )
        )
        port = socket.local_address[1]
        connection_id = next(known.id for known in self.gateway.registry if known.source_port == port)
        return GatewayClient(socket, connection_id, self._frames)

    def advance(self, seconds: float) -> None:
        """Set the gateway's clock ahead, and wait until what falls due is done.

        Args:
            seconds: How far: 600 for an idle connection, 7,200 for the end of any, 29 for a handler.
        """

        async def advance() -> None:
            self.gateway.clock.advance(seconds)
            await self.gateway.settled()

        self._run(advance())

    def settled(self) -> None:
        """Wait until everything that has begun is done: handlers, handshakes, answers; not what waits for the clock."""
        self._run(self.gateway.settled())

    def silence(self, connection_id: str | None = None, *, disconnect_after: float | None = None) -> None:
        """Let clients die silently: posts are accepted and reach nobody, and nothing they send is heard.

        Args:
            connection_id: Which one; all that are open unless given.
            disconnect_after: After how many seconds, on the gateway's clock, `$disconnect` runs; never unless given.
        """
        self._silent.update(self.connection_ids if connection_id is None else [connection_id])
        self._call(lambda: self.gateway.silence(connection_id, disconnect_after=disconnect_after))

    def drop(self, connection_id: str | None = None) -> None:
        """Cut the TCP connections of clients: they see no close frame, and `$disconnect` runs with 1006.

        Args:
            connection_id: Which one; all that are open unless given.
        """
        self._call(lambda: self.gateway.drop(connection_id))

    def close(self, connection_id: str | None = None, *, code: int = 1012, reason: str = "Service restart") -> None:
        """Close clients with a close frame.

        Args:
            connection_id: Which one; all that are open unless given.
            code: The close code.
            reason: The reason that goes with it.
        """
        self._call(lambda: self.gateway.close(connection_id, code=code, reason=reason))

    def close_clients(self) -> None:
        """Close the clients that are open; nobody would answer those that have died silently."""
        for connection_id in self._silent:
            self.drop(connection_id)
        self._sockets.close()

    def _call(self, action: Callable[[], None]) -> None:
        async def act() -> None:
            action()

        self._run(act())

    def _run(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.gateway.loop).result(PATIENCE_SECONDS)


@contextlib.contextmanager
def local_gateway(handler: Handler | None = None, /, **options: Unpack[GatewayOptions]) -> Generator[RunningGateway]:
    """Run a local gateway while the block runs, in a thread of its own, on a free port.

    The environment's `PUSHWIRE_CALLBACK_URL` is put aside, so that handlers post to this gateway; for an API on a
    custom domain, where no event tells the address, it is this gateway's callback URL.

    Args:
        handler: The Lambda handler; a router tells its routes. `None` if `routes` has all.
        options: As in `GatewayOptions`: `routes`, `settings`, `clock` and more.

    Raises:
        pushwire.gateway.RouteError: If the routes cannot work.
    """
    gateway = LocalGateway(handler, **options)
    with serve_in_thread(gateway), callback_url_of(gateway):
        running = RunningGateway(gateway, handler)
        try:
            yield running
        finally:
            running.close_clients()


@contextlib.contextmanager
def callback_url_of(gateway: LocalGateway) -> Generator[None]:
    """Have the environment say what handlers of this gateway need, while the block runs."""
    before = os.environ.pop(ENVIRONMENT_VARIABLE, None)
    if gateway.settings.custom_domain is not None:
        os.environ[ENVIRONMENT_VARIABLE] = gateway.callback_url
    try:
        yield
    finally:
        os.environ.pop(ENVIRONMENT_VARIABLE, None)
        if before is not None:
            os.environ[ENVIRONMENT_VARIABLE] = before
