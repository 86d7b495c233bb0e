"""Adapters to an asyncio event loop: one for the steps of a call, and one for the selector of a broadcast."""

from __future__ import annotations

import asyncio
import math
import selectors
import socket
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from typing import Final, TypeVar

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
    resume: Callable[[], Waiting] = steps.__next__
    try:
        while True:
            connection, events, until = resume()
            is_ready = await _wait(connection, events, until - clock())
            resume = steps.__next__ if is_ready else partial(steps.throw, TimeoutError())
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        steps.close()


async def _wait(connection: socket.socket, events: int, seconds: float) -> bool:
    """Wait until a socket is ready, as `wait` does. No callback remains, because the next socket gets its number."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[bool] = loop.create_future()

    def end(is_ready: bool) -> None:
        if not ended.done():
            ended.set_result(is_ready)

    descriptor = connection.fileno()
    if events & selectors.EVENT_READ:
        _watch(loop.add_reader, descriptor, partial(end, True))
    if events & selectors.EVENT_WRITE:
        _watch(loop.add_writer, descriptor, partial(end, True))
    timer = loop.call_later(max(0.0, seconds), end, False)
    try:
        # After the process was stopped, a loop may run its timers before it reads its sockets.
        return await ended or wait(connection, events, 0)
    finally:
        timer.cancel()
        if events & selectors.EVENT_READ:
            loop.remove_reader(descriptor)
        if events & selectors.EVENT_WRITE:
            loop.remove_writer(descriptor)


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
            _watch(self.loop.add_reader, self._descriptor, partial(self.take_turn, self.turn))

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


def _watch(add: Callable[[int, Callable[[], None]], object], descriptor: int, callback: Callable[[], None]) -> None:
    try:
        add(descriptor, callback)
    except NotImplementedError:
        raise RuntimeError(
            f"{type(asyncio.get_running_loop()).__name__} does not support add_reader; run AsyncHttpTransport on an"
            " asyncio.SelectorEventLoop, or use AsyncBoto3Transport"
        ) from None
