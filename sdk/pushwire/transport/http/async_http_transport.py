"""The management API through HTTP of our own, for asyncio."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable

from pushwire.errors import SendError
from pushwire.transport._fan_out import FanOut
from pushwire.transport._retry import Attempts
from pushwire.transport.http.async_channel import AsyncChannel, Ended
from pushwire.transport.http.async_dialing import open_channel
from pushwire.transport.http.failures import failure_of_exchange
from pushwire.transport.http.fan_out_by_loop import FanOutByLoop
from pushwire.transport.http.outcomes import connection_info_of, error_of
from pushwire.transport.http.pool import Pool
from pushwire.transport.http.replies import Reply
from pushwire.transport.http.requests import Method
from pushwire.transport.http.resolver import Resolver
from pushwire.transport.http.settings import DEFAULT_MAX_CONNECTIONS, Settings
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions

__all__ = ["AsyncHttpTransport"]


class _Own:
    """What belongs to one event loop.

    Attributes:
        process: The process that it runs in; a fork has a copy of the loop, and must leave it alone.
        loop: The loop.
        permits: One for each connection that may be open, and for the call that uses it.
        pool: The connections that are kept open.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self.process = os.getpid()
        self.loop = asyncio.get_running_loop()
        self.permits = asyncio.Semaphore(most)
        self.pool: Pool[AsyncChannel] = Pool(most, clock)


class AsyncHttpTransport:
    """The management API through HTTP/1.1 of our own, without boto3, for asyncio. For one event loop at a time.

    Everything is as in `HttpTransport`. A call that is cancelled ends at once; its message may have been accepted.
    Credentials that take time to find or to refresh are waited for on a thread.

    Args:
        callback_url: Where to post: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with
            its mapping key, or an `http://` URL of this machine, where missing credentials and region do not matter.
        region: The region to sign for.
        connect_timeout: Seconds for each attempt to connect: DNS, TCP, proxy and TLS together; 1 unless given.
        read_timeout: Seconds for each attempt to have its whole answer; 3 unless given.
        max_attempts: How many requests one call may make; 3 unless given.
        max_connections: How many connections calls use at once, further ones wait; each `post_many` has as many.

    Raises:
        CallbackUrlError: The URL cannot work, no region is known, or `HTTPS_PROXY` names a proxy that cannot be used.
        CredentialsError: The profile that the environment names does not exist.
        UnavailableError: `AWS_CA_BUNDLE` cannot be loaded.
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        callback_url: str,
        *,
        region: str | None = None,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        max_attempts: int | None = None,
        max_connections: int = DEFAULT_MAX_CONNECTIONS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = Settings(
            callback_url,
            region=region,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            max_attempts=max_attempts,
            max_connections=max_connections,
            wall_clock=wall_clock,
        )
        self._sleep = sleep
        self._clock = clock
        self._resolver = Resolver(*self._settings.endpoint.peer, clock)
        self._own: _Own | None = None

    async def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: As one of its subclasses.
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

        At most `max_connections` posts are in flight, one on each connection.

        Args:
            connection_ids: The connections, from an iterable or an async one.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: How many at once, how fast, until when.
            on_outcome: Called with each id, and `None` where it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were drawn and not tried when the deadline came.
        """
        lanes = min(options.max_in_flight, self._settings.max_connections)
        options = options._replace(max_in_flight=lanes)
        return await FanOutByLoop(
            FanOut(options, self._settings.policy, on_outcome, self._clock()),
            data,
            lanes=lanes,
            settings=self._settings,
            resolver=self._resolver,
            pool=self._of_this_loop().pool,
            clock=self._clock,
        ).run(connection_ids)

    async def get(self, connection_id: str, /) -> ConnectionInfo:
        """Ask what is known of a connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        return connection_info_of(await self._call("GET", connection_id, b""), connection_id)

    async def delete(self, connection_id: str, /) -> None:
        """Close a connection; API Gateway runs `$disconnect`.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        await self._call("DELETE", connection_id, b"")

    async def close(self) -> None:
        """Close the connections that are kept open. A later call opens one again."""
        self._of_this_loop().pool.close()
        await asyncio.sleep(0)  # in which the loop does it

    async def _call(self, method: Method, connection_id: str, body: bytes) -> Reply:
        attempts = Attempts(self._settings.policy)
        while True:
            try:
                return await self._attempt(method, connection_id, body)
            except SendError as error:
                error.connection_id = connection_id
                delay = attempts.failed(error)
                if delay is None:
                    raise
            await self._sleep(delay)

    async def _attempt(self, method: Method, connection_id: str, body: bytes) -> Reply:
        own, requests = self._of_this_loop(), self._settings.requests
        async with own.permits:  # before the request is signed, which holds for minutes only
            if requests.are_ready():
                template = requests.template(method, body)
            else:
                template = await asyncio.to_thread(requests.template, method, body)
            reply = await self._exchange(template.request(connection_id), own.pool)
        error = error_of(method, reply, connection_id)
        if error is not None:
            raise error
        return reply

    async def _exchange(self, request: bytes, pool: Pool[AsyncChannel]) -> Reply:
        settings = self._settings
        channel = pool.take() or await open_channel(settings, self._resolver)
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[Ended] = loop.create_future()

        def done(reply: Ended) -> None:
            if not ended.done():  # cancelled in the same turn of the loop
                ended.set_result(reply)

        timer = loop.call_later(settings.read_timeout, channel.give_up, TimeoutError())
        try:
            channel.start(request, done)
            reply = await ended
        except BaseException:
            channel.close()
            raise
        finally:
            timer.cancel()
        if isinstance(reply, Exception):
            raise failure_of_exchange(reply, settings.read_timeout, maybe_accepted=channel.has_sent_all) from reply
        if not reply.is_last:
            pool.keep(channel)
        return reply

    def _of_this_loop(self) -> _Own:
        own = self._own
        if own is None or own.loop is not asyncio.get_running_loop() or own.process != os.getpid():
            if own is not None:
                own.pool.close()
            self._own = own = _Own(self._settings.max_connections, self._clock)
        return own
