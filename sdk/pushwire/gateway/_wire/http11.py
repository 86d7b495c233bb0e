"""A reader of HTTP/1.1 requests: bytes in, requests out. Sans-I/O, on llhttp by httptools.

It keeps the case of header names, reads chunked bodies, and bounds everything that a peer can make it hold.
"""

from dataclasses import dataclass
from typing import TypeAlias

import httptools

from pushwire.gateway.settings import MAX_MESSAGE_BYTES, Limits

__all__ = ["ContinueExpected", "HttpRequest", "ReaderEvent", "RejectedRequest", "RequestReader"]

# The largest piece that is given to the parser at once, so that counts are near enough to bound what it holds.
_PIECE = 16_384


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, with its whole body.

    Attributes:
        method: The method.
        target: The target, as it was sent.
        headers: The headers in order, in the client's case.
        body: The body; `None` if it was larger than a message may be, and was thrown away.
        keep_alive: Whether the client wants the connection kept open.
        websocket: Whether it asks to become a WebSocket connection.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    keep_alive: bool
    websocket: bool

    def header(self, name: str) -> str | None:
        """Return the first header of that name, given in lower case, or `None`."""
        return next((value for found, value in self.headers if found.lower() == name), None)


@dataclass(frozen=True, slots=True)
class ContinueExpected:
    """The client waits for `100 Continue` before it sends the body."""


@dataclass(frozen=True, slots=True)
class RejectedRequest:
    """The peer's bytes are refused with this status; nothing more is read from it."""

    status: int


ReaderEvent: TypeAlias = HttpRequest | ContinueExpected | RejectedRequest


class RequestReader:
    """Reads the requests of one connection, one after the other.

    Attributes:
        remainder: The bytes after a request that asked to become a WebSocket connection; they are not HTTP.

    Args:
        limits: Bounds on heads and bodies.
    """

    __slots__ = (
        "_body",
        "_body_bytes",
        "_completed",
        "_events",
        "_head_bytes",
        "_head_complete",
        "_headers",
        "_limits",
        "_over",
        "_parser",
        "_raw_bytes",
        "_target",
        "remainder",
    )

    def __init__(self, limits: Limits) -> None:
        self.remainder = b""
        self._limits = limits
        self._parser = httptools.HttpRequestParser(self)
        self._events: list[ReaderEvent] = []
        self._over = False
        self._completed = 0
        self._raw_bytes = 0
        self._begin()

    @property
    def idle(self) -> bool:
        """Whether no request has begun."""
        return self._raw_bytes == 0

    def feed(self, data: bytes) -> list[ReaderEvent]:
        """Take bytes from the peer and return what they complete, in order.

        After a `Refusal`, and after a request with `websocket` set, nothing further is read.
        """
        view = memoryview(data)
        while view and not self._over:
            piece = view[:_PIECE]
            view = view[self._feed_piece(piece) :]
        if self._over:
            self.remainder = bytes(view)
        events, self._events = self._events, []
        return events

    def _feed_piece(self, piece: memoryview) -> int:
        """Parse one piece and return how much of it was read."""
        completed = self._completed
        read = len(piece)
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            read = upgrade.args[0]
            self._ignore_upgrade()
        except httptools.HttpParserError:
            self._refuse(400)
        self._raw_bytes = self._raw_bytes + read if self._completed == completed else 0
        if not self._head_complete and self._raw_bytes > self._limits.head_bytes + _PIECE:
            self._refuse(431)
        elif self._raw_bytes > self._limits.discard_bytes:
            self._refuse(413)
        return read

    def _ignore_upgrade(self) -> None:
        """Read a request that asks for another protocol than WebSocket (h2c, say) again, as one that does not ask.

        A server may ignore such a wish. llhttp would not: it takes the body for the other protocol's bytes.
        """
        if self._over or not self._headers:
            return
        kept = [b"%b: %b" % (name, value) for name, value in self._headers if name.lower() != b"upgrade"]
        start = b"%b %b HTTP/%b" % (self._parser.get_method(), self._target, self._parser.get_http_version().encode())
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"\r\n".join([start, *kept, b"", b""]))

    def _begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._head_complete = False
        self._body: bytearray | None = bytearray()
        self._body_bytes = 0

    def _refuse(self, status: int) -> None:
        if not self._over:
            self._over = True
            self._events.append(RejectedRequest(status))

    # Called by httptools. An exception here would be wrapped in its own: refuse instead.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begin()

    def on_url(self, url: bytes) -> None:
        """A part of the target was read."""
        self._target += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header was read, or a trailer, which is ignored."""
        self._count_head(len(name) + len(value))
        if not self._head_complete:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head was read."""
        self._head_complete = True
        if self._over:
            return
        if self._parser.get_method() == b"CONNECT":
            self._refuse(405)
            return
        if self._parser.should_upgrade() and not self._asks_for_websocket():
            return  # it will be read again
        hosts = sum(name.lower() == b"host" for name, _ in self._headers)
        if hosts != 1 and (hosts or self._parser.get_http_version() != "1.0"):
            self._refuse(400)
        elif len(self._target) > self._limits.url_characters:
            self._refuse(414)
        else:
            self._answer_expectation()

    def on_body(self, body: bytes) -> None:
        """A part of the body was read."""
        self._body_bytes += len(body)
        if self._body_bytes > MAX_MESSAGE_BYTES:
            self._body = None
        elif self._body is not None:
            self._body += body

    def on_message_complete(self) -> None:
        """The request was read."""
        websocket = self._asks_for_websocket()
        if self._over or (self._parser.should_upgrade() and not websocket):
            return
        self._completed += 1
        persistent = self._parser.get_http_version() == "1.1"
        self._events.append(
            HttpRequest(
                method=self._parser.get_method().decode("ascii"),
                target=self._target.decode("latin-1"),
                headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers),
                body=None if self._body is None else bytes(self._body),
                keep_alive=persistent and self._parser.should_keep_alive(),
                websocket=websocket,
            )
        )
        self._over = websocket
        self._begin()

    def _asks_for_websocket(self) -> bool:
        upgrades = b",".join(value for name, value in self._headers if name.lower() == b"upgrade").lower()
        return self._parser.should_upgrade() and self._parser.get_http_version() == "1.1" and b"websocket" in upgrades

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._limits.head_bytes:
            self._refuse(431)

    def _answer_expectation(self) -> None:
        expected = next((value for name, value in self._headers if name.lower() == b"expect"), None)
        if expected is None:
            return
        length = next((value for name, value in self._headers if name.lower() == b"content-length"), b"0")
        if expected.lower() != b"100-continue":
            self._refuse(417)
        elif int(length) > MAX_MESSAGE_BYTES:
            self._refuse(413)
        else:
            self._events.append(ContinueExpected())
