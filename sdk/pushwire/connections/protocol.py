"""The seam to the management API: what the Server SDK needs of it."""

from datetime import datetime
from typing import NamedTuple, Protocol

__all__ = ["ConnectionInfo", "Connections"]


class ConnectionInfo(NamedTuple):
    """What API Gateway knows of an open connection ("GetConnection", API Gateway management API reference).

    Attributes:
        connected_at: When the client connected, in UTC.
        last_active_at: When the last message passed, in UTC.
        source_ip: The client's address.
        user_agent: The client's `User-Agent` header; `None` where it sent none.
    """

    connected_at: datetime
    last_active_at: datetime
    source_ip: str
    user_agent: str | None


class Connections(Protocol):
    """The management API of one WebSocket API, addressed by connection id.

    Each call makes its own retries and raises a `pushwire.SendError` when it has failed for good.
    """

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Ask what is known of a connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """

    def delete(self, connection_id: str, /) -> None:
        """Close a connection; API Gateway runs `$disconnect`.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """

    def close(self) -> None:
        """Release what is held open. Calling it again does nothing."""
