"""Adapters to an asyncio event loop: one for the steps of a call, and one for the selector of a broadcast."""

from __future__ import annotations

import asyncio
import math
import selectors
import socket
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from typing import Final, Generic, TypeVar

from pushwire.transport.http._channel import Steps, Waiting, wait
from pushwire.transport.http._engine import BroadcastEngine
from pushwire.transport.http._requests import Requests

__all__ = ["run_broadcast", "run_on_loop"]

T = TypeVar("T")

_POLL_INTERVAL: Final = 0.005
"""Seconds between two turns if the selector has no file descriptor, as that of `select` on Windows."""


async def run_on_loop(steps: Steps[T], clock: Callable[[], float]) -> T:
    """Run steps to their end, waiting on the running event loop.

    Args:
        steps: The steps.
        clock: Returns the time in seconds; the clock of the steps.

    Raises:
        asyncio.CancelledError: This call was cancelled. The steps are closed, and their socket with them.
        BaseException: Whatever the steps raise.
        RuntimeError: The event loop does not support `add_reader`.
    """
    run = _Run(steps, clock)
    try:
        run.resume(steps.__next__)
        await run.ended
        return run.result()
    finally:
        run.stop_waiting()
        steps.close()


class _Run(Generic[T]):
    """Steps that run on an event loop.

    The steps are resumed in the loop's callbacks, so the task wakes up once, at their end.

    Attributes:
        ended: Done when the steps have ended.
    """

    __slots__ = ("_clock", "_failure", "_loop", "_result", "_steps", "_timer", "_watched", "ended")

    def __init__(self, steps: Steps[T], clock: Callable[[], float]) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._steps = steps
        self._clock = clock
        self._watched: tuple[int, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._result: list[T] = []
        # Not kept in the future, which would log an exception that a cancelled task does not retrieve.
        self._failure: BaseException | None = None

    def result(self) -> T:
        """Return the result of the steps, or raise their exception."""
        if self._failure is not None:
            raise self._failure
        return self._result[0]

    def resume(self, resume: Callable[[], Waiting]) -> None:
        """Resume the steps, and wait for their next socket."""
        self.stop_waiting()
        try:
            connection, events, until = resume()
            self._wait(connection, events, until)
        except StopIteration as done:
            self._result.append(done.value)
            self._end()
        except BaseException as failure:  # noqa: BLE001 - raised in the task
            self._failure = failure
            self._end()

    def stop_waiting(self) -> None:
        """Remove all callbacks.

        Call this before a socket is closed: the next socket gets its number, and would get its callbacks.
        """
        if self._watched is not None:
            descriptor, events = self._watched
            self._watched = None
            self._loop.remove_reader(descriptor)
            if events & selectors.EVENT_WRITE:
                self._loop.remove_writer(descriptor)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, connection: socket.socket, events: int, until: float) -> None:
        descriptor = connection.fileno()
        if events & selectors.EVENT_READ:
            _add_reader(self._loop, descriptor, self._ready)
        if events & selectors.EVENT_WRITE:
            self._loop.add_writer(descriptor, self._ready)
        self._watched = descriptor, events
        late = partial(self._late, connection, events)
        self._timer = self._loop.call_later(max(0.0, until - self._clock()), late)

    def _ready(self) -> None:
        self.resume(self._steps.__next__)

    def _late(self, connection: socket.socket, events: int) -> None:
        # After the process was stopped, a loop may run its timers before it reads its sockets.
        if wait(connection, events, 0):
            self._ready()
        else:
            self.resume(partial(self._steps.throw, TimeoutError()))

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def run_broadcast(
    engine: BroadcastEngine, requests: Requests, connection_ids: Iterable[str] | AsyncIterable[str]
) -> tuple[str, ...]:
    """Run a broadcast to its end, on the running event loop.

    Args:
        engine: The engine of the broadcast.
        requests: Loads the credentials, on a thread if that takes time.
        connection_ids: The ids. The next id of an async iterable is awaited while posts are in flight. When the
            broadcast ends before the id arrives, the wait is cancelled.

    Returns:
        The ids that were pulled and not sent.

    Raises:
        asyncio.CancelledError: This call was cancelled. Its attempts are cancelled as well.
        RuntimeError: The event loop does not support `add_reader`.
    """
    run = _Broadcast(engine, requests)
    pulling: asyncio.Task[None] | None = None
    if isinstance(connection_ids, AsyncIterable):
        engine.pull = run.ask_for_id
        pulling = asyncio.ensure_future(run.pull_when_asked(connection_ids))
    else:
        engine.pull = partial(engine.fan_out.pull, iter(connection_ids).__next__)
    try:
        run.start()
        await run.ended
    finally:
        run.stop()
        engine.close()
        if pulling is not None:
            pulling.cancel()
            await asyncio.wait([pulling])  # until it ends, the caller cannot use the iterable
    return engine.fan_out.result()


class _Broadcast:
    """A broadcast that runs on an event loop.

    Args:
        engine: The engine of the broadcast.
        requests: Loads the credentials.

    Attributes:
        ended: Done when the broadcast has ended.
    """

    def __init__(self, engine: BroadcastEngine, requests: Requests) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._engine = engine
        self._requests = requests
        engine.load = self._load
        self._loading: asyncio.Future[object] | None = None
        self._asked: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.Handle | None = None
        self._timer_at = math.inf
        selector = engine.selector
        self._descriptor: int | None = selector.fileno() if hasattr(selector, "fileno") else None

    def start(self) -> None:
        """Watch the selector, and run the first turn."""
        if self._descriptor is not None:
            _add_reader(self._loop, self._descriptor, self._turn)
        self._turn()

    def stop(self) -> None:
        """Remove all callbacks."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
        if self._timer is not None:
            self._timer.cancel()
        self.ended.cancel()

    def ask_for_id(self) -> None:
        """Wake the task that pulls the next id."""
        self._asked.set_result(None)

    async def pull_when_asked(self, connection_ids: AsyncIterable[str]) -> None:
        """Pull ids, each when the broadcast needs it."""
        fan_out = self._engine.fan_out
        try:
            ids = aiter(connection_ids)
            while True:
                await self._asked  # does not pause if an id was requested before
                self._asked = self._loop.create_future()
                fan_out.add(await anext(ids))
                self._guarded(self._engine.start_attempts)
        except StopAsyncIteration:
            fan_out.no_more_ids()
        except BaseException as failure:
            if self.ended.done():
                raise
            fan_out.stop(failure)
        self._guarded(self._engine.start_attempts)

    def _turn(self) -> None:
        self._guarded(partial(self._engine.turn, 0.0))

    def _guarded(self, turn: Callable[[], float | None]) -> None:
        """Run a turn, and schedule the next one. An exception ends the call, because a loop would only log it."""
        if self.ended.done():
            return
        try:
            pause = turn()
        except BaseException as failure:  # noqa: BLE001 - raised by the call
            self.ended.set_exception(failure)
            return
        if self._engine.fan_out.finished:
            self.ended.set_result(None)
        else:
            self._set_timer(pause)

    def _set_timer(self, pause: float | None) -> None:
        if self._descriptor is None:
            pause = _POLL_INTERVAL if pause is None else min(pause, _POLL_INTERVAL)
        now = self._loop.time()
        at = math.inf if pause is None else now + pause
        if self._timer is not None:
            if now <= self._timer_at <= at:
                return  # an early turn does no harm
            self._timer.cancel()
        self._timer, self._timer_at = None, at
        if pause == 0:
            self._timer = self._loop.call_soon(self._timer_fired)
        elif at < math.inf:
            self._timer = self._loop.call_at(at, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer, self._timer_at = None, math.inf
        self._turn()

    def _load(self) -> None:
        if self._loading is None:
            self._loading = self._loop.run_in_executor(None, self._requests.template, "POST", b"")
            self._loading.add_done_callback(self._loaded)

    def _loaded(self, loading: asyncio.Future[object]) -> None:
        self._loading = None
        if not loading.cancelled():
            loading.exception()  # marks it as retrieved; the attempts raise it again
        self._turn()


def _add_reader(loop: asyncio.AbstractEventLoop, descriptor: int, callback: Callable[[], None]) -> None:
    try:
        loop.add_reader(descriptor, callback)
    except NotImplementedError:
        raise RuntimeError(
            f"{type(loop).__name__} does not support add_reader; run AsyncHttpTransport on an"
            " asyncio.SelectorEventLoop, or use AsyncBoto3Transport"
        ) from None
