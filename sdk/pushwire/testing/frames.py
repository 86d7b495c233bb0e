"""Encoding and decoding of test clients' frames, checked against the contract. Sans-I/O."""

from collections.abc import Iterable
from typing import NamedTuple, NoReturn, TypeVar, cast

from google.protobuf import text_format
from google.protobuf.message import Message

from pushwire import frame
from pushwire.errors import FrameError, OperationError
from pushwire.operation import AnyOperation, Format, Operation, RequestOperation

__all__ = ["Frames", "ReceivedMessage", "client_frame", "expected"]

M = TypeVar("M", bound=Message)
R = TypeVar("R", bound=Message)

_MOST_SHOWN = 1_000


class ReceivedMessage(NamedTuple):
    """Message that a client has received, with its operation.

    Attributes:
        operation: The operation of the message.
        message: The message.
    """

    operation: AnyOperation
    message: Message


def client_frame(
    operation: Operation[M], message: M | None, frame_format: Format | None, request_id: str | None = None
) -> str:
    """Return the text of the frame that a client sends.

    Args:
        operation: The operation.
        message: The message. `None` for a message with no field set.
        frame_format: The format of the frame. `None` for the format in the contract.
        request_id: The id of a client that wants an answer. Defaults to `None`, no answer.

    Raises:
        TypeError: Clients do not send the operation, or the message has another type.
        pushwire.FrameError: The message cannot be encoded.
    """
    _check_operation(operation)
    if not operation.direction.inbound:
        raise TypeError(f"clients do not send {operation}, which is a server-to-client operation")
    if message is None:
        message = operation.message_type()
    if not isinstance(message, operation.message_type):
        raise TypeError(f"{operation} takes a {_type(operation)}, not {_shown_type(message)}")
    return frame.encode(operation, message, frame_format, id=request_id).decode()


class Frames:
    """Codec for the frames of one API.

    Args:
        handler: The Lambda handler. If it has `operations`, like a router, clients send only these.
    """

    def __init__(self, handler: object) -> None:
        operations = cast("Iterable[AnyOperation] | None", getattr(handler, "operations", None))
        self._operations = None if operations is None else {operation.route: operation for operation in operations}

    def encode(
        self, operation: Operation[M], message: M | None, frame_format: Format | None, request_id: str | None = None
    ) -> str:
        """Return the frame that a client sends.

        Args:
            operation: The operation.
            message: The message. `None` for a message with no field set.
            frame_format: The format of the frame. `None` for the format in the contract.
            request_id: The id of a client that wants an answer. Defaults to `None`, no answer.

        Raises:
            TypeError: Clients do not send the operation, or the message has another type.
            pushwire.FrameError: The message cannot be encoded.
        """
        text = client_frame(operation, message, frame_format, request_id)
        if self._operations is not None and self._operations.get(operation.route) != operation:
            raise TypeError(f"the handler does not have the operation {operation}; use send_text for arbitrary frames")
        return text

    def encode_request(
        self, operation: RequestOperation[M, R], message: M | None, frame_format: Format | None, request_id: str
    ) -> str:
        """Return the frame of a request that a client sends; see `encode`."""
        if not isinstance(operation, RequestOperation):
            raise TypeError(f"{operation} is one-way and has no reply; use send")
        return self.encode(operation, message, frame_format, request_id)

    def decode_reply(self, text: str, operation: RequestOperation[M, R], request_id: str) -> R | None:
        """Return the reply to a request, or `None` if the frame is not its reply.

        Args:
            text: The frame.
            operation: The operation of the request.
            request_id: The id of the request.

        Raises:
            AssertionError: The reply cannot be decoded. The text of the error has the frame.
            pushwire.OperationError: The reply is an error.
        """
        try:
            found = frame.read(text)
        except FrameError:
            return None
        if isinstance(found, frame.GatewayErrorFrame) or found.reply_to != request_id:
            return None
        if isinstance(found.error, OperationError):
            raise found.error
        return self.decode(text, operation.reply)

    def decode(self, text: str, operation: Operation[M]) -> M:
        """Return the message of a frame that a client has received.

        Args:
            text: The frame.
            operation: The expected operation.

        Raises:
            AssertionError: The frame is not a message of this operation. The text of the error has the frame.
        """
        wanted = expected(operation)
        envelope = self._envelope(text, wanted)
        if envelope.route != operation.route:
            self._fail(wanted, text)
        try:
            return envelope.message(operation)
        except FrameError as error:
            raise AssertionError(
                f"{wanted}, received a frame that cannot be decoded: {error}: {_bounded(text)}"
            ) from error

    def decode_any(self, text: str) -> ReceivedMessage:
        """Return the message of a frame that a client has received, and its operation.

        Args:
            text: The frame.

        Raises:
            AssertionError: The frame is not a message of the handler's contract. The text of the error has the frame.
        """
        wanted = "expected a message of any operation"
        operation = (self._operations or {}).get(self._envelope(text, wanted).route)
        if operation is None or not operation.direction.outbound:
            self._fail(wanted, text)
        return ReceivedMessage(operation, self.decode(text, operation))

    def decode_error(self, text: str) -> frame.GatewayErrorFrame:
        """Return an error frame that a client has received.

        Args:
            text: The frame.

        Raises:
            AssertionError: The frame is not an error frame. The text of the error has the frame.
        """
        try:
            found = frame.read(text)
        except FrameError:
            found = None
        if not isinstance(found, frame.GatewayErrorFrame):
            self._fail("expected an error frame", text)
        return found

    def describe(self, text: str) -> str:
        """Return a description of a frame, for the text of an error: its operation and message, if they are known.

        Args:
            text: The frame.
        """
        try:
            envelope = frame.read(text)
            if isinstance(envelope, frame.GatewayErrorFrame):
                return f"the error frame {_bounded(text)}"
            operation = (self._operations or {})[envelope.route]
            message = text_format.MessageToString(envelope.message(operation), as_utf8=True, as_one_line=True)
        except (FrameError, KeyError):
            return f"this frame: {_bounded(text)}"
        return f"{operation} ({_type(operation)}): {{{_bounded(message)}}}"

    def _envelope(self, text: str, wanted: str) -> frame.Envelope:
        try:
            envelope = frame.read(text)
        except FrameError:
            self._fail(wanted, text)
        if isinstance(envelope, frame.GatewayErrorFrame):
            self._fail(wanted, text)
        return envelope

    def _fail(self, wanted: str, text: str) -> NoReturn:
        raise AssertionError(f"{wanted}, received {self.describe(text)}")


def expected(operation: AnyOperation) -> str:
    """Return the first half of an error's text, which names the expected operation.

    Args:
        operation: The operation.

    Raises:
        TypeError: Clients do not receive the operation.
    """
    _check_operation(operation)
    if not operation.direction.outbound:
        raise TypeError(f"clients do not receive {operation}, which is a client-to-server operation")
    return f"expected {operation} ({_type(operation)})"


def _check_operation(operation: object) -> None:
    if not isinstance(operation, Operation):
        raise TypeError(
            f"an operation is required, such as ChatOperations.say of the generated module chat_pushwire_operations, "
            f"not {_shown_type(operation)}"
        )


def _type(operation: AnyOperation) -> str:
    return cast("str", operation.message_type.DESCRIPTOR.full_name)


def _shown_type(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    descriptor = getattr(value, "DESCRIPTOR", None)
    return f"a {getattr(descriptor, 'full_name', type(value).__name__)}"


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}… ({len(text):,} characters)"
