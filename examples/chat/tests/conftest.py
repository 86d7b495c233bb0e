"""Fixtures: a store in memory, and a transport that records messages."""

from collections.abc import Iterator

import pytest

from pushwire.store import SqliteStore
from pushwire.testing import RecordingTransport, StoreClock


@pytest.fixture
def clock() -> StoreClock:
    return StoreClock()


@pytest.fixture
def store(clock: StoreClock) -> Iterator[SqliteStore]:
    with SqliteStore(":memory:", clock=clock) as store:
        yield store


@pytest.fixture
def transport() -> RecordingTransport:
    return RecordingTransport()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a store for the modules that make one when they are imported."""
    monkeypatch.setenv("PUSHWIRE_STORE", "sqlite::memory:")
