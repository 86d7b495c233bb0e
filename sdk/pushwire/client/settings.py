"""What can be set on a client."""

import math
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final, TypedDict, Unpack, cast

from pushwire.client.auth import Auth
from pushwire.client.backoff import Backoff
from pushwire.client.clock import Clock
from pushwire.client.handshake import is_token
from pushwire.operation import Format

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["ConnectionOptions", "Settings", "settings_of"]

_FINAL_STATUSES: Final = frozenset({401, 403})
_WHOLE_NUMBERS: Final = ("max_queued", "max_events")
_WHOLE_NUMBERS_OR_NONE: Final = ("connect_attempts", "max_attempts")
_SECONDS: Final = ("connect_timeout", "close_timeout", "ping_timeout")
_SECONDS_OR_NONE: Final = ("renew_after", "keepalive_interval", "ping_interval")


class ConnectionOptions(TypedDict, total=False):
    """The keyword arguments of every client, and of `pushwire.client.Connection`.

    Attributes:
        auth: Who the client is: `IamAuth`, `QueryAuth`, `HeaderAuth`, `SubprotocolAuth`, or a function from a handshake
            to a handshake. It is asked again for each connection.
        subprotocols: The subprotocols to offer, the preferred one first.
        frame_format: The format to send in, instead of the contract's.
        ssl: The TLS context of `wss://` URLs; Python's default one unless given.
        connect_timeout: Seconds that auth and handshake may take; 30 unless given, because a handshake waits for
            `$connect`, which may take 29.
        connect_attempts: How often the first connection is tried; once unless given, `None` for as long as it takes.
        max_attempts: After how many failed attempts in a row to give up reconnecting; never unless given. A connection
            that is opened and lost at once is no failed attempt.
        backoff: How long to wait between attempts.
        fatal_statuses: The statuses of handshakes after which to give up at once; 401 and 403 unless given.
        renew_after: After how many seconds at the latest to renew the connection; 7,080 (1 h 58 min) unless given, and
            up to a tenth sooner. `None` to wait for API Gateway's cut after two hours.
        keepalive_interval: After how many seconds without a message, either way, to send a keepalive; 300 unless given,
            half of API Gateway's limit. `None` for none.
        keepalive: Sends it: an async function, such as one that sends an operation of the contract. Unless given it is
            the frame `{"route":"$keepalive"}`, which generated routers take without a word.
        ping_interval: After how many seconds of silence to send a WebSocket ping; 30 unless given. `None` for none.
        ping_timeout: Seconds that a peer which has answered pings before may take to answer; 20 unless given.
        close_timeout: Seconds that writing the rest and saying goodbye may take, and then as many again for hooks that
            are cancelled, and for async listeners, to end; 10 unless given.
        max_queued: How many sends may wait while there is no connection, or one that the server is closing; 1,000
            unless given.
        max_events: How many events may wait for an iteration or an async listener; 1,000 unless given.
        clock: The time of all intervals but time-outs; the event loop's unless given. Tests may pass the local
            gateway's `gateway.clock`, and set both ahead at once.
        random: Gives numbers from 0 to 1, for backoff and renewal.
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
    max_queued: int
    max_events: int
    clock: Clock | None
    random: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of one connection, each with a value. What they mean is told in `ConnectionOptions`."""

    auth: Auth | None = field(default=None, repr=False)
    subprotocols: Sequence[str] = ()
    frame_format: Format | None = None
    ssl: "SSLContext | None" = None
    connect_timeout: float = 30.0
    connect_attempts: int | None = 1
    max_attempts: int | None = None
    backoff: Backoff = field(default_factory=Backoff)
    fatal_statuses: Collection[int] = _FINAL_STATUSES
    renew_after: float | None = 7_080.0
    keepalive_interval: float | None = 300.0
    keepalive: Callable[[], Awaitable[object]] | None = None
    ping_interval: float | None = 30.0
    ping_timeout: float = 20.0
    close_timeout: float = 10.0
    max_queued: int = 1_000
    max_events: int = 1_000
    clock: Clock | None = None
    random: Callable[[], float] = field(default=random.random, repr=False)

    def __post_init__(self) -> None:
        for name in (*_WHOLE_NUMBERS, *self._given(_WHOLE_NUMBERS_OR_NONE)):
            _check(name, getattr(self, name), int, "a whole number")
        for name in (*_SECONDS, *self._given(_SECONDS_OR_NONE)):
            _check(name, getattr(self, name), (int, float), "seconds")
        for name in ("auth", "keepalive"):
            value = getattr(self, name)
            if value is not None and (not callable(value) or isinstance(value, type)):
                raise TypeError(f"{name}= takes something to call, not {_shown(value)}")
        if isinstance(self.subprotocols, str):
            raise TypeError(f"subprotocols= takes a list: [{self.subprotocols!r}]")
        _check_each("subprotocols", self.subprotocols, str, "a list of strings")
        _check_each("fatal_statuses", self.fatal_statuses, int, "a set of whole numbers")
        for name in self.subprotocols:
            if not is_token(name):
                raise ValueError(f"subprotocols= holds {name!r}: no subprotocol can have this name")

    def _given(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if getattr(self, name) is not None]


def settings_of(**options: Unpack[ConnectionOptions]) -> Settings:
    """Check the options of a connection.

    Raises:
        TypeError: There is no such option, or its value is of another type.
        ValueError: Its value cannot be.
    """
    known = [each.name for each in fields(Settings)]
    unknown = sorted(options.keys() - known)
    if unknown:
        raise TypeError(f"a client has no option {unknown[0]}=: it has {', '.join(f'{name}=' for name in known)}")
    return Settings(**options)


def _check(name: str, value: object, types: type | tuple[type, ...], expected: str) -> None:
    if isinstance(value, bool) or not isinstance(value, types):
        raise TypeError(f"{name}= takes {expected}, not {_shown(value)}")
    if math.isnan(value) or value <= 0:  # type: ignore[arg-type,operator] # a number, by the check above
        raise ValueError(f"{name}= is more than 0, not {value}")


def _check_each(name: str, values: object, kind: type, expected: str) -> None:
    if not isinstance(values, Collection):
        raise TypeError(f"{name}= takes {expected}, not {_shown(values)}")
    for value in cast("Collection[object]", values):
        if not isinstance(value, kind):
            raise TypeError(f"{name}= takes {expected}, and holds {_shown(value)}")


def _shown(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
