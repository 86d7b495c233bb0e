"""The Server SDK: what generated `…ServerSdk` classes and their `broadcast` stand on, sync and async."""

from pushwire.server.async_broadcast import AsyncBroadcast
from pushwire.server.async_sdk import AsyncConnectionsView, AsyncServerSdk
from pushwire.server.base import BaseServerSdk
from pushwire.server.broadcast import Broadcast
from pushwire.server.options import BroadcastOptions
from pushwire.server.outgoing import SendObserver
from pushwire.server.report import BroadcastReport
from pushwire.server.sdk import ConnectionsView, ServerSdk

__all__ = [
    "AsyncBroadcast",
    "AsyncConnectionsView",
    "AsyncServerSdk",
    "BaseServerSdk",
    "Broadcast",
    "BroadcastOptions",
    "BroadcastReport",
    "ConnectionsView",
    "SendObserver",
    "ServerSdk",
]
