"""The typed client: what generated `…Client` classes stand on."""

try:
    import websockets as _websockets
except ImportError as error:
    raise ImportError(
        f"a client needs {error.name or 'websockets'}: pip install 'pushwire[client]'", name=error.name
    ) from error

from pushwire.client.auth import Auth, HeaderAuth, QueryAuth, SubprotocolAuth
from pushwire.client.backoff import Backoff
from pushwire.client.client import Client
from pushwire.client.clock import Clock
from pushwire.client.connection import Connection
from pushwire.client.endings import Closed
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
    SendQueueFullError,
)
from pushwire.client.events import Event, UnknownEvent
from pushwire.client.handshake import Handshake
from pushwire.client.iam import IamAuth
from pushwire.client.lifecycle import State
from pushwire.client.settings import ConnectionOptions
from pushwire.client.status import Status

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
    "QueryAuth",
    "SendQueueFullError",
    "State",
    "Status",
    "SubprotocolAuth",
    "UnknownEvent",
]
