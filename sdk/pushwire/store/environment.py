"""The store that the environment names."""

import os

from pushwire.store.errors import StoreError
from pushwire.store.protocol import ConnectionStore

__all__ = ["store_from_environment"]


def store_from_environment() -> ConnectionStore:
    """Return the store that the environment variable `PUSHWIRE_STORE` names.

    `dynamodb:TABLE` is a `DynamoDBStore`, and `sqlite:PATH` a `SqliteStore`. `pushwire dev` sets the variable to a new
    SQLite file.

    Returns:
        A new store.

    Raises:
        ImportError: The store is in DynamoDB, and boto3 is not installed.
        StoreError: The variable is not set or has another form, or the store cannot be opened.
    """
    value = os.environ.get("PUSHWIRE_STORE", "")
    kind, _, place = value.partition(":")
    if kind == "dynamodb" and place:
        from pushwire.store.dynamodb import DynamoDBStore  # boto3 takes long to import

        return DynamoDBStore(place)
    if kind == "sqlite" and place:
        from pushwire.store.sqlite import SqliteStore

        return SqliteStore(place)
    problem = f"is {value!r:.100}" if value else "is not set"
    raise StoreError(f"PUSHWIRE_STORE {problem}; set it to dynamodb:TABLE or sqlite:PATH")
