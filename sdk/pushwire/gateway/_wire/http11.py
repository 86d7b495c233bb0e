"""An incremental reader of HTTP/1.1 requests, on httptools, which wraps llhttp. Sans-I/O.

It keeps the case of header names, reads chunked bodies, and bounds the memory that a peer can use.
"""

from dataclasses import dataclass
from typing import TypeAlias

import httptools

from pushwire.gateway.settings import MAX_MESSAGE_BYTES, Limits

__all__ = ["ContinueExpected", "HttpRequest", "ReaderEvent", "RejectedRequest", "RequestReader"]

# The maximum number of bytes to parse at once. Why: httptools calls back only after a whole header, so the bytes of a
# head are also counted after each piece; small pieces make that bound exact enough.
_PIECE = 16_384


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, with its whole body.

    Attributes:
        method: The method.
        target: The target, as sent.
        headers: The headers in order, with the client's spelling of their names.
        body: The body; `None` if it was larger than a message may be, and was discarded.
        keep_alive: Whether the connection stays open after the response.
        websocket: Whether the request is a WebSocket handshake.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    keep_alive: bool
    websocket: bool

    def header(self, name: str) -> str | None:
        """Return the value of the first header with a name, or `None`.

        Args:
            name: The name in lower case.
        """
        return next((value for found, value in self.headers if found.lower() == name), None)


@dataclass(frozen=True, slots=True)
class ContinueExpected:
    """The client waits for `100 Continue` before it sends the body."""


@dataclass(frozen=True, slots=True)
class RejectedRequest:
    """The peer's bytes are refused with this status; the reader ignores further bytes."""

    status: int


ReaderEvent: TypeAlias = HttpRequest | ContinueExpected | RejectedRequest


class RequestReader:
    """Reads the requests of one connection.

    Attributes:
        remainder: The bytes after a WebSocket handshake; they are frames, not HTTP.

    Args:
        limits: The bounds on the sizes of heads and bodies.
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
        """Whether the reader is between two requests."""
        return self._raw_bytes == 0

    def feed(self, data: bytes) -> list[ReaderEvent]:
        """Parse bytes from the peer and return the events that they complete, in order.

        After a `RejectedRequest`, and after a request with `websocket` set, further bytes are not parsed.
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
        """Parse one piece and return the number of bytes that were read."""
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
        """Parse a request with an `Upgrade` to another protocol, such as h2c, again without that header.

        A server may ignore the header (RFC 9110, section 7.8), but llhttp always obeys it: it treats the body as bytes
        of the other protocol.
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

    # Called by httptools. Why they never raise: httptools would wrap the exception in an `HttpParserError`.

    def on_message_begin(self) -> None:
        """Start a request."""
        self._begin()

    def on_url(self, url: bytes) -> None:
        """Add a part of the target."""
        self._target += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header. Trailers are ignored."""
        self._count_head(len(name) + len(value))
        if not self._head_complete:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Check the head: the method, `Host`, the length of the target, and `Expect`."""
        self._head_complete = True
        if self._over:
            return
        if self._parser.get_method() == b"CONNECT":
            self._refuse(405)
            return
        if self._parser.should_upgrade() and not self._asks_for_websocket():
            return  # `_ignore_upgrade` parses it again
        hosts = sum(name.lower() == b"host" for name, _ in self._headers)
        if hosts != 1 and (hosts or self._parser.get_http_version() != "1.0"):
            self._refuse(400)
        elif len(self._target) > self._limits.url_characters:
            self._refuse(414)
        else:
            self._answer_expectation()

    def on_body(self, body: bytes) -> None:
        """Add a part of the body, or discard the body if it is larger than a message may be."""
        self._body_bytes += len(body)
        if self._body_bytes > MAX_MESSAGE_BYTES:
            self._body = None
        elif self._body is not None:
            self._body += body

    def on_message_complete(self) -> None:
        """Finish the request."""
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
