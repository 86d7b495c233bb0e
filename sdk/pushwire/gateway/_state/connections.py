"""The connections of a gateway: their state, and the registry that the management API looks them up in. Sans-I/O."""

from collections.abc import Iterator
from typing import Protocol

from pushwire.gateway._state.events import Caller
from pushwire.gateway.clock import ClockTimer

__all__ = ["ClientSocket", "ConnectionRegistry", "GatewayConnection"]


class ClientSocket(Protocol):
    """How a connection reaches its client."""

    def send_text(self, payload: bytes) -> bool:
        """Send one text message, valid UTF-8; return `False`, with nothing sent, if the client reads too slowly."""
        ...

    def receive(self, message: str) -> None:
        """Take a message as if the client had sent it."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a close frame, and report its end."""
        ...

    def drop(self) -> None:
        """Cut the TCP connection without a close frame, and report its end: 1006."""
        ...

    def fall_silent(self) -> None:
        """Deliver nothing and hear nothing any more, as if the client had left the network without a word."""
        ...


class GatewayConnection:
    """One client.

    Attributes:
        caller: What events say about it.
        channel: How to reach it.
        source_port: The client's port.
        last_active_at: When a message last went either way, in seconds since the epoch.
        expiry: The timer of its idle limit and its lifetime, while it is open.
        ends_unnoticed: Whether its `$disconnect` never runs.
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
        """Return the open connection of that id, or `None`: there is none, its `$connect` still runs, or it ended."""
        return self._open.get(connection_id)

    def opened(self, connection: GatewayConnection) -> None:
        """Note that a connection is established."""
        self._open[connection.id] = connection

    def ended(self, connection: GatewayConnection) -> None:
        """Note that a connection has ended."""
        self._open.pop(connection.id, None)
