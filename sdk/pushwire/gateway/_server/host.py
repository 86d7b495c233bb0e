"""The interfaces between the server and the protocols of its TCP connections."""

from collections.abc import Coroutine
from typing import Protocol

from pushwire.gateway._api import EmulatedApi
from pushwire.gateway._console import Console
from pushwire.gateway._management.authorized import AuthorizedManagementApi
from pushwire.gateway._state.ids import NewId
from pushwire.gateway._wire.addressing import Addressing
from pushwire.gateway.clock import Clock
from pushwire.gateway.settings import GatewaySettings

__all__ = ["Host", "Peer"]


class Peer(Protocol):
    """The methods of a TCP connection that the server calls."""

    def check_timeouts(self, now: float) -> None:
        """Close the connection if the peer has exceeded a time-out.

        Args:
            now: The time on the event loop's clock, in seconds.
        """
        ...

    def hang_up(self) -> None:
        """Close an HTTP connection after its pending writes; do nothing to a WebSocket connection."""
        ...

    def abort(self) -> None:
        """Abort the TCP connection."""
        ...


class Host(Protocol):
    """The attributes and methods of the server that protocols use."""

    settings: GatewaySettings
    addressing: Addressing
    api: EmulatedApi
    authorized_management: AuthorizedManagementApi
    clock: Clock
    new_id: NewId
    console: Console | None
    stopping: bool

    def joined(self, peer: Peer) -> None:
        """Add a TCP connection."""
        ...

    def left(self, peer: Peer) -> None:
        """Remove a TCP connection that is closed, or that another protocol has taken over."""
        ...

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run a coroutine as a task."""
        ...
