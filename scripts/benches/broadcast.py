"""One message to many clients."""

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pushwire.connections import AsyncConnections, Connections
from scripts.benches import awscrt_loop
from scripts.benches.measuring import EXAMPLE, answering_server, certificate_and_bundle, compare
from scripts.benches.nginx import nginx, nginx_path

BROADCAST_TO = 1_000
FRAME = b'{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'


def broadcast(rounds: int) -> dict[str, float]:
    """Posts per second to a loopback server that answers 200: one message to many, beside bare loops."""
    sys.path.insert(0, str(EXAMPLE))
    with fastest_server() as url:
        figures = compared(url, rounds, "")
    with tempfile.TemporaryDirectory() as folder, changed_environment() as environment:
        certificate, bundle = certificate_and_bundle(Path(folder))
        environment["AWS_CA_BUNDLE"] = str(bundle)
        with fastest_server(certificate) as url:
            return figures | compared(url, rounds, " over TLS", bundle)


def compared(url: str, rounds: int, over: str, bundle: Path | None = None) -> dict[str, float]:
    """Measure all ways in one run, and say how ours compare with the best that boto3 can do, and with awscrt."""
    with contextlib.ExitStack() as stack:
        runs = {f"bare boto3, {count} threads": stack.enter_context(bare_boto3(url, count)) for count in (1, 4, 32)}
        runs["sdk.broadcast"] = stack.enter_context(boto3_broadcast(url))
        runs["await sdk.broadcast"] = stack.enter_context(async_boto3_broadcast(url))
        if awscrt_loop.is_installed():
            loop = awscrt_loop.awscrt_loop(url, ids_of_clients, FRAME, bundle)
            runs["awscrt, a plain loop"] = stack.enter_context(loop)
        else:
            print("awscrt is not installed: measured without it")
        runs["sdk.broadcast, http"] = stack.enter_context(http_broadcast(url))
        runs["await sdk.broadcast, http"] = stack.enter_context(async_http_broadcast(url))
        print(f"broadcast: posts per second{over}, {BROADCAST_TO:,} clients a round")
        spent: dict[str, list[float]] = {name: [] for name in runs}
        rates = {name: rate(run, spent[name]) for name, run in runs.items()}
        figures = compare(rates, rounds, base="bare boto3, 32 threads", unit="/s")
    best = max(figures[f"{name} /s"] for name in runs if name.startswith("bare boto3"))
    for name in ("sdk.broadcast, http", "await sdk.broadcast, http"):
        told = [f"{figures[f'{name} /s'] / best:.1f} of boto3 at its best"]
        if "awscrt, a plain loop /s" in figures:
            told.append(f"{figures[f'{name} /s'] / figures['awscrt, a plain loop /s']:.1f} of awscrt")
        told.append(f"{statistics.median(spent[name]):.1f} µs of CPU per post")
        print(f"  {name}{over}: {', '.join(told)}")
    return {f"{name}{over}": figure for name, figure in figures.items()}


def rate(run: Callable[[], None], spent: list[float]) -> Callable[[], float]:
    """Measure posts a second, and note the microseconds of CPU that each took."""

    def measure() -> float:
        started, cpu = time.perf_counter(), time.process_time()
        run()
        spent.append((time.process_time() - cpu) / BROADCAST_TO * 1e6)
        return BROADCAST_TO / (time.perf_counter() - started)

    return measure


@contextlib.contextmanager
def changed_environment() -> Iterator[MutableMapping[str, str]]:
    """The environment, which is put back after the block."""
    before = dict(os.environ)
    try:
        yield os.environ
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def fastest_server(certificate: Path | None = None) -> Iterator[str]:
    """nginx, which is never the limit, where it is installed."""
    if nginx_path() is None:
        with answering_server(certificate) as url:
            yield url
    else:
        with nginx(certificate) as port:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}/local"


@contextlib.contextmanager
def bare_boto3(url: str, count: int) -> Iterator[Callable[[], None]]:
    import boto3
    from botocore.config import Config

    client: Any = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(max_pool_connections=count),
    )

    def post(connection_id: str) -> None:
        client.post_to_connection(ConnectionId=connection_id, Data=FRAME)

    with ThreadPoolExecutor(count) as threads:
        yield lambda: [*threads.map(post, ids_of_clients())].clear()
    client.close()


@contextlib.contextmanager
def boto3_broadcast(url: str) -> Iterator[Callable[[], None]]:
    from pushwire.connections import Boto3Connections

    with contextlib.closing(Boto3Connections(url)) as connections:
        yield broadcast_through(connections)


@contextlib.contextmanager
def http_broadcast(url: str) -> Iterator[Callable[[], None]]:
    from pushwire.connections import HttpConnections

    with contextlib.closing(HttpConnections(url)) as connections:
        yield broadcast_through(connections)


def broadcast_through(connections: Connections) -> Callable[[], None]:
    from chat.v1.chat_pb2 import Greeting
    from chat.v1.chat_pushwire import ChatServerSdk

    sdk = ChatServerSdk(connections=connections)

    def run() -> None:
        assert sdk.broadcast.send_greeting(ids_of_clients(), Greeting(greeting="Hello!")).accepted == BROADCAST_TO

    return run


def async_boto3_broadcast(url: str) -> contextlib.AbstractContextManager[Callable[[], None]]:
    from pushwire.connections import AsyncBoto3Connections

    return async_broadcast_through(AsyncBoto3Connections(url))


def async_http_broadcast(url: str) -> contextlib.AbstractContextManager[Callable[[], None]]:
    from pushwire.connections import AsyncHttpConnections

    return async_broadcast_through(AsyncHttpConnections(url))


@contextlib.contextmanager
def async_broadcast_through(connections: AsyncConnections) -> Iterator[Callable[[], None]]:
    from chat.v1.chat_pb2 import Greeting
    from chat.v1.chat_pushwire import AsyncChatServerSdk

    sdk = AsyncChatServerSdk(connections=connections)

    async def broadcast() -> None:
        report = await sdk.broadcast.send_greeting(ids_of_clients(), Greeting(greeting="Hello!"))
        assert report.accepted == BROADCAST_TO

    with asyncio.Runner() as runner:
        yield lambda: runner.run(broadcast())
        runner.run(connections.close())


def ids_of_clients() -> Iterator[str]:
    return (f"{number:015}=" for number in range(BROADCAST_TO))
