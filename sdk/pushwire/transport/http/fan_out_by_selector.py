"""A fan-out over many connections at once, in the calling thread."""

from __future__ import annotations

import math
import selectors
import socket
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from pushwire.errors import SendError, UnavailableError
from pushwire.transport._fan_out import FanOut
from pushwire.transport.http.channel import Channel
from pushwire.transport.http.dialing import Dialing, Waiting, dial
from pushwire.transport.http.failures import failure_of_exchange
from pushwire.transport.http.outcomes import error_of
from pushwire.transport.http.pool import Pool
from pushwire.transport.http.replies import MalformedReplyError, Reply
from pushwire.transport.http.requests import Template
from pushwire.transport.http.resolver import Resolver
from pushwire.transport.http.settings import Settings

__all__ = ["FanOutBySelector"]


class _Lane:
    """What carries one attempt at a time.

    Attributes:
        connection_id: The attempt's; `None` where there is none.
        request: Its request.
        until: When what the attempt waits for is too late.
        dialing: Opens the channel.
        channel: The channel; `None` where one has to be opened.
        is_reused: Whether the channel has carried a reply before.
        watched: The socket that the selector watches.
    """

    __slots__ = ("channel", "connection_id", "dialing", "is_reused", "request", "until", "watched")

    def __init__(self) -> None:
        self.connection_id: str | None = None
        self.request = b""
        self.until = math.inf
        self.dialing: Dialing | None = None
        self.channel: Channel | None = None
        self.is_reused = False
        self.watched: socket.socket | None = None


class FanOutBySelector:
    """Runs one fan-out.

    A lane rests for one turn of the selector before it is used again. What its connection brings then is its end, or
    bytes that nobody asked for: they are seen before another request goes out, and not taken for its reply.

    Args:
        fan_out: What to run.
        data: The frame.
        lanes: How many attempts may be in flight.
        settings: How to send.
        resolver: Looks the endpoint up.
        pool: Where to take connections from, and to leave them.
        clock: Gives the time in seconds, as the fan-out knows it.
        sleep: Waits where there is no connection to wait for.
    """

    def __init__(
        self,
        fan_out: FanOut,
        data: bytes,
        *,
        lanes: int,
        settings: Settings,
        resolver: Resolver,
        pool: Pool[Channel],
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._fan_out = fan_out
        self._data = data
        self._settings = settings
        self._resolver = resolver
        self._pool = pool
        self._clock = clock
        self._sleep = sleep
        self._selector = selectors.DefaultSelector()
        self._template: Template | None = None
        self._lanes = [_Lane() for _ in range(lanes)]
        self._free = list(self._lanes)
        self._resting: list[_Lane] = []
        self._next_check = math.inf

    def run(self, connection_ids: Iterable[str]) -> tuple[str, ...]:
        """Run it to its end.

        Args:
            connection_ids: Where its ids come from.

        Returns:
            The ids that were drawn and not tried.
        """
        fan_out = self._fan_out
        try:
            ids = iter(connection_ids)
            while True:
                now = self._clock()
                self._start_attempts(ids, now)
                if fan_out.finished:
                    return fan_out.result()
                rested, self._resting = self._resting, []
                ready = self._wait(now, rested)
                now = self._clock()
                for key, _ in ready:
                    self._proceed(key.data, now)
                if now >= self._next_check:
                    self._end_what_is_late(now)
                self._free += rested
        finally:
            self._close()

    def _start_attempts(self, ids: Iterator[str], now: float) -> None:
        fan_out, free = self._fan_out, self._free
        while True:
            connection_id = fan_out.take(now) if free else None
            if connection_id is not None:
                self._start(free.pop(), connection_id, now)
            elif fan_out.needs_id(now):
                fan_out.pull(ids.__next__)
            else:
                return

    def _wait(self, now: float, rested: list[_Lane]) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait until there is something to do: at once, where lanes have rested that can be used again."""
        seconds = 0.0
        if not rested:
            pause = self._fan_out.wait(now)
            seconds = min(math.inf if pause is None else pause, self._next_check - now)
        if not self._selector.get_map():
            self._sleep(seconds)
            return []
        return self._selector.select(None if seconds == math.inf else seconds)

    def _start(self, lane: _Lane, connection_id: str, now: float) -> None:
        lane.connection_id = connection_id
        try:
            lane.request = self._request(connection_id)
        except SendError as error:
            self._end(lane, error, now)
            return
        channel = lane.channel
        if channel is None:
            channel = self._pool.take()
            if channel is None:
                self._dial(lane, now)
                return
            self._open(lane, channel, is_reused=True)
        self._send(lane, channel, now)

    def _request(self, connection_id: str) -> bytes:
        template, requests = self._template, self._settings.requests
        if template is None or not requests.is_current(template):
            self._template = template = requests.template("POST", self._data)
        return template.request(connection_id)

    def _dial(self, lane: _Lane, now: float) -> None:
        settings = self._settings
        lane.dialing = dial(settings.endpoint, self._resolver, self._clock, settings.connect_timeout)
        self._dial_on(lane, lane.dialing.__next__, now)

    def _dial_on(self, lane: _Lane, resume: Callable[[], Waiting], now: float) -> None:
        """Resume a dialing, until it has to wait again."""
        self._unwatch(lane)
        try:
            connection, events, until = resume()
        except StopIteration as done:
            lane.dialing = None
            self._open(lane, done.value, is_reused=False)
            self._send(lane, done.value, now)
        except UnavailableError as error:
            lane.dialing = None
            self._end(lane, error, now)
        else:
            self._watch(lane, connection, events)
            self._expect(lane, until)

    def _open(self, lane: _Lane, channel: Channel, *, is_reused: bool) -> None:
        lane.channel, lane.is_reused = channel, is_reused
        self._watch(lane, channel.connection, selectors.EVENT_READ)

    def _send(self, lane: _Lane, channel: Channel, now: float) -> None:
        self._expect(lane, now + self._settings.read_timeout)
        try:
            channel.start(lane.request)
        except OSError as exc:
            self._fail(lane, channel, exc, now)
            return
        if not channel.has_sent_all:
            self._selector.modify(channel.connection, channel.events, lane)

    def _proceed(self, lane: _Lane, now: float) -> None:
        """Go on with a lane whose socket is ready."""
        channel = lane.channel
        if channel is None:
            if lane.dialing is not None:
                self._dial_on(lane, lane.dialing.__next__, now)
        elif lane.connection_id is None:
            if not channel.is_intact():
                self._drop(lane, channel)
        else:
            had_sent_all = channel.has_sent_all
            try:
                reply = channel.advance()
            except (OSError, MalformedReplyError) as exc:
                self._fail(lane, channel, exc, now)
                return
            if reply is not None:
                self._answer(lane, channel, reply, now)
            elif not had_sent_all:
                self._selector.modify(channel.connection, channel.events, lane)

    def _end_what_is_late(self, now: float) -> None:
        self._next_check = math.inf
        for lane in self._lanes:
            if lane.connection_id is None:
                continue
            if lane.until > now:
                self._next_check = min(self._next_check, lane.until)
            elif lane.channel is not None:
                self._fail(lane, lane.channel, TimeoutError(), now)
            elif lane.dialing is not None:
                self._dial_on(lane, partial(lane.dialing.throw, TimeoutError()), now)

    def _fail(self, lane: _Lane, channel: Channel, exc: Exception, now: float) -> None:
        """Go on where a channel is lost, or late, with a request."""
        reply = channel.cut()
        if reply is not None:
            self._answer(lane, channel, reply, now)
            return
        self._drop(lane, channel)
        if lane.is_reused and channel.has_sent_nothing:
            self._dial(lane, now)  # the peer had closed it while it was idle: no attempt
            return
        timeout = self._settings.read_timeout
        self._end(lane, failure_of_exchange(exc, timeout, maybe_accepted=channel.has_sent_all), now)

    def _answer(self, lane: _Lane, channel: Channel, reply: Reply, now: float) -> None:
        if reply.is_last:
            self._drop(lane, channel)
        lane.is_reused = True
        self._end(lane, error_of("POST", reply, lane.connection_id or ""), now)

    def _end(self, lane: _Lane, error: SendError | None, now: float) -> None:
        connection_id, lane.connection_id, lane.until = lane.connection_id or "", None, math.inf
        if error is not None:
            error.connection_id = connection_id
        self._resting.append(lane)
        self._fan_out.ended(connection_id, error, now)

    def _expect(self, lane: _Lane, until: float) -> None:
        lane.until = until
        self._next_check = min(self._next_check, until)

    def _watch(self, lane: _Lane, connection: socket.socket, events: int) -> None:
        lane.watched = connection
        self._selector.register(connection, events, lane)

    def _unwatch(self, lane: _Lane) -> None:
        if lane.watched is not None:
            self._selector.unregister(lane.watched)
            lane.watched = None

    def _drop(self, lane: _Lane, channel: Channel) -> None:
        self._unwatch(lane)
        channel.close()
        lane.channel = None

    def _close(self) -> None:
        """Leave idle connections to the next call; close those that are on their way, where this one is interrupted."""
        self._selector.close()
        for lane in self._lanes:
            if lane.dialing is not None:
                lane.dialing.close()
            if lane.channel is not None:
                if lane.connection_id is None:
                    self._pool.keep(lane.channel)
                else:
                    lane.channel.close()
