"""A fan-out over blocking calls, each on a thread."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator

from pushwire.errors import SendError
from pushwire.transport._fan_out import MAX_TURN, FanOut

__all__ = ["run_on_threads"]


def run_on_threads(
    fan_out: FanOut, connection_ids: Iterable[str], post: Callable[[str], None], clock: Callable[[], float]
) -> tuple[str, ...]:
    """Run a fan-out to its end. Ids are pulled, and outcomes reported, in the calling thread.

    Args:
        fan_out: The fan-out to run.
        connection_ids: Its ids.
        post: Makes one attempt: returns, or raises a `SendError`. Called on threads that end with this call.
        clock: Returns the time in seconds; the clock of the fan-out.

    Returns:
        The ids that were pulled and not sent.
    """
    threads = _Threads(post)
    try:
        ids = iter(connection_ids)
        while not fan_out.finished:
            started = clock()
            while _proceed(fan_out, ids, threads, now := clock()) and now - started <= MAX_TURN:
                pass
            if not fan_out.finished:
                for connection_id, error in threads.ended(fan_out.wait(clock())):
                    fan_out.ended(connection_id, error, clock())
    finally:
        threads.stop()
    return fan_out.result()


def _proceed(fan_out: FanOut, ids: Iterator[str], threads: _Threads, now: float) -> bool:
    """Start an attempt or pull an id; return whether there was one to start or pull."""
    connection_id = fan_out.take(now)
    if connection_id is not None:
        threads.start(connection_id)
    elif fan_out.needs_id(now):
        fan_out.pull(ids.__next__)
    else:
        return False
    return True


class _Threads:
    """Threads that make attempts: a new one is started when all others are busy."""

    def __init__(self, post: Callable[[str], None]) -> None:
        self._post = post
        self._to_do: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[str, SendError | None]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = 0

    def start(self, connection_id: str) -> None:
        """Start an attempt on an idle thread or a new one."""
        if self._idle:
            self._idle -= 1
        else:
            thread = threading.Thread(target=self._work, name=f"pushwire-broadcast-{len(self._threads)}", daemon=True)
            thread.start()
            self._threads.append(thread)
        self._to_do.put(connection_id)

    def ended(self, timeout: float | None) -> Iterator[tuple[str, SendError | None]]:
        """Wait until an attempt ends, for at most `timeout` seconds; yield every ended attempt."""
        with contextlib.suppress(queue.Empty):
            ended = self._done.get(timeout=timeout)
            while True:
                self._idle += 1
                yield ended
                ended = self._done.get_nowait()

    def stop(self) -> None:
        """Let each thread end after its current attempt."""
        for _ in self._threads:
            self._to_do.put(None)

    def _work(self) -> None:
        while (connection_id := self._to_do.get()) is not None:
            try:
                self._post(connection_id)
            except SendError as error:
                self._done.put((connection_id, error))
            else:
                self._done.put((connection_id, None))
