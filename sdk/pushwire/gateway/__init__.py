"""The local gateway: an API Gateway WebSocket API on one machine, for development and tests.

Real WebSockets come in, Lambda proxy events go to handlers, and an unmodified boto3 client can post to
`/{stage}/@connections/{id}`. Only `_server` touches sockets; the packages below it are sans-I/O.
"""

try:
    import httptools as _httptools
    import websockets as _websockets
except ImportError as error:
    raise ImportError(
        f"the local gateway needs {error.name or 'httptools and websockets'}: pip install 'pushwire[dev]'",
        name=error.name,
    ) from error

from pushwire.gateway._access.authorizers import Authorizer, IamAuthorizer, RequestAuthorizer
from pushwire.gateway._access.principals import Principal
from pushwire.gateway._functions.handlers import Handler
from pushwire.gateway._functions.loading import HandlerLoadError, load_handler
from pushwire.gateway._management.faults import (
    AnswerWith,
    Delay,
    DropPost,
    DropRequest,
    Duplicate,
    Fault,
    Faults,
    HandlerTimeout,
    Injection,
    Reorder,
    TruncateResponse,
)
from pushwire.gateway._server.server import LocalGateway
from pushwire.gateway._server.thread import serve_in_thread
from pushwire.gateway._state.ids import NewId
from pushwire.gateway._state.routes import RouteError
from pushwire.gateway.clock import Clock, ManualClock
from pushwire.gateway.settings import CustomDomain, GatewaySettings, Limits, MessageOrder, Quotas, SettingsError
from pushwire.gateway.transcript import Transcript

del _httptools, _websockets

__all__ = [
    "AnswerWith",
    "Authorizer",
    "Clock",
    "CustomDomain",
    "Delay",
    "DropPost",
    "DropRequest",
    "Duplicate",
    "Fault",
    "Faults",
    "GatewaySettings",
    "Handler",
    "HandlerLoadError",
    "HandlerTimeout",
    "IamAuthorizer",
    "Injection",
    "Limits",
    "LocalGateway",
    "ManualClock",
    "MessageOrder",
    "NewId",
    "Principal",
    "Quotas",
    "Reorder",
    "RequestAuthorizer",
    "RouteError",
    "SettingsError",
    "Transcript",
    "TruncateResponse",
    "load_handler",
    "serve_in_thread",
]
