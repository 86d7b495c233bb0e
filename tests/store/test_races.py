"""Threads that race for one connection, in DynamoDB's stand-ins and in SQLite."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from pushwire.store import ConnectionStore, DynamoDBStore, NotConnectedError, SqliteStore, StoredConnection
from pushwire.testing import StoreClock
from tests.store.memory_client import MemoryClient


def race(*calls: Callable[[], object]) -> None:
    """Make calls at the same time."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        start.wait()
        with suppress(NotConnectedError):
            call()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def race_joins_with_disconnects(store: ConnectionStore, races: int) -> None:
    ended: list[StoredConnection] = []

    def disconnect(connection_id: str) -> None:
        if connection := store.disconnect(connection_id):
            ended.append(connection)

    for number in range(races):
        connection_id = f"connection-{number}"
        store.connect(connection_id, user="ada")
        race(partial(store.join, connection_id, "lobby"), partial(disconnect, connection_id))
    assert len(ended) == races
    assert list(store.members("lobby")) == []
    assert list(store.of_user("ada")) == []


def race_connects_with_gone(store: ConnectionStore, races: int) -> None:
    ids = [f"connection-{number}" for number in range(races)]
    for connection_id in ids:
        race(
            partial(store.connect, connection_id, user="ada", topics=["lobby"]),
            partial(store.gone, [connection_id]),
            partial(store.gone, [connection_id]),
        )
    assert sorted(member.connection_id for member in store.members("lobby")) == sorted(ids)
    assert sorted(store.of_user("ada")) == sorted(ids)


@pytest.mark.at_length
def test_joins_that_race_disconnects_leave_no_ghost(dynamodb_store: DynamoDBStore) -> None:
    race_joins_with_disconnects(dynamodb_store, 400)


@pytest.mark.at_length
def test_a_gone_that_races_connect_loses_no_client(dynamodb_store: DynamoDBStore) -> None:
    race_connects_with_gone(dynamodb_store, 200)


def test_dynamodb_in_memory_has_no_ghosts_either() -> None:
    store = DynamoDBStore("connections", client=MemoryClient(), clock=StoreClock())
    race_joins_with_disconnects(store, 100)
    race_connects_with_gone(store, 50)


def test_sqlite_has_no_ghosts_either(tmp_path: Path) -> None:
    path = tmp_path / "connections.sqlite"
    with SqliteStore(path, clock=StoreClock()) as store:
        race_joins_with_disconnects(store, 400)
        race_connects_with_gone(store, 200)
