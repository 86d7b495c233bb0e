"""Connections for tests: nothing is sent, everything is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pushwire.connections.protocol import ConnectionInfo
from pushwire.errors import SendError

__all__ = ["Post", "RecordingConnections"]


@dataclass(frozen=True, slots=True)
class Post:
    """One frame that was sent.

    Attributes:
        connection_id: Where to.
        data: The frame's text in UTF-8, as API Gateway would carry it.
    """

    connection_id: str
    data: bytes


class RecordingConnections:
    """Connections that record instead of sending.

    Attributes:
        posts: The frames sent so far, in order.
        deleted: The connections closed so far, in order.
        failures: What to raise for a connection id, in place of recording; change it at will.
    """

    def __init__(self, *, failures: Mapping[str, SendError] | None = None) -> None:
        self.posts: list[Post] = []
        self.deleted: list[str] = []
        self.failures: dict[str, SendError] = dict(failures or {})

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Record a frame.

        Raises:
            pushwire.SendError: What `failures` holds for the connection.
        """
        self._fail(connection_id)
        self.posts.append(Post(connection_id, data))

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Answer with a fixed time and address.

        Raises:
            pushwire.SendError: What `failures` holds for the connection.
        """
        self._fail(connection_id)
        time = datetime(2024, 1, 1, tzinfo=UTC)
        return ConnectionInfo(connected_at=time, last_active_at=time, source_ip="192.0.2.1", user_agent=None)

    def delete(self, connection_id: str, /) -> None:
        """Record that a connection was closed.

        Raises:
            pushwire.SendError: What `failures` holds for the connection.
        """
        self._fail(connection_id)
        self.deleted.append(connection_id)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _fail(self, connection_id: str) -> None:
        failure = self.failures.get(connection_id)
        if failure is not None:
            failure.connection_id = connection_id
            raise failure
