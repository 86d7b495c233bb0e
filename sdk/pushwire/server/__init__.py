"""The Server SDK: the bases of generated `…ServerSdk` and `…Broadcast` classes, sync and async."""

from pushwire.server.async_broadcast import AsyncBroadcast
from pushwire.server.async_sdk import AsyncConnectionsView, AsyncServerSdk
from pushwire.server.base import BaseServerSdk
from pushwire.server.broadcast import Broadcast
from pushwire.server.options import BroadcastOptions, FanoutOptions
from pushwire.server.pipeline import SendObserver
from pushwire.server.report import BroadcastReport, FanoutJob
from pushwire.server.sdk import ConnectionsView, ServerSdk
from pushwire.server.via import FanoutQueue, OpenJob

__all__ = [
    "AsyncBroadcast",
    "AsyncConnectionsView",
    "AsyncServerSdk",
    "BaseServerSdk",
    "Broadcast",
    "BroadcastOptions",
    "BroadcastReport",
    "ConnectionsView",
    "FanoutJob",
    "FanoutOptions",
    "FanoutQueue",
    "OpenJob",
    "SendObserver",
    "ServerSdk",
]
