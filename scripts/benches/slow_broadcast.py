"""One broadcast of a fresh interpreter, for the benchmark: prints posts per second, sockets, memory and CPU as JSON.

Usage: slow_broadcast.py URL LOOP POSTS MAX_IN_FLIGHT. LOOP is `none` for the sync transport, `asyncio` or `uvloop`.
MAX_IN_FLIGHT is 0 for the default.
"""

import asyncio
import contextlib
import importlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pushwire.errors import SendError
from pushwire.transport import AsyncHttpTransport, FanOutOptions, HttpTransport

FRAME = b'{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'


def ids(posts: int) -> Iterator[str]:
    return (f"{number:015}=" for number in range(posts))


def must_be_accepted(_connection_id: str, error: SendError | None) -> None:
    assert error is None, error


def open_sockets() -> int:
    """The open sockets of this process; 0 where there is no /proc."""
    count, folder = 0, Path("/proc/self/fd")
    for path in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(OSError):  # the descriptor of the listing itself
            count += str(path.readlink()).startswith("socket:")
    return count


def most_memory() -> float:
    """The most memory that this process has taken, in MiB; 0 where there is no /proc."""
    status = Path("/proc/self/status")  # `resource.getrusage` would count what the parent had at its fork
    lines = status.read_text().splitlines() if status.exists() else ["VmHWM: 0 kB"]
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


@contextlib.contextmanager
def measured(posts: int) -> Iterator[None]:
    """Measure a broadcast, and print the figures while its connections are open."""
    started, cpu = time.perf_counter(), time.process_time()
    yield
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    figures = {"/s": posts / seconds, "sockets": open_sockets(), "MiB": most_memory(), "µs": cpu / posts * 1e6}
    print(json.dumps(figures))


def broadcast(url: str, posts: int, options: FanOutOptions) -> None:
    with HttpTransport(url) as transport, measured(posts):
        transport.post_many(ids(posts), FRAME, options, must_be_accepted)


async def broadcast_async(url: str, posts: int, options: FanOutOptions) -> None:
    async with AsyncHttpTransport(url) as transport:
        with measured(posts):
            await transport.post_many(ids(posts), FRAME, options, must_be_accepted)


def main(url: str, loop: str, posts: int, max_in_flight: int) -> None:
    options = FanOutOptions(max_in_flight=max_in_flight or None)
    if loop == "none":
        broadcast(url, posts, options)
    else:
        with asyncio.Runner(loop_factory=importlib.import_module(loop).new_event_loop) as runner:
            runner.run(broadcast_async(url, posts, options))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
