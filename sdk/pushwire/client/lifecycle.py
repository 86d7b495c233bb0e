"""The life of a client, from its first connection to its end: when to connect, to wait, to give up. Sans-I/O.

        connecting ──▶ open ◀──▶ reconnecting
            │            │             │
            └────────────┴──────┬──────┘
                                ▼
                              closed

Whoever does the I/O tells what happened; what comes back says what is next.
"""

import enum
from collections.abc import Callable
from typing import Final

from pushwire.client.endings import RENEWED, Closed, Failure, is_throttled
from pushwire.client.errors import ConnectFailedError
from pushwire.client.settings import Settings

__all__ = ["Lifecycle", "State"]

_STABLE_AFTER: Final = 10.0
"""Seconds after which a connection counts as one that has held: only then does backoff begin anew. A server that
accepts and closes at once is not asked in a tight loop."""


class State(enum.Enum):
    """What a client is doing."""

    CONNECTING = "connecting"
    """There has been no connection yet."""
    OPEN = "open"
    """What is sent is written."""
    RECONNECTING = "reconnecting"
    """There is no connection, or its `on_reconnect` hooks still run: what is sent waits."""
    CLOSED = "closed"
    """It has been closed, or has given up. There is no way back."""


class Lifecycle:
    """Decides.

    Args:
        settings: How often and how soon to try.
        random: Gives a number from 0 to 1: the share of each delay's ceiling.

    Attributes:
        state: What the client is doing.
        restoring: Whether there is a connection whose hooks still run.
        connections: How many connections there have been.
        attempts: How many attempts have failed since the last connection.
        last_closed: How the last connection ended; `None` while the first one is open.
    """

    def __init__(self, settings: Settings, random: Callable[[], float]) -> None:
        self._settings = settings
        self._random = random
        self._step = 0
        self._opened_at = 0.0
        self.state = State.CONNECTING
        self.restoring = False
        self.connections = 0
        self.attempts = 0
        self.last_closed: Closed | None = None
        self._given_up: Failure | None = None

    def failed(self, failure: Failure) -> ConnectFailedError:
        """Take note that an attempt has failed.

        Returns:
            The error to report: its `retry_in` says when to try again, or that the client has given up.
        """
        self.attempts += 1
        most = self._settings.max_attempts if self.connections else self._settings.connect_attempts
        final = failure.status_code in self._settings.fatal_statuses
        if final or (most is not None and self.attempts >= most):
            self.state = State.CLOSED
            self._given_up = failure
            return self._error(failure, retry_in=None)
        return self._error(failure, retry_in=self._next_delay(failure.status_code))

    def broke(self, failure: Failure) -> None:
        """Take note that it cannot go on at all."""
        if self.state is not State.CLOSED:
            self.state = State.CLOSED
            self._given_up = failure

    def given_up(self) -> ConnectFailedError | None:
        """Return why the client has given up, as a new error each time; `None` where it has not."""
        return None if self._given_up is None else self._error(self._given_up, retry_in=None)

    def opened(self, now: float) -> None:
        """Take note of a connection. It is `restoring` until `restored`, unless it is the first one."""
        self.connections += 1
        self.attempts = 0
        self._opened_at = now
        if self.state is State.CONNECTING:
            self.state = State.OPEN
        elif self.state is State.RECONNECTING:
            self.restoring = True

    def restored(self) -> None:
        """Take note that the hooks have run."""
        if self.restoring:
            self.restoring = False
            if self.state is State.RECONNECTING:
                self.state = State.OPEN

    def renewing(self) -> None:
        """Take note that the connection is being closed, to be renewed."""
        if self.state is State.OPEN:
            self.state = State.RECONNECTING

    def lost(self, now: float, closed: Closed) -> float:
        """Take note that the connection has ended.

        Returns:
            In how many seconds to connect again, unless the client is closed.
        """
        self.restoring = False
        self.last_closed = closed
        if self.state is State.OPEN:
            self.state = State.RECONNECTING
        if now - self._opened_at >= _STABLE_AFTER:
            self._step = 0
        if closed is RENEWED:
            return 0.0
        return self._next_delay(closed.code)

    def close(self) -> None:
        """Take note that the client is to end."""
        self.state = State.CLOSED

    def _next_delay(self, code: int | None) -> float:
        backoff = self._settings.backoff
        if is_throttled(code):
            self._step = max(self._step, backoff.last_step())
        delay = backoff.delay(self._step, self._random())
        self._step += 1
        return delay

    def _error(self, failure: Failure, *, retry_in: float | None) -> ConnectFailedError:
        error = ConnectFailedError(
            failure.reason, attempts=self.attempts, status_code=failure.status_code, retry_in=retry_in
        )
        error.__cause__ = failure.error
        return error
