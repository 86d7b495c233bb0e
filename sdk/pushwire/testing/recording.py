"""Transports for tests: they record calls and send nothing."""

import copy
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import overload

from google.protobuf.message import Message

from pushwire import frame
from pushwire._closing import AsyncClosing, Closing
from pushwire.errors import SendError
from pushwire.operation import AnyOperation
from pushwire.server import SendObserver
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions

__all__ = ["AsyncRecordingTransport", "Post", "RecordingTransport", "Sent", "SentMessages"]


@dataclass(frozen=True, slots=True)
class Post:
    """One frame that was sent.

    Attributes:
        connection_id: The connection that it was sent to.
        data: The frame's text in UTF-8, as API Gateway would carry it.
    """

    connection_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that a Server SDK has sent.

    Attributes:
        connection_id: The connection that it was sent to.
        operation: The operation that it was sent by.
        message: The message as its client would decode it.
    """

    connection_id: str
    operation: AnyOperation
    message: Message


class SentMessages(Sequence[Sent]):
    """The messages that Server SDKs have sent so far, in order."""

    def __init__(self) -> None:
        self._sent: list[Sent] = []

    def to(self, connection_id: str) -> list[Message]:
        """Return the messages that were sent to one connection: `assert sent.to("a") == [Greeting(greeting="Hi")]`."""
        return [sent.message for sent in self._sent if sent.connection_id == connection_id]

    def add(self, sent: Sent) -> None:
        """Add a message."""
        self._sent.append(sent)

    @overload
    def __getitem__(self, index: int) -> Sent: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sent]: ...
    def __getitem__(self, index: int | slice) -> Sent | list[Sent]:
        """Return one message, or a slice of them."""
        return self._sent[index]

    def __len__(self) -> int:
        return len(self._sent)

    def __repr__(self) -> str:
        return repr(self._sent)


class _Record(SendObserver):
    """The records of both recording transports.

    Attributes:
        posts: The frames sent so far, in order, including error frames.
        sent: The messages in these frames that Server SDKs with this transport have sent.
        deleted: The connections closed so far, in order.
        failures: The error to raise for a connection id, in place of recording. Tests may change it at any time.
    """

    def __init__(self, *, failures: Mapping[str, SendError] | None = None) -> None:
        self.posts: list[Post] = []
        self.sent = SentMessages()
        self.deleted: list[str] = []
        self.failures: dict[str, SendError] = dict(failures or {})

    def on_send_complete(
        self, operation: AnyOperation, connection_id: str, data: bytes, error: SendError | None, /
    ) -> None:
        """Record the message of a frame. The Server SDK that posted the frame calls this.

        Raises:
            pushwire.FrameError: A client could not decode the frame.
        """
        if error is None:
            _, message = frame.decode(data.decode(), {operation.route: operation})
            self.sent.add(Sent(connection_id, operation, message))

    def _failure(self, connection_id: str) -> SendError | None:
        failure = copy.copy(self.failures.get(connection_id))
        if failure is not None:
            failure.connection_id = connection_id
        return failure

    def _post(self, connection_id: str, data: bytes) -> SendError | None:
        failure = self._failure(connection_id)
        if failure is None:
            self.posts.append(Post(connection_id, data))
        return failure

    def _get(self, connection_id: str) -> ConnectionInfo:
        _raise(self._failure(connection_id))
        time = datetime(2024, 1, 1, tzinfo=UTC)
        return ConnectionInfo(connected_at=time, last_active_at=time, source_ip="192.0.2.1", user_agent=None)

    def _delete(self, connection_id: str) -> None:
        _raise(self._failure(connection_id))
        self.deleted.append(connection_id)


class RecordingTransport(_Record, Closing):
    """A transport that records instead of sending."""

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Record a frame.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        _raise(self._post(connection_id, data))

    def post_many(
        self,
        connection_ids: Iterable[str],
        data: bytes,
        _options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Record a frame to each connection, in order."""
        for connection_id in connection_ids:
            on_outcome(connection_id, self._post(connection_id, data))
        return ()

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return a fixed time and address.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        return self._get(connection_id)

    def delete(self, connection_id: str, /) -> None:
        """Record that a connection was closed.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        self._delete(connection_id)

    def close(self) -> None:
        """Do nothing."""


class AsyncRecordingTransport(_Record, AsyncClosing):
    """An async transport that records instead of sending."""

    async def post(self, connection_id: str, data: bytes, /) -> None:
        """Record a frame.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        _raise(self._post(connection_id, data))

    async def post_many(
        self,
        connection_ids: Iterable[str] | AsyncIterable[str],
        data: bytes,
        _options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Record a frame to each connection, in order."""
        async for connection_id in _each(connection_ids):
            on_outcome(connection_id, self._post(connection_id, data))
        return ()

    async def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return a fixed time and address.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        return self._get(connection_id)

    async def delete(self, connection_id: str, /) -> None:
        """Record that a connection was closed.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        self._delete(connection_id)

    async def close(self) -> None:
        """Do nothing."""


def _raise(failure: SendError | None) -> None:
    if failure is not None:
        raise failure


async def _each(connection_ids: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[str]:
    if isinstance(connection_ids, AsyncIterable):
        async for connection_id in connection_ids:
            yield connection_id
    else:
        for connection_id in connection_ids:
            yield connection_id
