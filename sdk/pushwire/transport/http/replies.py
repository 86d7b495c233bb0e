"""The replies of the management API, sans-I/O: HTTP/1.1 (RFC 9112) as far as replies to these requests go.

What arrives is not trusted. Whatever it holds, reading it ends in a reply or in a `MalformedReplyError`, in bounded
memory; and a connection that has carried anything but exactly one reply to each request is not used again.
"""

from collections.abc import Container
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pushwire.transport.http.chunks import ChunkedBody

__all__ = ["MalformedReplyError", "Reply", "ReplyParser"]

_LONGEST_HEAD: Final = 16_384
_LONGEST_BODY: Final = 16_384
_MOST_INTERIM_REPLIES: Final = 8

_START: Final = b"HTTP/1."
_LONGEST_LENGTH: Final = 12
_BODILESS: Final = frozenset({204, 304})
_UNTIL_THE_END: Final = -1


class MalformedReplyError(Exception):
    """What has arrived is no reply."""


class Reply(NamedTuple):
    """The reply to one request.

    Attributes:
        status: The HTTP status.
        body: The body, or what has come of it.
        is_whole: Whether the body has come to its end.
        is_last: Whether the connection must not carry another request.
    """

    status: int
    body: bytes
    is_whole: bool
    is_last: bool


class ReplyParser:
    """Reads the replies of one connection, one at a time.

    Args:
        bodiless: The statuses whose replies end with their head.
    """

    __slots__ = ("_bodiless", "_buffer", "_chunks", "_interim", "_is_last", "_length", "_status")

    def __init__(self, bodiless: Container[int] = _BODILESS) -> None:
        self._bodiless = bodiless
        self.start()

    def start(self) -> None:
        """Expect the reply to another request."""
        self._buffer = b""
        self._status = 0
        self._interim = 0
        self._is_last = False
        self._length = 0
        self._chunks: ChunkedBody | None = None

    def feed(self, data: bytes) -> Reply | None:
        """Read on; `None` where the reply is not whole yet.

        Raises:
            MalformedReplyError: What has arrived is no reply.
        """
        if self._buffer:
            data = self._buffer + data
        while not self._status:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                if len(data) > _LONGEST_HEAD or not _START.startswith(data[: len(_START)]):
                    raise MalformedReplyError("what came is no reply of HTTP/1.1, or its head does not end")
                self._buffer = data
                return None
            self._read_head(data[:end])
            data = data[end + 4 :]
        if self._chunks is not None:
            return self._read_chunks(self._chunks, data)
        if len(data) == self._length:
            return Reply(self._status, data, is_whole=True, is_last=self._is_last)
        if 0 <= self._length < len(data):
            return Reply(self._status, data[: self._length], is_whole=True, is_last=True)
        if len(data) > _LONGEST_BODY:
            return Reply(self._status, data[:_LONGEST_BODY], is_whole=False, is_last=True)
        self._buffer = data
        return None

    def end(self) -> Reply:
        """Learn that nothing more will arrive.

        Raises:
            MalformedReplyError: There is no whole head of a reply.
        """
        reply = self.cut()
        if reply is None:
            raise MalformedReplyError("the connection was closed before one came")
        return reply._replace(is_whole=self._length == _UNTIL_THE_END)

    def cut(self) -> Reply | None:
        """What has come of a reply, of which nothing more will be read; `None` where its head was not whole."""
        if not self._status:
            return None
        body = self._buffer if self._chunks is None else bytes(self._chunks.content)
        return Reply(self._status, body, is_whole=False, is_last=True)

    def _read_head(self, head: bytes) -> None:
        if len(head) > _LONGEST_HEAD:
            raise MalformedReplyError("the reply's head is too long")
        status_line, *fields = head.split(b"\r\n")
        if not head.count(b"\r") == head.count(b"\n") == len(fields):
            raise MalformedReplyError("the reply's head has a line end of another kind")
        version, status = status_line[:9], _status(status_line)
        if status < 200:
            self._interim += 1
            if status == 101 or self._interim > _MOST_INTERIM_REPLIES:
                raise MalformedReplyError("the reply is an interim one too many")
            return
        self._read_framing(fields)
        if status in self._bodiless:
            self._length, self._chunks = 0, None
        self._is_last = self._is_last or self._length == _UNTIL_THE_END or version == b"HTTP/1.0 "
        self._buffer = b""
        self._status = status

    def _read_framing(self, fields: list[bytes]) -> None:
        length = _UNTIL_THE_END
        for field in fields:
            name, colon, value = field.partition(b":")
            if not colon or name.strip() != name or not name:
                raise MalformedReplyError("the reply's head has a line that is no header")
            name = name.lower()
            if name == b"content-length":
                value = value.strip(b" \t")
                if not _is_length(value) or length not in {_UNTIL_THE_END, int(value)}:
                    raise MalformedReplyError("the reply's length cannot be read")
                length = int(value)
            elif name == b"transfer-encoding":
                if self._chunks is not None or value.strip(b" \t").lower() != b"chunked":
                    raise MalformedReplyError("the reply's transfer encoding is unknown")
                from pushwire.transport.http.chunks import ChunkedBody  # which API Gateway's replies do not need

                self._chunks = ChunkedBody(_LONGEST_BODY)
            elif name == b"connection":
                self._is_last = self._is_last or b"close" in value.lower()
        if self._chunks is not None:
            if length != _UNTIL_THE_END:
                raise MalformedReplyError("the reply has both a length and a transfer encoding")
            length = 0
        self._length = length

    def _read_chunks(self, chunks: "ChunkedBody", data: bytes) -> Reply | None:
        self._buffer = b""
        if not chunks.feed(data):
            return None
        is_last = self._is_last or chunks.has_excess or not chunks.is_whole
        return Reply(self._status, bytes(chunks.content), is_whole=chunks.is_whole, is_last=is_last)


def _status(line: bytes) -> int:
    """Read a status line, such as `HTTP/1.1 200 OK`."""
    code = line[9:12]
    if line[:9] not in {b"HTTP/1.1 ", b"HTTP/1.0 "} or not code.isdigit() or line[12:13] not in {b"", b" "}:
        raise MalformedReplyError("the reply's status line cannot be read")
    status = int(code)
    if len(code) < 3 or not 100 <= status < 600:
        raise MalformedReplyError("the reply's status line cannot be read")
    return status


def _is_length(value: bytes) -> bool:
    return value.isdigit() and len(value) <= _LONGEST_LENGTH
