"""The Server SDK: what generated `…ServerSdk` classes stand on."""

from pushwire.server.sdk import ConnectionsView, ServerSdk

__all__ = ["ConnectionsView", "ServerSdk"]
