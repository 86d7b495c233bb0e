"""One WebSocket connection with API Gateway's limits and close codes. Sans-I/O, on websockets' `ServerProtocol`.

Sources: "Overview of WebSocket APIs in API Gateway" (close codes) and "Quotas for configuring and running a WebSocket
API" (sizes).
"""

from dataclasses import dataclass
from http import HTTPStatus

from websockets.exceptions import PayloadTooBig
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import SEND_EOF, State
from websockets.server import ServerProtocol

from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway.settings import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES

__all__ = ["GOING_AWAY", "SERVICE_RESTART", "CloseStatus", "HandshakeRefusedError", "WebSocketSession"]


@dataclass(frozen=True, slots=True)
class CloseStatus:
    """The close code and reason of a connection: `disconnectStatusCode` and `disconnectReason` of its event."""

    code: int
    reason: str


# 1000, 1001 and 1005 as seen in events of the real service; AWS documents no text for the others.
_REASONS = {
    1001: "Going away",
    1002: "Protocol error",
    1003: "Binary media types aren't supported for WebSocket APIs",
    1005: "Client-side close frame status not set",
    1006: "Connection closed abnormally",
    1007: "Invalid UTF-8 in a text message",
    1009: "Message too big",
    1011: "Internal server error",
    1012: "Service restart",
}

GOING_AWAY = CloseStatus(1001, _REASONS[1001])
"""Closes a connection that has reached the idle limit or its lifetime."""

SERVICE_RESTART = CloseStatus(1012, _REASONS[1012])
"""Closes all connections when the gateway stops."""


class HandshakeRefusedError(Exception):
    """A request is not a valid WebSocket handshake.

    Attributes:
        status: The HTTP status of the response.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class WebSocketSession:
    """A connection from its handshake to its end.

    Args:
        request: The handshake. It is checked at construction, and answered by `accept`.

    Attributes:
        close_status: The close code and reason; `None` while the connection is open.

    Raises:
        HandshakeRefusedError: The request is not a valid handshake.
    """

    __slots__ = ("_fragments", "_protocol", "_request", "close_status")

    def __init__(self, request: HttpRequest) -> None:
        if request.method != "GET":
            raise HandshakeRefusedError(HTTPStatus.METHOD_NOT_ALLOWED)
        self.close_status: CloseStatus | None = None
        self._fragments: list[bytes] | None = None
        self._protocol = ServerProtocol(extensions=None, max_size=(MAX_MESSAGE_BYTES, MAX_FRAME_BYTES))
        # Why serialize a parsed request: `ServerProtocol` reads frames only after its own parser has read a request.
        self._protocol.receive_data(_serialized(request))
        self._request: Request | None = None
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._request = event
        if self._request is None:
            raise HandshakeRefusedError(HTTPStatus.BAD_REQUEST)
        answer = self._protocol.accept(self._request)
        if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            raise HandshakeRefusedError(answer.status_code)

    def accept(self, subprotocol: str | None) -> None:
        """Accept the handshake, which opens the connection.

        Args:
            subprotocol: The subprotocol of the response, even if the client did not offer it; `None` for no header.

        Raises:
            RuntimeError: The handshake was accepted before.
        """
        if self._request is None:
            raise RuntimeError("the handshake was accepted before")
        answer = self._protocol.accept(self._request)
        if subprotocol is not None:
            answer.headers["Sec-WebSocket-Protocol"] = subprotocol
        self._protocol.send_response(answer)
        self._request = None

    def receive(self, data: bytes) -> list[str]:
        """Parse bytes from the client and return the messages that they complete. May set `close_status`."""
        self._protocol.receive_data(data)
        messages: list[str] = []
        for frame in self._protocol.events_received():
            if self.close_status is None and isinstance(frame, Frame):
                message = self._read(frame)
                if message is not None:
                    messages.append(message)
        self._note_close()
        return messages

    def receive_eof(self) -> None:
        """Handle the end of the client's bytes. Sets `close_status`."""
        self._protocol.receive_eof()
        self._note_close()

    def post(self, payload: bytes) -> None:
        """Send one text message, in fragments of at most 32 KB.

        Args:
            payload: Valid UTF-8. A fragment may end inside a character, as RFC 6455 allows (section 5.6).
        """
        end = len(payload)
        self._protocol.send_text(payload[:MAX_FRAME_BYTES], fin=end <= MAX_FRAME_BYTES)
        for start in range(MAX_FRAME_BYTES, end, MAX_FRAME_BYTES):
            self._protocol.send_continuation(
                payload[start : start + MAX_FRAME_BYTES], fin=start + MAX_FRAME_BYTES >= end
            )

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a code and a reason. Sets `close_status`."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
        self._end(code, reason)

    def outgoing(self) -> tuple[bytes, bool]:
        """Return the bytes to send, and whether they are the last ones."""
        writes = self._protocol.data_to_send()
        return b"".join(writes), SEND_EOF in writes

    def _read(self, frame: Frame) -> str | None:
        if frame.opcode is Opcode.BINARY:
            self._fail(CloseCode.UNSUPPORTED_DATA)
            return None
        if frame.opcode is Opcode.TEXT:
            self._fragments = []
        elif frame.opcode is not Opcode.CONT:
            return None
        if self._fragments is None:
            return None
        self._fragments.append(bytes(frame.data))
        if not frame.fin:
            return None
        payload, self._fragments = b"".join(self._fragments), None
        try:
            return payload.decode("utf-8")
        except UnicodeDecodeError:
            self._fail(CloseCode.INVALID_DATA)
            return None

    def _fail(self, code: CloseCode) -> None:
        self._protocol.fail(code, _REASONS[code])
        self._end(code, _REASONS[code])

    def _note_close(self) -> None:
        error, received = self._protocol.parser_exc, self._protocol.close_rcvd
        if isinstance(error, PayloadTooBig):
            self._end(CloseCode.MESSAGE_TOO_BIG, _REASONS[1009])
        elif error is not None:
            sent = self._protocol.close_sent or Close(CloseCode.ABNORMAL_CLOSURE, "")
            self._end(sent.code, _REASONS.get(sent.code, ""))
        elif received is not None:
            # The client's own reason, even if it is empty: events of the real service show that for browsers (1001).
            self._end(received.code, _REASONS[1005] if received.code == CloseCode.NO_STATUS_RCVD else received.reason)
        elif self._protocol.state is State.CLOSED:
            self._end(CloseCode.ABNORMAL_CLOSURE, _REASONS[1006])

    def _end(self, code: int, reason: str) -> None:
        if self.close_status is None:
            self.close_status = CloseStatus(int(code), reason)


def _serialized(request: HttpRequest) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
