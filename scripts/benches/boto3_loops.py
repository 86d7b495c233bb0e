"""Posts with boto3 and with aiobotocore, in plain loops as applications have them."""

import asyncio
import contextlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

IN_FLIGHT = 32


@contextlib.contextmanager
def boto3_loop(url: str, ids: Callable[[], Iterable[str]], frame: bytes, threads: int) -> Iterator[Callable[[], None]]:
    """Yield a function that posts a frame to all ids, with threads that share one client."""
    import boto3
    from botocore.config import Config

    client: Any = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(max_pool_connections=threads),
    )

    def post(connection_id: str) -> None:
        client.post_to_connection(ConnectionId=connection_id, Data=frame)

    with ThreadPoolExecutor(threads) as pool:
        yield lambda: [*pool.map(post, ids())].clear()
    client.close()


def aiobotocore_is_installed() -> bool:
    """Return whether aiobotocore is installed."""
    return importlib.util.find_spec("aiobotocore") is not None


@contextlib.contextmanager
def aiobotocore_loop(url: str, ids: Callable[[], Iterable[str]], frame: bytes) -> Iterator[Callable[[], None]]:
    """Yield a function that posts a frame to all ids, with as many tasks as the other loops have posts in flight."""
    from aiobotocore.session import get_session

    async def open_client(stack: contextlib.AsyncExitStack) -> Any:
        creating: Any = get_session().create_client(
            "apigatewaymanagementapi",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        return await stack.enter_async_context(creating)

    async def post_all(client: Any) -> None:
        left = iter(ids())

        async def worker() -> None:
            for connection_id in left:
                await client.post_to_connection(ConnectionId=connection_id, Data=frame)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(IN_FLIGHT):
                tasks.create_task(worker())

    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        client = runner.run(open_client(stack))
        yield lambda: runner.run(post_all(client))
        runner.run(stack.aclose())
