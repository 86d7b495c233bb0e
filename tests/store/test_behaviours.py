"""The behaviours of `pushwire.testing`, for each store of Pushwire."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pushwire.store import DynamoDBStore, SqliteStore
from pushwire.testing import ConnectionStoreBehaviours, StoreClock


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


class TestDynamoDB(ConnectionStoreBehaviours):
    @pytest.fixture
    def store(self, dynamodb_store: DynamoDBStore) -> DynamoDBStore:
        return dynamodb_store
