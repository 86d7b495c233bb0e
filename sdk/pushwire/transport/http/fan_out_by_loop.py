"""A fan-out over many connections at once, on an event loop."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial

from pushwire.errors import SendError, UnavailableError
from pushwire.transport._fan_out import FanOut
from pushwire.transport.http.async_channel import AsyncChannel, Ended
from pushwire.transport.http.async_dialing import open_channel
from pushwire.transport.http.failures import failure_of_exchange
from pushwire.transport.http.outcomes import error_of
from pushwire.transport.http.pool import Pool
from pushwire.transport.http.requests import Template
from pushwire.transport.http.resolver import Resolver
from pushwire.transport.http.settings import Settings

__all__ = ["FanOutByLoop"]


class _Lane:
    """What carries one attempt at a time.

    Attributes:
        connection_id: The attempt's; `None` where there is none.
        request: Its request.
        until: When its reply is too late.
        dialing: Opens the channel.
        channel: The channel; `None` where one has to be opened.
        exchanged: Called with the end of each exchange.
    """

    __slots__ = ("channel", "connection_id", "dialing", "exchanged", "request", "until")

    def __init__(self, exchanged: Callable[[_Lane, Ended], None]) -> None:
        self.connection_id: str | None = None
        self.request = b""
        self.until = math.inf
        self.dialing: asyncio.Task[AsyncChannel] | None = None
        self.channel: AsyncChannel | None = None
        self.exchanged = partial(exchanged, self)


class FanOutByLoop:
    """Runs one fan-out, by callbacks: a task or a future for each post would cost as much as all the rest.

    Args:
        fan_out: What to run.
        data: The frame.
        lanes: How many attempts may be in flight.
        settings: How to send.
        resolver: Looks the endpoint up.
        pool: Where to take connections from, and to leave them.
        clock: Gives the time in seconds, as the fan-out knows it.
    """

    def __init__(
        self,
        fan_out: FanOut,
        data: bytes,
        *,
        lanes: int,
        settings: Settings,
        resolver: Resolver,
        pool: Pool[AsyncChannel],
        clock: Callable[[], float],
    ) -> None:
        self._fan_out = fan_out
        self._data = data
        self._settings = settings
        self._resolver = resolver
        self._pool = pool
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._lanes = [_Lane(self._exchanged) for _ in range(lanes)]
        self._free = list(self._lanes)
        self._resting: list[_Lane] = []
        self._unsigned: list[_Lane] = []
        self._draw: Callable[[], None] = self._ask_for_an_id
        self._asked = self._loop.create_future()
        self._template: Template | None = None
        self._loading: asyncio.Future[Template] | None = None
        self._next_check = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._turn_is_due = False
        self._finished: asyncio.Future[None] = self._loop.create_future()

    async def run(self, connection_ids: Iterable[str] | AsyncIterable[str]) -> tuple[str, ...]:
        """Run it to its end.

        Args:
            connection_ids: Where its ids come from. The next of an async iterable is awaited while posts are in flight;
                the wait for it is cancelled when the fan-out has ended without it.

        Returns:
            The ids that were drawn and not tried.

        Raises:
            asyncio.CancelledError: This call was cancelled, and the attempts with it.
        """
        drawing: asyncio.Task[None] | None = None
        if isinstance(connection_ids, AsyncIterable):
            drawing = asyncio.ensure_future(self._draw_when_asked(connection_ids))
        else:
            self._draw = partial(self._fan_out.pull, iter(connection_ids).__next__)
        try:
            self._turn()
            await self._finished
        finally:
            self._close()
            if drawing is not None:
                drawing.cancel()
                await asyncio.wait([drawing])  # until then nobody else can go on with the ids
        return self._fan_out.result()

    def _turn_soon(self) -> None:
        if not self._turn_is_due:
            self._turn_is_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Do all that can be done now."""
        self._turn_is_due = False
        try:
            now = self._clock()
            if now >= self._next_check:
                self._end_what_is_late(now)
            self._free += self._resting
            self._resting.clear()
            self._go_on(now)
        except Exception as failure:  # noqa: BLE001 - raised by `run`: a loop would log it, and the call never end
            if not self._finished.done():
                self._finished.set_exception(failure)

    def _go_on(self, now: float) -> None:
        if self._finished.done():
            return
        self._start_attempts(now)
        if self._fan_out.finished:
            self._finished.set_result(None)
        else:
            self._set_timer(now)

    def _start_attempts(self, now: float) -> None:
        fan_out, free, can_sign = self._fan_out, self._free, self._can_sign()
        while True:
            connection_id = fan_out.take(now) if free else None
            if connection_id is not None:
                lane = free.pop()
                lane.connection_id = connection_id
                if can_sign:
                    self._go(lane, now)
                else:
                    self._unsigned.append(lane)
            elif fan_out.needs_id(now):
                self._draw()
            else:
                return

    def _ask_for_an_id(self) -> None:
        self._asked.set_result(None)

    async def _draw_when_asked(self, connection_ids: AsyncIterable[str]) -> None:
        try:
            ids = aiter(connection_ids)
            while True:
                await self._asked  # does not pause where it has been asked already
                self._asked = self._loop.create_future()
                self._fan_out.add(await anext(ids))
                self._go_on(self._clock())
        except StopAsyncIteration:
            self._fan_out.no_more_ids()
        except BaseException as failure:
            if self._finished.done():
                raise
            self._fan_out.stop(failure)
        self._turn_soon()

    def _can_sign(self) -> bool:
        """Whether requests can be signed at once; if not, credentials are being loaded on a thread."""
        requests = self._settings.requests
        if self._template is not None and requests.is_current(self._template):
            return True
        self._template = None
        if self._loading is None and not requests.are_ready():
            self._loading = self._loop.run_in_executor(None, requests.template, "POST", self._data)
            self._loading.add_done_callback(self._loaded)
        return self._loading is None

    def _loaded(self, loading: asyncio.Future[Template]) -> None:
        self._loading = None
        has_failed = loading.cancelled() or loading.exception() is not None
        if self._finished.done():
            return
        self._template = None if has_failed else loading.result()  # of a failure, each attempt is told anew
        now = self._clock()
        unsigned, self._unsigned = self._unsigned, []
        for lane in unsigned:
            self._go(lane, now)
        self._turn_soon()

    def _go(self, lane: _Lane, now: float) -> None:
        try:
            if self._template is None:
                self._template = self._settings.requests.template("POST", self._data)
            lane.request = self._template.request(lane.connection_id or "")
        except SendError as error:
            self._end(lane, error, now)
            return
        channel = lane.channel
        if channel is not None and not channel.is_intact():
            channel.close()
            channel = None
        if channel is None:
            channel = lane.channel = self._pool.take()
        if channel is None:
            lane.dialing = asyncio.ensure_future(open_channel(self._settings, self._resolver))
            lane.dialing.add_done_callback(partial(self._opened, lane))
        else:
            self._send(lane, channel, now)

    def _opened(self, lane: _Lane, dialing: asyncio.Task[AsyncChannel]) -> None:
        lane.dialing = None
        if self._finished.done():
            if not dialing.cancelled() and dialing.exception() is None:
                dialing.result().close()
            return
        try:
            channel = dialing.result()
        except UnavailableError as error:
            self._end(lane, error, self._clock())
            return
        except asyncio.CancelledError:  # by somebody who cancels all tasks, say; this call goes on until it is itself
            self._end(lane, SendError("its connection was cancelled while it was opened"), self._clock())
            return
        lane.channel = channel
        self._send(lane, channel, self._clock())

    def _send(self, lane: _Lane, channel: AsyncChannel, now: float) -> None:
        lane.until = now + self._settings.read_timeout
        if lane.until < self._next_check:
            self._next_check = lane.until
        channel.start(lane.request, lane.exchanged)

    def _exchanged(self, lane: _Lane, ended: Ended) -> None:
        error: SendError | None
        if isinstance(ended, Exception):
            channel, lane.channel = lane.channel, None
            maybe_accepted = channel is None or channel.has_sent_all
            error = failure_of_exchange(ended, self._settings.read_timeout, maybe_accepted=maybe_accepted)
        else:
            if ended.is_last:
                lane.channel = None
            error = error_of("POST", ended, lane.connection_id or "")
        self._end(lane, error, self._clock())

    def _end(self, lane: _Lane, error: SendError | None, now: float) -> None:
        connection_id, lane.connection_id, lane.until = lane.connection_id or "", None, math.inf
        if error is not None:
            error.connection_id = connection_id
        self._resting.append(lane)
        self._fan_out.ended(connection_id, error, now)
        self._turn_soon()

    def _end_what_is_late(self, now: float) -> None:
        late = [lane.channel for lane in self._lanes if lane.until <= now and lane.channel is not None]
        for channel in late:
            channel.give_up(TimeoutError())
        self._next_check = min(lane.until for lane in self._lanes)

    def _set_timer(self, now: float) -> None:
        """Have a turn when a reply is late or the fan-out has something to do; one that comes early does no harm."""
        pause = self._fan_out.wait(now)
        at = min(math.inf if pause is None else now + pause, self._next_check)
        if self._timer is not None:
            if now < self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer, self._timer_at = None, at
        if at < math.inf:
            self._timer = self._loop.call_later(at - now, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer, self._timer_at = None, math.inf
        self._turn()

    def _close(self) -> None:
        """Leave idle connections to the next call; close those that are on their way, where this one is cancelled."""
        if self._timer is not None:
            self._timer.cancel()
        for lane in self._lanes:
            if lane.dialing is not None:
                lane.dialing.cancel()
            if lane.channel is not None:
                if lane.connection_id is None:
                    self._pool.keep(lane.channel)
                else:
                    lane.channel.close()
