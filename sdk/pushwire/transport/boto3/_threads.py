"""A fan-out over blocking calls, each on a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import cast

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
        post: Makes one attempt: returns, or raises a `SendError`. Called on threads that end after this call.
        clock: Returns the time in seconds; the clock of the fan-out.

    Returns:
        The ids that were pulled and not sent.
    """
    ended: SimpleQueue[tuple[str, Future[None]]] = SimpleQueue()
    pull = partial(fan_out.pull, iter(connection_ids).__next__)
    threads = ThreadPoolExecutor(fan_out.max_in_flight, thread_name_prefix="pushwire-broadcast")

    def start(connection_id: str) -> None:
        threads.submit(post, connection_id).add_done_callback(lambda attempt: ended.put((connection_id, attempt)))

    try:
        pause: float | None = 0.0
        while not fan_out.finished:
            with suppress(Empty):
                connection_id, attempt = ended.get(timeout=pause)
                while True:
                    fan_out.ended(connection_id, cast("SendError | None", attempt.exception()), clock())
                    connection_id, attempt = ended.get_nowait()
            pause = fan_out.start_attempts(start, pull, clock)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return fan_out.result()
