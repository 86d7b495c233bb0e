"""The seam to the management API: what the Server SDK needs of it."""

from collections.abc import AsyncIterable, Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from pushwire.errors import SendError
from pushwire.transport.rate_limit import RateLimit

__all__ = ["AsyncTransport", "ConnectionInfo", "FanOutOptions", "ManagementApiClient", "Transport"]


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


class FanOutOptions(NamedTuple):
    """How to send one frame to many connections.

    Attributes:
        max_in_flight: How many posts may wait for their answer at once.
        rate_limit: The budget of requests, shared with other calls; `None` for none.
        deadline: In how many seconds to stop; `None` for when all ids are drawn.
    """

    max_in_flight: int = 32
    rate_limit: RateLimit | None = None
    deadline: float | None = None


class Transport(Protocol):
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

    def post_many(
        self,
        connection_ids: Iterable[str],
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Send one text frame to many connections.

        Ids are drawn when there is room for them. Each gets one outcome, and none of them stops the rest; posts to one
        connection never overtake one another. An exception of the iterable's or of `on_outcome` is raised when what is
        in flight has ended; nothing more is drawn then.

        Args:
            connection_ids: The connections; one that occurs twice is sent to twice.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: How many at once, how fast, until when.
            on_outcome: Called with each id, and `None` where it was accepted or else a `pushwire.SendError`; one call
                at a time.

        Returns:
            The ids that were drawn and not tried when the deadline came.
        """
        ...

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Ask what is known of a connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        ...

    def delete(self, connection_id: str, /) -> None:
        """Close a connection; API Gateway runs `$disconnect`.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """

    def close(self) -> None:
        """Release what is held open. Calling it again does nothing."""


class AsyncTransport(Protocol):
    """The management API of one WebSocket API, as `Transport`, for one event loop."""

    async def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """

    async def post_many(
        self,
        connection_ids: Iterable[str] | AsyncIterable[str],
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Send one text frame to many connections, as `Transport.post_many` does.

        Args:
            connection_ids: The connections, from an iterable or an async one.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: How many at once, how fast, until when.
            on_outcome: Called with each id, and `None` where it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were drawn and not tried when the deadline came.
        """
        ...

    async def get(self, connection_id: str, /) -> ConnectionInfo:
        """Ask what is known of a connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        ...

    async def delete(self, connection_id: str, /) -> None:
        """Close a connection; API Gateway runs `$disconnect`.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """

    async def close(self) -> None:
        """Release what is held open. Calling it again does nothing."""


class ManagementApiClient(Protocol):
    """What Pushwire calls of `boto3.client("apigatewaymanagementapi")`."""

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> Any:  # noqa: N803
        """Send a frame."""

    def get_connection(self, *, ConnectionId: str) -> Any:  # noqa: N803
        """Ask what is known of a connection."""

    def delete_connection(self, *, ConnectionId: str) -> Any:  # noqa: N803
        """Close a connection."""
