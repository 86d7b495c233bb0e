"""Sans-I/O decoder for chunked bodies (RFC 9112, section 7.1)."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ChunkedBody"]

_MAX_SIZE_LINE: Final = 256
_MAX_TRAILERS: Final = 16_384

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?").fullmatch


class ChunkedBody:
    """Incremental decoder for one chunked body.

    Args:
        most: The number of bytes to decode; a longer body is truncated.

    Attributes:
        content: The part of the body that was received.
        complete: Whether the whole body was received.
        has_excess: Whether bytes follow the body.
    """

    def __init__(self, most: int) -> None:
        self.content = bytearray()
        self.complete = False
        self.has_excess = False
        self._most = most
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bool:
        """Decode received bytes; return `True` when the body is complete, too long, or malformed."""
        self._buffer += data
        while True:
            line_end = self._buffer.find(b"\r\n")
            if line_end < 0:
                return len(self._buffer) > _MAX_SIZE_LINE
            size_line = _SIZE(self._buffer[:line_end])
            if size_line is None:
                return True
            size = int(size_line[1], 16)
            if size == 0:
                return self._read_trailers(line_end)
            start = line_end + 2
            if len(self.content) + size > self._most:
                self.content += self._buffer[start : start + self._most - len(self.content)]
                return True
            if len(self._buffer) < start + size + 2:
                return False
            if not self._buffer.startswith(b"\r\n", start + size):
                return True
            self.content += self._buffer[start : start + size]
            del self._buffer[: start + size + 2]

    def _read_trailers(self, start: int) -> bool:
        end = self._buffer.find(b"\r\n\r\n", start)
        if end < 0:
            return len(self._buffer) > _MAX_TRAILERS
        self.complete = True
        self.has_excess = len(self._buffer) > end + 4
        return True
