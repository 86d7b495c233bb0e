"""Fixtures for pytest. Enable them in `conftest.py`: `pytest_plugins = ["pushwire.testing.fixtures"]`."""

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
    """Function that starts local gateways for one test: `gateway = local_gateway(app.handler)`."""

    def __call__(self, handler: "Handler | None" = None, /, **options: "Unpack[GatewayOptions]") -> "RunningGateway":
        """Start a gateway, which stops at the end of the test.

        Args:
            handler: The Lambda handler. `None` if `routes` has all routes.
            **options: The options of `pushwire.testing.local_gateway`.
        """
        ...


class AsyncLocalGateways(Protocol):
    """Function that makes local gateways on the test's event loop: `async with async_local_gateway(handler) as …`."""

    def __call__(
        self, handler: "Handler | None" = None, /, **options: "Unpack[GatewayOptions]"
    ) -> "contextlib.AbstractAsyncContextManager[AsyncRunningGateway]":
        """Return a context manager that runs a gateway.

        Args:
            handler: The Lambda handler. `None` if `routes` has all routes.
            **options: The options of `pushwire.testing.async_local_gateway`.
        """
        ...


@pytest.fixture
def pushwire_transport() -> RecordingTransport:
    """Return a transport that records instead of sending: `ChatServerSdk(transport=pushwire_transport)`."""
    return RecordingTransport()


@pytest.fixture
def pushwire_async_transport() -> AsyncRecordingTransport:
    """Return a recording transport for async SDKs: `AsyncChatServerSdk(transport=pushwire_async_transport)`."""
    return AsyncRecordingTransport()


@pytest.fixture
def local_gateway() -> Iterator[LocalGateways]:
    """Return a function that starts local gateways, each in its own thread and on a free port, until the test ends."""
    from pushwire.testing.gateway import local_gateway

    with contextlib.ExitStack() as gateways:

        def start(handler: "Handler | None" = None, /, **options: "Unpack[GatewayOptions]") -> "RunningGateway":
            return gateways.enter_context(local_gateway(handler, **options))

        yield start


@pytest.fixture
def async_local_gateway() -> AsyncLocalGateways:
    """Return a function that makes local gateways on the test's event loop."""
    from pushwire.testing.async_gateway import async_local_gateway

    return async_local_gateway
