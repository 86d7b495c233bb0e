"""A fan-out over blocking calls, each on a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread

from pushwire.errors import SendError
from pushwire.transport._fan_out import FanOut

__all__ = ["run_on_threads"]


def run_on_threads(
    fan_out: FanOut, connection_ids: Iterable[str], post: Callable[[str], None], clock: Callable[[], float]
) -> tuple[str, ...]:
    """Run a fan-out to its end. Ids are pulled, and outcomes reported, in the calling thread.

    Args:
        fan_out: The fan-out to run.
        connection_ids: Its ids.
        post: Makes one attempt: returns, or raises a `SendError`. Called on threads, which end after this call.
        clock: Returns the time in seconds; the clock of the fan-out.

    Returns:
        The ids that were pulled and not sent.
    """
    to_do: SimpleQueue[str | None] = SimpleQueue()
    ended: SimpleQueue[tuple[str, SendError | None]] = SimpleQueue()
    pull = partial(fan_out.pull, iter(connection_ids).__next__)
    threads = 0

    def start(connection_id: str) -> None:
        nonlocal threads
        if threads < fan_out.in_flight:  # all threads are busy
            # Daemons: a process that is interrupted does not wait for them. It would wait for those of an executor.
            thread = Thread(target=work, name=f"pushwire-broadcast-{threads}", daemon=True)
            try:
                thread.start()
                threads += 1
            except RuntimeError as exc:  # the limit of threads is reached
                if not threads:
                    ended.put((connection_id, SendError(str(exc))))
                    return
        to_do.put(connection_id)

    def work() -> None:
        while (connection_id := to_do.get()) is not None:
            try:
                post(connection_id)
            except SendError as error:
                ended.put((connection_id, error))
            else:
                ended.put((connection_id, None))

    try:
        pause: float | None = 0.0
        while not fan_out.finished:
            with suppress(Empty):
                connection_id, error = ended.get(timeout=pause)
                while True:
                    fan_out.ended(connection_id, error, clock())
                    connection_id, error = ended.get_nowait()
            pause = fan_out.start_attempts(start, pull, clock)
    finally:
        for _ in range(threads):
            to_do.put(None)
    return fan_out.result()
