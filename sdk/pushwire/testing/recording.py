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
    """Frame that was posted.

    Attributes:
        connection_id: The id of the connection that it was posted to.
        data: The frame's text in UTF-8.
    """

    connection_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """Message that a Server SDK has sent.

    Attributes:
        connection_id: The id of the connection that it was sent to.
        operation: The operation of the message.
        message: The message, decoded from the frame.
    """

    connection_id: str
    operation: AnyOperation
    message: Message


class SentMessages(Sequence[Sent]):
    """Messages that Server SDKs have sent, in order: a sequence of `Sent`."""

    def __init__(self) -> None:
        self._sent: list[Sent] = []

    def to(self, connection_id: str) -> list[Message]:
        """Return the messages that were sent to one connection: `assert sent.to("a") == [Greeting(greeting="Hi")]`.

        Args:
            connection_id: The id of the connection.
        """
        return [sent.message for sent in self._sent if sent.connection_id == connection_id]

    def add(self, sent: Sent) -> None:
        """Add a message.

        Args:
            sent: The message with its connection and operation.
        """
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
    """Base of both recording transports, which document the arguments and attributes."""

    def __init__(self, *, failures: Mapping[str, SendError] | None = None) -> None:
        self.posts: list[Post] = []
        self.sent = SentMessages()
        self.deleted: list[str] = []
        self.failures: dict[str, SendError] = dict(failures or {})

    def on_send_complete(
        self, operation: AnyOperation, connection_id: str, data: bytes, error: SendError | None, /
    ) -> None:
        """Record the message of a frame. The Server SDK that posted the frame calls this method.

        Args:
            operation: The operation that was sent.
            connection_id: The id of the connection.
            data: The frame's text in UTF-8.
            error: The error of the send. `None` if the frame was accepted.

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
    """Transport that records instead of sending.

    Args:
        failures: The errors to raise, by connection id. Defaults to no errors.

    Attributes:
        posts: The posted frames, in order, including error frames.
        sent: The messages of these frames that Server SDKs with this transport have sent.
        deleted: The ids of the connections that were closed, in order.
        failures: The errors to raise, by connection id, instead of recording. Tests may change them at any time.
    """

    def post(self, connection_id: str, data: bytes, /) -> None:
        """Record a frame.

        Args:
            connection_id: The id of the connection.
            data: The frame's text in UTF-8.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        _raise(self._post(connection_id, data))

    def post_many(
        self,
        connection_ids: Iterable[str],
        data: bytes,
        options: FanOutOptions,  # noqa: ARG002 - named as in the protocol
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Record a frame for each connection, in order.

        Args:
            connection_ids: The ids of the connections.
            data: The frame's text in UTF-8.
            options: The options of the broadcast, which are ignored.
            on_outcome: A function that is called with each connection id, and with its error or `None`.

        Returns:
            An empty tuple, because all ids are sent to.
        """
        for connection_id in connection_ids:
            on_outcome(connection_id, self._post(connection_id, data))
        return ()

    def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return constant details of a connection.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        return self._get(connection_id)

    def delete(self, connection_id: str, /) -> None:
        """Record that a connection was closed.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        self._delete(connection_id)

    def close(self) -> None:
        """Do nothing, because a recording transport has no connections."""


class AsyncRecordingTransport(_Record, AsyncClosing):
    """Async transport that records instead of sending.

    Args:
        failures: The errors to raise, by connection id. Defaults to no errors.

    Attributes:
        posts: The posted frames, in order, including error frames.
        sent: The messages of these frames that Server SDKs with this transport have sent.
        deleted: The ids of the connections that were closed, in order.
        failures: The errors to raise, by connection id, instead of recording. Tests may change them at any time.
    """

    async def post(self, connection_id: str, data: bytes, /) -> None:
        """Record a frame.

        Args:
            connection_id: The id of the connection.
            data: The frame's text in UTF-8.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        _raise(self._post(connection_id, data))

    async def post_many(
        self,
        connection_ids: Iterable[str] | AsyncIterable[str],
        data: bytes,
        options: FanOutOptions,  # noqa: ARG002 - named as in the protocol
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        """Record a frame for each connection, in order.

        Args:
            connection_ids: The ids of the connections.
            data: The frame's text in UTF-8.
            options: The options of the broadcast, which are ignored.
            on_outcome: A function that is called with each connection id, and with its error or `None`.

        Returns:
            An empty tuple, because all ids are sent to.
        """
        async for connection_id in _each(connection_ids):
            on_outcome(connection_id, self._post(connection_id, data))
        return ()

    async def get(self, connection_id: str, /) -> ConnectionInfo:
        """Return constant details of a connection.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        return self._get(connection_id)

    async def delete(self, connection_id: str, /) -> None:
        """Record that a connection was closed.

        Args:
            connection_id: The id of the connection.

        Raises:
            pushwire.SendError: The error that `failures` has for the connection.
        """
        self._delete(connection_id)

    async def close(self) -> None:
        """Do nothing, because a recording transport has no connections."""


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
