"""The local gateway: an API Gateway WebSocket API on one machine, for development and tests.

Real WebSockets come in, Lambda proxy events go to handlers, and an unmodified boto3 client can post to
`/{stage}/@connections/{id}`. Only `protocol`, `server` and `thread` touch sockets; every other module here is sans-I/O.
"""

try:
    import httptools as _httptools
    import websockets as _websockets
except ImportError as error:
    raise ImportError(
        f"the local gateway needs {error.name or 'httptools and websockets'}: pip install 'pushwire[dev]'",
        name=error.name,
    ) from error

from pushwire.gateway.authorizers import IamAuthorizer, RequestAuthorizer
from pushwire.gateway.clock import Clock, ManualClock
from pushwire.gateway.faults import AnswerWith, Delay, DropRequest, Duplicate, HandlerTimeout, Reorder, TruncateResponse
from pushwire.gateway.loading import HandlerLoadError, load_handler
from pushwire.gateway.principals import Principal
from pushwire.gateway.routes import RouteError
from pushwire.gateway.server import LocalGateway
from pushwire.gateway.settings import CustomDomain, GatewaySettings, Limits, MessageOrder, Quotas, SettingsError
from pushwire.gateway.thread import serve_in_thread
from pushwire.gateway.transcript import Transcript

del _httptools, _websockets

__all__ = [
    "AnswerWith",
    "Clock",
    "CustomDomain",
    "Delay",
    "DropRequest",
    "Duplicate",
    "GatewaySettings",
    "HandlerLoadError",
    "HandlerTimeout",
    "IamAuthorizer",
    "Limits",
    "LocalGateway",
    "ManualClock",
    "MessageOrder",
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
