"""One kept-alive connection to the endpoint, non-blocking, and the steps of one exchange on it.

Steps are a generator. It yields what to wait for, is resumed by `next` when that is ready, or by
`throw(TimeoutError())` when it is not ready in time, and returns the result. Nothing here waits: `run_blocking` waits
in the calling thread, `pushwire.transport.http._loop` on an event loop, and a broadcast on a selector of its own.
"""

from __future__ import annotations

import select
import selectors
import socket
from collections.abc import Callable, Generator
from typing import Final, TypeVar

from pushwire.transport.http._outcomes import failure_of_exchange
from pushwire.transport.http._responses import MalformedResponseError, Response, ResponseParser

__all__ = ["Channel", "Steps", "Waiting", "exchange", "run_blocking", "wait"]

T = TypeVar("T")

_READ_SIZE: Final = 16_384
"""Bytes: the longest TLS record (RFC 8446, section 5.1)."""

Waiting = tuple[socket.socket, int, float]
"""The socket that has to become ready, the events to wait for (`selectors`), and the time until when to wait."""

Steps = Generator[Waiting, None, T]


class Channel:
    """An open connection that carries one request at a time.

    Args:
        connection: A connected non-blocking socket; a TLS socket after its handshake.
        would_block: The exceptions that the socket's methods raise instead of blocking. Defaults to those of a socket
            without TLS.
        parser: Parses the responses. Defaults to a new `ResponseParser`.

    Attributes:
        connection: The socket.
        idle_since: The time in seconds when the channel last carried a response. The owner sets it.
    """

    __slots__ = ("_has_begun", "_is_reused", "_parser", "_request", "_sent", "_would_block", "connection", "idle_since")

    def __init__(
        self,
        connection: socket.socket,
        *,
        would_block: tuple[type[OSError], ...] = (BlockingIOError,),
        parser: ResponseParser | None = None,
    ) -> None:
        self.connection = connection
        self.idle_since = 0.0
        self._would_block = would_block
        self._parser = parser or ResponseParser()
        self._request = b""
        self._sent = 0
        self._has_begun = False
        self._is_reused = False

    @property
    def events(self) -> int:
        """The events to wait for before `advance`, as in `selectors`."""
        return selectors.EVENT_READ if self.has_sent_all else selectors.EVENT_READ | selectors.EVENT_WRITE

    @property
    def has_sent_nothing(self) -> bool:
        """Whether no byte of the request has left."""
        return self._sent == 0 and not self._has_begun

    @property
    def was_stale(self) -> bool:
        """Whether a failed exchange was not an attempt: the peer had closed the channel while it was idle."""
        return self._is_reused and self.has_sent_nothing

    @property
    def has_sent_all(self) -> bool:
        """Whether the whole request has left, so that the server may have received it."""
        return self._sent == len(self._request)

    def is_intact(self) -> bool:
        """Return whether an idle channel is still open, and no unexpected bytes were received."""
        # A TLS socket may hold decrypted bytes. Its descriptor is then not readable.
        pending = getattr(self.connection, "pending", None)
        if not (pending and pending()) and not wait(self.connection, selectors.EVENT_READ, 0):
            return True
        try:
            self.connection.recv(1)  # returns unexpected bytes, or no bytes at the end of the stream
        except self._would_block:
            return True  # only TLS records without data, such as session tickets, were received
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

    def advance(self) -> Response | None:
        """Send and receive without blocking; return `None` while the response is not complete.

        Raises:
            MalformedResponseError: The received bytes are not a response.
            OSError: The connection is lost.
        """
        lost: OSError | None = None
        try:
            if self._sent < len(self._request):
                self._send()
        except OSError as exc:  # the response to a part of the request may have arrived before the reset
            lost = exc
        try:
            while True:
                data = self.connection.recv(_READ_SIZE)
                response = self._parser.feed(data) if data else self._parser.end()
                if response is not None:
                    self._is_reused = True
                    # After an early response, the server would read the rest of the request as another request.
                    return response if self.has_sent_all else response._replace(must_close=True)
        except self._would_block:
            if lost is not None:
                raise lost from None
            return None

    def failed(self, exc: Exception, timeout: float) -> Response:
        """Return the partial response of an exchange that failed: its status counts, even without the body.

        Args:
            exc: The cause; a `TimeoutError` if the exchange took too long.
            timeout: The read timeout in seconds, for the error.

        Raises:
            UnavailableError: The head of the response was not received.
        """
        response = self._parser.partial_response()
        if response is None or self.has_sent_nothing:
            raise failure_of_exchange(exc, timeout, maybe_accepted=self.has_sent_all) from exc
        return response

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
            self._has_begun = True  # TLS records may have left; OpenSSL reports bytes only when all records have


def exchange(channel: Channel, request: bytes, clock: Callable[[], float], timeout: float) -> Steps[Response]:
    """Exchange a request for its response; close the channel unless it can carry another request.

    Args:
        channel: An intact, idle channel.
        request: The request.
        clock: Returns the time in seconds.
        timeout: Seconds for the exchange, from the first bytes of the request to the last byte of the response.

    Raises:
        UnavailableError: No response was received.
    """
    response: Response | None = None
    try:
        try:
            channel.start(request)
            until = clock() + timeout  # not from before: a process may be stopped before its request leaves
            while response is None:
                yield channel.connection, channel.events, until
                response = channel.advance()
        except (OSError, MalformedResponseError) as exc:
            response = channel.failed(exc, timeout)
        return response
    finally:
        if response is None or response.must_close:
            channel.close()


def run_blocking(steps: Steps[T], clock: Callable[[], float]) -> T:
    """Run steps to their end, waiting in the calling thread.

    Raises:
        BaseException: The exception of the steps.
    """
    try:
        connection, events, until = next(steps)
        while True:
            # `poll` checks the socket again after its time-out, so a process that was stopped still reads first.
            is_ready = wait(connection, events, until - clock())
            connection, events, until = next(steps) if is_ready else steps.throw(TimeoutError())
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        steps.close()


def _wait_by_poll(connection: socket.socket, events: int, timeout: float) -> bool:
    """Wait until a socket is ready; return whether it is.

    Args:
        connection: The socket.
        events: The events to wait for, as in `selectors`.
        timeout: The longest wait in seconds.
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
