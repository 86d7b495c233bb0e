"""The Server SDK: what generated `…ServerSdk` classes stand on."""

from pushwire.server.sdk import ConnectionsView, SendObserver, ServerSdk

__all__ = ["ConnectionsView", "SendObserver", "ServerSdk"]
