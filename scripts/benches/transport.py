"""The HTTP transport compared with boto3: sequential posts and concurrent posts."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scripts.benches.measuring import answering_server, certificate_and_bundle, compare, cpu

POSTS = 400
FAN_OUT = 10_000
FRAME = b'{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'
CONNECTION_ID = "R0oXAdfD0kwCH6w="


def transport(rounds: int) -> dict[str, float]:
    """Measure the CPU time of a post to a loopback server that answers 200, without and with TLS."""
    figures = measured("", rounds, answering_server())
    with tempfile.TemporaryDirectory() as folder:
        certificate, bundle = certificate_and_bundle(Path(folder))
        os.environ["AWS_CA_BUNDLE"] = str(bundle)
        figures |= measured(" over TLS", rounds, answering_server(certificate))
        del os.environ["AWS_CA_BUNDLE"]
    return figures


def measured(over: str, rounds: int, server: contextlib.AbstractContextManager[str]) -> dict[str, float]:
    with server as url, contextlib.ExitStack() as stack:
        one_by_one = {
            f"boto3 post{over}": cpu(stack.enter_context(boto3_posts(url)), 1e6 / POSTS),
            f"http post{over}": cpu(stack.enter_context(http_posts(url)), 1e6 / POSTS),
        }
        print(f"transport: microseconds of CPU per post{over}, {POSTS:,} sequential posts a round")
        figures = compare(one_by_one, rounds, base=f"boto3 post{over}", unit="µs")
        at_once = {
            f"http post_many{over}": cpu(stack.enter_context(http_fan_out(url)), 1e6 / FAN_OUT),
            f"async http post_many{over}": cpu(stack.enter_context(async_http_fan_out(url)), 1e6 / FAN_OUT),
        }
        print(f"transport: microseconds of CPU per post{over}, {FAN_OUT:,} posts on 32 connections a round")
        return figures | compare(at_once, rounds, base=f"http post_many{over}", unit="µs")


@contextlib.contextmanager
def boto3_posts(url: str) -> Iterator[Callable[[], None]]:
    import boto3

    client: Any = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )

    def run() -> None:
        for _ in range(POSTS):
            client.post_to_connection(ConnectionId=CONNECTION_ID, Data=FRAME)

    yield run
    client.close()


@contextlib.contextmanager
def http_posts(url: str) -> Iterator[Callable[[], None]]:
    from pushwire.transport import HttpTransport

    transport = HttpTransport(url)

    def run() -> None:
        for _ in range(POSTS):
            transport.post(CONNECTION_ID, FRAME)

    yield run
    transport.close()


@contextlib.contextmanager
def http_fan_out(url: str) -> Iterator[Callable[[], None]]:
    from pushwire.transport import HttpTransport
    from pushwire.transport.protocol import FanOutOptions

    transport = HttpTransport(url)
    yield lambda: accepts_all(transport.post_many(ids(), FRAME, FanOutOptions(), must_be_accepted))
    transport.close()


@contextlib.contextmanager
def async_http_fan_out(url: str) -> Iterator[Callable[[], None]]:
    from pushwire.transport import AsyncHttpTransport
    from pushwire.transport.protocol import FanOutOptions

    transport = AsyncHttpTransport(url)
    with asyncio.Runner() as runner:
        yield lambda: accepts_all(runner.run(transport.post_many(ids(), FRAME, FanOutOptions(), must_be_accepted)))
        runner.run(transport.close())


def ids() -> Iterator[str]:
    return (f"{number:015}=" for number in range(FAN_OUT))


def must_be_accepted(_connection_id: str, error: Exception | None) -> None:
    assert error is None, error


def accepts_all(unsent: tuple[str, ...]) -> None:
    assert unsent == ()
