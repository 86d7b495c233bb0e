"""Connection stores: the open connections of an API, with their users and topics."""

from importlib import import_module
from typing import TYPE_CHECKING

from pushwire.store.async_store import AsyncStore
from pushwire.store.protocol import ConnectionStore, StoredConnection

if TYPE_CHECKING:
    from pushwire.store._table import DynamoDBClient
    from pushwire.store.dynamodb import DynamoDBStore
    from pushwire.store.environment import store_from_environment
    from pushwire.store.errors import NotConnectedError, StoreError, TooManyTopicsError
    from pushwire.store.sqlite import SqliteStore

__all__ = [
    "AsyncStore",
    "ConnectionStore",
    "DynamoDBClient",
    "DynamoDBStore",
    "NotConnectedError",
    "SqliteStore",
    "StoreError",
    "StoredConnection",
    "TooManyTopicsError",
    "store_from_environment",
]

_LAZY = {
    "DynamoDBClient": "pushwire.store._table",
    "DynamoDBStore": "pushwire.store.dynamodb",
    "NotConnectedError": "pushwire.store.errors",
    "SqliteStore": "pushwire.store.sqlite",
    "StoreError": "pushwire.store.errors",
    "TooManyTopicsError": "pushwire.store.errors",
    "store_from_environment": "pushwire.store.environment",
}


def __getattr__(name: str) -> object:
    """Import what generated modules do not use only when asked: a cold start without a store does not need it."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
