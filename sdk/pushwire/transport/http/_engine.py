"""A broadcast over many connections, on a selector of its own.

The engine works in turns and never waits by itself. The sync transport passes the pause to `select`; the asyncio one
registers the selector's file descriptor with the event loop.
"""

from __future__ import annotations

import math
import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from pushwire.errors import SendError, UnavailableError
from pushwire.transport._fan_out import MAX_TURN, FanOut
from pushwire.transport._settings import MAX_IDLE
from pushwire.transport.http._channel import Channel, Waiting
from pushwire.transport.http._connect import ConnectSteps
from pushwire.transport.http._in_flight import InFlightLimit
from pushwire.transport.http._outcomes import error_of
from pushwire.transport.http._requests import Template
from pushwire.transport.http._responses import MalformedResponseError, Response
from pushwire.transport.protocol import DEFAULT_MAX_IN_FLIGHT, FanOutOptions

if TYPE_CHECKING:
    from pushwire.transport.http._core import Core

__all__ = ["BroadcastEngine"]


class _Slot:
    """A place for one attempt at a time, with its channel.

    Attributes:
        connection_id: The id of the attempt; `None` while the slot is free.
        request: The request of the attempt.
        until: The time in seconds after which the attempt is late.
        steps: The steps that open the channel; `None` unless it is being opened.
        channel: The channel; `None` until one is open.
        watched: The socket that is registered with the selector; `None` for no socket.
    """

    __slots__ = ("channel", "connection_id", "request", "steps", "until", "watched")

    def __init__(self) -> None:
        self.connection_id: str | None = None
        self.request = b""
        self.until = math.inf
        self.steps: ConnectSteps | None = None
        self.channel: Channel | None = None
        self.watched: socket.socket | None = None


class BroadcastEngine:
    """Runs one broadcast.

    A slot rests until the sockets were read once before it is used again. So the engine notices that a server has
    closed the connection, or sent unexpected bytes, before it sends another request.

    Args:
        core: The core of the transport.
        data: The frame.
        options: The limits: posts in flight, rate, deadline.
        on_outcome: Called with each id, and `None` if it was accepted or else its last error.

    Attributes:
        fan_out: Decides what to send next, and collects the outcomes.
        selector: The selector of the sockets.
        pull: Pulls the id that the fan-out needs, or requests it from a task. The driver sets it.
        load: Loads credentials on a thread, and then calls `turn`. Defaults to `None`: the turn loads them.
    """

    def __init__(
        self,
        core: Core,
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
    ) -> None:
        self.fan_out = FanOut(options, core.policy, on_outcome, core.clock())
        self.selector = selectors.DefaultSelector()
        self.pull: Callable[[], object] = lambda: None
        self.load: Callable[[], object] | None = None
        self._core = core
        self._clock = core.clock
        self._data = data
        self._pool = core.pool()
        self._template: Template | None = None
        self._slots: list[_Slot] = []
        self._free: list[_Slot] = []
        self._resting: list[_Slot] = []
        self._connecting = 0
        self._next_check = math.inf
        self._looked_at = self._turn_ended = -math.inf
        self._ended = 0
        self._was_full = False
        self._limit: InFlightLimit | None = None
        if options.max_in_flight is None:
            start = max(DEFAULT_MAX_IN_FLIGHT, len(self._pool))
            self._limit = InFlightLimit(start, core.max_connections)
            self.fan_out.max_in_flight = self._limit.value

    def turn(self, seconds: float | None) -> float | None:
        """Read the sockets, then start attempts.

        Args:
            seconds: The longest wait for a socket; `None` to wait without a limit.

        Returns:
            The longest pause before the next turn, in seconds; `None` if only a socket can end the pause.
        """
        # An attempt is late only if its time had passed before `select` reported no response.
        before = self._clock()
        ready = self.selector.select(seconds)
        looked_at = self._looked_at = self._clock()
        rested, self._resting = self._resting, []
        for key, _ in ready:
            self._proceed(key.data)
        if before >= self._next_check:
            self._expire(before)
        self._free += rested
        pause = self.start_attempts()
        if self._limit is not None:
            self._adapt(self._limit, looked_at)
        return pause

    def start_attempts(self) -> float | None:
        """Start attempts while that is possible; return the longest pause before the next turn, as `turn` does."""
        fan_out, clock = self.fan_out, self._clock
        can_sign = self._can_sign()
        now = clock()
        until, ended = self._looked_at + MAX_TURN, self._ended
        while can_sign:
            has_slot = self._free or len(self._slots) < fan_out.max_in_flight
            connection_id = fan_out.take(now) if has_slot else None
            if connection_id is not None:
                self._start(connection_id, now)
                if self._ended == ended:
                    continue
                ended = self._ended  # the attempt has ended at once, so `on_outcome` was called
            elif fan_out.needs_id(now):
                self.pull()
            else:
                break
            now = clock()
            if now > until:  # user code was slow, so read the sockets first
                return 0.0
        if fan_out.is_over(now):
            self._withdraw_connecting()
        if self._resting and can_sign:
            return 0.0
        pause = fan_out.wait(now) if can_sign or now >= fan_out.deadline else fan_out.deadline - now
        until = min(self._next_check, math.inf if pause is None else now + pause)
        return None if until == math.inf else max(0.0, until - now)

    def close(self) -> None:
        """Return idle channels to the pool, and close channels in use, which an interrupted broadcast has."""
        self.selector.close()
        # Connections that were opened in vain would be those that the next broadcast starts with.
        most = len(self._slots) if self._limit is None else self._limit.proven
        for number, slot in enumerate(self._slots):
            if slot.steps is not None:
                slot.steps.close()
            if slot.channel is not None:
                if slot.connection_id is None and number < most:
                    self._pool.keep(slot.channel)
                else:
                    slot.channel.close()

    def _can_sign(self) -> bool:
        """Return whether requests can be signed now; if not, credentials are being loaded."""
        requests = self._core.requests
        if self._template is not None and requests.is_current(self._template):
            return True
        self._template = None
        if self.load is not None and not requests.are_ready():
            self.load()
            return False
        with suppress(SendError):  # each attempt gets an error of its own
            self._template = requests.template("POST", self._data)
        return True

    def _start(self, connection_id: str, now: float) -> None:
        if self._free:
            slot = self._free.pop()
        else:
            slot = _Slot()
            self._slots.append(slot)
        slot.connection_id = connection_id
        try:
            template = self._template or self._core.requests.template("POST", self._data)
            slot.request = template.request(connection_id)
        except SendError as error:
            self._end(slot, error)
            return
        channel = slot.channel
        if channel is not None and (
            channel.idle_since < now - MAX_IDLE or (now - self._looked_at > MAX_TURN and not channel.is_intact())
        ):
            self._drop(slot, channel)
            channel = None
        if channel is None:
            channel = self._pool.take()
            if channel is None:
                self._connect(slot)
                return
            self._adopt(slot, channel)
        self._send(slot, channel)

    def _connect(self, slot: _Slot) -> None:
        slot.steps = steps = self._core.connect()
        self._connecting += 1
        self._connect_on(slot, steps.__next__)

    def _connect_on(self, slot: _Slot, resume: Callable[[], Waiting]) -> None:
        """Resume the steps that open a channel, until they wait again."""
        self._unwatch(slot)  # the steps may close the socket
        try:
            connection, events, until = resume()
        except StopIteration as done:
            self._connecting -= 1
            slot.steps = None
            self._adopt(slot, done.value)
            if self.fan_out.is_over(self._clock()):
                self._withdraw(slot)
            else:
                self._send(slot, done.value)
        except UnavailableError as error:
            self._connecting -= 1
            slot.steps = None
            self._end(slot, error)
        else:
            self._watch(slot, connection, events)
            self._expect(slot, until)

    def _adopt(self, slot: _Slot, channel: Channel) -> None:
        slot.channel = channel
        self._watch(slot, channel.connection, selectors.EVENT_READ)

    def _send(self, slot: _Slot, channel: Channel) -> None:
        try:
            channel.start(slot.request)
        except OSError as exc:
            self._fail(slot, channel, exc)
            return
        # From here: a process that was stopped before this would wait too little for a request that has just left.
        self._expect(slot, self._clock() + self._core.read_timeout)
        if not channel.has_sent_all:
            self.selector.modify(channel.connection, channel.events, slot)

    def _proceed(self, slot: _Slot) -> None:
        """Continue with a slot whose socket is ready."""
        channel = slot.channel
        if channel is None:
            if slot.steps is not None:
                self._connect_on(slot, slot.steps.__next__)
        elif slot.connection_id is None:
            if not channel.is_intact():
                self._drop(slot, channel)
        else:
            had_sent_all = channel.has_sent_all
            try:
                response = channel.advance()
            except (OSError, MalformedResponseError) as exc:
                self._fail(slot, channel, exc)
                return
            if not had_sent_all:
                self.selector.modify(channel.connection, channel.events, slot)
            if response is not None:
                self._answer(slot, channel, response)

    def _expire(self, before: float) -> None:
        """End attempts that are late."""
        self._next_check = math.inf
        for slot in self._slots:
            if slot.connection_id is None:
                continue
            if slot.until > before:
                self._next_check = min(self._next_check, slot.until)
            elif slot.channel is not None:
                self._fail(slot, slot.channel, TimeoutError())
            elif slot.steps is not None:
                self._connect_on(slot, partial(slot.steps.throw, TimeoutError()))

    def _fail(self, slot: _Slot, channel: Channel, exc: Exception) -> None:
        """Handle a request whose channel was lost, or whose response is late."""
        try:
            response = channel.failed(exc, self._core.read_timeout)
        except UnavailableError as error:
            self._drop(slot, channel)
            if channel.was_stale:
                self._connect(slot)
            else:
                self._end(slot, error)
        else:
            self._answer(slot, channel, response)

    def _answer(self, slot: _Slot, channel: Channel, response: Response) -> None:
        if response.must_close:
            self._drop(slot, channel)
        channel.idle_since = self._looked_at
        self._end(slot, error_of("POST", response, slot.connection_id or ""))

    def _end(self, slot: _Slot, error: SendError | None) -> None:
        connection_id = self._release(slot)
        self._ended += 1
        self.fan_out.ended(connection_id, error, self._clock())

    def _release(self, slot: _Slot) -> str:
        connection_id, slot.connection_id, slot.until = slot.connection_id or "", None, math.inf
        self._resting.append(slot)
        return connection_id

    def _withdraw(self, slot: _Slot) -> None:
        self.fan_out.withdraw(self._release(slot))

    def _withdraw_connecting(self) -> None:
        """Close connections that are not open yet at the deadline, after which nothing is sent."""
        for slot in self._slots:
            if slot.steps is not None:
                self._connecting -= 1
                self._unwatch(slot)
                slot.steps.close()
                slot.steps = None
                self._withdraw(slot)

    def _adapt(self, limit: InFlightLimit, looked_at: float) -> None:
        """Adapt the number of posts in flight to the share of waiting since the last turn."""
        now = self._clock()
        waited, worked = looked_at - self._turn_ended, now - looked_at
        if self._connecting:
            limit.restart()
        else:
            limit.measured(waited if self._was_full else 0.0, worked, self._ended)
            self.fan_out.max_in_flight = limit.value
        self._ended, self._turn_ended, self._was_full = 0, now, self.fan_out.is_full

    def _expect(self, slot: _Slot, until: float) -> None:
        slot.until = until
        if until < self._next_check:
            self._next_check = until

    def _watch(self, slot: _Slot, connection: socket.socket, events: int) -> None:
        slot.watched = connection
        self.selector.register(connection, events, slot)

    def _unwatch(self, slot: _Slot) -> None:
        if slot.watched is not None:
            self.selector.unregister(slot.watched)
            slot.watched = None

    def _drop(self, slot: _Slot, channel: Channel) -> None:
        self._unwatch(slot)
        channel.close()
        slot.channel = None
