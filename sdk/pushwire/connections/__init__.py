"""The management API of a WebSocket API: the protocol that the Server SDK stands on, and its implementations."""

from typing import TYPE_CHECKING

from pushwire.connections.protocol import ConnectionInfo, Connections

if TYPE_CHECKING:
    from pushwire.connections.boto3 import Boto3Connections

__all__ = ["Boto3Connections", "ConnectionInfo", "Connections"]


def __getattr__(name: str) -> object:
    """Import what needs boto3 only when asked: that import is most of a cold start."""
    if name == "Boto3Connections":
        from pushwire.connections.boto3 import Boto3Connections

        return Boto3Connections
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
