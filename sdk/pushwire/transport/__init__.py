"""The management API of a WebSocket API: the protocols that Server SDKs need, and their implementations."""

from importlib import import_module
from typing import TYPE_CHECKING

from pushwire.transport.protocol import AsyncTransport, ConnectionInfo, FanOutOptions, ManagementApiClient, Transport
from pushwire.transport.rate_limit import RateLimit

if TYPE_CHECKING:
    from pushwire.transport.boto3.async_transport import AsyncBoto3Transport
    from pushwire.transport.boto3.transport import Boto3Transport
    from pushwire.transport.http.async_transport import AsyncHttpTransport
    from pushwire.transport.http.transport import HttpTransport

__all__ = [
    "AsyncBoto3Transport",
    "AsyncHttpTransport",
    "AsyncTransport",
    "Boto3Transport",
    "ConnectionInfo",
    "FanOutOptions",
    "HttpTransport",
    "ManagementApiClient",
    "RateLimit",
    "Transport",
]

_LAZY = {
    "AsyncBoto3Transport": "pushwire.transport.boto3.async_transport",
    "AsyncHttpTransport": "pushwire.transport.http.async_transport",
    "Boto3Transport": "pushwire.transport.boto3.transport",
    "HttpTransport": "pushwire.transport.http.transport",
}


def __getattr__(name: str) -> object:
    """Import what needs boto3, asyncio or sockets only when asked: those imports are most of a cold start."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
