"""The typed client: the base class of generated `…Client` classes, and its options, events and errors."""

try:
    import websockets as _websockets
except ImportError as error:
    raise ImportError(
        f"a client needs {error.name or 'websockets'}: pip install 'pushwire[client]'", name=error.name
    ) from error

from pushwire.client._core.lifecycle import Closed, State, Status
from pushwire.client._io.connection import Connection
from pushwire.client.auth import Auth, Handshake, HeaderAuth, QueryAuth, SubprotocolAuth
from pushwire.client.client import Client
from pushwire.client.errors import (
    AuthError,
    ClientClosedError,
    ClientError,
    ClientUrlError,
    ConnectFailedError,
    ConnectionLostError,
    EventsLostError,
    GatewayError,
    ListenerError,
    OperationRefused,
    ReplyTimeoutError,
    RequestLimitError,
    SendQueueFullError,
)
from pushwire.client.events import Event, UnknownEvent
from pushwire.client.iam import IamAuth
from pushwire.client.options import Backoff, Clock, ConnectionOptions

del _websockets

__all__ = [
    "Auth",
    "AuthError",
    "Backoff",
    "Client",
    "ClientClosedError",
    "ClientError",
    "ClientUrlError",
    "Clock",
    "Closed",
    "ConnectFailedError",
    "Connection",
    "ConnectionLostError",
    "ConnectionOptions",
    "Event",
    "EventsLostError",
    "GatewayError",
    "Handshake",
    "HeaderAuth",
    "IamAuth",
    "ListenerError",
    "OperationRefused",
    "QueryAuth",
    "ReplyTimeoutError",
    "RequestLimitError",
    "SendQueueFullError",
    "State",
    "Status",
    "SubprotocolAuth",
    "UnknownEvent",
]
