"""Every exception that Pushwire raises on purpose, under one root.

    PushwireError
     +-- CallbackUrlError           the URL to post to is missing or wrong
     +-- FrameError                 a frame cannot be decoded, or a message cannot be encoded
     +-- SendError                  a call of the management API failed
          +-- ConnectionGoneError          410: the client is not connected
          |    +-- ConnectionPendingError  the connection's own `$connect` is still running
          +-- ThrottledError               429: the account's rate, or this client's buffer
          +-- PayloadTooLargeError         413: more than 131,072 bytes
          +-- ForbiddenError               403: signature, permission or URL
          +-- InvalidConnectionIdError     400: not an id of API Gateway's
          +-- CredentialsError             no usable AWS credentials
          +-- UnavailableError             time-outs, DNS, resets, 5xx after retries
     +-- BroadcastError             some sends of a broadcast failed: a group of their errors

Errors store data and build their text from it, so that it can be logged as fields. A wrong type is a `TypeError`, as
everywhere in Python.
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
    """The root of all errors that Pushwire raises on purpose."""


class CallbackUrlError(PushwireError, ValueError):
    """The callback URL is missing or cannot work; the text says why and what to write instead.

    Attributes:
        reason: What is wrong, and what to do.
        url: The refused URL, or `None` where none was found.
    """

    def __init__(self, reason: str, *, url: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.url = url

    def __str__(self) -> str:
        return self.reason if self.url is None else f"{self.url!r}: {self.reason}"


class FrameError(PushwireError, ValueError):
    """A frame cannot be decoded into a message, or a message cannot be encoded.

    Attributes:
        reason: What is wrong. It may quote names of the contract, never the content of a frame.
        route: The route in question, or `None` where the frame gave none.
    """

    def __init__(self, reason: str, *, route: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.route = route

    def __str__(self) -> str:
        return self.reason if self.route is None else f"route {self.route!r}: {self.reason}"


class SendError(PushwireError):
    """A call of the management API failed: a send, or `get` or `disconnect` of a connection.

    Raised as one of the subclasses, or as itself for an answer that API Gateway does not document (a 404 from another
    server, say). The botocore or OS error is its `__cause__`.

    Attributes:
        reason: What happened, in words.
        connection_id: The connection it concerns.
        operation: The operation that was being sent; `None` for `get` and `disconnect`.
        attempts: How many requests were made, 0 when none was.
        maybe_accepted: Whether API Gateway may have accepted the message all the same: a request went out and its
            answer was lost, or was a 5xx.
        status_code: The HTTP status of the last answer; `None` where there was none.
    """

    summary: ClassVar[str] = "unexpected answer from the management API"

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
    """410: the client is not connected. Forget its connection id; a client that reconnects gets a new one."""

    summary = "the connection is gone"


class ConnectionPendingError(ConnectionGoneError):
    """The connection's own `$connect` is still running: API Gateway answers 410 until it has returned.

    Send when the client's first message arrives, or from another invocation.
    """

    summary = "the connection is not open yet: its $connect has not returned"


class ThrottledError(SendError):
    """429 after all attempts: the account's request rate is spent, or the client reads too slowly."""

    summary = "throttled"


class PayloadTooLargeError(SendError):
    """413, or known before any request: the encoded frame is over API Gateway's 131,072 bytes.

    Attributes:
        size: The size of the encoded frame in bytes, where known.
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
    """403: wrong signature or region, no `execute-api:ManageConnections` permission, or a URL of no such stage."""

    summary = "forbidden"


class InvalidConnectionIdError(SendError):
    """400: the id does not have the form of an API Gateway connection id."""

    summary = "invalid connection id"


class CredentialsError(SendError):
    """No AWS credentials were found, or they could not be loaded. No request was made."""

    summary = "no usable AWS credentials"


class UnavailableError(SendError):
    """No usable answer after all attempts: a time-out, DNS, a refused or reset connection, or a 5xx."""

    summary = "the management API is unavailable"


class BroadcastError(PushwireError, ExceptionGroup[SendError]):
    """Some sends of a broadcast failed; raised by `BroadcastReport.raise_for_failures` alone.

    It is a group of their errors, so that `except* pushwire.ThrottledError` takes out those of one kind.
    """
