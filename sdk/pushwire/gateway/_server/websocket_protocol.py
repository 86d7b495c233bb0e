"""One client of the gateway, from the moment it asks to upgrade: its frames, its pace, its end. All I/O, no rules."""

import asyncio
from collections.abc import Callable
from functools import partial

from pushwire.gateway._api import Accepted
from pushwire.gateway._server.host import Host
from pushwire.gateway._state.connections import Connection
from pushwire.gateway._state.events import Caller, Handshake
from pushwire.gateway._state.message_order import lane
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import HttpResponse, http_error
from pushwire.gateway._wire.websocket import Ending, WebSocketSession
from pushwire.gateway.clock import epoch_millis

__all__ = ["WebSocketProtocol"]


class WebSocketProtocol(asyncio.Protocol):
    """One client, and the `Channel` of its connection.

    Args:
        host: The server that holds it.
        transport: The TCP connection, which it takes over.
        session: The WebSocket connection over it.
        refuse: Answers the handshake where `$connect` refuses it; the TCP connection is given back for that.
    """

    __slots__ = (
        "_connection",
        "_deadline",
        "_held",
        "_host",
        "_in_flight",
        "_lane",
        "_loop",
        "_refuse",
        "_session",
        "_silent",
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
        self._connection: Connection | None = None  # while it is open
        self._lane = lane(host.settings.message_order, host.spawn)
        self._held: bytearray | None = bytearray()  # what arrives while $connect runs
        self._unread = False  # whether the peer leaves our bytes unread
        self._silent = False  # whether nothing is delivered or heard any more
        self._in_flight = 0
        self._deadline: float | None = None

    def shake_hands(self, request: HttpRequest, *, remainder: bytes) -> None:
        """Take the TCP connection over, and answer the handshake when `$connect` has decided.

        Args:
            request: The handshake.
            remainder: What the client has sent after it.
        """
        self._held = bytearray(remainder)
        peer = self._transport.get_extra_info("peername") or ("127.0.0.1", 0)
        caller = Caller(
            connection_id=self._host.new_id(),
            connected_at=epoch_millis(self._host.clock.time()),
            source_ip=str(peer[0]).removeprefix("::ffff:"),
            user_agent=request.header("user-agent"),
        )
        connection = Connection(caller, self, source_port=peer[1])
        handshake = Handshake(request, self._host.port)
        self._host.joined(self)
        self._transport.set_protocol(self)
        self._host.spawn(self._admit(connection, handshake))

    async def _admit(self, connection: Connection, handshake: Handshake) -> None:
        admission = await self._host.api.connect(connection, handshake)
        refuse, self._refuse = self._refuse, None
        held, self._held = self._held or bytearray(), None
        if self._host.stopping or not isinstance(admission, Accepted):
            self._host.left(self)
            response = admission.response if not isinstance(admission, Accepted) else http_error(503)
            if refuse is not None and not self._transport.is_closing():
                refuse(response)
            return
        self._connection = connection
        self._session.accept(admission.subprotocol)
        self._host.api.opened(connection, admission.subprotocol)
        if self._transport.is_closing():
            # It left while $connect ran, which has accepted it all the same: tell the handler that it is gone.
            self._session.receive_eof()
        self._after_session()
        self._update_reading()
        if held and self._session.ending is None:
            self.data_received(bytes(held))

    # asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        """Read frames, or hold what comes while `$connect` runs."""
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
        """The peer sends no more: the transport closes, after what is to be sent."""
        if self._held is None:
            self._session.receive_eof()
            self._after_session()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The TCP connection is gone."""
        self._deadline = None
        self._host.left(self)
        if self._connection is not None and not self._silent:
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
        if self._silent:
            return True
        if self._transport.get_write_buffer_size() > self._host.settings.limits.pending_bytes:
            return False
        self._session.post(payload)
        self._after_session()
        return True

    def receive(self, message: str) -> None:
        """Take a message as if the client had sent it."""
        # A connection that was deleted has only its closing handshake to finish.
        if self._connection is not None and not self._silent:
            self._in_flight += 1
            self._lane(partial(self._handle, self._connection, message))

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a close frame, and report its end."""
        self._session.close(code, reason)
        if self._silent:
            self._report_ending()
            self._transport.abort()
            return
        self._after_session()
        self._deadline = self._loop.time() + self._host.settings.limits.close_seconds

    def drop(self) -> None:
        """Cut the TCP connection without a close frame, and report its end."""
        self._session.receive_eof()
        self._report_ending()
        self._transport.abort()

    def fall_silent(self) -> None:
        """Deliver nothing and hear nothing any more."""
        self._silent = True
        self._transport.pause_reading()

    # Peer

    def sweep(self, now: float) -> None:
        """Drop the connection if the peer has had its time to close it."""
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self._transport.abort()

    def hang_up(self) -> None:
        """Do nothing: a client says goodbye in its own time."""

    def abort(self) -> None:
        """Drop the TCP connection at once."""
        self._transport.abort()

    # Inside

    async def _handle(self, connection: Connection, message: str) -> None:
        try:
            await self._host.api.message(connection, message)
        finally:
            self._in_flight -= 1
            self._update_reading()

    def _after_session(self) -> None:
        """Send what the session has to send, and report its end once."""
        data, last = self._session.outgoing()
        if not self._transport.is_closing():
            if data:
                self._transport.write(data)
            if last:
                self._transport.write_eof()
                self._deadline = self._loop.time() + self._host.settings.limits.close_seconds
        self._report_ending()

    def _report_ending(self) -> None:
        connection, ending = self._connection, self._session.ending
        if connection is None or ending is None:
            return
        self._connection = None
        self._host.api.ended(connection, ending)
        self._lane(partial(self._say_goodbye, connection, ending))

    async def _say_goodbye(self, connection: Connection, ending: Ending) -> None:
        await self._host.api.disconnect(connection, ending)

    def _update_reading(self) -> None:
        """Stop reading from a peer that has sent enough for now, or that does not read."""
        if self._transport.is_closing():
            return
        limits = self._host.settings.limits
        held = 0 if self._held is None else len(self._held)
        enough = held > limits.pending_bytes or self._in_flight >= limits.messages_in_flight
        if enough or self._unread or self._silent:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
