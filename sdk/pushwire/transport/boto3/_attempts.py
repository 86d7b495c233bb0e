"""Single attempts of calls through boto3."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from pushwire._checks import check_flag, check_region, check_seconds
from pushwire._functions import is_async, is_unawaited
from pushwire.callback_url import CallbackUrl
from pushwire.errors import SendError
from pushwire.transport._responses import connection_info
from pushwire.transport._retry import DEFAULT_MAX_ATTEMPTS, RetryPolicy
from pushwire.transport._settings import DEFAULT_CONNECT_TIMEOUT, DEFAULT_READ_TIMEOUT, MAX_IDLE
from pushwire.transport.boto3._client import build_client
from pushwire.transport.protocol import DEFAULT_MAX_IN_FLIGHT, ConnectionInfo, FanOutOptions, ManagementApiClient

# After _client, whose ImportError says what to install if botocore is missing.
from pushwire.transport.boto3._errors import error_of  # isort: skip

__all__ = ["Boto3Attempts"]

T = TypeVar("T")

_SERVICE: Final = "apigatewaymanagementapi"

_DEFAULT_POOL_SIZE: Final = 10
"""The default of `max_pool_connections` (botocore's `Config` documentation)."""


class Boto3Attempts:
    """Single attempts, which the transports retry. Safe to share between threads.

    The arguments and errors are those of `Boto3Transport`.

    Attributes:
        client: The boto3 client.
        policy: The retry policy. It has a single attempt for the user's own client, whose retry settings apply.
        max_connections: The connections that the client pools. More attempts at once would open and drop others.
    """

    def __init__(
        self,
        callback_url: str | None,
        *,
        client: ManagementApiClient | None,
        region: str | None,
        connect_timeout: float | None,
        read_timeout: float | None,
        max_attempts: int | None,
        allow_http: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if client is not None:
            settings = (callback_url, region, connect_timeout, read_timeout, max_attempts)
            if allow_http or any(setting is not None for setting in settings):
                raise TypeError(
                    "client= cannot be combined with callback_url, region, time-outs, max_attempts or allow_http; "
                    "pass it alone"
                )
            _check_client(client)
            self.client = client
            self.policy = RetryPolicy(max_attempts=1)
            self._pool: _IdlePool | None = None
        elif callback_url is not None:
            check_region(region)
            self.policy = RetryPolicy(max_attempts=DEFAULT_MAX_ATTEMPTS if max_attempts is None else max_attempts)
            self.client = build_client(
                CallbackUrl.parse(callback_url, allow_http=check_flag("allow_http", allow_http)),
                region=region,
                connect_timeout=check_seconds("connect_timeout", connect_timeout, DEFAULT_CONNECT_TIMEOUT),
                read_timeout=check_seconds("read_timeout", read_timeout, DEFAULT_READ_TIMEOUT),
            )
            self._pool = _IdlePool(self.client, clock)
        else:
            raise TypeError("no callback URL and no client= given; pass one of them")
        config = getattr(getattr(self.client, "meta", None), "config", None)
        pool_size: object = getattr(config, "max_pool_connections", None)
        self.max_connections = pool_size if isinstance(pool_size, int) else _DEFAULT_POOL_SIZE  # a mock's is not an int

    def post(self, connection_id: str, data: bytes) -> None:
        """Send one text frame to a connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        self._call(connection_id, lambda: self.client.post_to_connection(ConnectionId=connection_id, Data=data))

    def get(self, connection_id: str) -> ConnectionInfo:
        """Return what API Gateway knows about a connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        body = self._call(connection_id, lambda: self.client.get_connection(ConnectionId=connection_id))
        return connection_info(body, connection_id=connection_id)

    def delete(self, connection_id: str) -> None:
        """Close a connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        self._call(connection_id, lambda: self.client.delete_connection(ConnectionId=connection_id))

    def limited(self, options: FanOutOptions) -> FanOutOptions:
        """Return the options of a broadcast with the number of posts in flight.

        Raises:
            ValueError: `max_in_flight` is above the client's `max_pool_connections`.
        """
        most = self.max_connections
        if options.max_in_flight is None:
            return options._replace(max_in_flight=min(DEFAULT_MAX_IN_FLIGHT, most))
        if options.max_in_flight > most:
            raise ValueError(
                f"max_in_flight={options.max_in_flight} is above the client's max_pool_connections={most}; lower it, or"
                " pass a client= with a larger max_pool_connections"
            )
        return options

    def close(self) -> None:
        """Close the pooled connections; the user's own client stays open."""
        if self._pool is not None:
            self._pool.close()

    def _call(self, connection_id: str, request: Callable[[], T]) -> T:
        if self._pool is not None:
            self._pool.used()
        try:
            response = request()
        except Exception as exc:
            raise error_of(exc, connection_id) from exc
        if is_unawaited(response):
            reason = "client= is async; pass a client of boto3"
            raise SendError(reason, connection_id=connection_id)
        return response


class _IdlePool:
    """The pooled connections of a client, closed after `MAX_IDLE` seconds without a call, and after a fork."""

    def __init__(self, client: Any, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._last_used = clock()
        self._process = os.getpid()

    def used(self) -> None:
        # Why no lock: at a fork, another thread may hold it. Two threads that both close the pool cost a retry at most.
        now, process = self._clock(), os.getpid()
        idle, self._last_used = now - self._last_used, now
        # Why after a fork: this process has copies of the parent's connections.
        if idle > MAX_IDLE or process != self._process:
            self._client.close()
            self._process = process

    def close(self) -> None:
        self._client.close()


def _check_client(client: ManagementApiClient) -> None:
    """Raise an error unless this is a sync client of the management API for a URL that can work."""
    meta = getattr(client, "meta", None)
    service = getattr(getattr(meta, "service_model", None), "service_name", _SERVICE)
    methods = [getattr(client, name, None) for name in ("post_to_connection", "get_connection", "delete_connection")]
    if isinstance(service, str) and service != _SERVICE:
        raise TypeError(f"client= is a client for {service}: pass boto3.client({_SERVICE!r}, …)")
    if not all(map(callable, methods)):
        raise TypeError(f"client= must be boto3.client({_SERVICE!r}, …), not {type(client).__name__}")
    # aiobotocore's methods are plain functions that return what this coroutine function returns.
    if any(map(is_async, (*methods, getattr(client, "_make_api_call", None)))):
        raise TypeError(
            f"client= is async ({type(client).__module__}), and its calls would never run: pass a client of boto3; "
            "AsyncHttpTransport posts on the event loop without threads"
        )
    url = getattr(meta, "endpoint_url", None)
    # The user's own client may post over http:// to any host. An https:// endpoint has to be a callback URL.
    if isinstance(url, str) and url.startswith("https://"):
        CallbackUrl.parse(url)
