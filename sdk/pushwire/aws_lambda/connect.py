"""The decisions of `on_connect`."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from pushwire._checks import check_text, check_whole_number
from pushwire.errors import PushwireError

__all__ = ["ConnectionAccepted", "ConnectionDenied"]


class ConnectionAccepted(NamedTuple):
    """Decision of `on_connect` to open the connection. `None` means the same, without details.

    The user, the attributes and the topics are stored with the connection. They need a router with `store=`.

    Attributes:
        subprotocol: The subprotocol of this connection, one of those that the client offers (`event.subprotocols`).
            Defaults to no subprotocol. Browsers close a connection if they offered subprotocols and the server did not
            choose one ("WebSocket APIs that require a subprotocol", API Gateway developer guide).
        user: The user of the connection. Defaults to `None`: not known.
        attributes: What to store with the connection, such as a display name. Defaults to no attributes.
        topics: The topics that the connection joins. Defaults to none.
    """

    subprotocol: str | None = None
    user: str | None = None
    attributes: Mapping[str, str] | None = None
    topics: Collection[str] = ()


class ConnectionDenied(PushwireError):  # noqa: N818 - a decision, named as its opposite is
    """Decision to refuse the connection. Raise it in `on_connect` or in an interceptor.

    Args:
        status_code: The HTTP status of the refused handshake, from 400 to 599. Defaults to 403.
        reason: The reason, for the log of the Lambda function. The client does not receive it. Defaults to an empty
            string.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The status code is not in this range, or the reason has control characters.
    """

    def __init__(self, status_code: int = 403, reason: str = "") -> None:
        check_whole_number("status_code", status_code, minimum=400, maximum=599)
        check_text("reason", reason)
        super().__init__(status_code, reason)
        self.status_code = int(status_code)
        self.reason = reason

    def __str__(self) -> str:
        """Return the status code and the reason."""
        return f"denied with {self.status_code}: {self.reason}" if self.reason else f"denied with {self.status_code}"
