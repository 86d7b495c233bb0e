"""Fixtures for pytest; name this module in `conftest.py`: `pytest_plugins = ["pushwire.testing.fixtures"]`."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, Unpack

import pytest

from pushwire.testing.recording import AsyncRecordingTransport, RecordingTransport

if TYPE_CHECKING:
    from pushwire.gateway import Handler
    from pushwire.testing.async_gateway import AsyncRunningGateway
    from pushwire.testing.gateway import RunningGateway
    from pushwire.testing.options import GatewayOptions

__all__ = [
    "AsyncLocalGateways",
    "LocalGateways",
    "async_local_gateway",
    "local_gateway",
    "pushwire_async_transport",
    "pushwire_transport",
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
def pushwire_transport() -> RecordingTransport:
    """A transport that records instead of sending: `ChatServerSdk(transport=pushwire_transport)`."""
    return RecordingTransport()


@pytest.fixture
def pushwire_async_transport() -> AsyncRecordingTransport:
    """The same for async SDKs: `AsyncChatServerSdk(transport=pushwire_async_transport)`."""
    return AsyncRecordingTransport()


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
