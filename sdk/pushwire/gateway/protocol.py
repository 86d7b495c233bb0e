"""One TCP connection to the gateway: HTTP requests first, WebSocket frames after an upgrade. All I/O, no rules."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Protocol, cast

from pushwire.gateway.api import Accepted, WebSocketApi
from pushwire.gateway.connections import Connection
from pushwire.gateway.events import Caller, Handshake
from pushwire.gateway.http11 import ContinueExpected, HttpRequest, Refusal, RequestReader
from pushwire.gateway.ids import Clock, NewId, epoch_millis
from pushwire.gateway.management import ConnectionTarget, ManagementApi, StageTarget, resolve
from pushwire.gateway.responses import CONTINUE, FORBIDDEN, HttpResponse, aws_error, http_error
from pushwire.gateway.settings import GatewaySettings, Limits
from pushwire.gateway.websocket import HandshakeRefusedError, WebSocketSession

__all__ = ["GatewayProtocol", "Host"]

logger = logging.getLogger("pushwire.gateway")


class Host(Protocol):
    """What a connection needs from the server that holds it."""

    settings: GatewaySettings
    port: int
    api: WebSocketApi
    management: ManagementApi
    clock: Clock
    new_id: NewId
    stopping: bool

    def joined(self, protocol: "GatewayProtocol") -> None:
        """Note a new TCP connection."""
        ...

    def left(self, protocol: "GatewayProtocol") -> None:
        """Note that a TCP connection is closed."""
        ...

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something that outlives the call."""
        ...


class GatewayProtocol(asyncio.Protocol):
    """One TCP connection, and the `Channel` of the client on it.

    Args:
        host: The server that holds it.
    """

    __slots__ = (
        "_connection",
        "_deadline",
        "_draining",
        "_held",
        "_host",
        "_in_flight",
        "_loop",
        "_reader",
        "_session",
        "_transport",
        "_unread",
    )

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._reader: RequestReader | None = RequestReader(host.settings.limits)
        self._session: WebSocketSession | None = None
        self._connection: Connection | None = None
        self._held: bytearray | None = None  # what arrives while $connect runs
        self._unread = False  # whether the peer leaves our bytes unread
        self._draining = False  # whether the last response was sent, and input is thrown away
        self._in_flight = 0
        self._deadline: float | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        self._transport = cast("asyncio.Transport", transport)
        self._deadline = self._loop.time() + self._limits.request_seconds
        self._host.joined(self)

    def data_received(self, data: bytes) -> None:
        """Read HTTP, hold what comes during `$connect`, or read frames."""
        if self._held is not None:
            self._held += data
            self._update_reading()
        elif self._session is not None:
            self._read_frames(data)
        elif self._reader is not None and not self._draining:
            self._read_http(data)

    def eof_received(self) -> None:
        """The peer sends no more: the transport closes, after what is to be sent."""
        if self._session is not None and self._held is None:
            self._session.receive_eof()
            self._after_session()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The TCP connection is gone."""
        self._deadline = None
        self._host.left(self)
        if self._session is not None and self._held is None:
            self._session.receive_eof()
            self._report_ending()

    def pause_writing(self) -> None:
        """The peer leaves our bytes unread: read no more from it."""
        self._unread = True
        self._update_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._unread = False
        self._update_reading()

    # Channel

    def send_text(self, payload: bytes) -> bool:
        """Send one text message; `False` if too much waits for this client already."""
        if self._session is None or self._transport.get_write_buffer_size() > self._limits.pending_bytes:
            return False
        self._session.post(payload)
        self._after_session()
        return True

    def close(self, code: int, reason: str) -> None:
        """Close the WebSocket connection and report its end."""
        if self._session is not None:
            self._session.close(code, reason)
            self._after_session()
            self._deadline = self._loop.time() + self._limits.close_seconds

    # The server's side

    def sweep(self, now: float) -> None:
        """Close the connection if the peer has had its time.

        Args:
            now: The time on the event loop's clock, in seconds.
        """
        if self._deadline is None or now < self._deadline:
            return
        self._deadline = None
        if self._reader is not None and not self._draining and not self._reader.idle:
            self._finish(http_error(408), method="")
        elif self._session is not None or self._draining:
            self._transport.abort()
        else:
            self._transport.close()

    def hang_up(self) -> None:
        """Close the TCP connection, after what is to be sent, if no client is or will be connected over it."""
        if self._session is None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the TCP connection at once."""
        self._transport.abort()

    # HTTP

    def _read_http(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            return
        was_idle = reader.idle
        for event in reader.feed(data):
            if self._draining or self._transport.is_closing():
                return
            match event:
                case ContinueExpected():
                    self._transport.write(CONTINUE)
                case Refusal(status):
                    self._finish(http_error(status), method="")
                case HttpRequest(websocket=True):
                    self._open(event, reader.remainder)
                case HttpRequest():
                    self._respond(event, self._answer(event))
        if self._reader is not None and not self._draining:
            if reader.idle:
                self._deadline = self._loop.time() + self._limits.idle_seconds
            elif was_idle:
                self._deadline = self._loop.time() + self._limits.request_seconds

    def _answer(self, request: HttpRequest) -> HttpResponse:
        match resolve(request.target, stage=self._host.settings.stage):
            case ConnectionTarget(connection_id):
                return self._host.management.answer(request.method, connection_id, request.body)
            case StageTarget() if request.method == "GET":
                return http_error(426)
            case _:
                return aws_error(403, "ForbiddenException", FORBIDDEN)

    def _respond(self, request: HttpRequest, response: HttpResponse) -> None:
        if request.keep_alive:
            self._transport.write(response.serialize(method=request.method, keep_alive=True))
        else:
            self._finish(response, method=request.method)

    def _finish(self, response: HttpResponse, *, method: str) -> None:
        """Send the last response. A close with input unread would reset the connection and lose it: drain first."""
        if self._draining or self._transport.is_closing():
            return
        self._draining = True
        self._reader = None
        self._held = None
        self._transport.write(response.serialize(method=method, keep_alive=False))
        self._transport.write_eof()
        self._deadline = self._loop.time() + self._limits.close_seconds
        self._update_reading()

    # WebSocket

    def _open(self, request: HttpRequest, remainder: bytes) -> None:
        target = resolve(request.target, stage=self._host.settings.stage)
        if not isinstance(target, StageTarget):
            self._finish(aws_error(403, "ForbiddenException", FORBIDDEN), method=request.method)
            return
        if self._host.stopping:
            self._finish(http_error(503), method=request.method)
            return
        try:
            session = WebSocketSession(request)
        except HandshakeRefusedError as error:
            self._finish(http_error(error.status), method=request.method)
            return
        self._reader = None
        self._deadline = None
        self._held = bytearray(remainder)
        connection = Connection(self._caller(request), self)
        handshake = Handshake(request.headers, target.query, self._host.port)
        self._host.spawn(self._shake_hands(session, connection, handshake))

    async def _shake_hands(self, session: WebSocketSession, connection: Connection, handshake: Handshake) -> None:
        admission = await self._host.api.connect(connection, handshake)
        if not isinstance(admission, Accepted):
            self._finish(admission.response, method="GET")
            return
        if self._host.stopping:
            self._finish(http_error(503), method="GET")
            return
        held, self._held = self._held or bytearray(), None
        self._session, self._connection = session, connection
        session.accept(admission.subprotocol)
        self._host.api.opened(connection)
        if self._transport.is_closing():
            # It left while $connect ran, which has accepted it all the same: tell the handler that it is gone.
            session.receive_eof()
        self._after_session()
        self._update_reading()
        if held and session.ending is None:
            self._read_frames(bytes(held))

    def _read_frames(self, data: bytes) -> None:
        if self._session is None:
            return
        messages = self._session.receive(data)
        if self._connection is not None:  # a connection that was deleted has only its closing handshake to finish
            self._in_flight += len(messages)
            for message in messages:
                self._host.spawn(self._handle(self._connection, message))
        self._after_session()
        self._update_reading()

    async def _handle(self, connection: Connection, message: str) -> None:
        try:
            await self._host.api.message(connection, message)
        finally:
            self._in_flight -= 1
            self._update_reading()

    def _after_session(self) -> None:
        """Send what the session has to send, and report its end once."""
        if self._session is None:
            return
        data, last = self._session.outgoing()
        if not self._transport.is_closing():
            if data:
                self._transport.write(data)
            if last:
                self._transport.write_eof()
                self._deadline = self._loop.time() + self._limits.close_seconds
        self._report_ending()

    def _report_ending(self) -> None:
        connection = self._connection
        if self._session is None or connection is None or self._session.ending is None:
            return
        self._connection = None
        self._host.api.ended(connection)
        self._host.spawn(self._host.api.disconnect(connection, self._session.ending))

    def _update_reading(self) -> None:
        """Stop reading from a peer that has sent enough for now, or that does not read."""
        held = 0 if self._held is None else len(self._held)
        wait = (
            held > self._limits.pending_bytes
            or self._in_flight >= self._limits.messages_in_flight
            or (self._unread and not self._draining)
        )
        if self._transport.is_closing():
            return
        if wait:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _caller(self, request: HttpRequest) -> Caller:
        peer = self._transport.get_extra_info("peername")
        address = str(peer[0]).removeprefix("::ffff:") if peer else "127.0.0.1"
        now = epoch_millis(self._host.clock())
        return Caller(self._host.new_id(), now, address, request.header("user-agent"))

    @property
    def _limits(self) -> Limits:
        return self._host.settings.limits
