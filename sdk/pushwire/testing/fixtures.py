"""Fixtures for pytest; name this module in `conftest.py`: `pytest_plugins = ["pushwire.testing.fixtures"]`."""

import pytest

from pushwire.connections.recording import RecordingConnections

__all__ = ["pushwire_connections"]


@pytest.fixture
def pushwire_connections() -> RecordingConnections:
    """Connections that record instead of sending: `ChatServerSdk(connections=pushwire_connections)`."""
    return RecordingConnections()
