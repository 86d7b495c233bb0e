"""Fixtures for pytest; name this module in `conftest.py`: `pytest_plugins = ["pushwire.testing.fixtures"]`."""

import pytest

from pushwire.connections.recording import AsyncRecordingConnections, RecordingConnections

__all__ = ["pushwire_async_connections", "pushwire_connections"]


@pytest.fixture
def pushwire_async_connections() -> AsyncRecordingConnections:
    """The same for async SDKs: `AsyncChatServerSdk(connections=pushwire_async_connections)`."""
    return AsyncRecordingConnections()


@pytest.fixture
def pushwire_connections() -> RecordingConnections:
    """Connections that record instead of sending: `ChatServerSdk(connections=pushwire_connections)`."""
    return RecordingConnections()
