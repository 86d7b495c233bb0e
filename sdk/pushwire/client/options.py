"""The options of clients, and their checked values."""

import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final, Protocol, TypedDict, Unpack, cast

from pushwire._checks import check_function, check_number, check_whole_number
from pushwire.client.auth import Auth, is_token
from pushwire.operation import Format

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["Backoff", "Clock", "ConnectionOptions", "ConnectionSettings", "TimerHandle", "settings_of"]

_FATAL_STATUSES: Final = frozenset({401, 403})
_INTEGERS: Final = ("max_requests", "max_queued", "max_events")
_INTEGERS_OR_NONE: Final = ("connect_attempts", "max_attempts")
_SECONDS: Final = ("connect_timeout", "close_timeout", "ping_timeout")
_SECONDS_OR_NONE: Final = ("renew_after", "keepalive_interval", "ping_interval")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential backoff with full jitter: a random share of an upper bound that doubles with each attempt.

    The jitter spreads the attempts of clients that lost their connections at the same time, because API Gateway accepts
    500 new connections a second ("Quotas for configuring and running a WebSocket API").

    Attributes:
        first: The upper bound of the first delay in seconds. Defaults to 0.5.
        maximum: The largest upper bound in seconds. Defaults to 30.

    Raises:
        TypeError: `first` or `maximum` is not a number.
        ValueError: `first` is not above 0, or is larger than `maximum`.
    """

    first: float = 0.5
    maximum: float = 30.0

    def __post_init__(self) -> None:
        for name in ("first", "maximum"):
            check_number(name, getattr(self, name), above=0, what="a number of seconds")
        if self.first > self.maximum:
            raise ValueError(f"Backoff() requires first <= maximum, not first={self.first} and maximum={self.maximum}")

    def delay(self, step: int, share: float) -> float:
        """Return the seconds to wait.

        Args:
            step: The number of delays before this one.
            share: A random number from 0 to 1.
        """
        return share * min(self.maximum, self.first * 2.0 ** min(step, 64))

    def last_step(self) -> int:
        """Return the first step with the largest upper bound."""
        step = 0
        while self.first * 2.0**step < self.maximum and step < 64:
            step += 1
        return step


class TimerHandle(Protocol):
    """A scheduled call."""

    def cancel(self) -> object:
        """Cancel the call."""
        ...


class Clock(Protocol):
    """A clock that can schedule calls. An asyncio event loop is one. Tests can pass one that they advance."""

    def time(self) -> float:
        """Return the current time in seconds. Only the difference between two times has a meaning."""
        ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> TimerHandle:
        """Schedule a call on the event loop.

        Args:
            delay: Seconds to wait before the call.
            callback: The function to call, without arguments.
        """
        ...


class ConnectionOptions(TypedDict, total=False):
    """Keyword arguments of every client, and of `pushwire.client.Connection`.

    Attributes:
        auth: Authenticates the client: `IamAuth`, `QueryAuth`, `HeaderAuth`, `SubprotocolAuth`, or a function from a
            `Handshake` to a `Handshake`. It is called for each connection. Defaults to no authentication.
        subprotocols: The subprotocols to offer, the preferred one first. Defaults to no subprotocols.
        frame_format: The format of the frames that the client sends. Defaults to the format of each operation in the
            contract.
        ssl: The TLS context for `wss://` URLs. Defaults to Python's default context.
        connect_timeout: Seconds that `auth` and the handshake may take together. Defaults to 30, because the handshake
            waits for `$connect`, which may take 29 seconds.
        connect_attempts: The number of attempts to open the first connection; `None` for no limit. Defaults to 1.
        max_attempts: The number of failed attempts in a row after which the client gives up reconnecting. A connection
            that is opened and lost at once is not a failed attempt. Defaults to `None`, no limit.
        backoff: The delays between attempts. Defaults to `Backoff()`.
        fatal_statuses: The HTTP statuses of the handshake's response after which the client gives up at once. Defaults
            to 401 and 403.
        renew_after: Seconds after which to renew the connection at the latest; the client renews it up to a tenth
            sooner. `None` to wait until API Gateway closes it after two hours. Defaults to 7,080 (1 h 58 min).
        keepalive_interval: Seconds without a message in either direction after which to send a keepalive; `None` for no
            keepalives. Defaults to 300, half of API Gateway's limit for idle connections.
        keepalive: An async function that sends the keepalive, for example one that sends an operation of the contract.
            By default the client sends the frame `{"route":"$keepalive"}`, which generated routers ignore. It cannot
            be combined with `keepalive_interval=None`.
        ping_interval: Seconds without a byte from the server after which to send a WebSocket ping; `None` for no pings.
            Defaults to 30.
        ping_timeout: Seconds to wait for the pong of a server that has answered a ping before. Defaults to 20.
        close_timeout: Seconds that writing queued messages and the closing handshake may take together. The same limit
            then applies to cancelled hooks, and to async listeners. Defaults to 10.
        max_requests: The number of requests and confirmed sends that may wait for a reply. Defaults to 1,000.
        max_queued: The number of sends that may wait while there is no connection, or while the server is closing it.
            Defaults to 1,000.
        max_events: The number of events that may wait for an iteration or for an async listener. Defaults to 1,000.
        clock: The clock of all intervals, and of the time-outs of replies. Other time-outs use the event loop's. Tests
            can pass the local gateway's `gateway.clock` and advance both together. Defaults to the event loop's clock.
        random: Returns numbers from 0 to 1, for backoff and renewal. Defaults to `random.random`.
    """

    auth: Auth | None
    subprotocols: Sequence[str]
    frame_format: Format | None
    ssl: "SSLContext | None"
    connect_timeout: float
    connect_attempts: int | None
    max_attempts: int | None
    backoff: Backoff
    fatal_statuses: Collection[int]
    renew_after: float | None
    keepalive_interval: float | None
    keepalive: Callable[[], Awaitable[object]] | None
    ping_interval: float | None
    ping_timeout: float
    close_timeout: float
    max_requests: int
    max_queued: int
    max_events: int
    clock: Clock | None
    random: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """Checked options of one connection, with defaults. `ConnectionOptions` describes them."""

    auth: Auth | None = field(default=None, repr=False)
    subprotocols: Sequence[str] = ()
    frame_format: Format | None = None
    ssl: "SSLContext | None" = None
    connect_timeout: float = 30.0
    connect_attempts: int | None = 1
    max_attempts: int | None = None
    backoff: Backoff = field(default_factory=Backoff)
    fatal_statuses: Collection[int] = _FATAL_STATUSES
    renew_after: float | None = 7_080.0
    keepalive_interval: float | None = 300.0
    keepalive: Callable[[], Awaitable[object]] | None = None
    ping_interval: float | None = 30.0
    ping_timeout: float = 20.0
    close_timeout: float = 10.0
    max_requests: int = 1_000
    max_queued: int = 1_000
    max_events: int = 1_000
    clock: Clock | None = None
    random: Callable[[], float] = field(default=random.random, repr=False)

    def __post_init__(self) -> None:
        for name in (*_INTEGERS, *self._given(_INTEGERS_OR_NONE)):
            check_whole_number(name, getattr(self, name))
        for name in (*_SECONDS, *self._given(_SECONDS_OR_NONE)):
            check_number(name, getattr(self, name), above=0, what="a number of seconds")
        for name in ("random", *self._given(("auth", "keepalive"))):
            check_function(name, getattr(self, name))
        if self.keepalive is not None and self.keepalive_interval is None:
            raise TypeError("keepalive= cannot be combined with keepalive_interval=None, which sends no keepalives")
        for name, kind in (("backoff", Backoff), *((name, Format) for name in self._given(("frame_format",)))):
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name}= must be a {kind.__name__}, not {_shown(getattr(self, name))}")
        if self.ssl is not None and not hasattr(self.ssl, "wrap_bio"):
            raise TypeError(f"ssl= must be an ssl.SSLContext, not {_shown(self.ssl)}")
        if self.clock is not None and not (hasattr(self.clock, "time") and hasattr(self.clock, "call_later")):
            raise TypeError(
                f"clock= must have the methods time and call_later, as gateway.clock has: {_shown(self.clock)}"
            )
        if isinstance(self.subprotocols, str):
            raise TypeError(f"subprotocols= must be a list: [{self.subprotocols!r}]")
        _check_each("subprotocols", self.subprotocols, str, "a list of strings")
        _check_each("fatal_statuses", self.fatal_statuses, int, "a set of integers")
        for name in self.subprotocols:
            if not is_token(name):
                raise ValueError(f"subprotocols= has {name!r}, which is not a valid name")

    def _given(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if getattr(self, name) is not None]


def settings_of(**options: Unpack[ConnectionOptions]) -> ConnectionSettings:
    """Return the checked options of a connection.

    Raises:
        TypeError: An option is unknown or has the wrong type.
        ValueError: The value of an option is invalid.
    """
    known = [each.name for each in fields(ConnectionSettings)]
    unknown = sorted(options.keys() - known)
    if unknown:
        raise TypeError(f"unknown option {unknown[0]}=; the options are {', '.join(f'{name}=' for name in known)}")
    return ConnectionSettings(**options)


def _check_each(name: str, values: object, kind: type, expected: str) -> None:
    if not isinstance(values, Collection):
        raise TypeError(f"{name}= must be {expected}, not {_shown(values)}")
    for value in cast("Collection[object]", values):
        if not isinstance(value, kind):
            raise TypeError(f"{name}= must be {expected}; it has {_shown(value)}")


def _shown(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
