"""The parts that the gateways for tests share, with and without an event loop."""

import contextlib
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from pushwire.callback_url import ENVIRONMENT_VARIABLE
from pushwire.gateway import Faults, LocalGateway, Transcript
from pushwire.gateway._functions.context import function_name, lambda_environment
from pushwire.testing.frames import Frames

__all__ = [
    "PATIENCE_SECONDS",
    "RECEIVE_SECONDS",
    "Closed",
    "GatewayUnderTest",
    "closed",
    "closed_instead",
    "environment_of",
    "nothing_received",
]

PATIENCE_SECONDS = 30.0
"""Seconds to wait for the gateway itself before the test fails. A test that passes does not wait for it."""

RECEIVE_SECONDS = 10.0
"""Seconds to wait for a frame, unless a test passes another `timeout`."""


class Closed(NamedTuple):
    """The close of a connection, as its client sees it.

    Attributes:
        code: The close code; 1006 if no close frame arrived.
        reason: The reason of the close frame.
    """

    code: int
    reason: str


def closed(error: ConnectionClosed) -> Closed:
    """Return the close code and reason that a client received."""
    return Closed(1006, "") if error.rcvd is None else Closed(error.rcvd.code, error.rcvd.reason)


def closed_instead(wanted: str, error: ConnectionClosed) -> AssertionError:
    """Return the error of a client that waits for a frame after its connection was closed.

    Args:
        wanted: The first half of the text, such as "expected an error frame".
        error: The error of `websockets`.
    """
    code, reason = closed(error)
    return AssertionError(f"{wanted}, but the connection is closed: {code} {reason}".rstrip())


def nothing_received(wanted: str, timeout: float) -> TimeoutError:
    """Return the error of a client that has received nothing.

    Args:
        wanted: The first half of the text, such as "expected an error frame".
        timeout: The seconds that the client has waited.
    """
    return TimeoutError(f"{wanted}, received nothing within {timeout:g} seconds")


class GatewayUnderTest:
    """The attributes and methods of a gateway under test that do not wait.

    Args:
        gateway: A gateway that runs.
        handler: The Lambda handler. The operations of a router are used to check messages.
    """

    def __init__(self, gateway: LocalGateway, handler: object) -> None:
        self.gateway = gateway
        self.transcript = Transcript()
        self.faults: Faults = gateway.faults
        self._frames = Frames(handler)
        self._silent: set[str] = set()
        gateway.observe(self.transcript)

    @property
    def url(self) -> str:
        """The URL that clients connect to."""
        return self.gateway.url

    @property
    def callback_url(self) -> str:
        """The URL that servers post to: `ChatServerSdk(gateway.callback_url)`."""
        return self.gateway.callback_url

    @property
    def connection_ids(self) -> tuple[str, ...]:
        """The ids of the open connections."""
        return tuple(connection.id for connection in self.gateway.registry)

    def silence(self, connection_id: str | None = None, *, disconnect_after: float | None = None) -> None:
        """Stop all traffic of clients without closing their connections: posts succeed but are not delivered.

        Args:
            connection_id: The id of one connection. Defaults to all open connections.
            disconnect_after: Seconds, on the gateway's clock, until `$disconnect` runs. Defaults to never.
        """
        self._silent.update(self.connection_ids if connection_id is None else [connection_id])
        self._call(lambda: self.gateway.silence(connection_id, disconnect_after=disconnect_after))

    def is_silenced(self, connection_id: str) -> bool:
        """Return whether `silence` has stopped the traffic of a connection.

        Args:
            connection_id: The id of the connection.
        """
        return connection_id in self._silent

    def drop(self, connection_id: str | None = None) -> None:
        """Abort the TCP connections of clients: they get no close frame, and `$disconnect` runs with 1006.

        Args:
            connection_id: The id of one connection. Defaults to all open connections.
        """
        self._call(lambda: self.gateway.drop(connection_id))

    def close(self, connection_id: str | None = None, *, code: int = 1012, reason: str = "Service restart") -> None:
        """Close connections with a close frame.

        Args:
            connection_id: The id of one connection. Defaults to all open connections.
            code: The close code. Defaults to 1012.
            reason: The reason in the close frame. Defaults to "Service restart".
        """
        self._call(lambda: self.gateway.close(connection_id, code=code, reason=reason))

    def _call(self, action: Callable[[], None]) -> None:
        action()

    def _drop_silent(self) -> None:
        """Drop silenced clients, because their closing handshakes would last until the time-out."""
        for connection_id in self._silent:
            self.drop(connection_id)

    def _connect_options(
        self, query: Mapping[str, str] | None, headers: Mapping[str, str] | None, subprotocols: Iterable[str]
    ) -> dict[str, Any]:
        return {
            "uri": f"{self.url}?{urlencode(query)}" if query else self.url,
            "additional_headers": dict(headers or {}),
            "subprotocols": [Subprotocol(name) for name in subprotocols] or None,
            "compression": None,
            # Why: with the default of 16 unread messages, `websockets` reads no closing handshake behind the 17th.
            "max_queue": None,
            "open_timeout": PATIENCE_SECONDS,
            "close_timeout": PATIENCE_SECONDS,
            "ping_interval": None,
            "proxy": None,
        }

    def _connection_id(self, port: int) -> str:
        """Return the id of the connection that a client has opened from a port."""
        return next(known.id for known in self.gateway.registry if known.source_port == port)


@contextlib.contextmanager
def environment_of(gateway: LocalGateway, handler: object) -> Generator[None]:
    """Set the variables that Lambda sets while the block runs, and those for posts to this gateway.

    `PUSHWIRE_CALLBACK_URL` is removed, unless the API is on a custom domain.
    """
    function = function_name(handler)
    path = f"{getattr(handler, '__module__', type(handler).__module__)}.{function}"
    variables = dict(lambda_environment(function, path, region=gateway.settings.region))
    if gateway.settings.custom_domain is not None:
        variables[ENVIRONMENT_VARIABLE] = gateway.callback_url
    before = {name: os.environ.pop(name, None) for name in {*variables, ENVIRONMENT_VARIABLE}}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
