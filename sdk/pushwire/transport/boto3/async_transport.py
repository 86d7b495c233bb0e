"""The management API through boto3, for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pushwire.errors import SendError
from pushwire.transport._fan_out import FanOut
from pushwire.transport._retry import Attempts
from pushwire.transport.boto3._attempts import Boto3Attempts
from pushwire.transport.boto3._tasks import run_on_loop
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions, ManagementApiClient

__all__ = ["AsyncBoto3Transport"]

T = TypeVar("T")


class AsyncBoto3Transport:
    """The management API through boto3, for asyncio: the default of every async Server SDK.

    boto3 blocks, so each request runs on a thread: at most as many at once as the client keeps connections, which is
    its `max_pool_connections` (128 for a client that is built here, 10 unless configured for one of your own).
    Everything else is as in `Boto3Transport`.

    Cancelling a call ends the wait for it at once. A request that is on its way cannot be called back: its thread ends
    with its answer, and its message may have been accepted. One that waits for a thread is never made.

    Args:
        callback_url: Where to post: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with
            its mapping key, or an `http://` URL of this machine, where missing credentials and region do not matter.
        client: Your own `boto3.client("apigatewaymanagementapi", endpoint_url=…)`, instead of everything else here.
        region: The region to sign for.
        connect_timeout: Seconds for each attempt to connect; 1 unless given. botocore counts TCP and TLS, not DNS.
        read_timeout: Seconds without a byte of the answer, for each attempt; 3 unless given.
        max_attempts: How many requests one call may make; 3 unless given.

    Raises:
        CallbackUrlError: The URL cannot work, or no region is known.
        CredentialsError: The profile that the environment names does not exist.
        ImportError: boto3 is not installed.
        TypeError: `client` came with settings for another, or nothing came at all.
    """

    def __init__(
        self,
        callback_url: str | None = None,
        *,
        client: ManagementApiClient | None = None,
        region: str | None = None,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        max_attempts: int | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._once = Boto3Attempts(
            callback_url,
            client=client,
            region=region,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            max_attempts=max_attempts,
            clock=clock,
        )
        self._sleep = sleep
        self._clock = clock
        self._threads: ThreadPoolExecutor | None = None

    async def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        await self._call(lambda: self._once.post(connection_id, data))

    async def post_many(
        self,
        connection_ids: Iterable[str] | AsyncIterable[str],
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Send one text frame to many connections, each post on a thread; see `AsyncTransport.post_many`.

        Args:
            connection_ids: The connections, from an iterable or an async one.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: How many at once, how fast, until when.
            on_outcome: Called with each id, and `None` where it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were drawn and not tried when the deadline came.
        """
        options = options._replace(max_in_flight=min(options.max_in_flight, self._once.max_connections))
        fan_out = FanOut(options, self._once.policy, on_outcome, self._clock())

        def post(connection_id: str) -> asyncio.Future[None]:
            return self._on_thread(lambda: self._once.post(connection_id, data))

        return await run_on_loop(fan_out, connection_ids, post, self._clock)

    async def get(self, connection_id: str, /) -> ConnectionInfo:
        """Ask what is known of a connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        return await self._call(lambda: self._once.get(connection_id))

    async def delete(self, connection_id: str, /) -> None:
        """Close a connection; API Gateway runs `$disconnect`.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        await self._call(lambda: self._once.delete(connection_id))

    async def close(self) -> None:
        """Wait for requests on their way, then end the threads and close what a client that was built here holds open.

        Your own client stays open.
        """
        threads, self._threads = self._threads, None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        self._once.close()

    async def _call(self, attempt: Callable[[], T]) -> T:
        attempts = Attempts(self._once.policy)
        while True:
            try:
                return await self._on_thread(attempt)
            except SendError as error:
                delay = attempts.failed(error)
                if delay is None:
                    raise
            await self._sleep(delay)

    def _on_thread(self, attempt: Callable[[], T]) -> asyncio.Future[T]:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._once.max_connections, thread_name_prefix="pushwire")
        return asyncio.get_running_loop().run_in_executor(self._threads, attempt)
