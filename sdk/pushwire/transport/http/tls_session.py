"""TLS on one connection, sans-I/O: what arrives sealed is opened, and what is to be sent is sealed.

For an event loop, whose own TLS costs as much again as all the rest of a post: it is made for streams, which are
flushed, paused and shut down.
"""

from __future__ import annotations

import ssl
from typing import Final

__all__ = ["TlsSession"]

_AT_ONCE: Final = 16_384
"""The longest record (RFC 8446, section 5.1)."""


class TlsSession:
    """A client's side of a connection.

    Args:
        context: Says whom to trust.
        host: The name that the peer's certificate has to be for.

    Attributes:
        has_ended: Whether nothing more will come: the peer has said so, or what it sent cannot be opened.
    """

    __slots__ = ("_incoming", "_object", "_outgoing", "has_ended")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.has_ended = False
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        # In bytes: to encode a name Python would import all that IDNA needs.
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host.encode())

    def handshake(self, received: bytes | None = None) -> bool:
        """Go on with the handshake; `to_send` has what goes to the peer then, also where this raises.

        Args:
            received: What has come; empty where the connection has ended.

        Returns:
            Whether it is done. If not, more has to come.

        Raises:
            ssl.SSLError: There is no trust, or no TLS.
        """
        if received:
            self._incoming.write(received)
        elif received is not None:
            self._incoming.write_eof()
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def to_send(self) -> bytes:
        """What TLS itself has to tell the peer; empty for nothing."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def seal(self, data: bytes) -> bytes:
        """Seal what is to be sent.

        Raises:
            ssl.SSLError: This connection can send nothing more.
        """
        sealed = self._object.write(data)
        while sealed < len(data):
            sealed += self._object.write(data[sealed:])
        return self._outgoing.read()

    def open(self, received: memoryview) -> bytes:
        """Open what has come; empty where no record of the peer's data is whole.

        Raises:
            ssl.SSLError: It was not sealed by the peer.
        """
        self._incoming.write(received)
        opened = b""
        try:
            # Asked first, because to read where there is nothing takes as long as to read a record.
            while (self._incoming.pending or self._object.pending()) and not self.has_ended:
                record = self._object.read(_AT_ONCE)
                opened += record
                self.has_ended = not record
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            if not opened:
                raise
            self.has_ended = True  # what came whole before counts
        return opened
