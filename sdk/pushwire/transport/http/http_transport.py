"""The management API through HTTP of our own, in the calling thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable

from pushwire.errors import SendError, UnavailableError
from pushwire.transport._retry import Attempts
from pushwire.transport.http.channel import Channel, wait
from pushwire.transport.http.dialing import dial, opened
from pushwire.transport.http.failures import failure_of_exchange
from pushwire.transport.http.outcomes import connection_info_of, error_of
from pushwire.transport.http.pool import Pool
from pushwire.transport.http.replies import MalformedReplyError, Reply
from pushwire.transport.http.requests import Method
from pushwire.transport.http.resolver import Resolver
from pushwire.transport.http.settings import DEFAULT_MAX_CONNECTIONS, Settings
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions

__all__ = ["HttpTransport"]


class _Own:
    """What a process does not share with those that it forks.

    Attributes:
        process: Its id.
        permits: One for each connection that may be open, and for the call that uses it.
        pool: The connections that are kept open.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self.process = os.getpid()
        self.permits = threading.Semaphore(most)
        self.pool: Pool[Channel] = Pool(most, clock)


class HttpTransport:
    """The management API through HTTP/1.1 of our own, without boto3. Safe to share between threads, and to fork.

    A send costs a fraction of what it costs through boto3, and so does the first one of a Lambda. Errors, retries and
    time-outs are those of `Boto3Transport`; a message may arrive twice here too.

    The signing region, in order: `region`, the execute-api host's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.
    Credentials come from the environment, as in Lambda, else from botocore's chain, which is loaded only then.

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
        sleep: Callable[[float], None] = time.sleep,
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
        self._own = _Own(self._settings.max_connections, self._clock)

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: As one of its subclasses.
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

        At most `max_connections` posts are in flight, one on each connection. Everything is done in the calling thread.

        Args:
            connection_ids: The connections; one that occurs twice is sent to twice.
            data: The frame's text in UTF-8, at most 131,072 bytes.
            options: How many at once, how fast, until when.
            on_outcome: Called with each id, and `None` where it was accepted or else a `pushwire.SendError`.

        Returns:
            The ids that were drawn and not tried when the deadline came.
        """
        # Imported here for the sake of cold starts that end in one send.
        from pushwire.transport._fan_out import FanOut
        from pushwire.transport.http.fan_out_by_selector import FanOutBySelector

        lanes = min(options.max_in_flight, self._settings.max_connections)
        options = options._replace(max_in_flight=lanes)
        return FanOutBySelector(
            FanOut(options, self._settings.policy, on_outcome, self._clock()),
            data,
            lanes=lanes,
            settings=self._settings,
            resolver=self._resolver,
            pool=self._of_this_process().pool,
            clock=self._clock,
            sleep=self._sleep,
        ).run(connection_ids)

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Ask what is known of a connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        return connection_info_of(self._call("GET", connection_id, b""), connection_id)

    def delete(self, connection_id: str, /) -> None:
        """Close a connection; API Gateway runs `$disconnect`.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        self._call("DELETE", connection_id, b"")

    def close(self) -> None:
        """Close the connections that are kept open. A later call opens one again."""
        self._of_this_process().pool.close()

    def _call(self, method: Method, connection_id: str, body: bytes) -> Reply:
        attempts = Attempts(self._settings.policy)
        while True:
            try:
                return self._attempt(method, connection_id, body)
            except SendError as error:
                error.connection_id = connection_id
                delay = attempts.failed(error)
                if delay is None:
                    raise
            self._sleep(delay)

    def _attempt(self, method: Method, connection_id: str, body: bytes) -> Reply:
        own = self._of_this_process()
        with own.permits:  # before the request is signed, which holds for minutes only
            request = self._settings.requests.template(method, body).request(connection_id)
            reply = self._exchange(request, own.pool)
        error = error_of(method, reply, connection_id)
        if error is not None:
            raise error
        return reply

    def _exchange(self, request: bytes, pool: Pool[Channel]) -> Reply:
        while True:
            kept = pool.take()
            channel = kept or self._open()
            try:
                reply = self._exchange_on(channel, request)
            except UnavailableError:
                if kept is None or not channel.has_sent_nothing:
                    raise
                continue  # the peer had closed it while it was idle: no attempt
            if not reply.is_last:
                pool.keep(channel)
            return reply

    def _open(self) -> Channel:
        settings = self._settings
        return opened(dial(settings.endpoint, self._resolver, self._clock, settings.connect_timeout), self._clock)

    def _exchange_on(self, channel: Channel, request: bytes) -> Reply:
        """Exchange a request for its reply, and close the channel unless it can carry another."""
        timeout = self._settings.read_timeout
        until = self._clock() + timeout
        reply: Reply | None = None
        try:
            channel.start(request)
            while reply is None:
                if not wait(channel.connection, channel.events, until - self._clock()):
                    raise TimeoutError
                reply = channel.advance()
        except (OSError, MalformedReplyError) as exc:
            reply = channel.cut()
            if reply is None:
                raise failure_of_exchange(exc, timeout, maybe_accepted=channel.has_sent_all) from exc
            return reply
        else:
            return reply
        finally:
            if reply is None or reply.is_last:
                channel.close()

    def _of_this_process(self) -> _Own:
        own = self._own
        if own.process != os.getpid():
            own.pool.close()  # copies of the parent's, which stay open there
            self._own = own = _Own(self._settings.max_connections, self._clock)
        return own
