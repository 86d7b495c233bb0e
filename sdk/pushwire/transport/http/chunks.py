"""A chunked body (RFC 9112, section 7.1), sans-I/O."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ChunkedBody"]

_LONGEST_SIZE_LINE: Final = 256
_LONGEST_TRAILERS: Final = 16_384

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?").fullmatch


class ChunkedBody:
    """Is fed with what arrives until it ends, whole or not.

    Args:
        most: How many bytes to read; a longer body ends there.

    Attributes:
        content: What has come of the body.
        is_whole: Whether it came to its end.
        has_excess: Whether more has arrived than the body.
    """

    def __init__(self, most: int) -> None:
        self.content = bytearray()
        self.is_whole = False
        self.has_excess = False
        self._most = most
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bool:
        """Read on; `True` when nothing more is to be read: it is whole, too long, or malformed."""
        self._buffer += data
        while True:
            line_end = self._buffer.find(b"\r\n")
            if line_end < 0:
                return len(self._buffer) > _LONGEST_SIZE_LINE
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
            return len(self._buffer) > _LONGEST_TRAILERS
        self.is_whole = True
        self.has_excess = len(self._buffer) > end + 4
        return True
