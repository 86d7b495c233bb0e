"""The live feed: a snapshot, then new entries of the transcript, as server-sent events. No sockets."""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from pushwire.gateway._console.contract import ConsoleContract, JsonObject
from pushwire.gateway._console.serialize import serialize_connection, serialize_entry, serialize_injection
from pushwire.gateway._management.faults import Faults
from pushwire.gateway._state.connections import ConnectionRegistry
from pushwire.gateway.transcript import Delivered, Entry, Received

__all__ = ["EventStream", "Feed"]

Send: TypeAlias = Callable[[bytes], None]

_MAX_ENTRIES: Final = 500
_MAX_CHARACTERS: Final = 262_144
_RECONNECT: Final = b"retry: 500\n\n"
"""Milliseconds that a browser waits before it reconnects to a feed that has ended."""


@dataclass(frozen=True, slots=True)
class EventStream:
    """A response whose body is sent piece by piece until the connection is closed.

    Attributes:
        headers: The headers of the response.
        open: Starts to pass pieces of the body to a function. Returns the function that ends this.
    """

    headers: tuple[tuple[str, str], ...]
    open: Callable[[Send], Callable[[], None]]


class Feed:
    """Sends entries of the transcript to pages. Each page first gets a snapshot of the whole state.

    Args:
        contract: The contract with which frames are decoded.
        registry: The open connections.
        faults: The injected faults.
        about: Returns the part of a snapshot that describes the gateway.
    """

    def __init__(
        self,
        contract: ConsoleContract,
        *,
        registry: ConnectionRegistry,
        faults: Faults,
        about: Callable[[], JsonObject],
    ) -> None:
        self._contract = contract
        self._registry = registry
        self._faults = faults
        self._about = about
        self._backlog = _Backlog()
        self._received = Counter[str]()  # by connection
        self._delivered = Counter[str]()
        self._pages: tuple[Send, ...] = ()
        self._published_faults: list[JsonObject] = []

    def open(self, send: Send) -> Callable[[], None]:
        """Send a page the snapshot, and from now on every new entry.

        Args:
            send: Sends bytes to the page, or drops a page that does not read.

        Returns:
            A function to call when the page has disconnected.
        """
        self._pages = (*self._pages, send)
        send(_RECONNECT + _event("snapshot", self._snapshot()))

        def close() -> None:
            self._pages = tuple(page for page in self._pages if page is not send)

        return close

    def publish(self, entry: Entry) -> None:
        """Send an entry of the transcript to all pages."""
        self._count(entry)
        self._backlog.add(entry)
        if self._pages:
            self._send("entry", serialize_entry(entry, self._contract))
            self.publish_faults()

    def publish_faults(self) -> None:
        """Send the injected faults to all pages, if they have changed."""
        faults = self._serialize_injections()
        if faults != self._published_faults:
            self._published_faults = faults
            self._send("faults", faults)

    def use_contract(self, contract: ConsoleContract) -> None:
        """Use another contract from now on, and send all pages a new snapshot."""
        self._contract = contract
        self._send("snapshot", self._snapshot())

    def _snapshot(self) -> JsonObject:
        return {
            **self._about(),
            "operations": self._contract.serialize(),
            "connections": [
                serialize_connection(connection)
                | {"received": self._received[connection.id], "delivered": self._delivered[connection.id]}
                for connection in self._registry
            ],
            "entries": [serialize_entry(entry, self._contract) for entry in self._backlog],
            "faults": self._serialize_injections(),
        }

    def _serialize_injections(self) -> list[JsonObject]:
        return [serialize_injection(injection) for injection in self._faults.injections]

    def _count(self, entry: Entry) -> None:
        connection_id = entry.connection_id
        if self._registry.get(connection_id) is None:  # it has ended, but its last messages may still be handled
            del self._received[connection_id], self._delivered[connection_id]
        elif isinstance(entry, Received):
            self._received[connection_id] += 1
        elif isinstance(entry, Delivered):
            self._delivered[connection_id] += 1

    def _send(self, name: str, value: object) -> None:
        event = _event(name, value)
        for send in self._pages:
            send(event)


class _Backlog:
    """The newest entries, bounded in number and in characters of text."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._characters = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def add(self, entry: Entry) -> None:
        """Add an entry, and drop the oldest ones that exceed the bounds."""
        self._entries.append(entry)
        self._characters += _size(entry)
        while len(self._entries) > _MAX_ENTRIES or self._characters > _MAX_CHARACTERS:
            self._characters -= _size(self._entries.popleft())


def _size(entry: Entry) -> int:
    return len(entry.text) if isinstance(entry, Received | Delivered) else 0


def _event(name: str, value: object) -> bytes:
    # ASCII, so that nothing in a frame can end a line of the stream.
    return f"event: {name}\ndata: {json.dumps(value, separators=(',', ':'))}\n\n".encode("ascii")
