"""The connections of a gateway: their state, and the registry of the open ones. Sans-I/O."""

from collections.abc import Iterator
from typing import Protocol

from pushwire.gateway._state.events import Caller
from pushwire.gateway.clock import ClockTimer

__all__ = ["ClientSocket", "ConnectionRegistry", "GatewayConnection"]


class ClientSocket(Protocol):
    """The methods of a client's WebSocket that the API uses."""

    def send_text(self, payload: bytes) -> bool:
        """Send one text message, valid UTF-8; return `False`, with nothing sent, if the client reads too slowly."""
        ...

    def receive(self, message: str) -> None:
        """Handle a message as if the client had sent it."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a close frame, and report its end."""
        ...

    def drop(self) -> None:
        """Abort the TCP connection without a close frame, and report its end with 1006."""
        ...

    def fall_silent(self) -> None:
        """Drop all traffic from now on, in both directions, as if the client had lost its network."""
        ...


class GatewayConnection:
    """The connection of one client.

    Attributes:
        caller: The description of the client in events.
        socket: The client's WebSocket.
        source_port: The client's port.
        last_active_at: The time of the last message in either direction, in seconds since the epoch.
        expiry: The timer of the idle limit and the lifetime, while the connection is open.
        ends_unnoticed: Whether `$disconnect` never runs for it.
    """

    __slots__ = ("caller", "ends_unnoticed", "expiry", "last_active_at", "socket", "source_port")

    def __init__(self, caller: Caller, socket: ClientSocket, *, source_port: int) -> None:
        self.caller = caller
        self.socket = socket
        self.source_port = source_port
        self.last_active_at = caller.connected_at / 1000
        self.expiry: ClockTimer | None = None
        self.ends_unnoticed = False

    @property
    def id(self) -> str:
        """The connection id."""
        return self.caller.connection_id


class ConnectionRegistry:
    """The open connections of a gateway, by id."""

    def __init__(self) -> None:
        self._open: dict[str, GatewayConnection] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[GatewayConnection]:
        return iter(tuple(self._open.values()))

    def get(self, connection_id: str) -> GatewayConnection | None:
        """Return the open connection with an id; `None` if it is unknown, has ended, or its `$connect` still runs."""
        return self._open.get(connection_id)

    def opened(self, connection: GatewayConnection) -> None:
        """Add an accepted connection."""
        self._open[connection.id] = connection

    def ended(self, connection: GatewayConnection) -> None:
        """Remove a connection that has ended."""
        self._open.pop(connection.id, None)
