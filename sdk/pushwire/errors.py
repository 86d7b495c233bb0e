"""The exceptions of sends, frames and callback URLs, with one base class.

```text
PushwireError
 +-- CallbackUrlError           the URL to post to is missing or wrong
 +-- FrameError                 a frame cannot be decoded, or a message cannot be encoded
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

from typing import ClassVar

from pushwire.operation import AnyOperation

__all__ = [
    "BroadcastError",
    "CallbackUrlError",
    "ConnectionGoneError",
    "ConnectionPendingError",
    "CredentialsError",
    "ForbiddenError",
    "FrameError",
    "InvalidConnectionIdError",
    "PayloadTooLargeError",
    "PushwireError",
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
        text = f"{self.summary}: {self.reason}" if self.reason else self.summary
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
