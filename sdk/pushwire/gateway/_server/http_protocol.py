"""One HTTP connection: of a caller of the management API, a page of the console, or a client before its upgrade.

This module does I/O and has no rules of API Gateway. `websocket_protocol` takes the TCP connection over at the upgrade.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import cast

from pushwire.gateway._console import ConsoleResponse, EventStream
from pushwire.gateway._management.faulty import ManagementResponse, TruncatedResponse
from pushwire.gateway._server.host import Host
from pushwire.gateway._server.websocket_protocol import WebSocketProtocol
from pushwire.gateway._wire.addressing import ConnectionTarget, ConsoleTarget, NoTarget, StageTarget
from pushwire.gateway._wire.http11 import ContinueExpected, HttpRequest, ReaderEvent, RejectedRequest, RequestReader
from pushwire.gateway._wire.responses import CONTINUE, HttpResponse, forbidden, http_error, stream_head
from pushwire.gateway._wire.websocket import HandshakeRefusedError, WebSocketSession

__all__ = ["HttpProtocol"]


class HttpProtocol(asyncio.Protocol):
    """The protocol of one TCP connection: answers its requests in order.

    Args:
        host: The server.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._limits = host.settings.limits
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(host.settings.limits)
        self._waiting: deque[ReaderEvent] = deque()
        self._answering = False  # whether a response is being prepared, and later requests wait
        self._draining = False  # whether the last response was sent, and input is discarded
        self._close_stream: Callable[[], None] | None = None
        self._deadline: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time-out of the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._deadline = self._loop.time() + self._limits.request_seconds
        self._host.joined(self)

    def data_received(self, data: bytes) -> None:
        """Read requests and answer them."""
        if self._draining:
            return
        was_idle = self._reader.idle
        self._waiting.extend(self._reader.feed(data))
        self._answer_waiting()
        if self._is_over() or self._transport.get_protocol() is not self:
            return
        if self._reader.idle:
            self._deadline = self._loop.time() + self._limits.idle_seconds
        elif was_idle:
            self._deadline = self._loop.time() + self._limits.request_seconds

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Handle the loss of the TCP connection."""
        self._deadline = None
        if self._close_stream is not None:
            self._close_stream()
        self._host.left(self)

    def pause_writing(self) -> None:
        """Stop reading from a peer that does not read."""
        if not self._draining:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again from a peer that reads again."""
        if not self._answering and not self._transport.is_closing():
            self._transport.resume_reading()

    # Peer

    def check_timeouts(self, now: float) -> None:
        """Close the connection if the peer has exceeded a time-out."""
        if self._deadline is None or now < self._deadline or self._answering:
            return
        self._deadline = None
        if self._draining:
            self._transport.abort()
        elif self._reader.idle:
            self._transport.close()
        else:
            self.finish(http_error(408))

    def hang_up(self) -> None:
        """Close the TCP connection after its pending writes."""
        self._transport.close()

    def abort(self) -> None:
        """Abort the TCP connection."""
        self._transport.abort()

    # Responses

    def _answer_waiting(self) -> None:
        while self._waiting and not self._answering and not self._is_over():
            match self._waiting.popleft():
                case ContinueExpected():
                    self._transport.write(CONTINUE)
                case RejectedRequest(status):
                    self.finish(http_error(status))
                case HttpRequest(websocket=True) as request:
                    self._upgrade(request)
                    return
                case HttpRequest() as request:
                    self._answer(request)

    def _answer(self, request: HttpRequest) -> None:
        match self._host.addressing.resolve(request.target, method=request.method, host=request.header("host")):
            case ConnectionTarget(connection_id):
                self._respond(request, self._host.authorized_management.answer(request, connection_id))
            case ConsoleTarget() if self._host.console is not None:
                self._respond(request, self._host.console.answer(request))
            case StageTarget() if request.method == "GET":
                self._respond(request, http_error(426))
            case StageTarget() | ConsoleTarget():
                self._respond(request, forbidden())
            case NoTarget(response):
                self._respond(request, response)

    async def _respond_later(
        self, request: HttpRequest, answering: Coroutine[object, object, ManagementResponse]
    ) -> None:
        answer = await answering
        self._answering = False
        if self._transport.is_closing():
            return
        if isinstance(answer, TruncatedResponse):
            response = answer.response.serialize(method=request.method, keep_alive=request.keep_alive)
            self._truncate(response[: answer.bytes_sent])
            return
        self._respond(request, answer)
        if not self._is_over():
            self._transport.resume_reading()
            self._deadline = self._loop.time() + self._limits.idle_seconds
            self._answer_waiting()

    def _truncate(self, data: bytes) -> None:
        """Send the first bytes of a response, and end the connection."""
        if not data:
            self._transport.abort()
            return
        self._draining = True
        self._transport.write(data)
        self._transport.close()

    def _respond(
        self, request: HttpRequest, answer: ConsoleResponse | Coroutine[object, object, ManagementResponse]
    ) -> None:
        match answer:
            case HttpResponse() if request.keep_alive:
                self._transport.write(answer.serialize(method=request.method, keep_alive=True))
            case HttpResponse():
                self.finish(answer, method=request.method)
            case EventStream():
                self._stream(answer)
            case _:
                self._answering = True
                self._transport.pause_reading()
                self._host.spawn(self._respond_later(request, answer))

    def _stream(self, stream: EventStream) -> None:
        """Send a response whose body ends when either side closes."""
        self._draining = True
        self._waiting.clear()
        self._deadline = None
        self._transport.write(stream_head(stream.headers))
        self._close_stream = stream.open(self._send_event)

    def _send_event(self, event: bytes) -> None:
        if self._transport.get_write_buffer_size() > self._limits.console_bytes:
            self._transport.abort()  # it does not read; a browser reconnects
        elif not self._transport.is_closing():
            self._transport.write(event)

    def finish(self, response: HttpResponse, *, method: str = "") -> None:
        """Send the last response, then drain the input: closing with unread input would reset the connection.

        Args:
            response: The response.
            method: The method of the request; empty if the request could not be parsed.
        """
        if self._is_over():
            return
        self._draining = True
        self._waiting.clear()
        self._transport.write(response.serialize(method=method, keep_alive=False))
        self._transport.write_eof()
        self._deadline = self._loop.time() + self._limits.close_seconds
        self._transport.resume_reading()

    def _is_over(self) -> bool:
        return self._draining or self._transport.is_closing()

    # The upgrade

    def _upgrade(self, request: HttpRequest) -> None:
        target = self._host.addressing.resolve(request.target, method=request.method, host=request.header("host"))
        if isinstance(target, NoTarget):
            self.finish(target.response, method=request.method)
        elif not isinstance(target, StageTarget):
            self.finish(forbidden(), method=request.method)
        elif self._host.stopping:
            self.finish(http_error(503), method=request.method)
        else:
            try:
                session = WebSocketSession(request)
            except HandshakeRefusedError as error:
                self.finish(http_error(error.status), method=request.method)
                return
            self._deadline = None
            self._host.left(self)
            client = WebSocketProtocol(self._host, self._transport, session, refuse=self._take_back)
            client.start_handshake(request, remainder=self._reader.remainder)

    def _take_back(self, response: HttpResponse) -> None:
        """Take the TCP connection back from the WebSocket protocol, and refuse the handshake."""
        self._transport.set_protocol(self)
        self._host.joined(self)
        self.finish(response, method="GET")
