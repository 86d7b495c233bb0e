"""The connections of a gateway: their state, and the registry that the management API looks them up in. Sans-I/O."""

import enum
from collections.abc import Iterator
from typing import Protocol

from pushwire.gateway.events import Caller

__all__ = ["Channel", "Connection", "Phase", "Registry"]


class Channel(Protocol):
    """How a connection reaches its client."""

    def send_text(self, payload: bytes) -> bool:
        """Send one text message, valid UTF-8; return `False`, with nothing sent, if the client reads too slowly."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a close frame, and report its end."""
        ...


class Phase(enum.Enum):
    """Where a connection is in its life."""

    PENDING = "pending"
    """Its `$connect` is running; the management API answers 410."""
    OPEN = "open"
    """It is established."""
    ENDED = "ended"
    """It is gone; the management API answers 410."""


class Connection:
    """One client.

    Attributes:
        caller: What events say about it.
        channel: How to reach it.
        phase: Where it is in its life.
        last_active_at: When a message last went either way, in seconds since the epoch.
    """

    __slots__ = ("caller", "channel", "last_active_at", "phase")

    def __init__(self, caller: Caller, channel: Channel) -> None:
        self.caller = caller
        self.channel = channel
        self.phase = Phase.PENDING
        self.last_active_at = caller.connected_at / 1000

    @property
    def id(self) -> str:
        """The connection id."""
        return self.caller.connection_id


class Registry:
    """The open connections of a gateway, by id."""

    def __init__(self) -> None:
        self._open: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._open.values()))

    def get(self, connection_id: str) -> Connection | None:
        """Return the open connection of that id, or `None`: there is none, its `$connect` still runs, or it ended."""
        return self._open.get(connection_id)

    def opened(self, connection: Connection) -> None:
        """Note that a connection is established."""
        connection.phase = Phase.OPEN
        self._open[connection.id] = connection

    def ended(self, connection: Connection) -> None:
        """Note that a connection has ended."""
        connection.phase = Phase.ENDED
        self._open.pop(connection.id, None)
