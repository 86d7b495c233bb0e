"""The throughput of broadcasts."""

import asyncio
import contextlib
import importlib
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, MutableMapping
from functools import partial
from pathlib import Path

from pushwire.transport import AsyncTransport, Transport
from scripts.benches import awscrt_loop
from scripts.benches.boto3_loops import aiobotocore_is_installed, aiobotocore_loop, boto3_loop
from scripts.benches.measuring import EXAMPLE, answering_server, certificate_and_bundle, compare
from scripts.benches.nginx import nginx, nginx_path
from scripts.benches.slow_answers import slow_answers

BROADCAST_TO = 1_000
FAST_FACTOR = 10
"""The factor of clients for fast runs, whose rounds would be too short to measure otherwise."""

FRAME = b'{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'


def broadcast(rounds: int) -> dict[str, float]:
    """Measure posts per second to a loopback server that answers 200 at once or late, compared with other loops."""
    sys.path.insert(0, str(EXAMPLE))
    with fastest_server() as url:
        figures = compared(url, rounds, "")
    figures |= slow_answers(rounds, "")
    with tempfile.TemporaryDirectory() as folder, changed_environment() as environment:
        certificate, bundle = certificate_and_bundle(Path(folder))
        environment["AWS_CA_BUNDLE"] = str(bundle)
        with fastest_server(certificate) as url:
            figures |= compared(url, rounds, " over TLS", bundle)
        return figures | slow_answers(rounds, " over TLS", certificate)


def compared(url: str, rounds: int, over: str, bundle: Path | None = None) -> dict[str, float]:
    """Measure all runs, and print how the HTTP transports compare with the fastest boto3 loop and with awscrt."""
    few, many = BROADCAST_TO, BROADCAST_TO * FAST_FACTOR
    spent: dict[str, list[float]] = {}
    rates: dict[str, Callable[[], float]] = {}
    with contextlib.ExitStack() as stack:

        def measured(name: str, run: contextlib.AbstractContextManager[Callable[[], None]], clients: int) -> None:
            spent[name] = []
            rates[name] = rate(stack.enter_context(run), clients, spent[name])

        for threads in (1, 4, 32):
            measured(f"bare boto3, {threads} threads", boto3_loop(url, partial(ids, few), FRAME, threads), few)
        if aiobotocore_is_installed():
            measured("aiobotocore, 32 tasks", aiobotocore_loop(url, partial(ids, few), FRAME), few)
        else:
            print("aiobotocore is not installed; no comparison with it")
        measured("sdk.to", boto3_broadcast(url, few), few)
        measured("await sdk.to", async_boto3_broadcast(url, few), few)
        if awscrt_loop.is_installed():
            measured("awscrt, a plain loop", awscrt_loop.awscrt_loop(url, partial(ids, many), FRAME, bundle), many)
        else:
            print("awscrt is not installed; no comparison with it")
        measured("sdk.to, http", http_broadcast(url, many), many)
        measured("await sdk.to, http", async_http_broadcast(url, many, "asyncio"), many)
        if importlib.util.find_spec("uvloop") is None:
            print("uvloop is not installed; no comparison with it")
        else:
            measured("await sdk.to, http, uvloop", async_http_broadcast(url, many, "uvloop"), many)
        print(f"broadcast: posts per second{over}, {few:,} clients a round, {many:,} for the last ones")
        figures = compare(rates, rounds, base="bare boto3, 32 threads", unit="/s")
    best = max(figures[f"{name} /s"] for name in rates if name.startswith("bare boto3"))
    for name in rates:
        if not name.partition(", uvloop")[0].endswith("sdk.to, http"):
            continue
        parts = [f"{figures[f'{name} /s'] / best:.1f} times the fastest boto3 loop"]
        if "awscrt, a plain loop /s" in figures:
            parts.append(f"{figures[f'{name} /s'] / figures['awscrt, a plain loop /s']:.1f} times awscrt")
        parts.append(f"{statistics.median(spent[name]):.1f} µs of CPU per post")
        print(f"  {name}{over}: {', '.join(parts)}")
        figures[f"{name}, of the fastest boto3 loop"] = figures[f"{name} /s"] / best
        figures[f"{name}, µs of CPU per post"] = statistics.median(spent[name])
    return {f"{name}{over}": figure for name, figure in figures.items()}


def rate(run: Callable[[], None], clients: int, spent: list[float]) -> Callable[[], float]:
    """Return a function that measures posts per second, and appends the CPU time per post in µs to `spent`."""

    def measure() -> float:
        started, cpu = time.perf_counter(), time.process_time()
        run()
        spent.append((time.process_time() - cpu) / clients * 1e6)
        return clients / (time.perf_counter() - started)

    return measure


@contextlib.contextmanager
def changed_environment() -> Iterator[MutableMapping[str, str]]:
    """Yield the environment, and restore it after the block."""
    before = dict(os.environ)
    try:
        yield os.environ
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def fastest_server(certificate: Path | None = None) -> Iterator[str]:
    """Run nginx, or a Python server if nginx is not installed, and yield its URL."""
    if nginx_path() is None:
        with answering_server(certificate) as url:
            yield url
    else:
        with nginx(certificate) as port:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}/local"


@contextlib.contextmanager
def boto3_broadcast(url: str, clients: int) -> Iterator[Callable[[], None]]:
    from pushwire.transport import Boto3Transport

    with contextlib.closing(Boto3Transport(url)) as transport:
        yield broadcast_through(transport, clients)


@contextlib.contextmanager
def http_broadcast(url: str, clients: int) -> Iterator[Callable[[], None]]:
    from pushwire.transport import HttpTransport

    with contextlib.closing(HttpTransport(url)) as transport:
        yield broadcast_through(transport, clients)


def broadcast_through(transport: Transport, clients: int) -> Callable[[], None]:
    from chat.v1.chat_pb2 import Greeting
    from chat.v1.chat_pushwire import ChatServerSdk

    sdk = ChatServerSdk(transport=transport)

    def run() -> None:
        assert sdk.to(ids(clients)).send_greeting(Greeting(greeting="Hello!")).accepted == clients

    return run


def async_boto3_broadcast(url: str, clients: int) -> contextlib.AbstractContextManager[Callable[[], None]]:
    from pushwire.transport import AsyncBoto3Transport

    return async_broadcast_through(AsyncBoto3Transport(url), clients, "asyncio")


def async_http_broadcast(url: str, clients: int, loop: str) -> contextlib.AbstractContextManager[Callable[[], None]]:
    from pushwire.transport import AsyncHttpTransport

    return async_broadcast_through(AsyncHttpTransport(url), clients, loop)


@contextlib.contextmanager
def async_broadcast_through(transport: AsyncTransport, clients: int, loop: str) -> Iterator[Callable[[], None]]:
    from chat.v1.chat_pb2 import Greeting
    from chat.v1.chat_pushwire import AsyncChatServerSdk

    sdk = AsyncChatServerSdk(transport=transport)

    async def broadcast() -> None:
        report = await sdk.to(ids(clients)).send_greeting(Greeting(greeting="Hello!"))
        assert report.accepted == clients

    with asyncio.Runner(loop_factory=importlib.import_module(loop).new_event_loop) as runner:
        yield lambda: runner.run(broadcast())
        runner.run(transport.close())


def ids(clients: int) -> Iterator[str]:
    return (f"{number:015}=" for number in range(clients))
