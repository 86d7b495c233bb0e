"""The states of a client: when to connect, wait, reconnect and give up, and why it is closed. Sans-I/O.

```text
connecting ──▶ open ◀──▶ reconnecting
    │            │             │
    └────────────┴──────┬──────┘
                        ▼
                      closed
```

The I/O code calls a method for each event on the connection. The return value is the next step.

Sources: "Overview of WebSocket APIs in API Gateway" (close codes), RFC 6455 section 7.4.1.
"""

import enum
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

from pushwire.client.errors import ClientClosedError, ClientError, ConnectFailedError
from pushwire.client.options import ConnectionSettings
from pushwire.operation import AnyOperation

__all__ = [
    "NORMAL_CLOSURE",
    "RENEWAL",
    "Closed",
    "Counters",
    "Failure",
    "Lifecycle",
    "State",
    "Status",
    "is_client_fault",
]

_STABLE_AFTER: Final = 10.0
"""Seconds after which a connection counts as stable.

Why: backoff starts again only after a stable connection. Otherwise the client would reconnect in a tight loop to a
server that accepts connections and closes them at once.
"""
_TOO_MANY_REQUESTS: Final = 429
_POLICY_VIOLATION: Final = 1008
_CLIENT_FAULTS: Final = frozenset({1002, 1003, 1007, 1009})


class State(enum.Enum):
    """The state of a client."""

    CONNECTING = "connecting"
    """The first connection has not been opened yet."""
    OPEN = "open"
    """Sends are written at once."""
    RECONNECTING = "reconnecting"
    """There is no connection, or its `on_reconnect` hooks still run. Sends wait."""
    CLOSED = "closed"
    """The client was closed, or has given up. It stays closed."""


class Closed(NamedTuple):
    """The end of a connection.

    Attributes:
        code: The close code; 1006 if there was no close frame.
        reason: The reason in the close frame.
    """

    code: int
    reason: str


class Failure(NamedTuple):
    """A failed attempt to connect.

    Attributes:
        reason: What happened, without a URL, a header or a token.
        status_code: The HTTP status of the response; `None` if there was no response.
        error: The exception.
    """

    reason: str
    status_code: int | None
    error: BaseException


NORMAL_CLOSURE: Final = Closed(1000, "")
"""The close frame of a client that is being closed."""
RENEWAL: Final = Closed(1000, "renewal")
"""The close frame for a connection that is about to reach two hours."""


def is_client_fault(code: int) -> bool:
    """Return whether a close code rejects what the client sent: protocol error, type, encoding, size."""
    return code in _CLIENT_FAULTS


@dataclass(slots=True)
class Counters:
    """The counters of a client, over all of its connections. `Status` describes them."""

    sent: int = 0
    received: int = 0
    keepalives: int = 0
    renewals: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state and the counters of a client at one moment.

    Attributes:
        state: Whether the client is connecting, open, reconnecting or closed.
        connections: The number of connections so far.
        failed_attempts: The number of attempts to connect that have failed since the last connection.
        queued: The number of sends that wait.
        requests: The number of requests and confirmed sends that wait for a reply.
        dropped_replies: The number of replies that no call waited for: late, repeated or unknown ones.
        sent: The number of messages written, without keepalives. Written is not delivered: see "Sending" in the guide.
        received: The number of frames received.
        keepalives: The number of keepalives sent.
        renewals: The number of connections that the client closed to renew them.
        errors: The number of errors passed to `on_error` listeners.
        last_closed: The end of the last connection; `None` if no connection has ended.
    """

    state: State
    connections: int
    failed_attempts: int
    queued: int
    requests: int
    dropped_replies: int
    sent: int
    received: int
    keepalives: int
    renewals: int
    errors: int
    last_closed: Closed | None


class Lifecycle:
    """The state of a client, and the decisions when to connect, retry or give up.

    Args:
        settings: The limits on attempts, the backoff, and the source of random numbers.

    Attributes:
        counters: The counters. The I/O updates them.
        state: The state of the client.
        restoring: Whether there is a connection whose hooks still run.
        connections: The number of connections so far.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._step = 0
        self._opened_at = 0.0
        self._failed_attempts = 0
        self._is_renewing = False
        self._last_closed: Closed | None = None
        self._fatal_failure: Failure | None = None
        self.counters: Final = Counters()
        self.state = State.CONNECTING
        self.restoring = False
        self.connections = 0

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed, or has given up."""
        return self.state is State.CLOSED

    def status(self, queued: int, requests: int, dropped_replies: int) -> Status:
        """Return the state and the counters.

        Args:
            queued: The number of sends that wait.
            requests: The number of requests and confirmed sends that wait for a reply.
            dropped_replies: The number of replies that no call waited for.
        """
        return Status(
            state=self.state,
            connections=self.connections,
            failed_attempts=self._failed_attempts,
            queued=queued,
            requests=requests,
            dropped_replies=dropped_replies,
            last_closed=self._last_closed,
            **asdict(self.counters),
        )

    def attempt_failed(self, failure: Failure) -> ConnectFailedError:
        """Count a failed attempt to connect.

        Returns:
            The error to report. Its `retry_in` has the seconds until the next attempt, or `None` if the client has
            given up.
        """
        self._failed_attempts += 1
        limit = self._settings.max_attempts if self.connections else self._settings.connect_attempts
        is_fatal = failure.status_code in self._settings.fatal_statuses
        if is_fatal or (limit is not None and self._failed_attempts >= limit):
            return self.give_up(failure)
        return self._error(failure, retry_in=self._next_delay(failure.status_code))

    def give_up(self, failure: Failure) -> ConnectFailedError:
        """Close the client because of a failure, and return the error to report."""
        if not self.is_closed:
            self.state = State.CLOSED
            self._fatal_failure = failure
        return self._error(failure, retry_in=None)

    def closed_error(self, operation: AnyOperation | None = None) -> ClientError:
        """Return the reason why the client is closed, as a new error each time.

        Args:
            operation: The operation that could not be sent. Defaults to `None`, no operation.

        Returns:
            A `ConnectFailedError` if the client has given up, otherwise a `ClientClosedError`.
        """
        if self._fatal_failure is not None:
            return self._error(self._fatal_failure, retry_in=None)
        return ClientClosedError("the client is closed", operation=operation)

    def opened(self, now: float) -> None:
        """Count a connection. Except for the first one, the client is `restoring` until `restored`."""
        self.connections += 1
        self._failed_attempts = 0
        self._is_renewing = False
        self._opened_at = now
        if self.state is State.CONNECTING:
            self.state = State.OPEN
        elif self.state is State.RECONNECTING:
            self.restoring = True

    def restored(self) -> None:
        """Open the client after its hooks have run."""
        if self.restoring:
            self.restoring = False
            if self.state is State.RECONNECTING:
                self.state = State.OPEN

    def renewing(self) -> None:
        """Stop writing sends, because the connection is being closed to renew it."""
        self.counters.renewals += 1
        self._is_renewing = True
        if self.state is State.OPEN:
            self.state = State.RECONNECTING

    def lost(self, now: float, closed: Closed) -> tuple[Closed, float]:
        """End the current connection.

        Args:
            now: The current time.
            closed: The close code and reason that the I/O code received.

        Returns:
            The close code and reason, which are `RENEWAL` if the connection was being renewed; and the seconds to wait
            before connecting again, unless the client is closed.
        """
        self.restoring = False
        self._last_closed = closed = RENEWAL if self._is_renewing else closed
        if self.state is State.OPEN:
            self.state = State.RECONNECTING
        if now - self._opened_at >= _STABLE_AFTER:
            self._step = 0
        return closed, 0.0 if self._is_renewing else self._next_delay(closed.code)

    def close(self) -> None:
        """Close the client."""
        self.state = State.CLOSED

    def _next_delay(self, code: int | None) -> float:
        backoff = self._settings.backoff
        # Why: API Gateway closes a client that sends too much with 1008, and answers handshakes above the account's
        # rate with 429. Both mean that this client, or its account, exceeds a limit.
        if code in {_TOO_MANY_REQUESTS, _POLICY_VIOLATION}:
            self._step = max(self._step, backoff.last_step())
        delay = backoff.delay(self._step, self._settings.random())
        self._step += 1
        return delay

    def _error(self, failure: Failure, *, retry_in: float | None) -> ConnectFailedError:
        error = ConnectFailedError(
            failure.reason, attempts=self._failed_attempts, status_code=failure.status_code, retry_in=retry_in
        )
        error.__cause__ = failure.error
        return error
