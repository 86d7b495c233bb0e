"""The management API through boto3."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from pushwire._closing import Closing
from pushwire.errors import SendError
from pushwire.transport._fan_out import FanOut
from pushwire.transport._retry import call
from pushwire.transport._settings import check_functions
from pushwire.transport.boto3._attempts import Boto3Attempts
from pushwire.transport.boto3._threads import run_on_threads
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions, ManagementApiClient

__all__ = ["Boto3Transport"]

T = TypeVar("T")


class Boto3Transport(Closing):
    """The management API through boto3, the default of every Server SDK. Safe to share between threads.

    Calls are retried after throttling, 5xx and lost connections, with exponential backoff and full jitter, so a message
    may arrive twice. If you pass your own client, its retry settings apply, and Pushwire adds none.

    The signing region is the first of: `region`, the execute-api host's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the
    profile's.

    Args:
        callback_url: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping
            key, or an `http://` URL of this machine. The latter needs neither credentials nor a region.
        client: Your own `boto3.client("apigatewaymanagementapi", endpoint_url=…)`. It cannot be combined with
            the other arguments.
        region: The region to sign for. Defaults to the first one that is found, in the order above.
        connect_timeout: Seconds for each attempt to connect, over TCP and TLS; botocore does not count DNS. Defaults
            to 1.
        read_timeout: Seconds that an attempt may wait for the next byte of the response. Defaults to 3.
        max_attempts: The most requests that one call makes. Defaults to 3.
        allow_http: Whether the URL may be an `http://` URL of another host. Defaults to whether the environment
            variable `PUSHWIRE_ALLOW_HTTP` is `1`.
        sleep: Waits between two attempts, for a number of seconds. For tests.
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
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check_functions(has_async_sleep=False, sleep=sleep, clock=clock)
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

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        self._call(partial(self._once.post, data=data), connection_id)

    def post_many(
        self,
        connection_ids: Iterable[str],
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Send one text frame to many connections, each post on a thread; see `Transport.post_many`.

        The client's `max_pool_connections` limits the posts in flight: 128, or 10 for a client of your own unless you
        configured it. Ids are read, and `on_outcome` is called, in the calling thread.

        Args:
            connection_ids: The connections. One that occurs twice gets the frame twice.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: The limits: posts in flight, rate, deadline.
            on_outcome: Called with each id, and `None` if it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were read and not sent before the deadline.

        Raises:
            ValueError: `max_in_flight` is above the client's `max_pool_connections`.
        """
        fan_out = FanOut(self._once.limited(options), self._once.policy, on_outcome, self._clock())
        return run_on_threads(fan_out, connection_ids, partial(self._once.post, data=data), self._clock)

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return when a connection was opened, when it was last active, and its source.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        return self._call(self._once.get, connection_id)

    def delete(self, connection_id: str, /) -> None:
        """Close a connection. API Gateway then runs the `$disconnect` handler.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The call failed. The subclass has the reason.
        """
        self._call(self._once.delete, connection_id)

    def close(self) -> None:
        """Close the pooled connections; your own client stays open."""
        self._once.close()

    def _call(self, attempt: Callable[[str], T], connection_id: str) -> T:
        return call(attempt, connection_id, self._once.policy, self._sleep)
