"""Requests and their replies through the local gateway, beside a bare websockets server with the same handler."""

import asyncio
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.benches.gateway import line, running
from scripts.benches.measuring import EXAMPLE

SEQUENTIAL = 300
AT_ONCE = 32
IN_FLIGHT = 960
KINDS = ("bare", "post", "route-response")


def replies(rounds: int) -> dict[str, float]:
    """Measure the time of single requests, and the rate with several requests in flight, for each kind of server."""
    sys.path.insert(0, str(EXAMPLE))
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    print(f"replies: {SEQUENTIAL} requests one after another, then {IN_FLIGHT} with {AT_ONCE} in flight, in each round")
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with contextlib.ExitStack() as servers:
        urls = {
            kind: f"ws://127.0.0.1:{line(servers.enter_context(running('replies_server', kind)))}/local"
            for kind in KINDS
        }
        for number in range(rounds + 1):
            for kind in KINDS:
                seconds, rate = asyncio.run(_measure(urls[kind]))
                if number:  # the first round does not count
                    taken[kind] += seconds
                    rates[kind].append(rate)
    figures: dict[str, float] = {}
    for kind in KINDS:
        rate = statistics.median(rates[kind])
        ratio = statistics.median(one / other for one, other in zip(rates[kind], rates["bare"], strict=True))
        p50, p99 = _percentile(taken[kind], 50), _percentile(taken[kind], 99)
        print(
            f"  {kind:16} {rate:8,.0f} round trips a second ({ratio:.3f} of bare); p50 {p50:.2f} ms, p99 {p99:.2f} ms"
        )
        figures |= {f"{kind} per second": rate, f"{kind} ratio": ratio, f"{kind} p50 ms": p50, f"{kind} p99 ms": p99}
    return figures


async def _measure(url: str) -> tuple[list[float], float]:
    """Return the seconds of each single request, and the round trips per second with several in flight."""
    from chat.v1.chat_pb2 import GetHistoryRequest
    from chat.v1.chat_pushwire_client import ChatClient

    request = GetHistoryRequest(room="lobby")
    async with ChatClient(url) as client:
        taken: list[float] = []
        for _ in range(SEQUENTIAL):
            started = time.perf_counter()
            await client.get_history(request)
            taken.append(time.perf_counter() - started)

        async def ask() -> None:
            for _ in range(IN_FLIGHT // AT_ONCE):
                await client.get_history(request)

        started = time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
        return taken, IN_FLIGHT / (time.perf_counter() - started)


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return statistics.quantiles(seconds, n=100)[percent - 1] * 1_000
