"""What passes through a gateway, as a sequence of entries: what tests look at, and the console shows. Sans-I/O."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from pushwire.gateway._state.events import Event
from pushwire.gateway._state.results import Failed, Outcome, ProxyResult, TimedOut

__all__ = [
    "Called",
    "Connected",
    "Delivered",
    "Ended",
    "Entry",
    "Failed",
    "Invoked",
    "Journal",
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
    """Something that has happened.

    Attributes:
        at: When, in seconds since the epoch, on the gateway's clock.
        connection_id: The connection it is about.
    """

    at: float
    connection_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected(Entry):
    """A client's handshake went through.

    Attributes:
        source_ip: Its address.
        user_agent: Its `User-Agent`, or `None` if it sent none.
        subprotocol: The subprotocol that was agreed on, if one was.
    """

    source_ip: str
    user_agent: str | None
    subprotocol: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Entry):
    """A client's handshake was refused.

    Attributes:
        status: The HTTP status that it was answered with.
    """

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Entry):
    """A client sent a message.

    Attributes:
        text: Its text.
        route_key: The route it was given to; `None` if no route took it, or it was throttled.
    """

    text: str
    route_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoked(Entry):
    """A handler was called, and has answered or has not.

    Attributes:
        event: What it was given.
        outcome: What API Gateway makes of its result.
    """

    event: Event
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Called(Entry):
    """A server called the management API; `connection_id` is what it wrote there, decoded.

    Attributes:
        method: `POST`, `GET` or `DELETE`.
        status: The HTTP status of the answer; 0 where the TCP connection was cut instead.
        body: What it posted; `None` if that was too large to be kept.
    """

    method: str
    status: int
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Entry):
    """A text message was sent to a client.

    Attributes:
        text: Its text.
        cause: What it is: `post`, `reply` (of a route response) or `error` (an error frame of API Gateway's).
    """

    text: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Entry):
    """A connection has ended.

    Attributes:
        code: `disconnectStatusCode` of its event.
        reason: `disconnectReason` of its event.
    """

    code: int
    reason: str


Observer: TypeAlias = Callable[[Entry], object]
"""Is called with each entry, on the gateway's event loop."""


class Journal:
    """Tells observers what happens. True while there are any: nobody need write entries that nobody reads."""

    __slots__ = ("_observers",)

    def __init__(self) -> None:
        self._observers: tuple[Observer, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._observers)

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Tell an observer of everything from now on.

        Returns:
            What to call to tell it no more.
        """
        self._observers = (*self._observers, observer)

        def remove() -> None:
            self._observers = tuple(known for known in self._observers if known is not observer)

        return remove

    def note(self, entry: Entry) -> None:
        """Tell all observers."""
        for observer in self._observers:
            observer(entry)


class Transcript:
    """An observer that keeps entries, the newest ones at least. May be read from any thread.

    Args:
        size: How many entries it keeps; the oldest ones are dropped.
    """

    def __init__(self, *, size: int = 100_000) -> None:
        self._entries: Final[deque[Entry]] = deque(maxlen=size)

    def __call__(self, entry: Entry, /) -> None:
        """Keep an entry."""
        self._entries.append(entry)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that is kept, in order."""
        return tuple(self._entries.copy())

    def of(self, kind: type[E], connection_id: str | None = None) -> tuple[E, ...]:
        """Return the entries of one kind, in order.

        Args:
            kind: Their class: `transcript.of(Delivered)`.
            connection_id: The connection they are about; every one unless given.
        """
        return tuple(
            entry for entry in self.entries if isinstance(entry, kind) and connection_id in {None, entry.connection_id}
        )
