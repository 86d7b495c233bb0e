"""The live feed: what has passed lately, and what passes, as server-sent events. No sockets."""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from pushwire.gateway._console.contract import Contract, Told
from pushwire.gateway._console.telling import tell_connection, tell_entry, tell_injection
from pushwire.gateway._management.faults import Faults
from pushwire.gateway._state.connections import Registry
from pushwire.gateway.transcript import Delivered, Entry, Received

__all__ = ["EventStream", "Feed"]

Send: TypeAlias = Callable[[bytes], None]

_MOST_ENTRIES: Final = 500
_MOST_CHARACTERS: Final = 262_144
_AGAIN: Final = b"retry: 500\n\n"
"""After how many milliseconds a page comes again when the feed has ended."""


@dataclass(frozen=True, slots=True)
class EventStream:
    """An answer that goes on: its head, and who sends the rest.

    Attributes:
        headers: The headers.
        open: Begins to call a function with the bytes of the body as they come; returns what to call at the end.
    """

    headers: tuple[tuple[str, str], ...]
    open: Callable[[Send], Callable[[], None]]


class Feed:
    """Tells pages of what passes. A page that comes later, or again, is first told all that it has to know.

    Args:
        contract: The contract.
        registry: The open connections.
        faults: What has been injected.
        about: What a page is told of the gateway.
    """

    def __init__(self, contract: Contract, *, registry: Registry, faults: Faults, about: Callable[[], Told]) -> None:
        self._contract = contract
        self._registry = registry
        self._faults = faults
        self._about = about
        self._backlog = _Backlog()
        self._received = Counter[str]()  # by connection
        self._delivered = Counter[str]()
        self._pages: tuple[Send, ...] = ()
        self._told_faults: list[Told] = []

    def open(self, send: Send) -> Callable[[], None]:
        """Tell a page of everything, and of what comes.

        Args:
            send: Is called with bytes. It drops a page that does not read.

        Returns:
            What to call when the page is gone.
        """
        self._pages = (*self._pages, send)
        send(_AGAIN + _event("snapshot", self._snapshot()))

        def close() -> None:
            self._pages = tuple(page for page in self._pages if page is not send)

        return close

    def note(self, entry: Entry) -> None:
        """Tell of an entry of the transcript."""
        self._count(entry)
        self._backlog.add(entry)
        if self._pages:
            self._tell("entry", tell_entry(entry, self._contract))
            self.note_faults()

    def note_faults(self) -> None:
        """Tell of the faults, if something is new about them."""
        told = self._tell_injections()
        if told != self._told_faults:
            self._told_faults = told
            self._tell("faults", told)

    def use_contract(self, contract: Contract) -> None:
        """Read frames by another contract from now on, and tell of it."""
        self._contract = contract
        self._tell("snapshot", self._snapshot())

    def _snapshot(self) -> Told:
        return {
            **self._about(),
            "operations": self._contract.tell(),
            "connections": [
                tell_connection(connection)
                | {"received": self._received[connection.id], "delivered": self._delivered[connection.id]}
                for connection in self._registry
            ],
            "entries": [tell_entry(entry, self._contract) for entry in self._backlog],
            "faults": self._tell_injections(),
        }

    def _tell_injections(self) -> list[Told]:
        return [tell_injection(injection) for injection in self._faults.injections]

    def _count(self, entry: Entry) -> None:
        connection_id = entry.connection_id
        if self._registry.get(connection_id) is None:  # it has ended, though its last messages may still be handled
            del self._received[connection_id], self._delivered[connection_id]
        elif isinstance(entry, Received):
            self._received[connection_id] += 1
        elif isinstance(entry, Delivered):
            self._delivered[connection_id] += 1

    def _tell(self, name: str, told: object) -> None:
        event = _event(name, told)
        for send in self._pages:
            send(event)


class _Backlog:
    """The newest entries: so many, and so much text."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._characters = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def add(self, entry: Entry) -> None:
        """Keep an entry, and drop the oldest ones that it takes the place of."""
        self._entries.append(entry)
        self._characters += _size(entry)
        while len(self._entries) > _MOST_ENTRIES or self._characters > _MOST_CHARACTERS:
            self._characters -= _size(self._entries.popleft())


def _size(entry: Entry) -> int:
    return len(entry.text) if isinstance(entry, Received | Delivered) else 0


def _event(name: str, told: object) -> bytes:
    # ASCII, so that nothing in a frame can end a line of the stream.
    return f"event: {name}\ndata: {json.dumps(told, separators=(',', ':'))}\n\n".encode("ascii")
