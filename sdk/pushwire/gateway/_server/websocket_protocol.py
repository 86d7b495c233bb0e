"""One client of the gateway, from its handshake to its close: I/O and flow control, no rules of API Gateway."""

import asyncio
from collections.abc import Callable
from functools import partial

from pushwire.gateway._api import Accepted
from pushwire.gateway._server.host import Host
from pushwire.gateway._state.connections import GatewayConnection
from pushwire.gateway._state.events import Caller
from pushwire.gateway._state.message_order import in_order
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import HttpResponse, http_error
from pushwire.gateway._wire.websocket import CloseStatus, WebSocketSession
from pushwire.gateway.clock import epoch_millis

__all__ = ["WebSocketProtocol"]


class WebSocketProtocol(asyncio.Protocol):
    """The protocol of one client, and the `ClientSocket` of its connection.

    Args:
        host: The server.
        transport: The TCP connection, which this protocol takes over.
        session: The WebSocket session on that connection.
        refuse: Takes the TCP connection back and sends the response that refuses the handshake.
    """

    __slots__ = (
        "_connection",
        "_deadline",
        "_held",
        "_host",
        "_in_flight",
        "_loop",
        "_refuse",
        "_session",
        "_silent",
        "_submit",
        "_transport",
        "_unread",
    )

    def __init__(
        self,
        host: Host,
        transport: asyncio.Transport,
        session: WebSocketSession,
        *,
        refuse: Callable[[HttpResponse], None],
    ) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._session = session
        self._refuse: Callable[[HttpResponse], None] | None = refuse
        self._connection: GatewayConnection | None = None  # while it is open
        self._submit = in_order(host.settings.message_order, host.spawn)
        self._held: bytearray | None = bytearray()  # received while $connect runs
        self._unread = False  # whether the write buffer is above its limit
        self._silent = False  # whether traffic is dropped in both directions
        self._in_flight = 0
        self._deadline: float | None = None

    def start_handshake(self, request: HttpRequest, *, remainder: bytes) -> None:
        """Take the TCP connection over, and answer the handshake after `$connect` has returned.

        Args:
            request: The handshake.
            remainder: The bytes that the client has sent after it.
        """
        self._held = bytearray(remainder)
        peer = self._transport.get_extra_info("peername") or ("127.0.0.1", 0)
        caller = Caller(
            connection_id=self._host.new_id(),
            connected_at=epoch_millis(self._host.clock.time()),
            source_ip=str(peer[0]).removeprefix("::ffff:"),
            user_agent=request.header("user-agent"),
        )
        connection = GatewayConnection(caller, self, source_port=peer[1])
        self._host.joined(self)
        self._transport.set_protocol(self)
        self._host.spawn(self._admit(connection, request))

    async def _admit(self, connection: GatewayConnection, request: HttpRequest) -> None:
        admission = await self._host.api.connect(connection, request)
        refuse, self._refuse = self._refuse, None
        held, self._held = self._held or bytearray(), None
        if self._host.stopping or not isinstance(admission, Accepted):
            self._host.left(self)
            response = http_error(503) if isinstance(admission, Accepted) else admission
            if refuse is not None and not self._transport.is_closing():
                refuse(response)
            return
        self._connection = connection
        self._session.accept(admission.subprotocol)
        self._host.api.opened(connection, admission.subprotocol)
        if self._transport.is_closing():
            # The client left while $connect ran, which accepted it: $disconnect has to run.
            self._session.receive_eof()
        self._after_session()
        self._update_reading()
        if held and self._session.close_status is None:
            self.data_received(bytes(held))

    # asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        """Read frames, or buffer the bytes while `$connect` runs."""
        if self._held is not None:
            self._held += data
            self._update_reading()
            return
        if self._silent:
            return
        for message in self._session.receive(data):
            self.receive(message)
        self._after_session()
        self._update_reading()

    def eof_received(self) -> None:
        """Handle the end of the peer's bytes; the transport closes after its pending writes."""
        if self._held is None:
            self._session.receive_eof()
            self._after_session()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Handle the loss of the TCP connection."""
        self._deadline = None
        self._host.left(self)
        if self._connection is not None and not self._silent:
            self._session.receive_eof()
            self._report_close()

    def pause_writing(self) -> None:
        """Stop reading from a peer that does not read."""
        self._unread = True
        self._update_reading()

    def resume_writing(self) -> None:
        """Read again from a peer that reads again."""
        self._unread = False
        self._update_reading()

    # ClientSocket

    def send_text(self, payload: bytes) -> bool:
        """Send one text message; return `False` if too many bytes are pending for this client."""
        if self._silent:
            return True
        if self._transport.get_write_buffer_size() > self._host.settings.limits.pending_bytes:
            return False
        self._session.post(payload)
        self._after_session()
        return True

    def receive(self, message: str) -> None:
        """Handle a message as if the client had sent it."""
        # After a DELETE, only the closing handshake is left.
        if self._connection is not None and not self._silent:
            self._in_flight += 1
            self._submit(partial(self._handle, self._connection, message))

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a close frame, and report its end."""
        self._session.close(code, reason)
        if self._silent:
            self._report_close()
            self._transport.abort()
            return
        self._after_session()
        self._deadline = self._loop.time() + self._host.settings.limits.close_seconds

    def drop(self) -> None:
        """Abort the TCP connection without a close frame, and report its end."""
        self._session.receive_eof()
        self._report_close()
        self._transport.abort()

    def fall_silent(self) -> None:
        """Drop all traffic from now on, in both directions."""
        self._silent = True
        self._transport.pause_reading()

    # Peer

    def check_timeouts(self, now: float) -> None:
        """Abort the connection if the peer has exceeded the time-out of the closing handshake."""
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self._transport.abort()

    def hang_up(self) -> None:
        """Do nothing: `LocalGateway.stop` has sent a close frame, and the client answers it."""

    def abort(self) -> None:
        """Abort the TCP connection."""
        self._transport.abort()

    # Inside

    async def _handle(self, connection: GatewayConnection, message: str) -> None:
        try:
            await self._host.api.message(connection, message)
        finally:
            self._in_flight -= 1
            self._update_reading()

    def _after_session(self) -> None:
        """Write the bytes of the session, and report its end once."""
        data, last = self._session.outgoing()
        if not self._transport.is_closing():
            if data:
                self._transport.write(data)
            if last:
                self._transport.write_eof()
                self._deadline = self._loop.time() + self._host.settings.limits.close_seconds
        self._report_close()

    def _report_close(self) -> None:
        connection, close_status = self._connection, self._session.close_status
        if connection is None or close_status is None:
            return
        self._connection = None
        self._host.api.ended(connection, close_status)
        self._submit(partial(self._run_disconnect, connection, close_status))

    async def _run_disconnect(self, connection: GatewayConnection, close_status: CloseStatus) -> None:
        await self._host.api.disconnect(connection, close_status)

    def _update_reading(self) -> None:
        """Stop reading from a peer whose messages are not handled yet, or that does not read."""
        if self._transport.is_closing():
            return
        limits = self._host.settings.limits
        held = 0 if self._held is None else len(self._held)
        enough = held > limits.pending_bytes or self._in_flight >= limits.messages_in_flight
        if enough or self._unread or self._silent:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
