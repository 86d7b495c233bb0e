"""One message to many clients."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pushwire.connections import AsyncConnections, Connections
from scripts.benches.measuring import EXAMPLE, answering_server, compare, per_second
from scripts.benches.nginx import nginx, nginx_path

BROADCAST_TO = 1_000
FRAME = b'{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'


def broadcast(rounds: int) -> dict[str, float]:
    """Posts per second to a loopback server that answers 200: one message to many, beside a bare loop of threads."""
    sys.path.insert(0, str(EXAMPLE))
    with fastest_server() as url, contextlib.ExitStack() as stack:
        runs = {
            "bare boto3, 32 threads": stack.enter_context(bare_boto3_threads(url)),
            "sdk.broadcast": stack.enter_context(boto3_broadcast(url)),
            "await sdk.broadcast": stack.enter_context(async_boto3_broadcast(url)),
            "sdk.broadcast, http": stack.enter_context(http_broadcast(url)),
            "await sdk.broadcast, http": stack.enter_context(async_http_broadcast(url)),
        }
        print(f"broadcast: posts per second, {BROADCAST_TO:,} clients a round")
        rates = {name: per_second(run, BROADCAST_TO) for name, run in runs.items()}
        return compare(rates, rounds, base="bare boto3, 32 threads", unit="/s")


@contextlib.contextmanager
def fastest_server() -> Iterator[str]:
    """nginx, which is never the limit, where it is installed."""
    if nginx_path() is None:
        with answering_server() as url:
            yield url
    else:
        with nginx() as port:
            yield f"http://127.0.0.1:{port}/local"


@contextlib.contextmanager
def bare_boto3_threads(url: str) -> Iterator[Callable[[], None]]:
    import boto3
    from botocore.config import Config

    client: Any = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(max_pool_connections=32),
    )

    def post(connection_id: str) -> None:
        client.post_to_connection(ConnectionId=connection_id, Data=FRAME)

    with ThreadPoolExecutor(32) as threads:
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
