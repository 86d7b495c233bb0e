"""What test clients send and expect: frames by route and message, checked against the handler's contract. Sans-I/O."""

from collections.abc import Iterable
from typing import TypeVar, cast

from google.protobuf import empty_pb2
from google.protobuf.message import Message

from pushwire import frame
from pushwire.operation import AnyOperation, Direction, Format, Operation

__all__ = ["Frames", "message_frame"]

M = TypeVar("M", bound=Message)


def message_frame(route: str, message: Message, frame_format: Format = Format.JSON) -> str:
    """Return the text of a frame that carries a message.

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
    """The frames of one API.

    Args:
        handler: The Lambda handler; a router tells its operations, and then routes and message types are checked.
    """

    def __init__(self, handler: object) -> None:
        operations = cast("Iterable[AnyOperation] | None", getattr(handler, "operations", None))
        self._operations = None if operations is None else {operation.route: operation for operation in operations}

    def encode(self, route: str, message: Message | None, frame_format: Format | None) -> str:
        """Return the frame that a client sends.

        Args:
            route: The operation's route.
            message: Its message; `Empty` unless given.
            frame_format: The format to send in, instead of the contract's.

        Raises:
            TypeError: The contract has no such inbound operation, or another message type for it.
            pushwire.FrameError: The message cannot be encoded.
        """
        message = empty_pb2.Empty() if message is None else message
        if self._operations is None:
            return message_frame(route, message, frame_format or Format.JSON)
        operation = self._operations.get(route)
        if operation is None or not operation.direction.inbound:
            raise TypeError(f"clients have no operation with the route {route!r}: send_text sends what is none")
        if not isinstance(message, operation.message_type):
            raise TypeError(
                f"{operation} takes a {operation.message_type.DESCRIPTOR.full_name}, not a {type(message).__name__}"
            )
        return frame.encode(operation, message, frame_format).decode()

    def decode(self, text: str, message_type: type[M]) -> M:
        """Return the message of a frame that a client has received.

        Args:
            text: The frame.
            message_type: What it should hold.

        Raises:
            AssertionError: It holds something else, which the text tells.
            pushwire.FrameError: It cannot be decoded.
        """
        envelope = frame.read(text)
        expected = message_type.DESCRIPTOR.full_name
        if isinstance(envelope, frame.GatewayErrorFrame):
            raise AssertionError(f"a {expected} was expected, and this error frame came: {text}")  # noqa: TRY004
        if self._operations is not None:
            known = self._operations.get(envelope.route)
            if known is None or known.message_type is not message_type:
                raise AssertionError(f"a {expected} was expected, and this frame came: {text}")
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

        Raises:
            AssertionError: It is none.
        """
        found = frame.read(text)
        if not isinstance(found, frame.GatewayErrorFrame):
            raise AssertionError(f"an error frame was expected, and this frame came: {text}")  # noqa: TRY004
        return found
