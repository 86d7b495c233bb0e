"""The steps of a send that do not wait, shared by the sync and the async Server SDK.

They encode the frame, refuse what cannot be sent, and notify `on_gone` and the observers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from google.protobuf.message import Message

from pushwire import frame
from pushwire._checks import not_a_connection_id
from pushwire._functions import is_unawaited
from pushwire._log import debugs, logger
from pushwire.errors import (
    ConnectionGoneError,
    ConnectionPendingError,
    InvalidConnectionIdError,
    PayloadTooLargeError,
    SendError,
)
from pushwire.operation import AnyOperation, Format, Operation
from pushwire.transport.protocol import AsyncTransport, Transport

__all__ = ["OnGone", "SendObserver", "SendPipeline", "async_transport", "is_gone"]

M = TypeVar("M", bound=Message)
T = TypeVar("T")
C = TypeVar("C", bound=Transport | AsyncTransport)

OnGone = Callable[[str], object]

_SHOWN_OF_A_FRAME = 200


class SendObserver(ABC):
    """Base of classes that observe the sends of a Server SDK, such as metrics and the transports of tests.

    A transport that inherits from this class observes the sends of each SDK that it is passed to.
    """

    @abstractmethod
    def on_send_complete(
        self, operation: AnyOperation, connection_id: str, data: bytes, error: SendError | None, /
    ) -> None:
        """Observe a send that is complete.

        Args:
            operation: The operation that was sent.
            connection_id: The connection that it was sent to.
            data: The frame.
            error: The error, or `None` if the message was accepted.
        """


class SendPipeline(Generic[C]):
    """The send settings of one Server SDK, and the steps that use them.

    Args:
        transport: The transport that posts.
        frame_format: The format of all frames. `None` for the format of each operation in the contract.
        on_gone: Called with each connection id that API Gateway answers with 410.
        observers: Observers to notify of each send. Defaults to no observers.
        pending: The id of the connection whose `$connect` is running, which cannot be sent to yet. Defaults to `None`.

    Attributes:
        transport: The transport that posts.
        on_gone: Called with each connection id that API Gateway answers with 410.
    """

    def __init__(
        self,
        transport: C,
        frame_format: Format | None,
        on_gone: OnGone | None,
        observers: Sequence[SendObserver] = (),
        pending: str | None = None,
    ) -> None:
        self.transport: Final = transport
        self._frame_format = frame_format
        self.on_gone: Final = on_gone
        self._observers = observers
        self._pending = pending

    def with_on_gone(self, on_gone: OnGone) -> SendPipeline[C]:
        """Return a copy that calls this function instead of `on_gone`."""
        return SendPipeline(self.transport, self._frame_format, on_gone, self._observers, self._pending)

    def while_pending(self, connection_id: str) -> SendPipeline[C]:
        """Return a copy that rejects sends to this connection during its `$connect`."""
        return SendPipeline(self.transport, self._frame_format, self.on_gone, self._observers, connection_id)

    def observed_by(self, observers: Sequence[SendObserver]) -> SendPipeline[C]:
        """Return a copy that also notifies these observers."""
        observers = [*self._observers, *observers]
        return SendPipeline(self.transport, self._frame_format, self.on_gone, observers, self._pending)

    def frame(self, operation: Operation[M], message: M, recipient: str) -> bytes:
        """Encode a message as the text of a frame.

        Args:
            operation: The operation.
            message: Its message.
            recipient: The connection id, or a word for several, for the log.

        Returns:
            The frame's text in UTF-8.

        Raises:
            FrameError: The message cannot be encoded.
            TypeError: The message has the wrong type.
        """
        if not isinstance(message, operation.message_type):
            raise TypeError(
                f"{operation} takes a {operation.message_type.DESCRIPTOR.full_name}, not a {type(message).__name__}"
            )
        data = frame.encode(operation, message, self._frame_format)
        if debugs("server"):
            logger("server").debug("send %s to %s: %r", operation, recipient, data[:_SHOWN_OF_A_FRAME])
        return data

    def check_size(self, operation: AnyOperation | None, data: bytes, connection_id: str = "") -> None:
        """Raise `PayloadTooLargeError` if a frame is over API Gateway's limit."""
        if len(data) > frame.MAX_FRAME_SIZE:
            raise PayloadTooLargeError(
                f"it has {len(data):,} bytes, and API Gateway's limit is {frame.MAX_FRAME_SIZE:,}",
                size=len(data),
                operation=operation,
                connection_id=connection_id,
            )

    def refusal(self, connection_id: str) -> SendError | None:
        """Return the error of a connection that is not posted to, or `None`.

        Raises:
            TypeError: The connection id is not a string.
        """
        if not isinstance(connection_id, str):
            raise not_a_connection_id(connection_id)
        if not connection_id:
            return InvalidConnectionIdError("the id is empty", connection_id=connection_id)
        if connection_id == self._pending:  # API Gateway would answer with 410
            return ConnectionPendingError(
                "send when the client's first message arrives; to refuse the client, raise ConnectionDenied",
                connection_id=connection_id,
            )
        return None

    def check(self, connection_id: str) -> None:
        """Raise the error of a connection that is not posted to."""
        error = self.refusal(connection_id)
        if error is not None:
            raise error

    def result(self, returned: T) -> T:
        """Return what a method of a sync transport returned.

        Raises:
            TypeError: It is awaitable, so the method has done nothing.
        """
        if is_unawaited(returned):
            raise async_transport(self.transport)
        return returned

    def notify(
        self, operation: AnyOperation | None, connection_id: str, data: bytes, error: SendError | None
    ) -> object:
        """Notify `on_gone` and the observers of a complete send, or of another call if there is no operation.

        Returns:
            The result of `on_gone`, which may be awaitable, or `None`.
        """
        notified: object = None
        if error is not None:
            error.operation = operation
            if self.on_gone is not None and is_gone(error):
                notified = self.on_gone(connection_id)
        if operation is not None:
            for observer in self._observers:
                observer.on_send_complete(operation, connection_id, data, error)
        return notified


def async_transport(transport: object) -> TypeError:
    """Return the error of a sync SDK for an async transport."""
    return TypeError(
        "transport= is async, which this SDK cannot await: use a sync transport, or the async SDK "
        f"({type(transport).__name__})"
    )


def is_gone(error: SendError) -> bool:
    """Return whether an error means that the connection has ended, and not that it is not open yet."""
    return isinstance(error, ConnectionGoneError) and not isinstance(error, ConnectionPendingError)
