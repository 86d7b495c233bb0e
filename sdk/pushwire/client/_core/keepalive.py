"""The schedule of one open connection: keepalives, pings, renewal. Sans-I/O.

API Gateway closes a connection after 10 minutes without a message, and after 2 hours in any case ("Quotas for
configuring and running a WebSocket API"). AWS does not document whether API Gateway answers WebSocket pings, or
whether pings count as messages. So the schedule does not depend on pings: it drops a connection only if its server has
answered a ping before and then stops answering.
"""

import enum
import math
from typing import Final

from pushwire.client.options import ConnectionSettings

__all__ = ["Action", "KeepaliveSchedule"]

_EARLIEST_RENEWAL: Final = 0.9
"""The share of `renew_after` before which a connection is not renewed.

Why: clients that connected together are renewed at different times, so that they do not all reconnect together.
"""


class Action(enum.Enum):
    """Action that is due on a connection."""

    SEND_KEEPALIVE = "send keepalive"
    """Send a message, so that API Gateway does not close the connection as idle."""
    PING = "ping"
    """Send a WebSocket ping."""
    DROP = "drop"
    """Drop the connection, because the server has stopped answering."""
    RENEW = "renew"
    """Close the connection and open another, before API Gateway closes it."""


class KeepaliveSchedule:
    """The deadlines of one connection.

    Args:
        settings: The intervals, and the source of random numbers.
        now: The time at which the connection was opened.

    Attributes:
        last_received_at: The time when the last bytes came from the server, including pongs. The I/O code sets it and
            the two others.
        last_message_at: The time when the last message came from the server.
        last_sent_at: The time when the last message was written.
    """

    __slots__ = (
        "_answers_pings",
        "_is_unanswered",
        "_keepalive_interval",
        "_ping_interval",
        "_ping_timeout",
        "_pinged_at",
        "_renew_at",
        "last_message_at",
        "last_received_at",
        "last_sent_at",
    )

    def __init__(self, settings: ConnectionSettings, now: float) -> None:
        self._keepalive_interval = _seconds(settings.keepalive_interval)
        self._ping_interval = _seconds(settings.ping_interval)
        self._ping_timeout = settings.ping_timeout
        share = _EARLIEST_RENEWAL + (1 - _EARLIEST_RENEWAL) * settings.random()
        self._renew_at = now + _seconds(settings.renew_after) * share
        self._pinged_at = now
        self._is_unanswered = False
        self._answers_pings = False
        self.last_received_at = now
        self.last_message_at = now
        self.last_sent_at = now

    def pong_received(self, now: float) -> None:
        """Record that the server has answered a ping."""
        self._answers_pings = True
        self._is_unanswered = False
        self.last_received_at = now

    def next_action(self, now: float) -> Action | None:
        """Return an action that is due, once, or `None`. Call it again until it returns `None`."""
        if self._awaits_pong() and now >= self._pinged_at + self._ping_timeout:
            self._answers_pings = False
            return Action.DROP
        if now >= self._renew_at:
            self._renew_at = math.inf
            return Action.RENEW
        if now >= self._next_keepalive_at():
            self.last_sent_at = now
            return Action.SEND_KEEPALIVE
        if now >= self._next_ping_at():
            self._pinged_at = now
            self._is_unanswered = True
            return Action.PING
        return None

    def next_check_at(self) -> float:
        """Return the time to call `next_action` again; infinity for never.

        No action is due before that time. An action may be due later than that time.
        """
        deadlines = [self._renew_at, self._next_keepalive_at(), self._next_ping_at()]
        if self._awaits_pong():
            deadlines.append(self._pinged_at + self._ping_timeout)
        return min(deadlines)

    def _awaits_pong(self) -> bool:
        """Return whether a server that has answered pings before has not answered the last one."""
        if self.last_received_at >= self._pinged_at:
            self._is_unanswered = False
        return self._is_unanswered and self._answers_pings

    def _next_keepalive_at(self) -> float:
        return max(self.last_message_at, self.last_sent_at) + self._keepalive_interval

    def _next_ping_at(self) -> float:
        return max(self.last_received_at, self._pinged_at) + self._ping_interval


def _seconds(interval: float | None) -> float:
    return math.inf if interval is None else interval
