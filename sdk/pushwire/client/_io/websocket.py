"""One WebSocket connection, based on websockets: opening, receiving, and whether a message was written."""

import asyncio
import contextlib
import enum
import logging
import ssl
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from websockets.asyncio.client import ClientConnection, connect
from websockets.client import ClientProtocol
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    ProxyError,
)
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event
from websockets.protocol import State as ProtocolState
from websockets.typing import Subprotocol

from pushwire._version import __version__
from pushwire.client._core.lifecycle import Closed, Failure
from pushwire.client.auth import Handshake, is_loopback
from pushwire.client.options import ConnectionSettings
from pushwire.errors import FrameError

if TYPE_CHECKING:
    _LoggerAdapter = logging.LoggerAdapter[logging.Logger]
else:
    _LoggerAdapter = logging.LoggerAdapter

__all__ = ["Receiver", "WebSocket", "Written", "connect_failure", "open_websocket"]

MAX_FRAGMENT_BYTES: Final = 32_768
"""API Gateway closes a client that sends a longer frame ("Quotas for configuring and running a WebSocket API")."""
_NO_PROXY: Final = "NO_PROXY names the hosts that need none"
_INSTALL: Final = "pip install 'python-socks[asyncio]'"
_DATA: Final = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class Receiver(NamedTuple):
    """Callbacks for received data.

    Attributes:
        on_data: Called after bytes were received, also for a part of a message and for a pong.
        on_message: Called with each message: `str` for a text message, `bytes` for a binary one.
        on_malformed: Called with the error for a text message that is not UTF-8, and for a frame that the client
            refuses: too large, compressed, masked, or a fragment without its beginning.
    """

    on_data: Callable[[], object]
    on_message: Callable[[str | bytes], object]
    on_malformed: Callable[[FrameError], object]


class Written(enum.Enum):
    """The result of a write."""

    COMPLETE = "complete"
    """The operating system has taken the whole message. Over TLS asyncio may still hold up to 64 KB of it."""
    INCOMPLETE = "incomplete"
    """The operating system has not taken the whole message. The server cannot have it, so it can be written again."""
    UNKNOWN = "unknown"
    """The connection was lost during the write. The server may have the message."""


class WebSocket(ClientConnection):
    """Connection that passes messages on as they arrive, without a task that waits for each message.

    Besides the documented API of websockets it uses `process_event`, `pending_pings`, `protocol.parser_exc`,
    `protocol.close_sent` and `connect.process_redirect`, and it depends on `ClientConnection` being an
    `asyncio.Protocol`. tests/client/test_websockets.py checks these.
    """

    def __init__(self, protocol: ClientProtocol, *, close_timeout: float, **limits: Any) -> None:
        super().__init__(protocol, close_timeout=close_timeout, **limits)
        self._close_timeout = close_timeout
        self._receiver: Receiver | None = None
        self._early: list[Frame] = []  # frames that arrived before there was a receiver
        self._fragments: list[Frame] = []
        self._transport: asyncio.Transport | None = None
        self._is_paused = False  # whether asyncio has bytes that the operating system has not taken
        self._has_paused = False  # whether that was so during the current write
        self._failing: asyncio.Task[None] | None = None
        self._has_reported = False  # that a frame was refused
        self._abort_timer: asyncio.TimerHandle | None = None

    def receive(self, receiver: Receiver) -> None:
        """Pass all messages to a receiver, beginning with those that have arrived already."""
        self._receiver = receiver
        early, self._early = self._early, []
        for frame in early:
            self._take(frame, receiver)
        self._report_refusal(receiver)

    async def write(self, data: bytes) -> Written:
        """Write a text message, in fragments of at most 32 KB.

        Args:
            data: The text in UTF-8. A fragment may end inside a character, as RFC 6455 allows.
        """
        if not self.is_open:
            return Written.INCOMPLETE
        # Why not False: if pongs wait in the buffer, the message can be queued behind them without another pause.
        self._has_paused = self._is_paused
        fragments = _Fragments(data, self._forget_pause) if len(data) > MAX_FRAGMENT_BYTES else None
        try:
            await self.send(data if fragments is None else fragments, text=True)
            # Why: `send` does not raise if the operating system reports an error at once.
            is_lost = self.state is ProtocolState.CLOSED
        except ConnectionClosed:
            is_lost = True
        if not is_lost:
            return Written.COMPLETE
        # Without a pause the system took all bytes or none; after a pause it may have taken all before the end.
        may_be_complete = self._has_paused and (fragments is None or fragments.exhausted)
        return Written.UNKNOWN if may_be_complete else Written.INCOMPLETE

    async def wait_for_pong(self) -> None:
        """Send a ping, and wait for its pong. Pongs for earlier pings are ignored.

        Why: websockets stores each ping until its pong arrives, which some servers never send.
        """
        self.pending_pings.clear()
        await (await self.ping())

    @property
    def is_open(self) -> bool:
        """Whether messages can be written. They cannot while the connection is being closed."""
        return self.state is ProtocolState.OPEN

    @property
    def closed(self) -> Closed:
        """The close code and reason, after the connection has ended: the client's own if it refused a frame."""
        refused = self.protocol.close_sent if self._failing is not None or self._refusal() is not None else None
        if refused is not None:
            return Closed(int(refused.code), refused.reason)
        return Closed(int(self.close_code or CloseCode.ABNORMAL_CLOSURE), self.close_reason or "")

    async def end(self, closed: Closed, deadline: float) -> None:
        """Close the connection with a close frame. Abort it at the deadline, for example if the server reads nothing.

        Args:
            closed: The code and the reason for the close frame.
            deadline: The time on the event loop's clock when the connection is aborted.
        """
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self.close(*closed)
        finally:
            self.abort()
        await self.wait_closed()

    def abort(self) -> None:
        """Abort the TCP connection."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the TCP connection."""
        super().connection_made(transport)
        self._transport = transport  # type: ignore[assignment] # a Transport, as asyncio.Protocol says

    def data_received(self, data: bytes) -> None:
        """Process bytes from the server."""
        super().data_received(data)
        self._limit_closing()
        if self._receiver is not None:
            self._receiver.on_data()
            self._report_refusal(self._receiver)

    def eof_received(self) -> None:
        """Process the end of the bytes from the server."""
        super().eof_received()
        self._limit_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Process the end of the TCP connection."""
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Record that the operating system has not taken all bytes."""
        self._is_paused = self._has_paused = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """Record that the operating system has taken all bytes."""
        self._is_paused = False
        super().resume_writing()

    # websockets

    def process_event(self, event: Event) -> None:
        """Process the response to the handshake, then frames."""
        if not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
        elif self._receiver is None:
            self._early.append(event)
        else:
            self._take(event, self._receiver)

    def _refusal(self) -> Exception | None:
        """Return why websockets refused a frame of the server; `None` if it refused none."""
        error = self.protocol.parser_exc
        return None if isinstance(error, EOFError) else error  # the end of TCP without a close frame

    def _report_refusal(self, receiver: Receiver) -> None:
        error = self._refusal()
        if error is not None and not self._has_reported:
            self._has_reported = True
            receiver.on_malformed(FrameError(f"the client refused a frame and closes the connection: {error}"))

    def _forget_pause(self) -> None:
        self._has_paused = self._is_paused

    def _limit_closing(self) -> None:
        # Why: websockets waits without a limit for a server that sends a close frame and keeps the TCP connection open.
        if self._abort_timer is None and self.state in (ProtocolState.CLOSING, ProtocolState.CLOSED):
            self._abort_timer = asyncio.get_running_loop().call_later(self._close_timeout, self.abort)

    def _take(self, frame: Frame, receiver: Receiver) -> None:
        if not frame.fin or self._fragments:
            self._fragments.append(frame)
            if not frame.fin:
                return
            frame = Frame(self._fragments[0].opcode, b"".join(fragment.data for fragment in self._fragments))
            self._fragments = []
        if frame.opcode is not Opcode.TEXT:
            receiver.on_message(bytes(frame.data))
            return
        try:
            text = str(frame.data, "utf-8")
        except UnicodeDecodeError:
            receiver.on_malformed(FrameError("the text message is not UTF-8"))
            self._failing = asyncio.create_task(self.close(CloseCode.INVALID_DATA))  # RFC 6455, section 8.1
        else:
            receiver.on_message(text)


class _Fragments:
    """The fragments of one message.

    Attributes:
        exhausted: Whether all fragments have been read. websockets then ends the message with an empty fragment.
    """

    def __init__(self, data: bytes, when_exhausted: Callable[[], None]) -> None:
        self._data = memoryview(data)
        self._when_exhausted = when_exhausted
        self.exhausted = False

    def __iter__(self) -> Iterator[memoryview]:
        for start in range(0, len(self._data), MAX_FRAGMENT_BYTES):
            yield self._data[start : start + MAX_FRAGMENT_BYTES]
        self.exhausted = True
        self._when_exhausted()


class _NoDebugLogger(_LoggerAdapter):
    """The logger `pushwire.client` without DEBUG.

    Why: at DEBUG websockets logs whole handshakes, with tokens and signatures.
    """

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the name in logging
        return level > logging.DEBUG and super().isEnabledFor(level)


_LOGGER: Final = _NoDebugLogger(logging.getLogger("pushwire.client"), {})

_TLS_WRITE_LIMITS: Final = (1, 0)
"""The limits of asyncio's write buffer over TLS.

Why: with limits of 0, asyncio pauses a writer to TCP until its buffer is empty, so that a send returns when the
operating system has taken all bytes. The same limits would pause a writer to TLS forever, because asyncio resumes it
only when the size of the buffer is below the limit.
"""


class _ConnectWithoutRedirects(connect):
    """`connect` without redirects. A redirect is a refused handshake, because the token is for one host only."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_websocket(handshake: Handshake, settings: ConnectionSettings) -> WebSocket:
    """Open a connection.

    Raises:
        OSError: The network or TLS failed.
        websockets.exceptions.InvalidHandshake: The response does not accept the handshake.
    """
    tls: dict[str, Any] = {} if settings.ssl is None else {"ssl": settings.ssl}
    connection: Any = await _ConnectWithoutRedirects(
        handshake.url,
        subprotocols=[Subprotocol(name) for name in handshake.subprotocols] or None,
        compression=None,  # API Gateway does not negotiate extensions
        additional_headers=handshake.headers,
        user_agent_header=f"pushwire/{__version__}",
        proxy=_proxy_for(handshake.url),
        open_timeout=None,  # the caller has a time-out
        ping_interval=None,
        close_timeout=settings.close_timeout,
        max_queue=None,
        write_limit=_TLS_WRITE_LIMITS if handshake.url.startswith("wss:") else 0,
        logger=_LOGGER,
        create_connection=WebSocket,
        **tls,
    )
    websocket: WebSocket = connection  # because of create_connection
    return websocket


def connect_failure(error: BaseException, url: str) -> Failure:
    """Return the reason why a connection was not opened. The text never has a token, nor a proxy's password."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return Failure(f"the server answered the handshake with HTTP {status}", status, error)
    proxy = _proxy_for(url)
    if proxy is None:
        return Failure(_reason(error), None, error)
    name = f"the proxy {proxy.rpartition('@')[2].rpartition('://')[2]} of the environment"
    if isinstance(error, InvalidProxyStatus):
        status = error.response.status_code
        remedy = (
            "put a user name and a password into its URL"
            if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
            else _NO_PROXY
        )
        return Failure(f"{name} answered with HTTP {status}; {remedy}", None, error)
    if isinstance(error, InvalidProxy):
        return Failure(f"{name} cannot be used: {error.msg}", None, error)
    if isinstance(error, ImportError):
        return Failure(f"{name} is a SOCKS proxy, and python-socks is not installed: {_INSTALL}", None, error)
    if isinstance(error, ProxyError):
        return Failure(f"{name} did not answer as a proxy does: {error.__cause__ or error}; {_NO_PROXY}", None, error)
    return Failure(f"{_reason(error)} (through {name}; {_NO_PROXY})", None, error)


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        reason = "no response within connect_timeout"
    elif isinstance(error, ssl.SSLCertVerificationError):
        reason = f"the server's certificate is not trusted: {error.verify_message}"
    elif isinstance(error, InvalidMessage):
        reason = "the response to the handshake is missing or is not HTTP"
    elif isinstance(error, InvalidHandshake):
        reason = f"the response is not that of a WebSocket server ({type(error).__name__})"
    elif isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
    else:
        reason = type(error).__name__
    return reason


def _proxy_for(url: str) -> str | None:
    """Return the URL of the proxy that the environment names for a WebSocket URL, chosen as websockets does.

    Why not by websockets: an error has to say whether there was a proxy.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    if is_loopback(url) or proxy_bypass(f"{parts.hostname}:{parts.port or (443 if secure else 80)}"):
        return None
    proxies = getproxies()
    schemes = ("wss", "socks", "https") if secure else ("ws", "socks", "https", "http")
    scheme = next((scheme for scheme in schemes if scheme in proxies), None)
    if scheme is None:
        return None
    proxy = proxies[scheme]
    # macOS writes its SOCKS proxy as http.
    return f"socks5h://{proxy.removeprefix('http://')}" if scheme == "socks" and proxy.startswith("http://") else proxy
