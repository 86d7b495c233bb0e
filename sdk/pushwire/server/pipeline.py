"""Messages on their way to clients: what a frame is, what is refused before it is posted, who is told how it ended.

What the sync and the async Server SDK share: all but the calls that wait.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from google.protobuf.message import Message

from pushwire import frame
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

__all__ = ["OnGone", "SendObserver", "SendPipeline", "is_gone"]

M = TypeVar("M", bound=Message)
C = TypeVar("C", bound=Transport | AsyncTransport)

OnGone = Callable[[str], object]

_SHOWN_OF_A_FRAME = 200


class SendObserver(ABC):
    """A base class of objects that receive the outcome of each send: metrics, and the transports of tests.

    A transport that is also an observer inherits from it. A method of the same name is not enough, since a transport
    of the user's may have a method of any name.
    """

    @abstractmethod
    def on_send_complete(
        self, operation: AnyOperation, connection_id: str, data: bytes, error: SendError | None, /
    ) -> None:
        """Receive the outcome of a send.

        Args:
            operation: The operation that was sent.
            connection_id: The connection it was sent to.
            data: Its frame.
            error: The error; `None` if API Gateway accepted the frame.
        """


class SendPipeline(Generic[C]):
    """The way out of one Server SDK.

    Args:
        transport: Where to post.
        frame_format: The format to send in, instead of the contract's.
        on_gone: Called with each connection id that answers 410.
        observers: Are told of each send.
        pending: The connection whose `$connect` is running, to which nothing can be sent yet.

    Attributes:
        transport: Where to post.
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
        self._on_gone = on_gone
        self._observers = observers
        self._pending = pending

    def while_pending(self, connection_id: str) -> SendPipeline[C]:
        """The same way out, while a connection's `$connect` runs: it refuses that connection at once."""
        return SendPipeline(self.transport, self._frame_format, self._on_gone, self._observers, connection_id)

    def observed_by(self, observers: Sequence[SendObserver]) -> SendPipeline[C]:
        """The same way out, and these observers are told as well."""
        observers = [*self._observers, *observers]
        return SendPipeline(self.transport, self._frame_format, self._on_gone, observers, self._pending)

    def frame(self, operation: Operation[M], message: M, recipient: str) -> bytes:
        """Make a message the text of a frame; the recipient is for the log."""
        if not isinstance(message, operation.message_type):
            raise TypeError(
                f"{operation} takes a {operation.message_type.DESCRIPTOR.full_name}, not a {type(message).__name__}"
            )
        data = frame.encode(operation, message, self._frame_format)
        if debugs("server"):
            logger("server").debug("send %s to %s: %r", operation, recipient, data[:_SHOWN_OF_A_FRAME])
        return data

    def check_size(self, operation: AnyOperation | None, data: bytes, connection_id: str = "") -> None:
        """Raise `PayloadTooLargeError` for a frame that API Gateway does not take."""
        if len(data) > frame.MAX_FRAME_SIZE:
            raise PayloadTooLargeError(
                f"{len(data):,} bytes, and API Gateway takes {frame.MAX_FRAME_SIZE:,}",
                size=len(data),
                operation=operation,
                connection_id=connection_id,
            )

    def refusal(self, connection_id: str) -> SendError | None:
        """Return why nothing is sent to a connection, without asking API Gateway; `None` where it is.

        Raises:
            TypeError: It is no string.
        """
        if not isinstance(connection_id, str):
            raise TypeError(f"a connection id must be a string, not {type(connection_id).__name__}")
        if not connection_id:
            return InvalidConnectionIdError("it is empty", connection_id=connection_id)
        if connection_id == self._pending:  # API Gateway would answer 410
            return ConnectionPendingError(
                "send to it when the client's first message arrives (have the client say hello), or deny the "
                "connection by raising ConnectionDenied",
                connection_id=connection_id,
            )
        return None

    def check(self, connection_id: str) -> None:
        """Raise why nothing is sent to a connection, if so."""
        error = self.refusal(connection_id)
        if error is not None:
            raise error

    def notify(
        self, operation: AnyOperation | None, connection_id: str, data: bytes, error: SendError | None
    ) -> object:
        """Tell all who want to know how a send ended, or another call where there is no operation.

        Returns:
            What `on_gone` returned, if it was called: something to await, perhaps.
        """
        notified: object = None
        if error is not None:
            error.operation = operation
            if self._on_gone is not None and is_gone(error):
                notified = self._on_gone(connection_id)
        if operation is not None:
            for observer in self._observers:
                observer.on_send_complete(operation, connection_id, data, error)
        return notified


def is_gone(error: SendError) -> bool:
    """Whether the connection is to be forgotten: not one that is not open yet."""
    return isinstance(error, ConnectionGoneError) and not isinstance(error, ConnectionPendingError)
