"""The base of every generated Server SDK: a message becomes a frame, the frame is posted, failures are told."""

import copy
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar, runtime_checkable

from google.protobuf.message import Message

from pushwire import frame
from pushwire._log import DEBUG, logger
from pushwire.connections.protocol import ConnectionInfo, Connections
from pushwire.errors import (
    ConnectionGoneError,
    ConnectionPendingError,
    InvalidConnectionIdError,
    PayloadTooLargeError,
    SendError,
)
from pushwire.operation import AnyOperation, Format, Operation
from pushwire.server.pending import ConnectionsWhilePending

if TYPE_CHECKING:
    from pushwire.connections.boto3_client import ManagementApiClient

__all__ = ["ConnectionsView", "SendObserver", "ServerSdk"]

M = TypeVar("M", bound=Message)

OnGone = Callable[[str], object]


@runtime_checkable
class SendObserver(Protocol):
    """Is told how each send of a Server SDK ended: metrics, and the connections of tests."""

    def ended(self, operation: AnyOperation, connection_id: str, data: bytes, error: SendError | None, /) -> None:
        """Learn of a send that has ended.

        Args:
            operation: The operation that was sent.
            connection_id: The connection it was sent to.
            data: Its frame.
            error: Why it was not accepted; `None` where it was.
        """


_SHOWN_OF_A_FRAME = 200


class ServerSdk:
    """Sends the messages of one service to its clients; generated classes add a typed method for each of them.

    Built once and reused: it holds pooled connections, and is safe to share between threads. Where to post comes from
    one of `callback_url`, `client`, `connections`, or else from the environment variable `PUSHWIRE_CALLBACK_URL`.

    Every method raises a subclass of `pushwire.SendError`: `ConnectionGoneError`, `ThrottledError`,
    `PayloadTooLargeError`, `ForbiddenError`, `InvalidConnectionIdError`, `CredentialsError` or `UnavailableError`. A
    message may arrive twice, because calls whose answer was lost are tried again. That API Gateway accepted a message
    does not mean that its client has read it.

    Args:
        callback_url: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping
            key, or an `http://` URL of this machine (the local gateway's). Posts go through boto3.
        client: Your own `boto3.client("apigatewaymanagementapi", endpoint_url=…)`, with its own retries and time-outs.
        connections: Any other way to the management API, such as `pushwire.testing.RecordingConnections`.
        region: The region to sign for; else the URL's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.
        connect_timeout: Seconds for each attempt to connect; 1 unless given.
        read_timeout: Seconds without a byte of the answer, for each attempt; 3 unless given.
        max_attempts: How many requests one send may make; 3 unless given.
        frame_format: The format to send in, instead of the contract's.
        on_gone: Called with each connection id that answers 410, before `ConnectionGoneError` is raised: the place to
            forget it.

    Raises:
        pushwire.CallbackUrlError: No callback URL was given, or it cannot work.
        pushwire.CredentialsError: The profile that the environment names does not exist.
        ImportError: boto3 is needed and not installed.
        TypeError: More than one way to post was given, or settings that do not go with it.
    """

    def __init__(
        self,
        callback_url: str | None = None,
        *,
        client: "ManagementApiClient | None" = None,
        connections: Connections | None = None,
        region: str | None = None,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        max_attempts: int | None = None,
        frame_format: Format | None = None,
        on_gone: OnGone | None = None,
    ) -> None:
        self._observers: Sequence[SendObserver] = ()
        if connections is not None:
            settings = (callback_url, client, region, connect_timeout, read_timeout, max_attempts)
            if any(setting is not None for setting in settings):
                raise TypeError("connections= stands alone: where and how to post is its own")
            self._connections, self._owned = connections, False
            observer: object = connections
            if isinstance(observer, SendObserver):
                self._observers = [observer]
        else:
            from pushwire.connections.boto3 import Boto3Connections  # slow to import, and not always needed

            if callback_url is None and client is None:
                from pushwire.callback_url import CallbackUrl

                callback_url = CallbackUrl.from_environment().url
            self._owned = True
            self._connections = Boto3Connections(
                callback_url,
                client=client,
                region=region,
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                max_attempts=max_attempts,
            )
        self._frame_format = frame_format
        self._on_gone = on_gone
        self._view = ConnectionsView(self._connections, on_gone)

    @property
    def connections(self) -> "ConnectionsView":
        """Connections themselves: what is known of one, and closing one."""
        return self._view

    def close(self) -> None:
        """Close what this SDK opened. A `client` or `connections` of yours stays open."""
        if self._owned:
            self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, operation: Operation[M], connection_id: str, message: M) -> None:
        """Send one message; the body of every generated method."""
        if not isinstance(message, operation.message_type):
            raise TypeError(
                f"{operation} takes a {operation.message_type.DESCRIPTOR.full_name}, not a {type(message).__name__}"
            )
        data = frame.encode(operation, message, self._frame_format)
        if logger("server").isEnabledFor(DEBUG):
            logger("server").debug("send %s to %s: %r", operation, connection_id, data[:_SHOWN_OF_A_FRAME])
        try:
            self._post(connection_id, data)
        except SendError as error:
            error.operation = operation
            self._tell_observers(operation, connection_id, data, error)
            raise
        self._tell_observers(operation, connection_id, data, None)

    def _post(self, connection_id: str, data: bytes) -> None:
        """Send the text of a frame."""
        try:
            _check_connection_id(connection_id)
            if len(data) > frame.MAX_FRAME_SIZE:
                raise PayloadTooLargeError(
                    f"{len(data):,} bytes, and API Gateway takes {frame.MAX_FRAME_SIZE:,}",
                    size=len(data),
                    connection_id=connection_id,
                )
            self._connections.post(connection_id, data)
        except SendError as error:
            _tell_gone(error, connection_id, self._on_gone)
            raise

    def _while_pending(self, connection_id: str) -> Self:
        """The same SDK, to be used while a connection's `$connect` runs: it refuses that connection at once."""
        return self._twin(ConnectionsWhilePending(self._connections, connection_id), self._observers)

    def _observed_by(self, observers: Sequence[SendObserver]) -> Self:
        """The same SDK, of whose sends these observers are told as well."""
        return self._twin(self._connections, [*self._observers, *observers])

    def _twin(self, connections: Connections, observers: Sequence[SendObserver]) -> Self:
        twin = copy.copy(self)
        view = ConnectionsView(connections, self._on_gone)
        vars(twin).update(_connections=connections, _observers=observers, _view=view, _owned=False)
        return twin

    def _tell_observers(
        self, operation: AnyOperation, connection_id: str, data: bytes, error: SendError | None
    ) -> None:
        for observer in self._observers:
            observer.ended(operation, connection_id, data, error)


class ConnectionsView:
    """The connections of one WebSocket API: `get` and `disconnect`."""

    def __init__(self, connections: Connections, on_gone: OnGone | None) -> None:
        self._connections = connections
        self._on_gone = on_gone

    def get(self, connection_id: str) -> ConnectionInfo:
        """Ask what API Gateway knows of a connection: since when, last active when, from where.

        Raises:
            pushwire.SendError: As one of its subclasses; `ConnectionGoneError` where it is not connected.
        """
        try:
            _check_connection_id(connection_id)
            return self._connections.get(connection_id)
        except SendError as error:
            _tell_gone(error, connection_id, self._on_gone)
            raise

    def disconnect(self, connection_id: str) -> None:
        """Close a connection. API Gateway runs `$disconnect` with status 1000; no code or reason can be chosen.

        Raises:
            pushwire.SendError: As one of its subclasses; `ConnectionGoneError` where it is not connected.
        """
        try:
            _check_connection_id(connection_id)
            self._connections.delete(connection_id)
        except SendError as error:
            _tell_gone(error, connection_id, self._on_gone)
            raise


def _check_connection_id(connection_id: str) -> None:
    if not isinstance(connection_id, str):
        raise TypeError(f"a connection id is a string, not {type(connection_id).__name__}")
    if not connection_id:
        raise InvalidConnectionIdError("it is empty", connection_id=connection_id)


def _tell_gone(error: SendError, connection_id: str, on_gone: OnGone | None) -> None:
    # A connection that is not open yet is not to be forgotten.
    if on_gone is not None and isinstance(error, ConnectionGoneError) and not isinstance(error, ConnectionPendingError):
        on_gone(connection_id)
