"""Helpers: a handler that records its events, clients, and raw sockets."""

import contextlib
import queue
import socket
from collections.abc import Callable, Generator
from typing import Any, Unpack

from websockets.sync.client import ClientConnection, connect

from pushwire.gateway import LocalGateway, serve_in_thread
from pushwire.testing.options import GatewayOptions

Event = dict[str, Any]
SECONDS = 10.0
"""Seconds to wait before a test fails. A test that passes never waits for this time."""


class Recorder:
    """A Lambda handler that records its events and returns configured results.

    Attributes:
        answers: The result by event type or route key: a value, or a function of the event that returns one.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = answers
        self._events: queue.Queue[Event] = queue.Queue()

    def __call__(self, event: Event, _context: Any) -> Any:
        self._events.put(event)
        answer = self.answers.get(event["requestContext"]["eventType"], {"statusCode": 200})
        return answer(event) if callable(answer) else answer

    def next(self, event_type: str) -> Event:
        """Wait for the next event, which must be of this type."""
        event = self._events.get(timeout=SECONDS)
        assert event["requestContext"]["eventType"] == event_type, event
        return event

    def nothing_more(self) -> bool:
        return self._events.empty()


def serving(
    handler: Callable[[Event, Any], Any] | None, **options: Unpack[GatewayOptions]
) -> contextlib.AbstractContextManager[LocalGateway]:
    return serve_in_thread(LocalGateway(handler, **options))


def client(gateway: LocalGateway, path: str = "", **options: Any) -> ClientConnection:
    connection: ClientConnection = connect(
        gateway.url + path, open_timeout=SECONDS, close_timeout=SECONDS, proxy=None, **options
    )
    return connection


def visit(gateway: LocalGateway) -> None:
    """Connect and leave."""
    with client(gateway):
        pass


def connection_id(event: Event) -> str:
    found = event["requestContext"]["connectionId"]
    assert isinstance(found, str)
    return found


@contextlib.contextmanager
def raw_socket(gateway: LocalGateway) -> Generator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=SECONDS) as sock:
        yield sock


def read_to_end(sock: socket.socket) -> bytes:
    parts = []
    while part := sock.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def exchange(gateway: LocalGateway, request: bytes) -> bytes:
    """Send bytes and EOF, and return all received bytes."""
    with raw_socket(gateway) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return read_to_end(sock)


def handshake(gateway: LocalGateway, path: str | None = None, headers: str = "") -> bytes:
    """Return the bytes of a WebSocket handshake."""
    return (
        f"GET {path or '/' + gateway.settings.stage} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    ).encode()


def masked(first_byte: int, payload: bytes) -> bytes:
    """Return a client's frame with an all-zero mask; `first_byte` has FIN and the opcode."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65_536:
        length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return bytes([first_byte]) + length + bytes(4) + payload
