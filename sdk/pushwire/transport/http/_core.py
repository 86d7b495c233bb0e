"""State and settings that the sync and asyncio transports share."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final

from pushwire._checks import check_flag, check_region, check_seconds, check_whole_number
from pushwire.callback_url import CallbackUrl
from pushwire.errors import SendError, UnavailableError
from pushwire.sigv4 import CredentialChain
from pushwire.sigv4.sessions import LOOPBACK_CREDENTIALS, any_session, session_for_loopback
from pushwire.transport._retry import DEFAULT_MAX_ATTEMPTS, RetryPolicy
from pushwire.transport._settings import (
    DEFAULT_CONNECT_TIMEOUT,
    DEFAULT_READ_TIMEOUT,
    signing_region,
)
from pushwire.transport.http._channel import Steps, exchange
from pushwire.transport.http._connect import ConnectSteps, connect
from pushwire.transport.http._endpoint import Endpoint
from pushwire.transport.http._pool import Pool
from pushwire.transport.http._requests import Requests
from pushwire.transport.http._resolver import Resolver
from pushwire.transport.http._responses import Response
from pushwire.transport.protocol import FanOutOptions

if TYPE_CHECKING:
    from pushwire.transport.http._engine import BroadcastEngine

__all__ = ["DEFAULT_MAX_CONNECTIONS", "Core"]

DEFAULT_MAX_CONNECTIONS: Final = 256


class Core:
    """The parts of both transports that do not wait. The arguments are those of `HttpTransport`.

    Attributes:
        requests: Builds the requests.
        policy: The retry policy.
        read_timeout: Seconds for each request, from its first byte to the last byte of its response.
        max_connections: The largest number of connections that calls use at the same time.
        clock: Returns the time in seconds.

    Raises:
        CallbackUrlError: The URL cannot work, no region is known, or the proxy cannot be used.
        CredentialsError: The profile that the environment names does not exist.
        TypeError: An argument has the wrong type.
        UnavailableError: `AWS_CA_BUNDLE` cannot be loaded.
        ValueError: A number is out of range, or the region has characters that no region has.
    """

    def __init__(
        self,
        callback_url: str,
        *,
        region: str | None,
        connect_timeout: float | None,
        read_timeout: float | None,
        max_attempts: int | None,
        allow_http: bool,
        max_connections: int,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self.max_connections: Final = check_whole_number("max_connections", max_connections)
        self.policy: Final = RetryPolicy(max_attempts=DEFAULT_MAX_ATTEMPTS if max_attempts is None else max_attempts)
        self._connect_timeout = check_seconds("connect_timeout", connect_timeout, DEFAULT_CONNECT_TIMEOUT)
        self.read_timeout: Final = check_seconds("read_timeout", read_timeout, DEFAULT_READ_TIMEOUT)
        check_region(region)
        url = CallbackUrl.parse(callback_url, allow_http=check_flag("allow_http", allow_http))
        session = cache(session_for_loopback if url.is_loopback else any_session)
        credentials = CredentialChain(session, default=LOOPBACK_CREDENTIALS if url.is_loopback else None)
        region = signing_region(url, region, session)
        self.requests: Final = Requests(url, region, credentials, wall_clock)
        self.clock: Final = clock
        self._endpoint = Endpoint.of(url)
        self._resolver = Resolver(*self._endpoint.peer, clock)
        self._process = os.getpid()
        self._pool = Pool(self.max_connections, clock)

    def pool(self) -> Pool:
        """Return the pool of this process."""
        if self._process != os.getpid():
            self._pool.close()  # closes the copies of this process; the channels stay open in the parent
            self._process, self._pool = os.getpid(), Pool(self.max_connections, self.clock)
        return self._pool

    def connect(self) -> ConnectSteps:
        """Open a connection.

        Raises:
            UnavailableError: The connection could not be opened.
        """
        return connect(self._endpoint, self._resolver, self.clock, self._connect_timeout)

    def exchange(self, request: bytes) -> Steps[Response]:
        """Exchange a request for its response, on an idle channel or a new one.

        Raises:
            UnavailableError: No connection could be opened, or no response came.
        """
        pool = self.pool()
        while True:
            channel = pool.take() or (yield from self.connect())
            try:
                response = yield from exchange(channel, request, self.clock, self.read_timeout)
            except UnavailableError:
                if not channel.was_stale:
                    raise
                continue
            if not response.must_close:
                channel.idle_since = self.clock()
                pool.keep(channel)
            return response

    def broadcast(
        self, data: bytes, options: FanOutOptions, on_outcome: Callable[[str, SendError | None], object]
    ) -> BroadcastEngine:
        """Return the engine of a broadcast. It does nothing before its first turn.

        Args:
            data: The frame.
            options: The limits: posts in flight, rate, deadline.
            on_outcome: Called with each id, and `None` if it was accepted or else a `pushwire.SendError`.

        Raises:
            ValueError: `max_in_flight` is above `max_connections`.
        """
        # Imported lazily: a cold start that sends one message does not need it.
        from pushwire.transport.http._engine import BroadcastEngine

        if options.max_in_flight is not None and options.max_in_flight > self.max_connections:
            raise ValueError(
                f"max_in_flight={options.max_in_flight} is above max_connections={self.max_connections}; lower it,"
                " or construct the transport with a larger max_connections"
            )
        return BroadcastEngine(self, data, options, on_outcome)
