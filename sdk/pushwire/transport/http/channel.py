"""One kept-alive connection to the endpoint, non-blocking; whoever uses it waits."""

from __future__ import annotations

import select
import selectors
import socket
from collections.abc import Callable
from typing import Final

from pushwire.transport.http.replies import Reply, ReplyParser

__all__ = ["Channel", "wait"]

_AT_ONCE: Final = 16_384


class Channel:
    """An open connection that carries one request at a time.

    Args:
        connection: A connected socket that does not block; a TLS one after its handshake.
        would_block: What its methods raise where others would block.
        parser: Reads its replies.

    Attributes:
        connection: The socket, to wait for.
        idle_since: When it last carried a reply; kept by the pool.
    """

    __slots__ = ("_has_begun", "_parser", "_request", "_sent", "_would_block", "connection", "idle_since")

    def __init__(
        self,
        connection: socket.socket,
        *,
        would_block: tuple[type[OSError], ...] = (BlockingIOError,),
        parser: ReplyParser | None = None,
    ) -> None:
        self.connection = connection
        self.idle_since = 0.0
        self._would_block = would_block
        self._parser = parser or ReplyParser()
        self._request = b""
        self._sent = 0
        self._has_begun = False

    @property
    def events(self) -> int:
        """What to wait for before `advance`, as `selectors` has it."""
        if self._sent < len(self._request):
            return selectors.EVENT_READ | selectors.EVENT_WRITE
        return selectors.EVENT_READ

    @property
    def has_sent_nothing(self) -> bool:
        """Whether no byte of the request has left."""
        return self._sent == 0 and not self._has_begun

    @property
    def has_sent_all(self) -> bool:
        """Whether the whole request has left, so that it may have arrived."""
        return self._sent == len(self._request)

    def is_intact(self) -> bool:
        """Whether an idle channel is still open, and nothing has come that nobody asked for."""
        if not wait(self.connection, selectors.EVENT_READ, 0):
            return True
        try:
            self.connection.recv(1)  # bytes, or none at the end
        except self._would_block:
            return True  # TLS's own
        except OSError:
            pass
        return False

    def start(self, request: bytes) -> None:
        """Begin to send a request.

        Raises:
            OSError: The connection is lost.
        """
        self._parser.start()
        self._request = request
        self._sent = 0
        self._has_begun = False
        self._send()

    def advance(self) -> Reply | None:
        """Send and receive what can be; `None` where the reply is not whole yet.

        Raises:
            MalformedReplyError: What has arrived is no reply.
            OSError: The connection is lost.
        """
        if self._sent < len(self._request):
            self._send()
        try:
            while True:
                data = self.connection.recv(_AT_ONCE)
                reply = self._parser.feed(data) if data else self._parser.end()
                if reply is not None:
                    return reply if self.has_sent_all else reply._replace(is_last=True)
        except self._would_block:
            return None

    def cut(self) -> Reply | None:
        """What has come of a reply whose rest will not be read."""
        return self._parser.cut()

    def close(self) -> None:
        """Close the connection at once."""
        self.connection.close()

    def _send(self) -> None:
        try:
            while self._sent < len(self._request):
                self._sent += self.connection.send(self._request[self._sent :] if self._sent else self._request)
        except BlockingIOError:
            pass
        except self._would_block:
            self._has_begun = True  # some of TLS's records may have left; it tells when all have


def _wait_by_poll(connection: socket.socket, events: int, timeout: float) -> bool:
    """Wait until a socket is ready.

    Args:
        connection: The socket.
        events: For what, as `selectors` has it.
        timeout: For how many seconds at most.

    Returns:
        Whether it is.
    """
    poll = select.poll()
    poll.register(
        connection,
        (select.POLLIN if events & selectors.EVENT_READ else 0)
        | (select.POLLOUT if events & selectors.EVENT_WRITE else 0),
    )
    return bool(poll.poll(max(0.0, timeout) * 1e3))


def _wait_by_select(connection: socket.socket, events: int, timeout: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection, events)
        return bool(selector.select(max(0.0, timeout)))


wait: Callable[[socket.socket, int, float], bool] = _wait_by_poll if hasattr(select, "poll") else _wait_by_select
