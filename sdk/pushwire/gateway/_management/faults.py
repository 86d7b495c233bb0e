"""Faults that tests inject: errors that real networks and the real service sometimes cause. Sans-I/O.

Example:
    ```python
    gateway.faults.inject(AnswerWith(429), times=2)  # the next two posts, then success
    gateway.faults.inject(Delay(0.2), connection_id=slow)  # every post to one connection
    with gateway.faults.inject(TruncateResponse(), probability=0.01):  # one post in a hundred, in this block
        ...
    ```
"""

import random
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeAlias

from pushwire._checks import check_number, check_whole_number
from pushwire.errors import FrameError
from pushwire.frame import Envelope, read

__all__ = [
    "AnswerWith",
    "Delay",
    "DropPost",
    "DropRequest",
    "Duplicate",
    "Fault",
    "Faults",
    "HandlerTimeout",
    "Injection",
    "Reorder",
    "RequestFault",
    "TruncateResponse",
]


def _check_seconds(fault: object, *names: str) -> None:
    for name in names:
        if check_number(name, getattr(fault, name), what="a number of seconds") < 0:
            raise ValueError(f"{name}= must be at least 0, not {getattr(fault, name)}")


@dataclass(frozen=True, slots=True)
class AnswerWith:
    """The management API responds with an error and does nothing else.

    Attributes:
        status: The status of the response: 400, 403, 410, 413, 429, or from 500 to 599. It determines the error type.
    """

    status: int

    def __post_init__(self) -> None:
        check_whole_number("status", self.status)
        if self.status not in {400, 403, 410, 413, 429} and self.status not in range(500, 600):
            raise ValueError(f"status must be 400, 403, 410, 413, 429 or 5xx, not {self.status}")


@dataclass(frozen=True, slots=True)
class Delay:
    """A request of the management API takes longer.

    Attributes:
        seconds: The delay, on the gateway's clock.
        jitter: The maximum of a random number of seconds that is added. Defaults to 0.
    """

    seconds: float
    jitter: float = 0.0

    def __post_init__(self) -> None:
        _check_seconds(self, "seconds", "jitter")


@dataclass(frozen=True, slots=True)
class DropRequest:
    """The TCP connection is aborted before the management API gets the request: no effect, no response."""


@dataclass(frozen=True, slots=True)
class DropPost:
    """A post gets the response 200, and its message is not delivered."""


@dataclass(frozen=True, slots=True)
class TruncateResponse:
    """The management API handles the request, and the TCP connection is closed in the middle of the response.

    Attributes:
        bytes_sent: The number of bytes of the response that are sent. Defaults to 7, which end before the status.
    """

    bytes_sent: int = 7

    def __post_init__(self) -> None:
        check_whole_number("bytes_sent", self.bytes_sent, minimum=0)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A post is delivered twice."""


@dataclass(frozen=True, slots=True)
class Reorder:
    """A post is delivered after the next post to the same connection.

    Attributes:
        seconds: Seconds to wait for the next post, on the gateway's clock. Defaults to 1.
    """

    seconds: float = 1.0

    def __post_init__(self) -> None:
        _check_seconds(self, "seconds")


@dataclass(frozen=True, slots=True)
class HandlerTimeout:
    """A handler is called, and API Gateway times out after 29 seconds, even if the handler has returned."""


RequestFault: TypeAlias = AnswerWith | Delay | DropRequest | DropPost | TruncateResponse | Duplicate | Reorder
"""A fault of a request of the management API."""

Fault: TypeAlias = RequestFault | HandlerTimeout
"""Any fault."""


class Injection:
    """An injected fault; a context manager that removes the fault at the end of the block.

    Attributes:
        fault: The fault.
        connection_id: The id of the affected connection; `None` for all connections.
        count: The number of times that the fault was applied.
    """

    def __init__(
        self,
        owner: "Faults",
        fault: Fault,
        *,
        connection_id: str | None,
        times: int | None,
        probability: float,
        methods: frozenset[str],
        only_replies: bool,
    ) -> None:
        self._owner = owner
        self._times = times
        self._probability = probability
        self._methods = methods
        self._only_replies = only_replies
        self.fault: Final = fault
        self.connection_id: Final = connection_id
        self.count = 0

    def remove(self) -> None:
        """Remove the fault."""
        self._owner.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def concerns(self, method: str | None, connection_id: str, body: bytes | None) -> bool:
        """Return whether the fault may apply to a request or a call.

        Args:
            method: The method of a request of the management API; `None` for a call of a handler.
            connection_id: The id of the connection.
            body: The body of the request; `None` if it has none or was too large.
        """
        if self.connection_id not in {None, connection_id}:
            return False
        if isinstance(self.fault, HandlerTimeout):
            return method is None
        return method in self._methods and (not self._only_replies or _is_reply(body))

    def happens(self, random_number: float) -> bool:
        """Decide by the probability whether to apply the fault now; if so, count it and return `True`.

        Args:
            random_number: A random number from 0 to 1, to compare with the probability.
        """
        if random_number >= self._probability:
            return False
        self.count += 1
        if self.count == self._times:
            self.remove()
        return True


class Faults:
    """The injected faults of a gateway. Every thread may inject and remove them.

    Args:
        seed: The seed of the random numbers for `probability` and `jitter`. Defaults to 0.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self._injections: tuple[Injection, ...] = ()
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - not used for secrets

    def inject(
        self,
        fault: Fault,
        *,
        connection_id: str | None = None,
        times: int | None = None,
        probability: float = 1.0,
        methods: Iterable[str] = ("POST",),
        only_replies: bool = False,
    ) -> Injection:
        """Inject a fault.

        Args:
            fault: The fault.
            connection_id: The id of the affected connection. Defaults to all connections.
            times: The number of times to apply the fault. Defaults to no limit: until it is removed.
            probability: The share of affected requests, from 0 to 1. Defaults to 1.
            methods: The affected methods of the management API; ignored for a `HandlerTimeout`. Defaults to `POST`.
            only_replies: Whether only posts of replies, confirmations and errors are affected. Defaults to false.

        Returns:
            The injection, which can be removed.

        Raises:
            ValueError: `times` or `probability` is out of range.
        """
        if times is not None:
            check_whole_number("times", times)
        if not 0 <= check_number("probability", probability) <= 1:
            raise ValueError(f"probability must be from 0 to 1, not {probability}")
        injection = Injection(
            self,
            fault,
            connection_id=connection_id,
            times=times,
            probability=probability,
            methods=frozenset(methods),
            only_replies=only_replies,
        )
        with self._lock:
            self._injections = (*self._injections, injection)
        return injection

    def remove(self, injection: Injection) -> None:
        """Remove an injected fault. Do nothing if it was removed before.

        Args:
            injection: The injected fault.
        """
        with self._lock:
            self._injections = tuple(known for known in self._injections if known is not injection)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._injections = ()

    @property
    def injections(self) -> tuple[Injection, ...]:
        """The injected faults, in order."""
        return self._injections

    def of_request(self, method: str, connection_id: str, body: bytes | None = None) -> tuple[RequestFault, ...]:
        """Return the faults of a request of the management API, in the order of injection.

        The list ends with the first fault that ends the request (`AnswerWith`, `DropRequest`, `DropPost`), so the
        `times` of later faults are not used up.

        Args:
            method: The HTTP method of the request.
            connection_id: The id of the connection in the request.
            body: The body of the request. Defaults to `None`, no body.
        """
        found: list[RequestFault] = []
        for fault in self._happening(method, connection_id, body) if self._injections else ():
            if not isinstance(fault, HandlerTimeout):
                found.append(fault)
            if isinstance(fault, AnswerWith | DropRequest | DropPost):
                break
        return tuple(found)

    def times_out(self, connection_id: str) -> bool:
        """Return whether a call of a handler times out, and count the applied faults.

        Args:
            connection_id: The id of the connection of the event.
        """
        return any(True for _ in self._happening(None, connection_id, None))

    def jitter(self, fault: Delay) -> float:
        """Return the seconds of a delay, with its jitter.

        Args:
            fault: The delay.
        """
        return fault.seconds + fault.jitter * self._random.random()

    def _happening(self, method: str | None, connection_id: str, body: bytes | None) -> Iterator[Fault]:
        for injection in self._injections:
            if injection.concerns(method, connection_id, body) and injection.happens(self._random.random()):
                yield injection.fault


def _is_reply(body: bytes | None) -> bool:
    try:
        found = read((body or b"").decode())
    except (FrameError, UnicodeDecodeError):
        return False
    return isinstance(found, Envelope) and found.reply_to is not None
