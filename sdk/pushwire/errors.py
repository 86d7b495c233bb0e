"""The exceptions of sends, frames and callback URLs, with one base class.

```text
PushwireError
 +-- CallbackUrlError           the URL to post to is missing or wrong
 +-- FrameError                 a frame cannot be decoded, or a message cannot be encoded
 +-- OperationError             a handler refuses a message, or the server could not handle it
 |    +-- RemoteOperationError       as a client receives it
 +-- SendError                  a call of the management API failed
 |    +-- ConnectionGoneError          410: the client is not connected
 |    |    +-- ConnectionPendingError  the connection's own `$connect` is still running
 |    +-- ThrottledError               429: the account's rate, or the buffer of one client
 |    +-- PayloadTooLargeError         413: more than 131,072 bytes
 |    +-- ForbiddenError               403: signature, permission or URL
 |    +-- InvalidConnectionIdError     400: not a connection id of API Gateway
 |    +-- CredentialsError             no usable AWS credentials
 |    +-- UnavailableError             time-outs, DNS, resets, 5xx after retries
 +-- BroadcastError             some sends of a broadcast failed: a group of their errors
```

Errors store data and build their text from it, so that applications can log the fields. An argument of a wrong type
raises `TypeError`.
"""

from __future__ import annotations

import enum
from typing import ClassVar

from pushwire.operation import AnyOperation

__all__ = [
    "BroadcastError",
    "CallbackUrlError",
    "Code",
    "ConnectionGoneError",
    "ConnectionPendingError",
    "CredentialsError",
    "ForbiddenError",
    "FrameError",
    "InvalidConnectionIdError",
    "OperationError",
    "PayloadTooLargeError",
    "PushwireError",
    "RemoteOperationError",
    "SendError",
    "ThrottledError",
    "UnavailableError",
]


class PushwireError(Exception):
    """Base class of the errors that Pushwire defines."""


class CallbackUrlError(PushwireError, ValueError):
    """The callback URL is missing or invalid. The text has the reason and the correction.

    Attributes:
        reason: What is wrong, and what to do.
        url: The invalid URL. `None` if no URL was found, or if it holds a user name or a password.
    """

    def __init__(self, reason: str, *, url: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.url = url

    def __str__(self) -> str:
        return self.reason if self.url is None else f"{self.url!r}: {self.reason}"


class FrameError(PushwireError, ValueError):
    """A frame cannot be decoded into a message, or a message cannot be encoded.

    If a JSON value does not fit its field, the `__cause__` is a `pushwire.protojson.ProtoJsonError`. It has the path
    and the value, which is never in the text.

    Attributes:
        reason: What is wrong. It can quote names, JSON keys and API Gateway's error texts, in at most 200 characters.
        route: The route of the frame or message. `None` if the frame's route could not be read.
    """

    def __init__(self, reason: str, *, route: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.route = route

    def __str__(self) -> str:
        return self.reason if self.route is None else f"route {self.route!r}: {self.reason}"


class Code(enum.Enum):
    """The reason of an `OperationError`: the sixteen codes of Connect and gRPC, in Connect's spelling.

    Source: "Error codes", Connect protocol reference. Codes without a note are set by handlers only.
    """

    CANCELED = "canceled"
    """The operation was canceled."""
    UNKNOWN = "unknown"
    """The reason is not known. Clients also use it for a code that they do not know."""
    INVALID_ARGUMENT = "invalid_argument"
    """The message is invalid. Routers also use it for a frame that cannot be decoded."""
    DEADLINE_EXCEEDED = "deadline_exceeded"
    """The operation took too long."""
    NOT_FOUND = "not_found"
    """The message names something that does not exist."""
    ALREADY_EXISTS = "already_exists"
    """The message creates something that exists."""
    PERMISSION_DENIED = "permission_denied"
    """The user may not do this."""
    RESOURCE_EXHAUSTED = "resource_exhausted"
    """A quota is used up."""
    FAILED_PRECONDITION = "failed_precondition"
    """The state of the system does not allow the operation."""
    ABORTED = "aborted"
    """The operation was aborted, for example by a conflict with another one."""
    OUT_OF_RANGE = "out_of_range"
    """A value is outside the valid range."""
    UNIMPLEMENTED = "unimplemented"
    """The operation does not exist. Routers also use it for an unknown route."""
    INTERNAL = "internal"
    """The server failed. Routers also use it for any exception but `OperationError`."""
    UNAVAILABLE = "unavailable"
    """The server cannot handle the operation at the moment."""
    DATA_LOSS = "data_loss"
    """Data was lost or is corrupted."""
    UNAUTHENTICATED = "unauthenticated"
    """The user is not known."""


class OperationError(PushwireError):
    """The server refuses a message, or could not handle it.

    A handler or an interceptor raises it to refuse a message with a reason. Clients raise it as `RemoteOperationError`.

    Args:
        code: The reason, for the client's code.
        message: The text for the client. Routers send at most 2,000 characters of it. Defaults to an empty string.

    Attributes:
        code: The reason.
        message: The text.

    Raises:
        TypeError: The code is not a `Code`, or the text is not a string.

    Example:
        ```python
        raise OperationError(Code.NOT_FOUND, f"there is no room {request.message.room!r}")
        ```
    """

    def __init__(self, code: Code, message: str = "") -> None:
        if not isinstance(code, Code):
            raise TypeError(f"code must be a pushwire.Code, such as Code.NOT_FOUND, not {code!r:.100}")
        if not isinstance(message, str):
            raise TypeError(f"message must be a string, not {type(message).__name__}")
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code.value}: {self.message}" if self.message else self.code.value


class RemoteOperationError(OperationError):
    """An `OperationError` that a server has sent: requests and confirmed sends of clients raise it.

    A handler that does not catch it has failed, as with any other exception. Its own client does not get the code and
    the text of the other server, unless the handler raises an `OperationError` with them.

    Args:
        code: The reason.
        message: The text. Defaults to an empty string.

    Attributes:
        code: The reason.
        message: The text.
    """


class SendError(PushwireError):
    """A call of the management API failed: a send, or `get` or `disconnect` of a connection.

    It is raised as one of the subclasses; or as itself for a response that API Gateway does not document, such as a 404
    from another server. The error of botocore or of the operating system is its `__cause__`.

    Attributes:
        reason: What happened. Defaults to an empty string.
        connection_id: The connection that was called.
        operation: The operation that was sent. `None` for `get` and `disconnect`.
        attempts: The number of requests that were made. 0 if the call failed before the first request.
        maybe_accepted: Whether API Gateway may have accepted the message: a request was sent, and its response was
            lost or was a 5xx.
        status_code: The HTTP status of the last response. `None` if no response was received.
    """

    summary: ClassVar[str] = "unexpected response from the management API"
    """The start of the error's text, which each subclass defines."""

    def __init__(
        self,
        reason: str = "",
        *,
        connection_id: str = "",
        operation: AnyOperation | None = None,
        attempts: int = 0,
        maybe_accepted: bool = False,
        status_code: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.connection_id = connection_id
        self.operation = operation
        self.attempts = attempts
        self.maybe_accepted = maybe_accepted
        self.status_code = status_code

    def __str__(self) -> str:
        was_made = self.attempts or type(self) is not SendError
        summary = self.summary if was_made else "no request was made"
        text = f"{summary}: {self.reason}" if self.reason else summary
        facts = [
            f"operation {self.operation}" if self.operation is not None else "",
            f"connection {self.connection_id!r}" if self.connection_id else "",
            f"{self.attempts} attempts" if self.attempts > 1 else "",
            "it may have been accepted" if self.maybe_accepted else "",
        ]
        known = ", ".join(filter(None, facts))
        return f"{text} ({known})" if known else text


class ConnectionGoneError(SendError):
    """410: the client is not connected. Delete its connection id; a client that reconnects gets a new one."""

    summary = "the connection is gone"


class ConnectionPendingError(ConnectionGoneError):
    """The connection's own `$connect` is still running. API Gateway answers with 410 until it has returned.

    Send when the client's first message arrives, or from another invocation.
    """

    summary = "the connection is not open yet: its $connect has not returned"


class ThrottledError(SendError):
    """429 after all attempts: the account's request rate is exceeded, or the client reads too slowly."""

    summary = "throttled"


class PayloadTooLargeError(SendError):
    """The encoded frame is larger than 131,072 bytes: found before the first request, or a 413 from API Gateway.

    Attributes:
        size: The size of the encoded frame in bytes. `None` if only API Gateway found it too large.
    """

    summary = "the frame is too large"

    def __init__(
        self,
        reason: str = "",
        *,
        size: int | None = None,
        connection_id: str = "",
        operation: AnyOperation | None = None,
        attempts: int = 0,
        maybe_accepted: bool = False,
        status_code: int | None = None,
    ) -> None:
        super().__init__(
            reason,
            connection_id=connection_id,
            operation=operation,
            attempts=attempts,
            maybe_accepted=maybe_accepted,
            status_code=status_code,
        )
        self.size = size


class ForbiddenError(SendError):
    """403: a wrong signature or region, a missing `execute-api:ManageConnections` permission, or an unknown stage."""

    summary = "forbidden"


class InvalidConnectionIdError(SendError):
    """400: the id does not have the form of an API Gateway connection id."""

    summary = "invalid connection id"


class CredentialsError(SendError):
    """No AWS credentials were found, or they could not be loaded. No request was made."""

    summary = "no usable AWS credentials"


class UnavailableError(SendError):
    """No attempt succeeded: a time-out, a DNS error, a refused or reset connection, or a 5xx response."""

    summary = "the management API is unavailable"


class BroadcastError(PushwireError, ExceptionGroup[SendError]):
    """Some sends of a broadcast failed. Only `BroadcastReport.raise_for_failures` raises it.

    It is a group of their errors, so that `except* pushwire.ThrottledError` selects the errors of one class.
    """
