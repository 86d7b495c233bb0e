"""The behaviours of `pushwire.testing`, for each store of Pushwire."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pushwire.store import DynamoDBStore, SqliteStore
from pushwire.testing import ConnectionStoreBehaviours, StoreClock
from tests.store.memory_client import MemoryClient


class TestSqliteInMemory(ConnectionStoreBehaviours):
    @pytest.fixture
    def store(self, clock: StoreClock) -> Iterator[SqliteStore]:
        with SqliteStore(":memory:", clock=clock) as store:
            yield store


class TestSqliteInAFile(ConnectionStoreBehaviours):
    @pytest.fixture
    def store(self, clock: StoreClock, tmp_path: Path) -> Iterator[SqliteStore]:
        with SqliteStore(tmp_path / "connections.sqlite", clock=clock) as store:
            yield store


class TestDynamoDBInMemory(ConnectionStoreBehaviours):
    """Of the stand-in of other tests."""

    @pytest.fixture
    def store(self, clock: StoreClock) -> DynamoDBStore:
        return DynamoDBStore("connections", client=MemoryClient(), clock=clock)


@pytest.mark.at_length
class TestDynamoDB(ConnectionStoreBehaviours):
    @pytest.fixture
    def store(self, dynamodb_store: DynamoDBStore) -> DynamoDBStore:
        return dynamodb_store
