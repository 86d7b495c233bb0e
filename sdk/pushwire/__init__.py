"""Typed messages over AWS API Gateway WebSocket APIs, generated from `.proto` files."""

from pushwire._version import __version__
from pushwire.errors import (
    CallbackUrlError,
    ConnectionGoneError,
    ConnectionPendingError,
    CredentialsError,
    ForbiddenError,
    FrameError,
    InvalidConnectionIdError,
    PayloadTooLargeError,
    PushwireError,
    SendError,
    ThrottledError,
    UnavailableError,
)
from pushwire.operation import Direction, Format, Operation

__all__ = [
    "CallbackUrlError",
    "ConnectionGoneError",
    "ConnectionPendingError",
    "CredentialsError",
    "Direction",
    "ForbiddenError",
    "Format",
    "FrameError",
    "InvalidConnectionIdError",
    "Operation",
    "PayloadTooLargeError",
    "PushwireError",
    "SendError",
    "ThrottledError",
    "UnavailableError",
    "__version__",
]
