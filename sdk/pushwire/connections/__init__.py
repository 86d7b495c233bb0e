"""The management API of a WebSocket API: the protocols that Server SDKs stand on, and their implementations."""

from importlib import import_module
from typing import TYPE_CHECKING

from pushwire.connections.protocol import AsyncConnections, ConnectionInfo, Connections

if TYPE_CHECKING:
    from pushwire.connections.async_boto3 import AsyncBoto3Connections
    from pushwire.connections.boto3 import Boto3Connections
    from pushwire.connections.http.async_http_connections import AsyncHttpConnections
    from pushwire.connections.http.http_connections import HttpConnections

__all__ = [
    "AsyncBoto3Connections",
    "AsyncConnections",
    "AsyncHttpConnections",
    "Boto3Connections",
    "ConnectionInfo",
    "Connections",
    "HttpConnections",
]

_LAZY = {
    "AsyncBoto3Connections": "pushwire.connections.async_boto3",
    "AsyncHttpConnections": "pushwire.connections.http.async_http_connections",
    "Boto3Connections": "pushwire.connections.boto3",
    "HttpConnections": "pushwire.connections.http.http_connections",
}


def __getattr__(name: str) -> object:
    """Import what needs boto3, asyncio or sockets only when asked: those imports are most of a cold start."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
