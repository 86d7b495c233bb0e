"""Sans-I/O parser for the management API's responses: the part of HTTP/1.1 (RFC 9112) that they use.

Received bytes are not trusted. Parsing always ends in a response or in a `MalformedResponseError`, in bounded memory.
A connection that carried anything other than exactly one response to each request is not used again.
"""

from collections.abc import Container
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pushwire.transport.http._chunks import ChunkedBody

__all__ = ["MalformedResponseError", "Response", "ResponseParser"]

_MAX_HEAD: Final = 16_384
_MAX_BODY: Final = 16_384
_MAX_INTERIM_RESPONSES: Final = 8

_START: Final = b"HTTP/1."
_MAX_LENGTH_DIGITS: Final = 12
_BODILESS: Final = frozenset({204, 304})
_UNTIL_THE_END: Final = -1


class MalformedResponseError(Exception):
    """The received bytes are not an HTTP/1.1 response."""


class Response(NamedTuple):
    """The response to one request.

    Attributes:
        status: The HTTP status.
        body: The body, or the part of it that was received.
        complete: Whether the whole body was received.
        must_close: Whether the connection cannot carry another request.
    """

    status: int
    body: bytes
    complete: bool
    must_close: bool


class ResponseParser:
    """Parses the responses of one connection, one at a time.

    Args:
        bodiless: The statuses whose responses end with their head.
    """

    __slots__ = ("_bodiless", "_buffer", "_chunks", "_interim", "_length", "_must_close", "_status")

    def __init__(self, bodiless: Container[int] = _BODILESS) -> None:
        self._bodiless = bodiless
        self.start()

    def start(self) -> None:
        """Expect the response to another request."""
        self._buffer = b""
        self._status = 0
        self._interim = 0
        self._must_close = False
        self._length = 0
        self._chunks: ChunkedBody | None = None

    def feed(self, data: bytes) -> Response | None:
        """Parse received bytes; return `None` while the response is not complete.

        Raises:
            MalformedResponseError: The bytes are not an HTTP/1.1 response.
        """
        if self._buffer:
            data = self._buffer + data
        while not self._status:
            end = data.find(b"\r\n\r\n")
            head = end + 4 if end >= 0 else len(data)
            if head > _MAX_HEAD or (end < 0 and not _START.startswith(data[: len(_START)])):
                raise MalformedResponseError("the server did not send an HTTP/1.1 response, or its head is too long")
            if end < 0:
                self._buffer = data
                return None
            self._read_head(data[:end])
            data = data[end + 4 :]
        if self._chunks is not None:
            return self._read_chunks(self._chunks, data)
        if len(data) == self._length:
            return Response(self._status, data, complete=True, must_close=self._must_close)
        if 0 <= self._length < len(data):
            return Response(self._status, data[: self._length], complete=True, must_close=True)
        if len(data) > _MAX_BODY:
            return Response(self._status, data[:_MAX_BODY], complete=False, must_close=True)
        self._buffer = data
        return None

    def end(self) -> Response:
        """Handle the end of the stream.

        Raises:
            MalformedResponseError: The head of a response is missing or incomplete.
        """
        response = self.partial_response()
        if response is None:
            raise MalformedResponseError("the server closed the connection without a response")
        return response._replace(complete=self._length == _UNTIL_THE_END)

    def partial_response(self) -> Response | None:
        """Return the response as far as it was received; `None` while its head is not complete."""
        if not self._status:
            return None
        body = self._buffer if self._chunks is None else bytes(self._chunks.content)
        return Response(self._status, body, complete=False, must_close=True)

    def _read_head(self, head: bytes) -> None:
        status_line, *fields = head.split(b"\r\n")
        if not head.count(b"\r") == head.count(b"\n") == len(fields):
            raise MalformedResponseError("the head of the response has a line end other than CRLF")
        version, status = status_line[:9], _status(status_line)
        if status < 200:
            self._interim += 1
            if status == 101 or self._interim > _MAX_INTERIM_RESPONSES:
                raise MalformedResponseError("the server sent too many interim responses")
            return
        self._read_framing(fields)
        if status in self._bodiless:
            self._length, self._chunks = 0, None
        self._must_close = self._must_close or self._length == _UNTIL_THE_END or version == b"HTTP/1.0 "
        self._buffer = b""
        self._status = status

    def _read_framing(self, fields: list[bytes]) -> None:
        length = _UNTIL_THE_END
        for field in fields:
            name, colon, value = field.partition(b":")
            if not colon or name.strip() != name or not name:
                raise MalformedResponseError("the head of the response has a line that is not a header")
            name = name.lower()
            if name == b"content-length":
                value = value.strip(b" \t")
                is_length = value.isdigit() and len(value) <= _MAX_LENGTH_DIGITS
                if not is_length or length not in {_UNTIL_THE_END, int(value)}:
                    raise MalformedResponseError("the Content-Length of the response cannot be read")
                length = int(value)
            elif name == b"transfer-encoding":
                if self._chunks is not None or value.strip(b" \t").lower() != b"chunked":
                    raise MalformedResponseError("the Transfer-Encoding of the response is unknown")
                from pushwire.transport.http._chunks import ChunkedBody  # API Gateway's responses do not need it

                self._chunks = ChunkedBody(_MAX_BODY)
            elif name == b"connection":
                self._must_close = self._must_close or b"close" in value.lower()
        if self._chunks is not None:
            if length != _UNTIL_THE_END:
                raise MalformedResponseError("the response has both a Content-Length and a Transfer-Encoding")
            length = 0
        self._length = length

    def _read_chunks(self, chunks: "ChunkedBody", data: bytes) -> Response | None:
        self._buffer = b""
        if not chunks.feed(data):
            return None
        must_close = self._must_close or chunks.has_excess or not chunks.complete
        return Response(self._status, bytes(chunks.content), complete=chunks.complete, must_close=must_close)


def _status(line: bytes) -> int:
    """Read a status line, such as `HTTP/1.1 200 OK`."""
    code = line[9:12]
    if line[:9] in {b"HTTP/1.1 ", b"HTTP/1.0 "} and line[12:13] in {b"", b" "} and len(code) == 3 and code.isdigit():
        status = int(code)
        if 100 <= status < 600:
            return status
    raise MalformedResponseError("the status line of the response cannot be read")
