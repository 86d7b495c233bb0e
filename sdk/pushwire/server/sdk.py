"""The base of every generated Server SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar, Unpack, cast, overload

from google.protobuf.message import Message

from pushwire.errors import SendError
from pushwire.operation import AnyOperation, Operation
from pushwire.server.base import BaseServerSdk
from pushwire.server.broadcast import Broadcast, send_to_many
from pushwire.server.options import (
    BroadcastOptions,
    FanoutOptions,
    check_connection_ids,
    check_fanout_options,
    check_options,
)
from pushwire.server.pipeline import SendPipeline, is_gone
from pushwire.server.report import BroadcastReport
from pushwire.server.via import FanoutQueue, check_queue, queue_for_many
from pushwire.store import ConnectionStore
from pushwire.transport.protocol import ConnectionInfo, Transport

__all__ = ["ConnectionsView", "ServerSdk"]

M = TypeVar("M", bound=Message)
T = TypeVar("T")
B_co = TypeVar("B_co", covariant=True)
J_co = TypeVar("J_co", covariant=True)
"""The result of `to`: a broadcast whose methods return a report, or a fan-out job once `to` has the option `via=`."""


class ServerSdk(BaseServerSdk[Transport, ConnectionStore], Generic[B_co, J_co]):
    """Sender of one service's messages. Generated classes add a typed method for each message.

    Make one and reuse it, because it holds pooled connections. Threads can share it. It posts to `callback_url` or
    through `client` or `transport`, by default to the URL in the environment variable `PUSHWIRE_CALLBACK_URL`.

    Every method raises a subclass of `pushwire.SendError`: `ConnectionGoneError`, `ThrottledError`,
    `PayloadTooLargeError`, `ForbiddenError`, `InvalidConnectionIdError`, `CredentialsError` or `UnavailableError`. A
    message may arrive twice, because calls whose response was lost are repeated. That API Gateway accepted a message
    does not mean that its client has read it.

    Args:
        callback_url: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping
            key, or an `http://` URL of this machine (the local gateway). boto3 posts.
        client: Your own `boto3.client("apigatewaymanagementapi", endpoint_url=…)`, with its own retries and time-outs.
        transport: The transport that posts, such as `pushwire.testing.RecordingTransport`.
        region: The region to sign for. Defaults to that of the URL, `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile.
        connect_timeout: Seconds for each attempt to connect. Defaults to 1.
        read_timeout: Seconds to wait for the next byte of the response, for each attempt. Defaults to 3.
        max_attempts: The largest number of requests for one send. Defaults to 3.
        allow_http: Whether the URL may be an `http://` URL of another host. Defaults to whether the environment
            variable `PUSHWIRE_ALLOW_HTTP` is `1`.
        frame_format: The format of all frames. Defaults to the format of each operation in the contract.
        on_gone: Called with each connection id that API Gateway answers with 410, before `ConnectionGoneError`
            is raised. It must not be async.
        store: The connection store. `to(topic=…)` and `to(user=…)` read it, and connections that API Gateway answers
            with 410 are removed from it by its method `gone`, whose failures are logged. Defaults to `None`.

    Raises:
        pushwire.CallbackUrlError: No callback URL was given, or it is malformed.
        pushwire.CredentialsError: The profile that the environment names does not exist, or boto3 cannot load its
            credentials or settings.
        ImportError: boto3 is needed and not installed.
        TypeError: `transport` is combined with other settings, or is not a sync transport; `client` is combined with
            other settings, or is not a sync client of the management API; `on_gone` or `store` is async; or a setting
            has the wrong type.
        ValueError: `max_attempts` or a time-out is out of range, or the region has characters that no region has.
    """

    _is_async = False
    _broadcast: ClassVar[type[Broadcast[Any]]] = Broadcast

    @staticmethod
    def _boto3_transport() -> Callable[..., Transport]:
        from pushwire.transport.boto3.transport import Boto3Transport  # slow to import, and not always needed

        return Boto3Transport

    @overload
    def to(self, connection_ids: Iterable[str], /, **options: Unpack[BroadcastOptions]) -> B_co: ...
    @overload
    def to(self, connection_ids: Iterable[str], /, *, via: FanoutQueue, **options: Unpack[FanoutOptions]) -> J_co: ...
    @overload
    def to(self, *, topic: str, **options: Unpack[BroadcastOptions]) -> B_co: ...
    @overload
    def to(self, *, topic: str, via: FanoutQueue, **options: Unpack[FanoutOptions]) -> J_co: ...
    @overload
    def to(self, *, user: str, **options: Unpack[BroadcastOptions]) -> B_co: ...
    @overload
    def to(self, *, user: str, via: FanoutQueue, **options: Unpack[FanoutOptions]) -> J_co: ...
    def to(
        self,
        *connection_ids: Any,
        topic: str | None = None,
        user: str | None = None,
        via: FanoutQueue | None = None,
        **options: Any,
    ) -> Any:
        """Select the connections that the next message goes to: `sdk.to(ids, deadline=20).said(message)`.

        Nothing is sent before a method of the result is called. Ids of a topic or a user are read from the store page
        by page, while posts are in flight.

        Args:
            *connection_ids: The connections, from any iterable. An id that occurs twice is sent to twice.
            topic: The name of a topic of the SDK's connection store: `sdk.to(topic="lobby").said(message)`.
            user: The name of a user of the connection store, all of whose connections are sent to.
            via: The queue of a broadcast that other processes carry out, such as a `pushwire.fanout.SqsFanout`.
                Defaults to `None`: this process sends.
            **options: The options, described at `pushwire.BroadcastOptions`, or with `via` at `pushwire.FanoutOptions`.

        Returns:
            An object with one method for each message, which takes the message alone and returns a report. With `via`
            it returns a `pushwire.FanoutJob` when all recipients are in the queue.

        Raises:
            TypeError: There is not exactly one of `connection_ids`, `topic` and `user`; it has the wrong type; the SDK
                has no store; or an option is unknown or has the wrong type.
            ValueError: An option is out of range.
        """
        recipients: Any = self._recipients(connection_ids, topic, user)
        check_connection_ids(recipients, Iterable)
        if via is not None:
            check_queue(via)
            limits = check_fanout_options(cast("FanoutOptions", options))
            return self._broadcast(partial(queue_for_many, self._pipeline, via, recipients, limits))
        checked = check_options(cast("BroadcastOptions", options))
        return self._broadcast(partial(send_to_many, self._pipeline, self._store, recipients, checked))

    @property
    def connections(self) -> ConnectionsView:
        """The management of single connections: `get` and `disconnect`."""
        return ConnectionsView(self._pipeline, self._forget)

    def close(self) -> None:
        """Close the connections that this SDK opened. A `client` or `transport` that was passed to it stays open."""
        if self._owned:
            self._pipeline.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, operation: Operation[M], connection_id: str, message: M) -> None:
        """Send one message. Every generated method calls it."""
        self._post(operation, connection_id, self._pipeline.frame(operation, message, connection_id))

    def _post(self, operation: AnyOperation | None, connection_id: str, data: bytes) -> None:
        """Send the text of a frame. It need not be a frame of an operation."""
        try:
            self._pipeline.check(connection_id)
            self._pipeline.check_size(operation, data, connection_id)
            transport: Any = self._pipeline.transport
            returned: object = transport.post(connection_id, data)
            if returned is not None:
                self._pipeline.result(returned)
        except SendError as error:
            self._forget(connection_id, error)
            self._pipeline.notify(operation, connection_id, data, error)
            raise
        self._pipeline.notify(operation, connection_id, data, None)

    def _forget(self, connection_id: str, error: SendError) -> None:
        """Remove a connection from the store if it is gone."""
        if self._store is not None and is_gone(error):
            from pushwire.server.store_updates import remove_gone  # only with a store

            remove_gone(self._store, [connection_id])

    def _send_frame(
        self, operation: AnyOperation, frame: bytes, connection_ids: Iterable[str], options: BroadcastOptions
    ) -> BroadcastReport:
        """Send the text of a frame to many connections."""
        checked = check_options(options)
        return send_to_many(self._pipeline, self._store, connection_ids, checked, operation, frame)

    def _stored_ids(self, kind: str, name: str) -> Iterable[str]:
        from pushwire.server.store_updates import StoredIds, member_ids  # only with a store

        read = partial(member_ids, self._store) if kind == "topic" else self._store.of_user
        return StoredIds(partial(read, name))


class ConnectionsView:
    """The connections of one WebSocket API: `get` and `disconnect`."""

    __slots__ = ("_forget", "_pipeline")

    def __init__(self, pipeline: SendPipeline[Transport], forget: Callable[[str, SendError], None]) -> None:
        self._pipeline = pipeline
        self._forget = forget

    def get(self, connection_id: str) -> ConnectionInfo:
        """Return when a connection was opened, when it was last active, and its source.

        Args:
            connection_id: The id of the connection.

        Returns:
            The details of the connection.

        Raises:
            pushwire.ConnectionGoneError: The client is not connected.
            pushwire.SendError: The call failed. The subclass has the reason.
            TypeError: The connection id is not a string.
        """
        return self._call(connection_id, self._pipeline.transport.get)

    def disconnect(self, connection_id: str) -> None:
        """Close a connection.

        API Gateway then runs the `$disconnect` handler with status code 1000. Its management API has no parameter for
        the close code or the reason.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.ConnectionGoneError: The client is not connected.
            pushwire.SendError: The call failed. The subclass has the reason.
            TypeError: The connection id is not a string.
        """
        self._call(connection_id, self._pipeline.transport.delete)

    def _call(self, connection_id: str, call: Callable[[str], T]) -> T:
        try:
            self._pipeline.check(connection_id)
            return self._pipeline.result(call(connection_id))
        except SendError as error:
            self._forget(connection_id, error)
            self._pipeline.notify(None, connection_id, b"", error)
            raise
