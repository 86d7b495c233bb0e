"""The management API through boto3."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from pushwire.errors import SendError
from pushwire.transport._fan_out import FanOut
from pushwire.transport._retry import Attempts
from pushwire.transport.boto3._attempts import Boto3Attempts
from pushwire.transport.boto3._threads import run_on_threads
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions, ManagementApiClient

__all__ = ["Boto3Transport"]

T = TypeVar("T")


class Boto3Transport:
    """The management API through boto3, the default of every Server SDK. Safe to share between threads.

    Failed calls are tried again after throttling, 5xx and lost connections, with exponential backoff and full jitter,
    so a message may arrive twice. A client that you pass keeps its own retries, and none are added.

    The signing region, in order: `region`, the execute-api host's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.

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
        sleep: Callable[[float], None] = time.sleep,
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

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        self._call(lambda: self._once.post(connection_id, data))

    def post_many(
        self,
        connection_ids: Iterable[str],
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Send one text frame to many connections, each post on a thread; see `Transport.post_many`.

        At most as many are in flight as the client keeps connections: `max_pool_connections`, which botocore sets to 10
        for a client of your own. Ids are drawn, and `on_outcome` is called, in the calling thread.

        Args:
            connection_ids: The connections; one that occurs twice is sent to twice.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: How many at once, how fast, until when.
            on_outcome: Called with each id, and `None` where it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were drawn and not tried when the deadline came.
        """
        options = options._replace(max_in_flight=min(options.max_in_flight, self._once.max_connections))
        fan_out = FanOut(options, self._once.policy, on_outcome, self._clock())
        return run_on_threads(
            fan_out, connection_ids, lambda connection_id: self._once.post(connection_id, data), self._clock
        )

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Ask what is known of a connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        return self._call(lambda: self._once.get(connection_id))

    def delete(self, connection_id: str, /) -> None:
        """Close a connection; API Gateway runs `$disconnect`.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        self._call(lambda: self._once.delete(connection_id))

    def close(self) -> None:
        """Close the pooled connections of a client that was built here; your own client stays open."""
        self._once.close()

    def _call(self, attempt: Callable[[], T]) -> T:
        attempts = Attempts(self._once.policy)
        while True:
            try:
                return attempt()
            except SendError as error:
                delay = attempts.failed(error)
                if delay is None:
                    raise
            self._sleep(delay)
