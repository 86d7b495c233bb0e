"""Broadcasts to the ids of a generator, of which 1% are gone, and prints its peak memory in KiB.

Linux only. Why not `resource.getrusage`: it includes the memory of the parent process at the fork.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "chat"))

from chat.v1.chat_pb2 import Greeting
from chat.v1.chat_pushwire import ChatServerSdk
from pushwire.errors import ConnectionGoneError, SendError
from pushwire.transport import ConnectionInfo
from pushwire.transport._fan_out import FanOut
from pushwire.transport._retry import RetryPolicy
from pushwire.transport.protocol import FanOutOptions


class KeepsNothing:
    """A transport without I/O: it reports the outcome of a post after 32 further posts."""

    def post_many(
        self,
        connection_ids: Iterable[str],
        _data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        fan_out = FanOut(options, RetryPolicy(), on_outcome, time.monotonic())
        ids, in_flight = iter(connection_ids), deque[str]()
        while not fan_out.finished:
            now = time.monotonic()
            while (connection_id := fan_out.take(now)) is not None or fan_out.needs_id(now):
                if connection_id is not None:
                    in_flight.append(connection_id)
                else:
                    fan_out.pull(ids.__next__)
            if in_flight:
                connection_id = in_flight.popleft()
                fan_out.ended(connection_id, answer(connection_id), now)
        return fan_out.result()

    def post(self, connection_id: str, data: bytes, /) -> None:
        raise NotImplementedError

    def get(self, connection_id: str, /) -> ConnectionInfo:
        raise NotImplementedError

    def delete(self, connection_id: str, /) -> None:
        raise NotImplementedError

    def close(self) -> None: ...


def answer(connection_id: str) -> SendError | None:
    return ConnectionGoneError(connection_id=connection_id, attempts=1) if connection_id.endswith("00=") else None


def ids(count: int) -> Iterator[str]:
    return (f"{number:015}=" for number in range(count))


if __name__ == "__main__":
    count = int(sys.argv[1])
    report = ChatServerSdk(transport=KeepsNothing()).to(ids(count)).send_greeting(Greeting(greeting="Hello!"))
    assert (report.accepted, len(report.gone)) == (count * 99 // 100, count // 100)
    print(next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line).split()[1])
