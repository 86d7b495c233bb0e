"""The management API through an HTTP client without dependencies, for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from functools import partial
from typing import cast

from pushwire._closing import AsyncClosing
from pushwire.errors import SendError
from pushwire.transport._retry import call_async
from pushwire.transport._settings import check_functions
from pushwire.transport.http._core import DEFAULT_MAX_CONNECTIONS, Core
from pushwire.transport.http._loop import BroadcastDriver, run_on_loop
from pushwire.transport.http._outcomes import result_of
from pushwire.transport.http._requests import Method
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions

__all__ = ["AsyncHttpTransport"]


class AsyncHttpTransport(AsyncClosing):
    """A transport over HTTP/1.1, without boto3, for asyncio. Several event loops may use it, one after another.

    It works like `HttpTransport`, and finds the signing region and the credentials in the same order. A call that is
    cancelled ends at once; its message may have been accepted. Credentials that take time to find or to refresh are
    loaded on a thread. The event loop must support `add_reader`: `asyncio.SelectorEventLoop` and uvloop do, but the
    `ProactorEventLoop`, the default on Windows, does not.

    Args:
        callback_url: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping
            key, or an `http://` URL of this machine. The latter needs neither credentials nor a region.
        region: The region to sign for. Defaults to the first one that is found, as described for `HttpTransport`.
        connect_timeout: Seconds for each attempt to connect: DNS, TCP, proxy and TLS together. Defaults to 1.
        read_timeout: Seconds for each attempt to receive the whole response. Defaults to 3.
        max_attempts: The most requests that one call makes. Defaults to 3.
        allow_http: Whether the URL may be an `http://` URL of another host. Defaults to whether the environment
            variable `PUSHWIRE_ALLOW_HTTP` is `1`.
        max_connections: The most connections that calls use at the same time; further calls wait. Each `post_many` may
            open as many more. Defaults to 256.
        sleep: An async function that waits between two attempts, for a number of seconds. For tests.
        clock: Returns the time in seconds, for time-outs and deadlines. For tests.
        wall_clock: Returns the time in seconds since the epoch, for signatures. For tests.

    Raises:
        CallbackUrlError: The URL cannot work, no region is known, or `HTTPS_PROXY` names a proxy that cannot be used.
        CredentialsError: The profile that the environment names does not exist.
        TypeError: An argument has the wrong type.
        UnavailableError: `AWS_CA_BUNDLE` cannot be loaded.
        ValueError: A number is out of range, or the region has characters that no region has.
    """

    def __init__(
        self,
        callback_url: str,
        *,
        region: str | None = None,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        max_attempts: int | None = None,
        allow_http: bool = False,
        max_connections: int = DEFAULT_MAX_CONNECTIONS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        check_functions(has_async_sleep=True, sleep=sleep, clock=clock, wall_clock=wall_clock)
        self._core = Core(
            callback_url,
            region=region,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            max_attempts=max_attempts,
            allow_http=allow_http,
            max_connections=max_connections,
            clock=clock,
            wall_clock=wall_clock,
        )
        self._sleep = sleep
        self._loop: asyncio.AbstractEventLoop | None = None
        self._permits = asyncio.Semaphore(self._core.max_connections)

    async def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        await self._call("POST", connection_id, data)

    async def post_many(
        self,
        connection_ids: Iterable[str] | AsyncIterable[str],
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Send one text frame to many connections; see `AsyncTransport.post_many`.

        Each connection carries one post at a time. Unless `options.max_in_flight` is given, the broadcast starts with
        32 connections, and opens more while it waits more than it works, up to `max_connections`.

        Args:
            connection_ids: The connections, as an iterable or an async iterable.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: The limits: posts in flight, rate, deadline.
            on_outcome: Called with each id, and `None` if it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were read and not sent before the deadline.

        Raises:
            RuntimeError: The event loop does not support `add_reader`, or the transport was used on another event loop,
                which still runs.
            ValueError: `max_in_flight` is above `max_connections`.
        """
        self._use_loop()
        engine = self._core.broadcast(data, options, on_outcome)
        return await BroadcastDriver(engine, self._core.requests, connection_ids).run()

    async def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return when a connection was opened, when it was last active, and its source.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        return cast("ConnectionInfo", await self._call("GET", connection_id, b""))

    async def delete(self, connection_id: str, /) -> None:
        """Close a connection. API Gateway then runs the `$disconnect` handler.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        await self._call("DELETE", connection_id, b"")

    async def close(self) -> None:
        """Close the pooled connections. A later call opens a new one."""
        self._core.pool().close()

    async def _call(self, method: Method, connection_id: str, body: bytes) -> ConnectionInfo | None:
        attempt = partial(self._attempt, method, body)
        return await call_async(attempt, connection_id, self._core.policy, self._sleep)

    async def _attempt(self, method: Method, body: bytes, connection_id: str) -> ConnectionInfo | None:
        core = self._core
        self._use_loop()
        async with self._permits:  # before the request is signed, because a signature is valid for minutes only
            if core.requests.are_ready():
                template = core.requests.template(method, body)
            else:
                template = await asyncio.to_thread(core.requests.template, method, body)
            response = await run_on_loop(core.exchange(template.request(connection_id)), core.clock)
        return result_of(method, response, connection_id)

    def _use_loop(self) -> None:
        """Take the running event loop as the one that this transport is used on.

        Raises:
            RuntimeError: It was used on another loop, which still runs. Why: loops in two threads would change the pool
                at the same time.
        """
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        if self._loop is not None and self._loop.is_running():
            raise RuntimeError(
                f"this AsyncHttpTransport was used on {self._loop!r}, which still runs, and is called on {loop!r}: "
                "make one for each event loop, or call it there with asyncio.run_coroutine_threadsafe(coroutine, loop)"
            )
        self._loop, self._permits = loop, asyncio.Semaphore(self._core.max_connections)
