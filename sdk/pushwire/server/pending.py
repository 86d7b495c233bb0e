"""Connections while one of them is not open yet."""

from pushwire.connections.protocol import ConnectionInfo, Connections
from pushwire.errors import ConnectionPendingError

__all__ = ["ConnectionsWhilePending"]


class ConnectionsWhilePending:
    """Connections that refuse the one whose `$connect` is running, without asking API Gateway, which would answer 410.

    Args:
        connections: Where all other connections are.
        connection_id: The one that is not open yet.
    """

    def __init__(self, connections: Connections, connection_id: str) -> None:
        self._connections = connections
        self._connection_id = connection_id

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to another connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        self._refuse(connection_id)
        self._connections.post(connection_id, data)

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Ask what is known of another connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        self._refuse(connection_id)
        return self._connections.get(connection_id)

    def delete(self, connection_id: str, /) -> None:
        """Close another connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        self._refuse(connection_id)
        self._connections.delete(connection_id)

    def close(self) -> None:
        """Do nothing: they are not this object's."""

    def _refuse(self, connection_id: str) -> None:
        if connection_id == self._connection_id:
            raise ConnectionPendingError(
                "send to it when the client's first message arrives (have the client say hello), or deny the "
                "connection by raising ConnectionDenied",
                connection_id=connection_id,
            )
