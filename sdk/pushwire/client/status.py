"""What a client is doing, and what it has done."""

from dataclasses import dataclass

from pushwire.client.endings import Closed
from pushwire.client.lifecycle import State

__all__ = ["Counters", "Status"]


@dataclass(slots=True)
class Counters:
    """What has happened on one connection after another.

    Attributes:
        sent: Messages written; no keepalives.
        received: Frames received.
        keepalives: Keepalives sent.
        renewals: Connections closed in time, to be renewed.
        errors: Errors that `on_error` listeners were told of.
    """

    sent: int = 0
    received: int = 0
    keepalives: int = 0
    renewals: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a client is doing, and what it has done, at one moment.

    Attributes:
        state: Whether it is connecting, open, reconnecting or closed.
        connections: How many connections there have been.
        failed_attempts: How many attempts to connect have failed since the last connection.
        queued: How many sends wait.
        sent: Messages written; no keepalives.
        received: Frames received.
        keepalives: Keepalives sent.
        renewals: Connections closed in time, to be renewed.
        errors: Errors that `on_error` listeners were told of.
        last_closed: How the last connection ended; `None` where none has.
    """

    state: State
    connections: int
    failed_attempts: int
    queued: int
    sent: int
    received: int
    keepalives: int
    renewals: int
    errors: int
    last_closed: Closed | None
