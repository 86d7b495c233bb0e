"""What the protocols of TCP connections need from the server that holds them."""

from collections.abc import Coroutine
from typing import Protocol

from pushwire.gateway._api import WebSocketApi
from pushwire.gateway._console import Console
from pushwire.gateway._management.authorized import GuardedManagementApi
from pushwire.gateway._state.ids import NewId
from pushwire.gateway._wire.addressing import Addressing
from pushwire.gateway.clock import Clock
from pushwire.gateway.settings import GatewaySettings

__all__ = ["Host", "Peer"]


class Peer(Protocol):
    """A TCP connection, as the server sees it."""

    def sweep(self, now: float) -> None:
        """Close the connection if the peer has had its time.

        Args:
            now: The time on the event loop's clock, in seconds.
        """
        ...

    def hang_up(self) -> None:
        """Close the TCP connection, after what is to be sent, if no client is or will be connected over it."""
        ...

    def abort(self) -> None:
        """Drop the TCP connection at once."""
        ...


class Host(Protocol):
    """The server that holds TCP connections."""

    settings: GatewaySettings
    port: int
    addressing: Addressing
    api: WebSocketApi
    guarded_management: GuardedManagementApi
    clock: Clock
    new_id: NewId
    console: Console | None
    stopping: bool

    def joined(self, peer: Peer) -> None:
        """Note a new TCP connection."""
        ...

    def left(self, peer: Peer) -> None:
        """Note that a TCP connection is closed, or is another peer's now."""
        ...

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something that outlives the call."""
        ...
