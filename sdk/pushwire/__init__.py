"""Typed messages over AWS API Gateway WebSocket APIs, generated from `.proto` files."""

from typing import TYPE_CHECKING

from pushwire._version import __version__
from pushwire.errors import (
    BroadcastError,
    CallbackUrlError,
    Code,
    ConnectionGoneError,
    ConnectionPendingError,
    CredentialsError,
    ForbiddenError,
    FrameError,
    InvalidConnectionIdError,
    OperationError,
    PayloadTooLargeError,
    PushwireError,
    RemoteOperationError,
    SendError,
    ThrottledError,
    UnavailableError,
)
from pushwire.operation import Direction, Format, Operation, RequestOperation

if TYPE_CHECKING:
    from pushwire.server.options import BroadcastOptions, FanoutOptions
    from pushwire.server.report import BroadcastReport, FanoutJob
    from pushwire.transport.protocol import ConnectionInfo
    from pushwire.transport.rate_limit import RateLimit

__all__ = [
    "BroadcastError",
    "BroadcastOptions",
    "BroadcastReport",
    "CallbackUrlError",
    "Code",
    "ConnectionGoneError",
    "ConnectionInfo",
    "ConnectionPendingError",
    "CredentialsError",
    "Direction",
    "FanoutJob",
    "FanoutOptions",
    "ForbiddenError",
    "Format",
    "FrameError",
    "InvalidConnectionIdError",
    "Operation",
    "OperationError",
    "PayloadTooLargeError",
    "PushwireError",
    "RateLimit",
    "RemoteOperationError",
    "RequestOperation",
    "SendError",
    "ThrottledError",
    "UnavailableError",
    "__version__",
]

_LAZY = {
    "BroadcastOptions": "pushwire.server.options",
    "BroadcastReport": "pushwire.server.report",
    "ConnectionInfo": "pushwire.transport.protocol",
    "FanoutJob": "pushwire.server.report",
    "FanoutOptions": "pushwire.server.options",
    "RateLimit": "pushwire.transport.rate_limit",
}


def __getattr__(name: str) -> object:
    """Import names of `server` and `transport` when they are first used, because those packages import this one."""
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
