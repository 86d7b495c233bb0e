"""The management API through boto3."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from pushwire.callback_url import CallbackUrl
from pushwire.connections.answers import connection_info, error_for_status
from pushwire.connections.boto3_client import ManagementApiClient, build_client
from pushwire.connections.protocol import ConnectionInfo
from pushwire.connections.retry import DEFAULT_MAX_ATTEMPTS, Attempts, RetryPolicy
from pushwire.errors import CredentialsError, InvalidConnectionIdError, SendError, UnavailableError

# boto3_client has said what to install where botocore is missing.
from botocore import exceptions as botocore_errors  # isort: skip

__all__ = ["DEFAULT_CONNECT_TIMEOUT", "DEFAULT_READ_TIMEOUT", "Boto3Connections"]

T = TypeVar("T")

DEFAULT_CONNECT_TIMEOUT: Final = 1.0
DEFAULT_READ_TIMEOUT: Final = 3.0

_LONGEST_IDLE: Final = 30.0
"""Seconds after which a pooled connection is reopened: a frozen Lambda's peer may have closed it meanwhile."""

_CREDENTIALS_ERRORS: Final = (
    botocore_errors.NoCredentialsError,
    botocore_errors.PartialCredentialsError,
    botocore_errors.CredentialRetrievalError,
    botocore_errors.NoAuthTokenError,
    botocore_errors.TokenRetrievalError,
    botocore_errors.SSOError,
    botocore_errors.ProfileNotFound,
    botocore_errors.ConfigParseError,
)


class Boto3Connections:
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
        if client is not None:
            settings = (callback_url, region, connect_timeout, read_timeout, max_attempts)
            if any(setting is not None for setting in settings):
                raise TypeError("client= stands alone: its endpoint, region, time-outs and retries are its own")
            _check_endpoint(client)
            self._client = client
            self._policy = RetryPolicy(max_attempts=1)
            self._pool: _Pool | None = None
        elif callback_url is not None:
            self._policy = RetryPolicy(max_attempts=DEFAULT_MAX_ATTEMPTS if max_attempts is None else max_attempts)
            self._client = build_client(
                CallbackUrl.parse(callback_url),
                region=region,
                connect_timeout=DEFAULT_CONNECT_TIMEOUT if connect_timeout is None else connect_timeout,
                read_timeout=DEFAULT_READ_TIMEOUT if read_timeout is None else read_timeout,
            )
            self._pool = _Pool(self._client, clock)
        else:
            raise TypeError("Boto3Connections() needs a callback URL or client=")
        self._sleep = sleep

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Send one text frame to a connection.

        Args:
            connection_id: The connection.
            data: The frame's text in UTF-8, at most 131,072 bytes.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        self._call(connection_id, lambda: self._client.post_to_connection(ConnectionId=connection_id, Data=data))

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Ask what is known of a connection.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        answer = self._call(connection_id, lambda: self._client.get_connection(ConnectionId=connection_id))
        return connection_info(answer, connection_id=connection_id)

    def delete(self, connection_id: str, /) -> None:
        """Close a connection; API Gateway runs `$disconnect`.

        Raises:
            pushwire.SendError: As one of its subclasses.
        """
        self._call(connection_id, lambda: self._client.delete_connection(ConnectionId=connection_id))

    def close(self) -> None:
        """Close the pooled connections of a client that was built here; your own client stays open."""
        if self._pool is not None:
            self._pool.close()

    def _call(self, connection_id: str, request: Callable[[], T]) -> T:
        attempts = Attempts(self._policy)
        while True:
            if self._pool is not None:
                self._pool.used()
            try:
                return request()
            except Exception as exc:  # on a malformed answer botocore's parser raises just anything
                error = _error(exc, connection_id)
                delay = attempts.failed(error)
                if delay is None:
                    raise error from exc
            self._sleep(delay)


class _Pool:
    """The kept-alive connections of a client, closed when none was used for too long."""

    def __init__(self, client: Any, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._last_used = clock()

    def used(self) -> None:
        now = self._clock()
        with self._lock:
            idle, self._last_used = now - self._last_used, now
        if idle > _LONGEST_IDLE:
            self._client.close()

    def close(self) -> None:
        self._client.close()


def _check_endpoint(client: ManagementApiClient) -> None:
    url = getattr(getattr(client, "meta", None), "endpoint_url", None)
    # A client of one's own may post over http:// to where it likes; an AWS endpoint has to be a callback URL.
    if isinstance(url, str) and url.startswith("https://"):
        CallbackUrl.parse(url)


def _error(exc: Exception, connection_id: str) -> SendError:
    """What a botocore error stands for."""
    if isinstance(exc, botocore_errors.ClientError):
        return _error_of_answer(cast("dict[str, Any]", exc.response), connection_id)
    if isinstance(exc, _CREDENTIALS_ERRORS):
        return CredentialsError(str(exc), connection_id=connection_id)
    if isinstance(exc, botocore_errors.ParamValidationError):
        return InvalidConnectionIdError("refused by botocore before any request", connection_id=connection_id)
    if isinstance(exc, botocore_errors.SSLError):
        reason = f"{exc}: is its certificate authority trusted here (AWS_CA_BUNDLE)?"
        return UnavailableError(reason, connection_id=connection_id, attempts=1)
    if isinstance(exc, botocore_errors.ConnectTimeoutError):
        reason = f"{exc} (no route, or a TLS handshake that stalls, as with an untrusted certificate authority)"
        return UnavailableError(reason, connection_id=connection_id, attempts=1)
    if isinstance(exc, botocore_errors.ConnectionError):  # DNS, refused, proxy: nothing was sent
        return UnavailableError(str(exc), connection_id=connection_id, attempts=1)
    if isinstance(exc, botocore_errors.HTTPClientError):  # the request went out, its answer did not come whole
        return UnavailableError(str(exc), connection_id=connection_id, attempts=1, maybe_accepted=True)
    if isinstance(exc, botocore_errors.BotoCoreError):
        return SendError(f"{type(exc).__name__}: {exc}", connection_id=connection_id, attempts=1, maybe_accepted=True)
    reason = f"botocore cannot read the answer ({type(exc).__name__})"
    return UnavailableError(reason, connection_id=connection_id, attempts=1, maybe_accepted=True)


def _error_of_answer(answer: dict[str, Any], connection_id: str) -> SendError:
    metadata = answer.get("ResponseMetadata", {})
    error = error_for_status(
        int(metadata.get("HTTPStatusCode", 0)),
        str(answer.get("Error", {}).get("Message") or ""),
        connection_id=connection_id,
    )
    error.attempts = 1 + int(metadata.get("RetryAttempts", 0))
    return error
