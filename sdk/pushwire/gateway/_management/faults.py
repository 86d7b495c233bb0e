"""Faults on demand: what real networks and the real service do now and then. Sans-I/O.

gateway.faults.inject(AnswerWith(429), times=2)                       # the next two posts, then success
gateway.faults.inject(Delay(0.2), connection_id=slow)                 # every post to one connection
with gateway.faults.inject(TruncateResponse(), probability=0.01): ...      # one post in a hundred, for a while
"""

import random
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeAlias

__all__ = [
    "AnswerWith",
    "Delay",
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


@dataclass(frozen=True, slots=True)
class AnswerWith:
    """The management API answers with an error and does nothing.

    Attributes:
        status: 400, 403, 410, 413, 429, or from 500 to 599; the error type is the one that goes with it.
    """

    status: int

    def __post_init__(self) -> None:
        if self.status not in {400, 403, 410, 413, 429} and self.status not in range(500, 600):
            raise ValueError(f"the management API fails with 400, 403, 410, 413, 429 or 5xx, not {self.status}")


@dataclass(frozen=True, slots=True)
class Delay:
    """A request of the management API is under way for longer.

    Attributes:
        seconds: How much longer, on the gateway's clock.
        jitter: At most so many seconds are added at random.
    """

    seconds: float
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class DropRequest:
    """The TCP connection is cut before the management API has seen the request: nothing is done, nothing answered."""


@dataclass(frozen=True, slots=True)
class TruncateResponse:
    """The management API does what it is asked, and the TCP connection is cut in the middle of its answer.

    Attributes:
        bytes_sent: How much of the answer is sent: unless given, not even its status.
    """

    bytes_sent: int = 7


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A post is delivered twice."""


@dataclass(frozen=True, slots=True)
class Reorder:
    """A post overtakes another: this one is delivered after the next one to the same connection.

    Attributes:
        seconds: How long it waits for one, on the gateway's clock.
    """

    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class HandlerTimeout:
    """A handler is called, and API Gateway gives it up after 29 seconds, whenever it returns."""


RequestFault: TypeAlias = AnswerWith | Delay | DropRequest | TruncateResponse | Duplicate | Reorder
"""What can go wrong with a request of the management API."""

Fault: TypeAlias = RequestFault | HandlerTimeout
"""What can go wrong."""


class Injection:
    """A fault that has been injected; as a context manager, for the length of a block.

    Attributes:
        fault: The fault.
        connection_id: The connection that it concerns; `None` for all.
        count: How often it has happened.
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
    ) -> None:
        self._owner = owner
        self._times = times
        self._probability = probability
        self._methods = methods
        self.fault: Final = fault
        self.connection_id: Final = connection_id
        self.count = 0

    def remove(self) -> None:
        """Have it happen no more."""
        self._owner.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def concerns(self, method: str | None, connection_id: str) -> bool:
        """Return whether it can happen to this.

        Args:
            method: The method of a request of the management API; `None` for a call of a handler.
            connection_id: The connection.
        """
        if self.connection_id not in {None, connection_id}:
            return False
        return method is None if isinstance(self.fault, HandlerTimeout) else method in self._methods

    def happens(self, random_number: float) -> bool:
        """Return whether it happens now, and count it if so.

        Args:
            random_number: From 0 to 1.
        """
        if random_number >= self._probability:
            return False
        self.count += 1
        if self.count == self._times:
            self.remove()
        return True


class Faults:
    """The faults of a gateway. They may be injected and removed from any thread.

    Args:
        seed: Where the random numbers start that decide by `probability` and `jitter`.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self._injections: tuple[Injection, ...] = ()
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - nothing secret hangs on it

    def inject(
        self,
        fault: Fault,
        *,
        connection_id: str | None = None,
        times: int | None = None,
        probability: float = 1.0,
        methods: Iterable[str] = ("POST",),
    ) -> Injection:
        """Have something go wrong from now on.

        Args:
            fault: What.
            connection_id: With which connection; with all of them unless given.
            times: How often; until it is removed unless given.
            probability: With which share of requests, from 0 to 1.
            methods: With which methods of the management API; a `HandlerTimeout` concerns none.

        Raises:
            ValueError: `times` or `probability` is out of range.
        """
        if times is not None and times < 1:
            raise ValueError(f"times: at least 1, not {times}")
        if not 0 <= probability <= 1:
            raise ValueError(f"probability: from 0 to 1, not {probability}")
        injection = Injection(
            self, fault, connection_id=connection_id, times=times, probability=probability, methods=frozenset(methods)
        )
        with self._lock:
            self._injections = (*self._injections, injection)
        return injection

    def remove(self, injection: Injection) -> None:
        """Have a fault happen no more; removing it again does nothing."""
        with self._lock:
            self._injections = tuple(known for known in self._injections if known is not injection)

    def clear(self) -> None:
        """Have none of them happen any more."""
        with self._lock:
            self._injections = ()

    @property
    def injections(self) -> tuple[Injection, ...]:
        """What is injected now, in order."""
        return self._injections

    def of_request(self, method: str, connection_id: str) -> tuple[RequestFault, ...]:
        """Return what goes wrong with a request of the management API, in the order of injection.

        What ends a request (`AnswerWith`, `DropRequest`) comes last: nothing that was injected later is used up by it.
        """
        found: list[RequestFault] = []
        for fault in self._happening(method, connection_id) if self._injections else ():
            if not isinstance(fault, HandlerTimeout):
                found.append(fault)
            if isinstance(fault, AnswerWith | DropRequest):
                break
        return tuple(found)

    def times_out(self, connection_id: str) -> bool:
        """Return whether a call of a handler times out; injections with `times` are used up by it."""
        return any(True for _ in self._happening(None, connection_id))

    def jitter(self, fault: Delay) -> float:
        """Return how long a delay takes, in seconds."""
        return fault.seconds + fault.jitter * self._random.random()

    def _happening(self, method: str | None, connection_id: str) -> Iterator[Fault]:
        for injection in self._injections:
            if injection.concerns(method, connection_id) and injection.happens(self._random.random()):
                yield injection.fault
