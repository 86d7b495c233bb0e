"""What can go wrong with a client, as errors that say what to do.

    PushwireError
     +-- ClientError
          +-- AuthError              an auth made something that no handshake can carry
          +-- ClientUrlError         the URL to connect to cannot work
          +-- ConnectFailedError     connecting failed, once or for good
          +-- ConnectionLostError    the connection was lost in the middle of a send
          +-- ClientClosedError      the client has been closed
          +-- SendQueueFullError     too many sends wait for the next connection
          +-- EventsLostError        somebody who receives was too slow
          +-- ListenerError          a listener raised
          +-- GatewayError           API Gateway answered with an error frame

A message of more than 128 KB is a `pushwire.PayloadTooLargeError`, as on the Server SDK.
"""

from pushwire.errors import PushwireError
from pushwire.operation import AnyOperation

__all__ = [
    "AuthError",
    "ClientClosedError",
    "ClientError",
    "ClientUrlError",
    "ConnectFailedError",
    "ConnectionLostError",
    "EventsLostError",
    "GatewayError",
    "ListenerError",
    "SendQueueFullError",
]


class ClientError(PushwireError):
    """The root of all errors of clients."""


class AuthError(ClientError, ValueError):
    """An auth made something that no handshake can carry: a header with a line break, say. No text holds the token."""


class ClientUrlError(ClientError, ValueError):
    """The URL to connect to cannot work; the text says why and what to write instead, without the URL's query.

    Attributes:
        reason: What is wrong, and what to do.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConnectFailedError(ClientError):
    """Connecting failed. It is raised when the client gives up, and told to `on_error` listeners each time.

    The error of the network, of the handshake or of the auth is its `__cause__`.

    Attributes:
        reason: What happened, in words; no URL, header or token.
        attempts: How many attempts have failed since the last connection, this one included.
        status_code: The HTTP status that the handshake was answered with; `None` where it was not answered.
        retry_in: In how many seconds the next attempt follows; `None` where the client has given up.
    """

    def __init__(
        self, reason: str, *, attempts: int = 1, status_code: int | None = None, retry_in: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.attempts = attempts
        self.status_code = status_code
        self.retry_in = retry_in

    def __str__(self) -> str:
        facts = [
            f"attempt {self.attempts}" if self.retry_in is not None else "",
            f"{self.attempts} attempts" if self.retry_in is None and self.attempts > 1 else "",
            f"the next in {self.retry_in:.1f} s" if self.retry_in is not None else "",
        ]
        known = ", ".join(filter(None, facts))
        return f"not connected: {self.reason} ({known})" if known else f"not connected: {self.reason}"


class ConnectionLostError(ClientError):
    """The connection was lost in the middle of a send, which is not tried again by itself.

    That is so for a message that may have left as a whole, because it could otherwise arrive twice; and for what an
    `on_reconnect` hook sends, because the hook runs again on the next connection.

    Attributes:
        operation: The operation that was being sent.
        maybe_received: Whether the server may have it all the same.
    """

    def __init__(self, operation: AnyOperation | None, *, maybe_received: bool) -> None:
        super().__init__(operation, maybe_received)
        self.operation = operation
        self.maybe_received = maybe_received

    def __str__(self) -> str:
        fate = "the server may have it" if self.maybe_received else "the server does not have it"
        return f"the connection was lost while {self.operation} was being sent: {fate}"


class ClientClosedError(ClientError):
    """The client is closed, or has not been opened: nothing can be sent or received.

    Attributes:
        reason: Which of the two, and what to do.
        operation: The operation that was to be sent; `None` for what was waited for.
    """

    def __init__(self, reason: str, *, operation: AnyOperation | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.operation = operation

    def __str__(self) -> str:
        return self.reason if self.operation is None else f"{self.operation} not sent: {self.reason}"


class SendQueueFullError(ClientError):
    """The client is not connected, and as many sends wait for the next connection as may (`max_queued`).

    Attributes:
        operation: The operation that was to be sent.
        max_queued: How many sends may wait.
    """

    def __init__(self, operation: AnyOperation | None, max_queued: int) -> None:
        super().__init__(operation, max_queued)
        self.operation = operation
        self.max_queued = max_queued

    def __str__(self) -> str:
        return f"{self.operation} not sent: the client is reconnecting, and {self.max_queued} sends wait already"


class EventsLostError(ClientError):
    """Somebody who receives was too slow, and events came when `max_events` of them already waited.

    It is raised by the iteration that has lost them, when it has returned all that it still has, and told to `on_error`
    listeners when the first of them is lost. For an async listener these are told once more when it has caught up.

    Attributes:
        receiver: Who has lost events, in words.
        count: How many events it has lost since it last had them all.
    """

    def __init__(self, receiver: str, count: int) -> None:
        super().__init__(receiver, count)
        self.receiver = receiver
        self.count = count

    def __str__(self) -> str:
        return f"{self.receiver} was too slow: lost {self.count:,} events"


class ListenerError(ClientError):
    """A listener or a hook raised; the exception is its `__cause__`. All others have been called nevertheless.

    Attributes:
        listener: The name of the function.
        operation: The operation whose message it was called with; `None` for other listeners and for hooks.
    """

    def __init__(self, listener: str, operation: AnyOperation | None) -> None:
        super().__init__(listener, operation)
        self.listener = listener
        self.operation = operation

    def __str__(self) -> str:
        return f"{self.listener} raised" + ("" if self.operation is None else f" on {self.operation}")


class GatewayError(ClientError):
    """API Gateway answered a message of the client's with an error frame, such as `Forbidden`. The connection is open.

    It is told to `on_error` listeners, and an event of iteration.

    Attributes:
        message: API Gateway's text: `Forbidden`, `Internal server error`, `Endpoint request timed out`, …
        connection_id: The id of this client's connection.
        request_id: What to look for in API Gateway's logs. Nothing tells which message it answers.
    """

    __match_args__ = ("message", "connection_id", "request_id")

    def __init__(self, message: str, connection_id: str, request_id: str) -> None:
        super().__init__(message, connection_id, request_id)
        self.message = message
        self.connection_id = connection_id
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.message} (connection {self.connection_id!r}, request {self.request_id!r})"
