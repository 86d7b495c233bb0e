"""One WebSocket connection, on websockets: opening it, what arrives, and whether what was written has left. All I/O."""

import asyncio
import contextlib
import enum
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event, State
from websockets.typing import Subprotocol

from pushwire._version import __version__
from pushwire.client.endings import Closed
from pushwire.client.handshake import Handshake
from pushwire.client.quiet import QUIET
from pushwire.client.settings import Settings
from pushwire.client.url import is_loopback
from pushwire.errors import FrameError

__all__ = ["Receiver", "Socket", "Written", "open_socket"]

MAX_FRAGMENT_BYTES: Final = 32_768
"""API Gateway closes a client that sends a longer frame ("Quotas for configuring and running a WebSocket API")."""


class Receiver(NamedTuple):
    """Who takes what arrives.

    Attributes:
        heard: Is called after something has come, if only a part of a message, or a pong.
        received: Is called with each message: the text of a text message, the bytes of a binary one.
        malformed: Is called with what is wrong with a message that has no text.
    """

    heard: Callable[[], object]
    received: Callable[[str | bytes], object]
    malformed: Callable[[FrameError], object]


class Written(enum.Enum):
    """What became of a write."""

    WHOLE = "whole"
    """The operating system has taken all of it. Over TLS: all but what asyncio still holds of it, 64 KB at most."""
    NOT = "not"
    """It has not: the peer cannot have the whole message, so it can be written again."""
    UNKNOWN = "unknown"
    """The connection was lost meanwhile: the peer may have it."""


class Socket(ClientConnection):
    """A connection that hands messages on as they arrive, without a task that waits for each."""

    def __init__(self, protocol: ClientProtocol, **limits: Any) -> None:
        super().__init__(protocol, **limits)
        self._receiver: Receiver | None = None
        self._kept: list[Frame] = []
        self._fragments: list[Frame] = []
        self._has_paused = False
        self._failing: asyncio.Task[None] | None = None
        self._cut: asyncio.TimerHandle | None = None

    def receive(self, receiver: Receiver) -> None:
        """Hand everything that arrives to a receiver: what came with the handshake first, then the rest."""
        self._receiver = receiver
        kept, self._kept = self._kept, []
        for frame in kept:
            self._take(frame, receiver)

    async def write(self, data: bytes) -> Written:
        """Write a text message, in fragments of at most 32 KB.

        Args:
            data: Its text in UTF-8. Cuts may fall inside a character, as RFC 6455 allows.
        """
        if not self.is_open:
            return Written.NOT
        self._has_paused = self.paused  # by pongs, say: then it may all leave behind them, unseen
        fragments = _Fragments(data, self._forget_pause) if len(data) > MAX_FRAGMENT_BYTES else None
        try:
            await self.send(data if fragments is None else fragments, text=True)
            lost = self._is_lost()  # what the system refuses at once raises nothing
        except ConnectionClosed:
            lost = True
        if not lost:
            return Written.WHOLE
        # Without a pause the system took all or nothing; with one, it may have taken all before the end.
        has_left = self._has_paused and (fragments is None or fragments.exhausted)
        return Written.UNKNOWN if has_left else Written.NOT

    async def ask(self) -> None:
        """Ask the peer whether it is there, and wait for its answer. No other answer is waited for any more."""
        self.pending_pings.clear()
        await (await self.ping())

    @property
    def is_open(self) -> bool:
        """Whether it can be written to. One that is being closed cannot."""
        return self.state is State.OPEN

    @property
    def closed(self) -> Closed:
        """How it was closed, once it is."""
        return Closed(int(self.close_code or CloseCode.ABNORMAL_CLOSURE), self.close_reason or "")

    async def end(self, closed: Closed, deadline: float) -> None:
        """Close it with a close frame; cut it if that takes too long, as with a peer that reads nothing any more.

        Args:
            closed: How.
            deadline: Until when, on the event loop's clock.
        """
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self.close(*closed)
        finally:
            self.drop()
        await self.wait_closed()

    def drop(self) -> None:
        """Cut the TCP connection."""
        self.transport.abort()

    # What websockets and the event loop call

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        super().data_received(data)
        self._end_in_time()
        if self._receiver is not None:
            self._receiver.heard()

    def eof_received(self) -> None:
        """Take note that the peer will send nothing more."""
        super().eof_received()
        self._end_in_time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end."""
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)

    def process_event(self, event: Event) -> None:
        """Take the answer to the handshake, then frames."""
        if not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
        elif self._receiver is None:
            self._kept.append(event)
        else:
            self._take(event, self._receiver)

    def pause_writing(self) -> None:
        """Take note that the system did not take all that was written."""
        self._has_paused = True
        super().pause_writing()

    def _is_lost(self) -> bool:
        return self.state is State.CLOSED

    def _forget_pause(self) -> None:
        self._has_paused = self.paused

    def _end_in_time(self) -> None:
        """Cut it where the peer has said goodbye and then does not hang up: websockets would wait for ever."""
        if self._cut is None and self.state in (State.CLOSING, State.CLOSED):
            self._cut = self.loop.call_later(self.close_timeout or 0.0, self.drop)

    def _take(self, frame: Frame, receiver: Receiver) -> None:
        if not frame.fin or self._fragments:
            self._fragments.append(frame)
            if not frame.fin:
                return
            frame = Frame(self._fragments[0].opcode, b"".join(fragment.data for fragment in self._fragments))
            self._fragments = []
        if frame.opcode is not Opcode.TEXT:
            receiver.received(bytes(frame.data))
            return
        try:
            text = str(frame.data, "utf-8")
        except UnicodeDecodeError:
            receiver.malformed(FrameError("a text message that is not UTF-8"))
            self._failing = self.loop.create_task(self.close(CloseCode.INVALID_DATA))  # RFC 6455, section 8.1
        else:
            receiver.received(text)


_PAUSES_TLS_AT_A_BYTE: Final = (1, 0)
"""With limits of 0 asyncio pauses whoever writes to TCP while there is anything left to take, so that a send returns
when the system has taken all of it; and whoever writes to TLS for ever, as there is never less than nothing left."""

_DATA: Final = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class _Fragments:
    """The fragments of one message.

    Attributes:
        exhausted: Whether all have been taken; websockets then ends the message with an empty one.
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


class _ConnectWithoutRedirects(connect):
    """Takes a redirect for the refusal that it is: a token is for one host."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_socket(handshake: Handshake, settings: Settings) -> Socket:
    """Connect.

    Raises:
        OSError: The network failed; TLS included.
        websockets.exceptions.InvalidHandshake: The handshake was answered with something else.
    """
    tls: dict[str, Any] = {} if settings.ssl is None else {"ssl": settings.ssl}
    connection: Any = await _ConnectWithoutRedirects(
        handshake.url,
        subprotocols=[Subprotocol(name) for name in handshake.subprotocols] or None,
        compression=None,  # API Gateway negotiates no extension
        additional_headers=handshake.headers,
        user_agent_header=f"pushwire/{__version__}",
        proxy=None if is_loopback(handshake.url) else True,
        open_timeout=None,  # the caller's
        ping_interval=None,
        close_timeout=settings.close_timeout,
        max_queue=None,
        write_limit=_PAUSES_TLS_AT_A_BYTE if handshake.url.startswith("wss:") else 0,
        logger=QUIET,
        create_connection=Socket,
        **tls,
    )
    socket: Socket = connection  # as create_connection says
    return socket
