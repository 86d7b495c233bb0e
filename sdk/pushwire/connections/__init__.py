"""The management API of a WebSocket API: the protocols that Server SDKs stand on, and their implementations."""

from importlib import import_module
from typing import TYPE_CHECKING

from pushwire.connections.protocol import AsyncConnections, ConnectionInfo, Connections

if TYPE_CHECKING:
    from pushwire.connections.async_boto3 import AsyncBoto3Connections
    from pushwire.connections.boto3 import Boto3Connections

__all__ = ["AsyncBoto3Connections", "AsyncConnections", "Boto3Connections", "ConnectionInfo", "Connections"]

_LAZY = {
    "AsyncBoto3Connections": "pushwire.connections.async_boto3",
    "Boto3Connections": "pushwire.connections.boto3",
}


def __getattr__(name: str) -> object:
    """Import what needs boto3 or asyncio only when asked: those imports are most of a cold start."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
