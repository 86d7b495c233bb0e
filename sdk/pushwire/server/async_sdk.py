"""The base of every generated async Server SDK."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar, Unpack, cast, overload

from google.protobuf.message import Message

from pushwire.errors import SendError
from pushwire.operation import AnyOperation, Operation
from pushwire.server.async_broadcast import AsyncBroadcast, AsyncStoredIds, member_ids, send_to_many
from pushwire.server.base import BaseServerSdk
from pushwire.server.options import (
    BroadcastOptions,
    FanoutOptions,
    check_connection_ids,
    check_fanout_options,
    check_options,
)
from pushwire.server.pipeline import SendPipeline, is_gone
from pushwire.server.report import BroadcastReport
from pushwire.server.via import FanoutQueue, check_queue, queue_for_many_async
from pushwire.store import AsyncStore, ConnectionStore
from pushwire.transport.protocol import AsyncTransport, ConnectionInfo

__all__ = ["AsyncConnectionsView", "AsyncServerSdk"]

M = TypeVar("M", bound=Message)
T = TypeVar("T")
B_co = TypeVar("B_co", covariant=True)
J_co = TypeVar("J_co", covariant=True)
"""The result of `to`: a broadcast whose methods return a report, or a fan-out job once `to` has the option `via=`."""


class AsyncServerSdk(BaseServerSdk[AsyncTransport, AsyncStore | ConnectionStore], Generic[B_co, J_co]):
    """Sender of one service's messages, with `await`. Generated classes add a method for each message.

    Make one and reuse it in one event loop, because it holds pooled connections. It posts to `callback_url` or through
    `client` or `transport`, by default to the URL in the environment variable `PUSHWIRE_CALLBACK_URL`.

    Every method raises a subclass of `pushwire.SendError`: `ConnectionGoneError`, `ThrottledError`,
    `PayloadTooLargeError`, `ForbiddenError`, `InvalidConnectionIdError`, `CredentialsError` or `UnavailableError`. A
    message may arrive twice, because calls whose response was lost are repeated. That API Gateway accepted a message
    does not mean that its client has read it.

    Args:
        callback_url: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping
            key, or an `http://` URL of this machine (the local gateway). boto3 posts, on threads.
        client: Your own `boto3.client("apigatewaymanagementapi", endpoint_url=…)`, with its own retries and time-outs.
        transport: The transport that posts, such as `pushwire.testing.AsyncRecordingTransport`.
        region: The region to sign for. Defaults to that of the URL, `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile.
        connect_timeout: Seconds for each attempt to connect. Defaults to 1.
        read_timeout: Seconds to wait for the next byte of the response, for each attempt. Defaults to 3.
        max_attempts: The largest number of requests for one send. Defaults to 3.
        allow_http: Whether the URL may be an `http://` URL of another host. Defaults to whether the environment
            variable `PUSHWIRE_ALLOW_HTTP` is `1`.
        frame_format: The format of all frames. Defaults to the format of each operation in the contract.
        on_gone: Called with each connection id that API Gateway answers with 410, before `ConnectionGoneError`
            is raised. It may be async.
        store: The connection store. `to(topic=…)` and `to(user=…)` read it, and connections that API Gateway answers
            with 410 are removed from it by its method `gone`, whose failures are logged. A store
            that is not async runs on threads, as in an `AsyncStore`. Defaults to `None`.

    Raises:
        pushwire.CallbackUrlError: No callback URL was given, or it is malformed.
        pushwire.CredentialsError: The profile that the environment names does not exist, or boto3 cannot load its
            credentials or settings.
        ImportError: boto3 is needed and not installed.
        TypeError: `transport` is combined with other settings, or is not an async transport; `client` is combined with
            other settings, or is not a sync client of the management API; or a setting has the
            wrong type.
        ValueError: `max_attempts` or a time-out is out of range, or the region has characters that no region has.
    """

    _is_async = True
    _broadcast: ClassVar[type[AsyncBroadcast[Any]]] = AsyncBroadcast

    @staticmethod
    def _boto3_transport() -> Callable[..., AsyncTransport]:
        from pushwire.transport.boto3.async_transport import (
            AsyncBoto3Transport,  # slow to import, and not always needed
        )

        return AsyncBoto3Transport

    @overload
    def to(
        self, connection_ids: Iterable[str] | AsyncIterable[str], /, **options: Unpack[BroadcastOptions]
    ) -> B_co: ...
    @overload
    def to(
        self,
        connection_ids: Iterable[str] | AsyncIterable[str],
        /,
        *,
        via: FanoutQueue,
        **options: Unpack[FanoutOptions],
    ) -> J_co: ...
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
        """Select the connections that the next message goes to: `await sdk.to(ids, deadline=20).said(message)`.

        Nothing is sent before a method of the result is called. Ids of a topic or a user are read from the store page
        by page, while posts are in flight.

        Args:
            *connection_ids: The connections, from any iterable or async iterable. An id that occurs twice is sent to
                twice.
            topic: The name of a topic of the SDK's connection store: `await sdk.to(topic="lobby").said(message)`.
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
        check_connection_ids(recipients, Iterable, AsyncIterable)
        if via is not None:
            check_queue(via)
            limits = check_fanout_options(cast("FanoutOptions", options))
            return self._broadcast(partial(queue_for_many_async, self._pipeline, via, recipients, limits))
        checked = check_options(cast("BroadcastOptions", options))
        return self._broadcast(partial(send_to_many, self._pipeline, self._store, recipients, checked))

    @property
    def connections(self) -> AsyncConnectionsView:
        """The management of single connections: `get` and `disconnect`."""
        return AsyncConnectionsView(self._pipeline, self._forget)

    async def close(self) -> None:
        """Close the connections that this SDK opened. A `client` or `transport` that was passed to it stays open."""
        if self._owned:
            await self._pipeline.transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, operation: Operation[M], connection_id: str, message: M) -> None:
        """Send one message. Every generated method calls it."""
        await self._post(operation, connection_id, self._pipeline.frame(operation, message, connection_id))

    async def _post(self, operation: AnyOperation | None, connection_id: str, data: bytes) -> None:
        """Send the text of a frame. It need not be a frame of an operation."""
        try:
            self._pipeline.check(connection_id)
            self._pipeline.check_size(operation, data, connection_id)
            await self._pipeline.transport.post(connection_id, data)
        except SendError as error:
            await self._forget(connection_id, error)
            await _notified(self._pipeline.notify(operation, connection_id, data, error))
            raise
        self._pipeline.notify(operation, connection_id, data, None)

    async def _forget(self, connection_id: str, error: SendError) -> None:
        """Remove a connection from the store if it is gone."""
        if self._store is not None and is_gone(error):
            try:
                await self._store.gone([connection_id])
            except Exception as failure:  # noqa: BLE001 - of a store of the user's
                from pushwire.server.store_updates import log_store_failure  # only with a store

                log_store_failure(failure)

    async def _send_frame(
        self, operation: AnyOperation, frame: bytes, connection_ids: Iterable[str], options: BroadcastOptions
    ) -> BroadcastReport:
        """Send the text of a frame to many connections."""
        checked = check_options(options)
        return await send_to_many(self._pipeline, self._store, connection_ids, checked, operation, frame)

    def _stored_ids(self, kind: str, name: str) -> AsyncIterable[str]:
        read = partial(member_ids, self._store) if kind == "topic" else self._store.of_user
        return AsyncStoredIds(partial(read, name))


class AsyncConnectionsView:
    """The connections of one WebSocket API: `get` and `disconnect`."""

    __slots__ = ("_forget", "_pipeline")

    def __init__(
        self, pipeline: SendPipeline[AsyncTransport], forget: Callable[[str, SendError], Awaitable[None]]
    ) -> None:
        self._pipeline = pipeline
        self._forget = forget

    async def get(self, connection_id: str) -> ConnectionInfo:
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
        return await self._call(connection_id, self._pipeline.transport.get)

    async def disconnect(self, connection_id: str) -> None:
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
        await self._call(connection_id, self._pipeline.transport.delete)

    async def _call(self, connection_id: str, call: Callable[[str], Awaitable[T]]) -> T:
        try:
            self._pipeline.check(connection_id)
            return await call(connection_id)
        except SendError as error:
            await self._forget(connection_id, error)
            await _notified(self._pipeline.notify(None, connection_id, b"", error))
            raise


async def _notified(result: object) -> None:
    """Wait for an async `on_gone`."""
    if isinstance(result, Awaitable):
        await result
