"""Fixtures for pytest; name this module in `conftest.py`: `pytest_plugins = ["pushwire.testing.fixtures"]`."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, Unpack

import pytest

from pushwire.connections.recording import AsyncRecordingConnections, RecordingConnections

if TYPE_CHECKING:
    from pushwire.gateway.handlers import Handler
    from pushwire.testing.async_gateway import AsyncRunningGateway
    from pushwire.testing.gateway import RunningGateway
    from pushwire.testing.options import GatewayOptions

__all__ = [
    "AsyncLocalGateways",
    "LocalGateways",
    "async_local_gateway",
    "local_gateway",
    "pushwire_async_connections",
    "pushwire_connections",
]


class LocalGateways(Protocol):
    """Starts local gateways for one test: `gateway = local_gateway(app.handler)`. All are stopped after it."""

    def __call__(self, handler: "Handler | None" = None, /, **options: "Unpack[GatewayOptions]") -> "RunningGateway":
        """Start one; the arguments are those of `pushwire.testing.local_gateway`."""
        ...


class AsyncLocalGateways(Protocol):
    """Makes local gateways on a test's event loop: `async with async_local_gateway(app.handler) as gateway`."""

    def __call__(
        self, handler: "Handler | None" = None, /, **options: "Unpack[GatewayOptions]"
    ) -> "contextlib.AbstractAsyncContextManager[AsyncRunningGateway]":
        """Make one; the arguments are those of `pushwire.testing.async_local_gateway`."""
        ...


@pytest.fixture
def pushwire_connections() -> RecordingConnections:
    """Connections that record instead of sending: `ChatServerSdk(connections=pushwire_connections)`."""
    return RecordingConnections()


@pytest.fixture
def pushwire_async_connections() -> AsyncRecordingConnections:
    """The same for async SDKs: `AsyncChatServerSdk(connections=pushwire_async_connections)`."""
    return AsyncRecordingConnections()


@pytest.fixture
def local_gateway() -> Iterator[LocalGateways]:
    """Starts local gateways, each on a free port and in a thread of its own; they are stopped after the test."""
    from pushwire.testing.gateway import local_gateway

    with contextlib.ExitStack() as gateways:

        def start(handler: "Handler | None" = None, /, **options: "Unpack[GatewayOptions]") -> "RunningGateway":
            return gateways.enter_context(local_gateway(handler, **options))

        yield start


@pytest.fixture
def async_local_gateway() -> AsyncLocalGateways:
    """Makes local gateways on the test's own event loop."""
    from pushwire.testing.async_gateway import async_local_gateway

    return async_local_gateway
