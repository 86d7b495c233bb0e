"""The store that the environment names."""

import os
from typing import Final

from pushwire.store.errors import StoreError
from pushwire.store.protocol import ConnectionStore

__all__ = ["ENVIRONMENT_VARIABLE", "store_from_environment"]

ENVIRONMENT_VARIABLE: Final = "PUSHWIRE_STORE"


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
    value = os.environ.get(ENVIRONMENT_VARIABLE, "")
    kind, _, place = value.partition(":")
    if kind == "dynamodb" and place:
        from pushwire.store.dynamodb import DynamoDBStore  # boto3 takes long to import

        return DynamoDBStore(place)
    if kind == "sqlite" and place:
        from pushwire.store.sqlite import SqliteStore

        return SqliteStore(place)
    problem = f"is {value!r:.100}" if value else "is not set"
    raise StoreError(f"{ENVIRONMENT_VARIABLE} {problem}; set it to dynamodb:TABLE or sqlite:PATH")
