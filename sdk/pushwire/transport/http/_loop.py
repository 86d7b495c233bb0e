"""Adapters to an asyncio event loop: one for the steps of a call, and one for the selector of a broadcast."""

from __future__ import annotations

import asyncio
import math
import selectors
import socket
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from typing import Final, Generic, TypeVar

from pushwire.transport._on_loop import LoopDriver
from pushwire.transport.http._channel import Steps, Waiting, wait
from pushwire.transport.http._engine import BroadcastEngine
from pushwire.transport.http._requests import Requests

__all__ = ["BroadcastDriver", "run_on_loop"]

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
        BaseException: The exception of the steps.
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


class BroadcastDriver(LoopDriver):
    """Drives a broadcast: the event loop watches the selector of its engine.

    Args:
        engine: The engine of the broadcast.
        requests: Loads the credentials, on a thread if that takes time.
        connection_ids: The ids.

    Raises:
        RuntimeError: The event loop does not support `add_reader`.
    """

    def __init__(
        self, engine: BroadcastEngine, requests: Requests, connection_ids: Iterable[str] | AsyncIterable[str]
    ) -> None:
        selector = engine.selector
        self._descriptor: int | None = selector.fileno() if hasattr(selector, "fileno") else None
        super().__init__(engine.fan_out, connection_ids, _POLL_INTERVAL if self._descriptor is None else math.inf)
        self._engine = engine
        self._requests = requests
        self._loading: asyncio.Future[object] | None = None
        engine.pull, engine.load = self.pull, self._load
        if self._descriptor is not None:
            _add_reader(self.loop, self._descriptor, partial(self.take_turn, self.turn))

    def turn(self) -> float | None:
        """Read the sockets, then start attempts."""
        return self._engine.turn(0.0)

    def start_attempts(self) -> float | None:
        """Start attempts, as `LoopDriver.start_attempts` describes."""
        return self._engine.start_attempts()

    def close(self) -> None:
        """Remove the reader, and close the engine."""
        if self._descriptor is not None:
            self.loop.remove_reader(self._descriptor)
        self._engine.close()

    def _load(self) -> None:
        if self._loading is None:
            self._loading = self.loop.run_in_executor(None, self._requests.template, "POST", b"")
            self._loading.add_done_callback(self._loaded)

    def _loaded(self, loading: asyncio.Future[object]) -> None:
        self._loading = None
        if not loading.cancelled():
            loading.exception()  # marks it as retrieved; the attempts raise it again
        self.take_turn(self.turn)


def _add_reader(loop: asyncio.AbstractEventLoop, descriptor: int, callback: Callable[[], None]) -> None:
    try:
        loop.add_reader(descriptor, callback)
    except NotImplementedError:
        raise RuntimeError(
            f"{type(loop).__name__} does not support add_reader; run AsyncHttpTransport on an"
            " asyncio.SelectorEventLoop, or use AsyncBoto3Transport"
        ) from None
