"""The decisions of `on_connect`."""

from typing import NamedTuple

from pushwire.errors import PushwireError

__all__ = ["ConnectionAccepted", "ConnectionDenied"]


class ConnectionAccepted(NamedTuple):
    """The connection may open. Returning `None` from `on_connect` says the same, without a subprotocol.

    Attributes:
        subprotocol: One of the subprotocols that the client offers (`event.subprotocols`), to be spoken on this
            connection; `None` for none. Browsers close a connection whose offer got no answer ("WebSocket APIs that
            require a subprotocol", API Gateway developer guide).
    """

    subprotocol: str | None = None


class ConnectionDenied(PushwireError):  # noqa: N818 - a decision, named as its opposite is
    """Raised in `on_connect`, or by an interceptor, to refuse the connection.

    Args:
        status_code: The HTTP status of the refused handshake, from 400 to 599. Defaults to 403.
        reason: The reason, for the log of the Lambda. The client never sees it. Defaults to none.

    Raises:
        ValueError: The status code is not in this range.
    """

    def __init__(self, status_code: int = 403, reason: str = "") -> None:
        if status_code not in range(400, 600):
            raise ValueError(f"a connection is denied with a status code from 400 to 599, not {status_code!r}")
        super().__init__(status_code, reason)
        self.status_code = int(status_code)
        self.reason = reason

    def __str__(self) -> str:
        """Return the status code and the reason."""
        return f"denied with {self.status_code}: {self.reason}" if self.reason else f"denied with {self.status_code}"
