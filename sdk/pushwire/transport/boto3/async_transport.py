"""The management API through boto3, for asyncio."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from pushwire._closing import AsyncClosing
from pushwire.errors import SendError
from pushwire.transport._fan_out import FanOut
from pushwire.transport._retry import call_async
from pushwire.transport._settings import check_functions
from pushwire.transport.boto3._attempts import Boto3Attempts
from pushwire.transport.boto3._tasks import CLOSED, FutureDriver
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions, ManagementApiClient

__all__ = ["AsyncBoto3Transport"]

T = TypeVar("T")


class AsyncBoto3Transport(AsyncClosing):
    """The management API through boto3, for asyncio: the default of every async Server SDK.

    boto3 blocks, so each request runs on a thread. The client's `max_pool_connections` limits the threads: 128, or 10
    for a client of your own unless you configured it. Everything else is as in `Boto3Transport`.

    A cancelled call returns at once. A request that was sent cannot be cancelled: its thread waits for the response,
    and its message may have been accepted. A request that waits for a thread is not made.

    Args:
        callback_url: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping
            key, or an `http://` URL of this machine. The latter needs neither credentials nor a region.
        client: Your own `boto3.client("apigatewaymanagementapi", endpoint_url=…)`. It cannot be combined with
            the other arguments.
        region: The region to sign for. Defaults to the first one that is found, as described for `Boto3Transport`.
        connect_timeout: Seconds for each attempt to connect, over TCP and TLS; botocore does not count DNS. Defaults
            to 1.
        read_timeout: Seconds that an attempt may wait for the next byte of the response. Defaults to 3.
        max_attempts: The most requests that one call makes. Defaults to 3.
        allow_http: Whether the URL may be an `http://` URL of another host. Defaults to whether the environment
            variable `PUSHWIRE_ALLOW_HTTP` is `1`.
        sleep: An async function that waits between two attempts, for a number of seconds. For tests.
        clock: Returns the time in seconds, for deadlines and idle connections. For tests.

    Raises:
        CallbackUrlError: The URL cannot work, or no region is known.
        CredentialsError: The profile that the environment names does not exist, or boto3 cannot load its credentials or
            settings.
        ImportError: boto3 is not installed.
        TypeError: `client` is combined with other settings, or neither `callback_url` nor `client` is given.
        ValueError: A number is out of range, or the region has characters that no region has.
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
        allow_http: bool = False,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check_functions(has_async_sleep=True, sleep=sleep, clock=clock)
        self._once = Boto3Attempts(
            callback_url,
            client=client,
            region=region,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            max_attempts=max_attempts,
            allow_http=allow_http,
            clock=clock,
        )
        self._sleep = sleep
        self._clock = clock
        self._process = os.getpid()
        self._threads: ThreadPoolExecutor | None = None

    async def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        await self._call(partial(self._once.post, data=data), connection_id)

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
            connection_ids: The connections, as an iterable or an async iterable.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: The limits: posts in flight, rate, deadline.
            on_outcome: Called with each id, and `None` if it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were read and not sent before the deadline.

        Raises:
            ValueError: `max_in_flight` is above the client's `max_pool_connections`.
        """
        fan_out = FanOut(self._once.limited(options), self._once.policy, on_outcome, self._clock())

        def post(connection_id: str) -> bool:
            if self._clock() >= fan_out.deadline:  # it has waited for a thread
                return False
            self._once.post(connection_id, data)
            return True

        return await FutureDriver(fan_out, connection_ids, partial(self._on_thread, post), self._clock).run()

    async def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return when a connection was opened, when it was last active, and its source.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        return await self._call(self._once.get, connection_id)

    async def delete(self, connection_id: str, /) -> None:
        """Close a connection. API Gateway then runs the `$disconnect` handler.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        await self._call(self._once.delete, connection_id)

    async def close(self) -> None:
        """Wait for requests in flight, then end the threads and close the pooled connections.

        A call that waits for a thread fails with a `pushwire.SendError`. Your own client stays open.
        """
        threads, self._threads = self._threads, None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        self._once.close()

    async def _call(self, attempt: Callable[[str], T], connection_id: str) -> T:
        return await call_async(partial(self._attempt, attempt), connection_id, self._once.policy, self._sleep)

    async def _attempt(self, attempt: Callable[[str], T], connection_id: str) -> T:
        try:
            return await self._on_thread(attempt, connection_id)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise SendError(CLOSED, connection_id=connection_id) from None

    def _on_thread(self, attempt: Callable[[str], T], connection_id: str) -> asyncio.Future[T]:
        if self._threads is None or self._process != os.getpid():  # after a fork, the parent's threads do not run here
            self._process = os.getpid()
            self._threads = ThreadPoolExecutor(self._once.max_connections, thread_name_prefix="pushwire")
        return asyncio.get_running_loop().run_in_executor(self._threads, attempt, connection_id)
