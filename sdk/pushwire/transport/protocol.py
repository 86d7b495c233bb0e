"""Protocols of the transports: the calls of the management API that the Server SDK needs."""

from collections.abc import AsyncIterable, Callable, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from pushwire.errors import SendError
from pushwire.transport.rate_limit import RateLimit

__all__ = [
    "DEFAULT_MAX_IN_FLIGHT",
    "AsyncTransport",
    "ConnectionInfo",
    "FanOutOptions",
    "ManagementApiClient",
    "Transport",
]

DEFAULT_MAX_IN_FLIGHT: Final = 32
"""Posts that a broadcast starts with at the same time, unless `FanOutOptions.max_in_flight` is set."""


class ConnectionInfo(NamedTuple):
    """An open connection, as API Gateway describes it ("GetConnection", API Gateway management API reference).

    Attributes:
        connected_at: When the client connected, in UTC.
        last_active_at: When the last message was sent or received, in UTC.
        source_ip: The client's address.
        user_agent: The client's `User-Agent` header; `None` if it did not send one.
    """

    connected_at: datetime
    last_active_at: datetime
    source_ip: str
    user_agent: str | None


class FanOutOptions(NamedTuple):
    """Limits of one `post_many`.

    Attributes:
        max_in_flight: The most posts that wait for their response at the same time. By default the transport decides.
        rate_limit: A budget of requests, which other calls may share. Defaults to `None`: no limit.
        deadline: Seconds after which no more posts start. Defaults to `None`: when all ids are sent.
    """

    max_in_flight: int | None = None
    rate_limit: RateLimit | None = None
    deadline: float | None = None


class Transport(Protocol):
    """The management API of one WebSocket API, addressed by connection id.

    Each call makes its own retries, and raises a `pushwire.SendError` when the last attempt has failed.
    """

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
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

        Each id is read from the iterable when it can be sent, and gets one outcome. An error does not stop the others.
        Posts to one connection never overtake one another. If the iterable or `on_outcome` raises an exception, no more
        ids are read, and the exception is raised when all posts in flight have ended.

        Args:
            connection_ids: The connections. One that occurs twice gets the frame twice.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: The limits: posts in flight, rate, deadline.
            on_outcome: Called with each id, and `None` if it was accepted or else a `pushwire.SendError`; one call at a
                time.

        Returns:
            The ids that were read and not sent before the deadline.
        """
        ...

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return when a connection was opened, when it was last active, and its source.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        ...

    def delete(self, connection_id: str, /) -> None:
        """Close a connection. API Gateway then runs the `$disconnect` handler.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """

    def close(self) -> None:
        """Close pooled connections. Calling it again does nothing."""


class AsyncTransport(Protocol):
    """The management API of one WebSocket API, as in `Transport`, for one event loop."""

    async def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
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
            connection_ids: The connections, as an iterable or an async iterable.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: The limits: posts in flight, rate, deadline.
            on_outcome: Called with each id, and `None` if it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were read and not sent before the deadline.
        """
        ...

    async def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return when a connection was opened, when it was last active, and its source.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        ...

    async def delete(self, connection_id: str, /) -> None:
        """Close a connection. API Gateway then runs the `$disconnect` handler.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """

    async def close(self) -> None:
        """Close pooled connections. Calling it again does nothing."""


class ManagementApiClient(Protocol):
    """The methods of `boto3.client("apigatewaymanagementapi")` that Pushwire calls."""

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> Any:  # noqa: N803
        """Send a frame to a connection.

        Args:
            ConnectionId: The id of the connection.
            Data: The frame's text in UTF-8.
        """

    def get_connection(self, *, ConnectionId: str) -> Any:  # noqa: N803
        """Return the details of a connection.

        Args:
            ConnectionId: The id of the connection.
        """

    def delete_connection(self, *, ConnectionId: str) -> Any:  # noqa: N803
        """Close a connection.

        Args:
            ConnectionId: The id of the connection.
        """
