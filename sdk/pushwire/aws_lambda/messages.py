"""Decoding of clients' messages, and the error frames for messages that are refused."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from google.protobuf.message import Message

from pushwire import frame
from pushwire.aws_lambda.events import MessageEvent
from pushwire.errors import Code, FrameError, OperationError
from pushwire.operation import AnyOperation

__all__ = ["BAD_REQUEST_BODY", "FORBIDDEN", "DecodedMessage", "error_frame", "is_keepalive", "receive", "unclaimed"]

BAD_REQUEST_BODY: Final = "Bad request body"
FORBIDDEN: Final = "Forbidden"
"""The texts of error frames. They are API Gateway's own texts, so that clients handle one set of texts ("Set up
WebSocket API routes and integrations", API Gateway developer guide)."""

_KEEPALIVE: Final = json.loads(frame.KEEPALIVE)
_LONGEST_KEEPALIVE: Final = 44
"""The number of characters of a keepalive with indentation, in base64."""
_LONGEST_BASE64: Final = (frame.MAX_FRAME_SIZE + 2) // 3 * 4


def is_keepalive(event: MessageEvent) -> bool:
    """Return whether a message is a keepalive frame, which routers ignore. JSON writers may add spaces to it."""
    body = event.body
    if len(body) > _LONGEST_KEEPALIVE:
        return False
    try:
        data = base64.b64decode(body) if event.is_base64_encoded else body.encode()
        return b'"$keepalive"' in data and json.loads(data) == _KEEPALIVE
    except ValueError:
        return False


class DecodedMessage(NamedTuple):
    """Decoded message of a client, or the reason of its refusal.

    Attributes:
        operation: The operation of its route. `None` if the route is unknown.
        message: The decoded message, or `None`.
        answer: The text of the error frame. `None` if the message is not refused.
        error: The error for the log. `None` if the message is not refused.
        envelope: The route, the id and the format of the frame. `None` if they could not be read.
    """

    operation: AnyOperation | None
    message: Message | None = None
    answer: str | None = None
    error: FrameError | None = None
    envelope: frame.Envelope | None = None

    @property
    def code(self) -> Code:
        """The reason of the refusal."""
        return Code.UNIMPLEMENTED if self.answer == FORBIDDEN else Code.INVALID_ARGUMENT


def receive(event: MessageEvent, operations: Mapping[str, AnyOperation]) -> DecodedMessage:
    """Decode the message of a client.

    If API Gateway chose the route of an operation, the frame must have this route too. For any other route key, such as
    `$default`, the route of the frame decides.

    Why: IAM policies allow clients to call route keys. A client must not reach one operation through the route key of
    another.

    Args:
        event: The event of the message.
        operations: The expected operations, by route.

    Returns:
        The message, or the reason of its refusal.
    """
    route_key: Any = event.raw["requestContext"].get("routeKey")
    operation = operations.get(route_key) if isinstance(route_key, str) else None
    envelope: frame.Envelope | None = None
    try:
        found = _read(event)
        if isinstance(found, frame.GatewayErrorFrame):
            raise FrameError("the client sent an error frame of API Gateway")  # noqa: TRY301 - handled below
        envelope = found
        if isinstance(envelope.error, FrameError):
            raise envelope.error
        if envelope.reply_to is not None or envelope.error is not None:
            raise FrameError("the client sent an answer, which only servers do", route=envelope.route)  # noqa: TRY301
        if operation is None:
            operation = operations.get(envelope.route)
            if operation is None:
                return unclaimed("no operation has the route of the frame", envelope)
        elif envelope.route != operation.route:
            raise FrameError("the frame has another route than API Gateway chose", route=operation.route)  # noqa: TRY301
        return DecodedMessage(operation, envelope.message(operation), envelope=envelope)
    except FrameError as error:
        return DecodedMessage(operation, answer=BAD_REQUEST_BODY, error=error, envelope=envelope)


def unclaimed(reason: str, envelope: frame.Envelope | None) -> DecodedMessage:
    """Return the refusal of a message that has no handler."""
    return DecodedMessage(None, answer=FORBIDDEN, error=FrameError(reason), envelope=envelope)


def error_frame(error: OperationError, connection_id: str, request_id: object) -> bytes:
    """Return the error frame for a refused message that has no id. It is API Gateway's, with the key `code` added.

    Args:
        error: The reason.
        connection_id: The id of the connection.
        request_id: The id of the request. It is written as an empty string if it is not a string.

    Returns:
        The frame's text in UTF-8. Its white space is API Gateway's, as in recorded frames of the service.
    """
    request = request_id if isinstance(request_id, str) else ""
    return (
        f'{{"message": {json.dumps(frame.shortened(error.message))}, "connectionId":{json.dumps(connection_id)},'
        f' "requestId":{json.dumps(request)}, "code":"{error.code.value}"}}'
    ).encode()


def _read(event: MessageEvent) -> frame.Envelope | frame.GatewayErrorFrame:
    if not event.is_base64_encoded:
        return frame.read(event.body)
    data = _from_base64(event.body)
    try:
        return frame.read(data.decode())
    except UnicodeDecodeError:
        return frame.read(data)
    except FrameError as error:
        try:
            return frame.read(data)  # the bytes of a Frame can also be valid UTF-8
        except FrameError:
            raise error from None


def _from_base64(body: str) -> bytes:
    if len(body) > _LONGEST_BASE64:
        raise FrameError(f"the frame is larger than {frame.MAX_FRAME_SIZE:,} bytes")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FrameError("the event has isBase64Encoded, and its body is not valid base64") from error
