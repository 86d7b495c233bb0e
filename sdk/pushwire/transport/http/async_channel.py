"""One kept-alive connection to the endpoint, on an event loop."""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
from collections.abc import Callable
from typing import Final, cast

from pushwire.transport.http.channel import wait
from pushwire.transport.http.replies import MalformedReplyError, Reply, ReplyParser
from pushwire.transport.http.tls_session import TlsSession

__all__ = ["AsyncChannel", "Ended"]

_AT_ONCE: Final = 16_384

Ended = Reply | Exception
"""How an exchange has ended: with a reply, or with why none came."""


class AsyncChannel(asyncio.BufferedProtocol):
    """An open connection that carries one request at a time.

    It brings its own buffer: for a protocol without one, asyncio allocates 256 KiB for each read.

    Args:
        connection: The socket beneath the transport.
        tls: The TLS on it, after the handshake; `None` for none.

    Attributes:
        idle_since: When it last carried a reply; kept by the pool.
        has_sent_all: Whether the whole request has left, so that it may have arrived.
    """

    def __init__(self, connection: socket.socket, tls: TlsSession | None = None) -> None:
        self.idle_since = 0.0
        self.has_sent_all = False
        self._connection = connection
        self._tls = tls
        self._process = os.getpid()
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(_AT_ONCE))
        self._parser = ReplyParser()
        self._done: Callable[[Ended], object] | None = None
        self._is_paused = False

    def is_intact(self) -> bool:
        """Whether an idle channel is still open, and nothing has come that nobody asked for."""
        # The loop may not have read yet what is there to be read: the end, after a Lambda was frozen.
        return not self._transport.is_closing() and not wait(self._connection, selectors.EVENT_READ, 0)

    def start(self, request: bytes, done: Callable[[Ended], object]) -> None:
        """Send a request; `done` is called when the exchange has ended, unless the channel is closed before."""
        self._parser.start()
        self._done = done
        self.has_sent_all = False
        if self._transport.is_closing():  # a write would be dropped in silence
            self._end(ConnectionError("the connection was closed"))
            return
        try:
            self._transport.write(request if self._tls is None else self._tls.seal(request))
        except OSError as exc:
            self._end(exc)
        else:
            self.has_sent_all = not (self._is_paused or self._transport.is_closing())

    def give_up(self, reason: Exception) -> None:
        """End the exchange with what has come of the reply, or with a reason."""
        self._end(self._parser.cut() or reason)

    def close(self) -> None:
        """Close the connection at once; of an exchange nothing more is told."""
        self._done = None
        if asyncio.get_running_loop() is self._loop:
            self._transport.abort()
        elif self._process == os.getpid() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._transport.abort)
        else:
            self._connection.close()  # a copy of the parent's, or of a loop that will not do it any more

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn that the connection is open."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(0)  # so that it is told as soon as anything has not left
        if self._tls is not None:
            self.buffer_updated(0)  # what has come with the end of the handshake

    def pause_writing(self) -> None:
        """Learn that the request has not left whole."""
        self._is_paused, self.has_sent_all = True, False

    def resume_writing(self) -> None:
        """Learn that it has."""
        self._is_paused, self.has_sent_all = False, True

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Where to put what arrives."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Read on."""
        try:
            if self._tls is None:
                self._read(bytes(self._buffer[:nbytes]))
            else:
                self._open(self._tls, self._buffer[:nbytes])
        except (OSError, MalformedReplyError) as exc:
            self._end(exc)

    def eof_received(self) -> None:
        """Learn that nothing more will arrive."""
        if self._done is not None:
            try:
                self._end(self._parser.end())
            except MalformedReplyError as exc:
                self._end(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the connection is closed."""
        if self._done is not None:
            self.give_up(exc or ConnectionError("the connection was closed"))

    def _open(self, tls: TlsSession, received: memoryview) -> None:
        data = tls.open(received)
        answer = tls.to_send()
        if answer:
            self._transport.write(answer)
        if data:
            self._read(data)
        if tls.has_ended:
            self.eof_received()
            self._transport.abort()

    def _read(self, data: bytes) -> None:
        if self._done is None:
            self._transport.abort()  # nobody asked for it
            return
        reply = self._parser.feed(data)
        if reply is not None:
            self._end(reply)

    def _end(self, ended: Ended) -> None:
        done, self._done = self._done, None
        if not isinstance(ended, Exception) and not self.has_sent_all:
            ended = ended._replace(is_last=True)  # what follows would answer the rest of this request
        if isinstance(ended, Exception) or ended.is_last:
            self._transport.abort()
        if done is not None:
            done(ended)
