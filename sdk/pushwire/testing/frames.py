"""Encoding and decoding of test clients' frames, checked against the handler's contract. Sans-I/O."""

from collections.abc import Iterable
from typing import TypeVar, cast

from google.protobuf import empty_pb2
from google.protobuf.message import Message

from pushwire import frame
from pushwire.operation import AnyOperation, Direction, Format, Operation

__all__ = ["Frames", "message_frame"]

M = TypeVar("M", bound=Message)


def message_frame(route: str, message: Message, frame_format: Format = Format.JSON) -> str:
    """Return the text of a frame with a message.

    Args:
        route: The route of the frame.
        message: The message.
        frame_format: The format of the frame. Defaults to JSON.

    Raises:
        pushwire.FrameError: The message cannot be encoded.
    """
    operation = Operation(
        service="",
        name=route,
        route=route,
        direction=Direction.CLIENT_TO_SERVER,
        message_type=type(message),
        format=frame_format,
    )
    return frame.encode(operation, message).decode()


class Frames:
    """Codec for the frames of one API.

    Args:
        handler: The Lambda handler. Routes and message types are checked if it has `operations`, like a router.
    """

    def __init__(self, handler: object) -> None:
        operations = cast("Iterable[AnyOperation] | None", getattr(handler, "operations", None))
        self._operations = None if operations is None else {operation.route: operation for operation in operations}

    def encode(self, route: str, message: Message | None, frame_format: Format | None) -> str:
        """Return the frame that a client sends.

        Args:
            route: The operation's route.
            message: The message. `None` for `google.protobuf.Empty`.
            frame_format: The format of the frame. `None` for the format in the contract.

        Raises:
            TypeError: The contract has no inbound operation with this route, or another message type for it.
            pushwire.FrameError: The message cannot be encoded.
        """
        message = empty_pb2.Empty() if message is None else message
        if self._operations is None:
            return message_frame(route, message, frame_format or Format.JSON)
        operation = self._operations.get(route)
        if operation is None or not operation.direction.inbound:
            raise TypeError(f"no such client operation: {route!r}; use send_text for arbitrary frames")
        if not isinstance(message, operation.message_type):
            raise TypeError(
                f"{operation} takes a {operation.message_type.DESCRIPTOR.full_name}, not a {type(message).__name__}"
            )
        return frame.encode(operation, message, frame_format).decode()

    def decode(self, text: str, message_type: type[M]) -> M:
        """Return the message of a frame that a client has received.

        Args:
            text: The frame.
            message_type: The expected type of the message.

        Raises:
            AssertionError: The frame has another message. The text of the error includes the frame.
            pushwire.FrameError: The frame cannot be decoded.
        """
        envelope = frame.read(text)
        expected = message_type.DESCRIPTOR.full_name
        if isinstance(envelope, frame.GatewayErrorFrame):
            raise AssertionError(f"expected a {expected}, received this error frame: {text}")  # noqa: TRY004
        if self._operations is not None:
            known = self._operations.get(envelope.route)
            if known is None or known.message_type is not message_type:
                raise AssertionError(f"expected a {expected}, received this frame: {text}")
        operation = Operation(
            service="",
            name=envelope.route,
            route=envelope.route,
            direction=Direction.SERVER_TO_CLIENT,
            message_type=message_type,
        )
        return envelope.message(operation)

    def decode_error(self, text: str) -> frame.GatewayErrorFrame:
        """Return an error frame that a client has received.

        Args:
            text: The frame.

        Raises:
            AssertionError: The frame is not an error frame.
        """
        found = frame.read(text)
        if not isinstance(found, frame.GatewayErrorFrame):
            raise AssertionError(f"expected an error frame, received this frame: {text}")  # noqa: TRY004
        return found
