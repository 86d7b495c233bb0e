"""The transcript: a sequence of entries for the traffic of a gateway, which tests and the console read. Sans-I/O."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from pushwire.gateway._state.events import LambdaEvent
from pushwire.gateway._state.results import Failed, Outcome, ProxyResult, TimedOut

__all__ = [
    "Called",
    "Connected",
    "Delivered",
    "Ended",
    "Entry",
    "EventBus",
    "Failed",
    "Invoked",
    "Observer",
    "Outcome",
    "ProxyResult",
    "Received",
    "Refused",
    "TimedOut",
    "Transcript",
]

E = TypeVar("E", bound="Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event in the traffic of a gateway; the base class of all entries.

    Attributes:
        at: The time on the gateway's clock, in seconds since the epoch.
        connection_id: The id of the connection.
    """

    at: float
    connection_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected(Entry):
    """A client's handshake was accepted.

    Attributes:
        source_ip: The client's address.
        user_agent: The client's `User-Agent` header, or `None`.
        subprotocol: The negotiated subprotocol, or `None`.
    """

    source_ip: str
    user_agent: str | None
    subprotocol: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Entry):
    """A client's handshake was refused.

    Attributes:
        status: The HTTP status of the response.
    """

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Entry):
    """A client sent a message.

    Attributes:
        text: The text of the message.
        route_key: The selected route; `None` if no route matched, or the message was throttled.
    """

    text: str
    route_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoked(Entry):
    """A handler was called, and has returned, failed or timed out.

    Attributes:
        event: The event that it received.
        outcome: The result of the handler, as API Gateway reads it.
    """

    event: LambdaEvent
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Called(Entry):
    """A server called the management API; `connection_id` is the decoded id in the request's path.

    Attributes:
        method: The method: `POST`, `GET` or `DELETE`.
        status: The HTTP status of the response; 0 if the TCP connection was aborted instead.
        body: The body of the request; `None` if it was larger than a message may be.
    """

    method: str
    status: int
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Entry):
    """A text message was sent to a client.

    Attributes:
        text: The text of the message.
        cause: `post`, `reply` (a route response) or `error` (an error frame of API Gateway).
    """

    text: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Entry):
    """A connection has ended.

    Attributes:
        code: The close code, `disconnectStatusCode` of the event.
        reason: The reason, `disconnectReason` of the event.
    """

    code: int
    reason: str


Observer: TypeAlias = Callable[[Entry], object]
"""A function that is called with each entry, on the gateway's event loop."""


class EventBus:
    """Distributes entries to observers. False while it has no observers: then no entries need to be made."""

    __slots__ = ("_observers",)

    def __init__(self) -> None:
        self._observers: tuple[Observer, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._observers)

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Add an observer.

        Returns:
            A function that removes the observer.
        """
        self._observers = (*self._observers, observer)

        def remove() -> None:
            self._observers = tuple(known for known in self._observers if known is not observer)

        return remove

    def publish(self, entry: Entry) -> None:
        """Pass an entry to all observers."""
        for observer in self._observers:
            observer(entry)


class Transcript:
    """An observer that keeps the newest entries. Every thread may read it.

    Args:
        size: The maximum number of entries; the oldest ones are dropped. Defaults to 100,000.
    """

    def __init__(self, *, size: int = 100_000) -> None:
        self._entries: Final[deque[Entry]] = deque(maxlen=size)

    def __call__(self, entry: Entry, /) -> None:
        """Add an entry.

        Args:
            entry: The entry.
        """
        self._entries.append(entry)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in order."""
        return tuple(self._entries.copy())

    def of(self, kind: type[E], connection_id: str | None = None) -> tuple[E, ...]:
        """Return the entries of one kind, in order.

        Args:
            kind: The class of the entries: `transcript.of(Delivered)`.
            connection_id: The id of one connection. Defaults to all connections.
        """
        return tuple(
            entry for entry in self.entries if isinstance(entry, kind) and connection_id in {None, entry.connection_id}
        )
