"""What one open connection needs as time goes by: keepalives, pings, renewal. Sans-I/O.

API Gateway closes a connection after 10 minutes without a message and after 2 hours in any case ("Quotas for
configuring and running a WebSocket API"). Whether it answers WebSocket pings is documented nowhere, nor whether they
count as messages: so a ping is never relied on, but a peer that has answered one and then falls silent is given up.
"""

import enum
import math
from collections.abc import Callable
from typing import Final

from pushwire.client.settings import Settings

__all__ = ["Duty", "Upkeep"]

_EARLIEST_RENEWAL: Final = 0.9
"""Renewals are spread over the last tenth of the time, so that clients that connected together part."""


class Duty(enum.Enum):
    """What is to be done now."""

    KEEP_ALIVE = "keep alive"
    """Send a message, so that the connection is not taken for idle."""
    PING = "ping"
    """Ask whether the peer is there."""
    ABANDON = "abandon"
    """The peer has stopped answering: drop the connection."""
    RENEW = "renew"
    """Close the connection and make a new one, before API Gateway cuts it."""


class Upkeep:
    """The deadlines of one connection.

    Args:
        settings: The intervals.
        now: When it was opened.
        random: Gives a number from 0 to 1: how late to renew.

    Attributes:
        heard_at: When something last came from the peer, pongs included. Whoever does the I/O sets it, and the others.
        received_at: When a message last came.
        spoke_at: When a message was last written.
    """

    __slots__ = (
        "_answers_pings",
        "_keepalive",
        "_ping",
        "_ping_timeout",
        "_pinged_at",
        "_renew_at",
        "_unanswered",
        "heard_at",
        "received_at",
        "spoke_at",
    )

    def __init__(self, settings: Settings, now: float, random: Callable[[], float]) -> None:
        self._keepalive = _seconds(settings.keepalive_interval)
        self._ping = _seconds(settings.ping_interval)
        self._ping_timeout = settings.ping_timeout
        share = _EARLIEST_RENEWAL + (1 - _EARLIEST_RENEWAL) * random()
        self._renew_at = now + _seconds(settings.renew_after) * share
        self._pinged_at = now
        self._unanswered = False
        self._answers_pings = False
        self.heard_at = now
        self.received_at = now
        self.spoke_at = now

    def ponged(self, now: float) -> None:
        """Take note that the peer has answered a ping."""
        self._answers_pings = True
        self._unanswered = False
        self.heard_at = now

    def due(self, now: float) -> Duty | None:
        """Return what is to be done now, once; `None` where nothing is. Ask again until nothing is."""
        if self._waits() and now >= self._pinged_at + self._ping_timeout:
            self._answers_pings = False
            return Duty.ABANDON
        if now >= self._renew_at:
            self._renew_at = math.inf
            return Duty.RENEW
        if now >= self._idle_since() + self._keepalive:
            self.spoke_at = now
            return Duty.KEEP_ALIVE
        if now >= self._silent_since() + self._ping:
            self._pinged_at = now
            self._unanswered = True
            return Duty.PING
        return None

    def next_at(self) -> float:
        """When to ask again; infinity for never. It may be sooner than anything is due, never later."""
        deadlines = [
            self._renew_at,
            self._idle_since() + self._keepalive,
            self._silent_since() + self._ping,
        ]
        if self._waits():
            deadlines.append(self._pinged_at + self._ping_timeout)
        return min(deadlines)

    def _waits(self) -> bool:
        """Whether a peer that has answered pings before owes an answer to the last one."""
        if self.heard_at >= self._pinged_at:
            self._unanswered = False
        return self._unanswered and self._answers_pings

    def _idle_since(self) -> float:
        return max(self.received_at, self.spoke_at)

    def _silent_since(self) -> float:
        return max(self.heard_at, self._pinged_at)


def _seconds(interval: float | None) -> float:
    return math.inf if interval is None else interval
