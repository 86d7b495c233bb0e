"""The management API through an HTTP client without dependencies, in the calling thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import cast

from pushwire._closing import Closing
from pushwire.errors import SendError
from pushwire.transport._retry import call
from pushwire.transport._settings import check_functions
from pushwire.transport.http._channel import run_blocking
from pushwire.transport.http._core import DEFAULT_MAX_CONNECTIONS, Core
from pushwire.transport.http._outcomes import result_of
from pushwire.transport.http._requests import Method
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions

__all__ = ["HttpTransport"]


class HttpTransport(Closing):
    """A transport over HTTP/1.1, without boto3. It is safe to share between threads, and to fork.

    A send costs a fraction of a send through boto3, and so does the first send of a Lambda function. Errors and retries
    are those of `Boto3Transport`, so a message may arrive twice. A transport is a context manager, which closes it at
    the end of the block.

    The signing region is the first of: `region`, the execute-api host's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the
    profile's. Credentials come from the environment, as in Lambda. If it has none, botocore's chain is loaded.

    Args:
        callback_url: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping
            key, or an `http://` URL of this machine. The latter needs neither credentials nor a region.
        region: The region to sign for. Defaults to the first one that is found, in the order above.
        connect_timeout: Seconds for each attempt to connect: DNS, TCP, proxy and TLS together. Defaults to 1.
        read_timeout: Seconds for each attempt to receive the whole response. Defaults to 3.
        max_attempts: The most requests that one call makes. Defaults to 3.
        allow_http: Whether the URL may be an `http://` URL of another host. Defaults to whether the environment
            variable `PUSHWIRE_ALLOW_HTTP` is `1`.
        max_connections: The most connections that calls use at the same time; further calls wait. Each `post_many` may
            open as many more. Defaults to 256.
        sleep: Waits between two attempts, for a number of seconds. For tests.
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
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        check_functions(has_async_sleep=False, sleep=sleep, clock=clock, wall_clock=wall_clock)
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
        self._process = os.getpid()
        self._permits = threading.Semaphore(self._core.max_connections)

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        self._call("POST", connection_id, data)

    def post_many(
        self,
        connection_ids: Iterable[str],
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Send one text frame to many connections; see `Transport.post_many`.

        Everything runs in the calling thread. Each connection carries one post at a time. Unless
        `options.max_in_flight` is given, the broadcast starts with 32 connections, and opens more while it waits more
        than it works, up to `max_connections`.

        Args:
            connection_ids: The connections. One that occurs twice gets the frame twice.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: The limits: posts in flight, rate, deadline.
            on_outcome: Called with each id, and `None` if it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were read and not sent before the deadline.

        Raises:
            ValueError: `max_in_flight` is above `max_connections`.
        """
        engine = self._core.broadcast(data, options, on_outcome)
        fan_out = engine.fan_out
        try:
            engine.pull = partial(fan_out.pull, iter(connection_ids).__next__)
            pause: float | None = 0.0
            while not fan_out.finished:
                if pause and not engine.selector.get_map():
                    self._sleep(pause)
                    pause = 0.0
                pause = engine.turn(pause)
            return fan_out.result()
        finally:
            engine.close()

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return when a connection was opened, when it was last active, and its source.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        return cast("ConnectionInfo", self._call("GET", connection_id, b""))

    def delete(self, connection_id: str, /) -> None:
        """Close a connection. API Gateway then runs the `$disconnect` handler.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        self._call("DELETE", connection_id, b"")

    def close(self) -> None:
        """Close the pooled connections. A later call opens a new one."""
        self._core.pool().close()

    def _call(self, method: Method, connection_id: str, body: bytes) -> ConnectionInfo | None:
        attempt = partial(self._attempt, method, body)
        return call(attempt, connection_id, self._core.policy, self._sleep)

    def _attempt(self, method: Method, body: bytes, connection_id: str) -> ConnectionInfo | None:
        core = self._core
        if self._process != os.getpid():  # other threads of the parent may have held permits at the fork
            self._process, self._permits = os.getpid(), threading.Semaphore(core.max_connections)
        with self._permits:  # before the request is signed, because a signature is valid for minutes only
            request = core.requests.template(method, body).request(connection_id)
            response = run_blocking(core.exchange(request), core.clock)
        return result_of(method, response, connection_id)
