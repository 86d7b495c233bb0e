"""The base of every generated async Server SDK."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

from google.protobuf.message import Message

from pushwire.errors import SendError
from pushwire.operation import AnyOperation, Operation
from pushwire.server.base import BaseServerSdk
from pushwire.server.outgoing import Outgoing
from pushwire.transport.protocol import AsyncTransport, ConnectionInfo

__all__ = ["AsyncConnectionsView", "AsyncServerSdk"]

M = TypeVar("M", bound=Message)
T = TypeVar("T")


class AsyncServerSdk(BaseServerSdk[AsyncTransport]):
    """Sends the messages of one service to its clients, with `await`; generated classes add a typed method for each.

    Built once and reused, in one event loop: it holds pooled connections. Where to post comes from
    one of `callback_url`, `client`, `transport`, or else from the environment variable `PUSHWIRE_CALLBACK_URL`.

    Every method raises a subclass of `pushwire.SendError`: `ConnectionGoneError`, `ThrottledError`,
    `PayloadTooLargeError`, `ForbiddenError`, `InvalidConnectionIdError`, `CredentialsError` or `UnavailableError`. A
    message may arrive twice, because calls whose answer was lost are tried again. That API Gateway accepted a message
    does not mean that its client has read it.

    Args:
        callback_url: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, a custom domain with its mapping
            key, or an `http://` URL of this machine (the local gateway's). Posts go through boto3, on
            threads.
        client: Your own `boto3.client("apigatewaymanagementapi", endpoint_url=…)`, with its own retries and time-outs.
        transport: Any other way to the management API, such as `pushwire.testing.AsyncRecordingTransport`.
        region: The region to sign for; else the URL's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.
        connect_timeout: Seconds for each attempt to connect; 1 unless given.
        read_timeout: Seconds without a byte of the answer, for each attempt; 3 unless given.
        max_attempts: How many requests one send may make; 3 unless given.
        frame_format: The format to send in, instead of the contract's.
        on_gone: Called with each connection id that answers 410, before `ConnectionGoneError` is raised: the place to
            forget it. A function, or an async one.

    Raises:
        pushwire.CallbackUrlError: No callback URL was given, or it cannot work.
        pushwire.CredentialsError: The profile that the environment names does not exist.
        ImportError: boto3 is needed and not installed.
        TypeError: More than one way to post was given, or settings that do not go with it.
    """

    @staticmethod
    def _boto3_transport() -> Callable[..., AsyncTransport]:
        from pushwire.transport.boto3.async_transport import (
            AsyncBoto3Transport,  # slow to import, and not always needed
        )

        return AsyncBoto3Transport

    @property
    def connections(self) -> AsyncConnectionsView:
        """Connections themselves: what is known of one, and closing one."""
        return AsyncConnectionsView(self._outgoing)

    async def close(self) -> None:
        """Close what this SDK opened. A `client` or `transport` of yours stays open."""
        if self._owned:
            await self._outgoing.transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, operation: Operation[M], connection_id: str, message: M) -> None:
        """Send one message; the body of every generated method."""
        await self._post(operation, connection_id, self._outgoing.frame(operation, message, connection_id))

    async def _post(self, operation: AnyOperation | None, connection_id: str, data: bytes) -> None:
        """Send the text of a frame: an operation's, or another."""
        try:
            self._outgoing.check(connection_id)
            self._outgoing.check_size(operation, data, connection_id)
            await self._outgoing.transport.post(connection_id, data)
        except SendError as error:
            await told(self._outgoing.ended(operation, connection_id, data, error))
            raise
        self._outgoing.ended(operation, connection_id, data, None)


class AsyncConnectionsView:
    """The connections of one WebSocket API: `get` and `disconnect`."""

    __slots__ = ("_outgoing",)

    def __init__(self, outgoing: Outgoing[AsyncTransport]) -> None:
        self._outgoing = outgoing

    async def get(self, connection_id: str) -> ConnectionInfo:
        """Ask what API Gateway knows of a connection: since when, last active when, from where.

        Raises:
            pushwire.SendError: As one of its subclasses; `ConnectionGoneError` where it is not connected.
        """
        return await self._call(connection_id, self._outgoing.transport.get)

    async def disconnect(self, connection_id: str) -> None:
        """Close a connection. API Gateway runs `$disconnect` with status 1000; no code or reason can be chosen.

        Raises:
            pushwire.SendError: As one of its subclasses; `ConnectionGoneError` where it is not connected.
        """
        await self._call(connection_id, self._outgoing.transport.delete)

    async def _call(self, connection_id: str, call: Callable[[str], Awaitable[T]]) -> T:
        try:
            self._outgoing.check(connection_id)
            return await call(connection_id)
        except SendError as error:
            await told(self._outgoing.ended(None, connection_id, b"", error))
            raise


async def told(result: object) -> None:
    """Wait for an `on_gone` that is async."""
    if isinstance(result, Awaitable):
        await result
