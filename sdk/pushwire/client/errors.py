"""The errors of clients.

```text
PushwireError
 +-- OperationError              see `pushwire.errors`
 |    +-- RemoteOperationError   a request or a confirmed send was refused
 +-- ClientError
      +-- AuthError              the result of an auth cannot be sent in a handshake
      +-- ClientUrlError         the URL to connect to is not usable
      +-- ConnectFailedError     an attempt to connect failed, or the client gave up
      +-- ConnectionLostError    the connection was lost during a send, or before its reply
      +-- ReplyTimeoutError      no reply arrived in time
      +-- RequestLimitError      too many requests wait for a reply
      +-- ClientClosedError      the client is closed, or was not opened
      +-- SendQueueFullError     too many sends wait for the next connection
      +-- EventsLostError        a consumer's buffer overflowed
      +-- ListenerError          a listener or a hook raised
      +-- GatewayError           API Gateway sent an error frame
           +-- OperationRefused       a router refused a message that has no id
```

A message of more than 131,072 bytes raises `pushwire.PayloadTooLargeError`, as in the Server SDK.
"""

from pushwire.errors import Code, PushwireError
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
    "OperationRefused",
    "ReplyTimeoutError",
    "RequestLimitError",
    "SendQueueFullError",
]


class ClientError(PushwireError):
    """Base class of the errors of clients."""


class AuthError(ClientError, ValueError):
    """The result of an auth cannot be sent in a handshake, for example a header with a line break.

    The text never has the token.
    """


class ClientUrlError(ClientError, ValueError):
    """The URL to connect to is not usable. The text has the reason and the correction, but not the URL's query.

    Attributes:
        reason: What is wrong, and what to do.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConnectFailedError(ClientError):
    """An attempt to connect failed.

    It is raised when the client gives up, and passed to `on_error` listeners for each failed attempt to reconnect. Its
    `__cause__` is the error of the network, of the handshake or of the auth.

    Attributes:
        reason: What happened, without a URL, a header or a token.
        attempts: The number of attempts that have failed since the last connection, including this one. Defaults to 1.
        status_code: The HTTP status of the response to the handshake. `None` if no response was received.
        retry_in: Seconds until the next attempt. `None` if the client has given up.
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
    """The connection was lost during a send that the client does not repeat, or before its reply.

    The client does not repeat a message that may have been written completely, because it could arrive twice. It also
    does not repeat the sends of an `on_reconnect` hook, because the hook runs again on the next connection.

    A reply goes to the connection of its request, so no reply can follow after the end of that connection.

    Attributes:
        operation: The operation that was being sent.
        maybe_received: Whether the server may have received the message.
    """

    def __init__(self, operation: AnyOperation | None, maybe_received: bool) -> None:
        super().__init__(operation, maybe_received)
        self.operation = operation
        self.maybe_received = maybe_received

    def __str__(self) -> str:
        fate = "the server may have received it" if self.maybe_received else "the server has not received it"
        return f"the connection was lost during {self.operation}: {fate}"


class ReplyTimeoutError(ClientError, TimeoutError):
    """No reply to a request, or no confirmation of a send, arrived in time.

    The handler may still run, or may have run. A reply that arrives later is dropped. API Gateway does not reply to a
    message that it refuses itself, for example because of its size or its route model.

    Attributes:
        operation: The operation.
        timeout: Seconds that the call has waited.
        maybe_received: Whether the server may have received the message.
    """

    def __init__(self, operation: AnyOperation, timeout: float, maybe_received: bool) -> None:
        super().__init__(operation, timeout, maybe_received)
        self.operation = operation
        self.timeout = timeout
        self.maybe_received = maybe_received

    def __str__(self) -> str:
        fate = "the server may have received it" if self.maybe_received else "it was not sent"
        return f"no reply to {self.operation} within {self.timeout} s: {fate}"


class RequestLimitError(ClientError):
    """`max_requests` requests and confirmed sends already wait for a reply. The message was not sent.

    Attributes:
        operation: The operation that could not be sent.
        max_requests: The number of requests that may wait.
    """

    def __init__(self, operation: AnyOperation, max_requests: int) -> None:
        super().__init__(operation, max_requests)
        self.operation = operation
        self.max_requests = max_requests

    def __str__(self) -> str:
        return f"{self.operation} not sent: {self.max_requests} requests wait for a reply already (max_requests=)"


class ClientClosedError(ClientError):
    """The client is closed, or was not opened.

    Attributes:
        reason: Whether the client is closed or was not opened, and what to do.
        operation: The operation that could not be sent. `None` if the call was not a send.
    """

    def __init__(self, reason: str, *, operation: AnyOperation | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.operation = operation

    def __str__(self) -> str:
        return self.reason if self.operation is None else f"{self.operation} not sent: {self.reason}"


class SendQueueFullError(ClientError):
    """The client is not connected, and `max_queued` sends already wait for the next connection.

    Attributes:
        operation: The operation that could not be sent.
        max_queued: The number of sends that may wait.
    """

    def __init__(self, operation: AnyOperation | None, max_queued: int) -> None:
        super().__init__(operation, max_queued)
        self.operation = operation
        self.max_queued = max_queued

    def __str__(self) -> str:
        return (
            f"{self.operation} not sent: the client is reconnecting, and {self.max_queued} sends are queued already "
            "(max_queued=)"
        )


class EventsLostError(ClientError):
    """A consumer's buffer overflowed: events arrived while `max_events` events already waited in it.

    An iteration that has lost events raises it after its buffer is drained. `on_error` listeners get it when the first
    event is lost, and again with the number of lost events when an async listener has drained its buffer.

    Attributes:
        receiver: The consumer that has lost events.
        count: The number of events that it has lost since its buffer was last drained.
    """

    def __init__(self, receiver: str, count: int) -> None:
        super().__init__(receiver, count)
        self.receiver = receiver
        self.count = count

    def __str__(self) -> str:
        return f"{self.receiver} was too slow: lost {self.count:,} events"


class ListenerError(ClientError):
    """A listener or a hook raised an exception, which is its `__cause__`. The others are still called.

    Attributes:
        listener: The name of the function.
        operation: The operation of the message that it was called with. `None` for error listeners and for hooks.
    """

    def __init__(self, listener: str, operation: AnyOperation | None) -> None:
        super().__init__(listener, operation)
        self.listener = listener
        self.operation = operation

    def __str__(self) -> str:
        return f"{self.listener} raised" + ("" if self.operation is None else f" on {self.operation}")


class GatewayError(ClientError):
    """API Gateway answered a message of the client with an error frame, such as `Forbidden`. The connection stays open.

    It is passed to `on_error` listeners, and iterations yield it as an event.

    Attributes:
        message: API Gateway's text: `Forbidden`, `Internal server error`, `Endpoint request timed out`, …
        connection_id: The id of this client's connection.
        request_id: The id of the request in API Gateway's logs. The frame does not identify the message that it
            answers.
    """

    __match_args__ = ("message", "connection_id", "request_id")

    def __init__(self, message: str, connection_id: str, request_id: str) -> None:
        super().__init__(message, connection_id, request_id)
        self.message = message
        self.connection_id = connection_id
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.message} (connection {self.connection_id!r}, request {self.request_id!r})"


class OperationRefused(GatewayError):  # noqa: N818 - an event, like its base class
    """A router refused a message of the client that has no `id`, with a reason.

    The reason is in the form of API Gateway's error frames. It does not identify the refused message. A request, and a
    send with `confirm=True`, raise `pushwire.OperationError` instead.

    Attributes:
        message: The text of the handler's `OperationError`, or `Forbidden` or `Bad request body`.
        connection_id: The id of this client's connection.
        request_id: The id of the request in API Gateway's logs.
        code: The reason.
    """

    __match_args__ = ("message", "connection_id", "request_id", "code")

    def __init__(self, message: str, connection_id: str, request_id: str, code: Code) -> None:
        super().__init__(message, connection_id, request_id)
        self.args = (message, connection_id, request_id, code)
        self.code = code

    def __str__(self) -> str:
        return f"{self.code.value}: {super().__str__()}"
