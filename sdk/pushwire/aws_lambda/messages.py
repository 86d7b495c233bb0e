"""Decodes the messages of clients, and writes the error frames for those that do not decode."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from google.protobuf.message import Message

from pushwire import frame
from pushwire.aws_lambda.events import MessageEvent
from pushwire.errors import FrameError
from pushwire.operation import AnyOperation

__all__ = ["BAD_REQUEST_BODY", "FORBIDDEN", "DecodedMessage", "error_frame", "is_keepalive", "receive", "unclaimed"]

BAD_REQUEST_BODY: Final = "Bad request body"
FORBIDDEN: Final = "Forbidden"
"""The texts of error frames are API Gateway's own, so that clients need to know no others ("Set up WebSocket API
routes and integrations", API Gateway developer guide)."""

_KEEPALIVE: Final = frame.KEEPALIVE.decode()
_KEEPALIVE_IN_BASE64: Final = base64.b64encode(frame.KEEPALIVE).decode()
_LONGEST_BASE64: Final = (frame.MAX_FRAME_SIZE + 2) // 3 * 4


def is_keepalive(event: MessageEvent) -> bool:
    """Return whether a message is a keepalive, which clients send so that API Gateway does not close them as idle."""
    return event.body == (_KEEPALIVE_IN_BASE64 if event.is_base64_encoded else _KEEPALIVE)


class DecodedMessage(NamedTuple):
    """A message of a client, or the reason why it does not decode.

    Attributes:
        operation: The operation of its route. `None` if the route is unknown.
        message: The decoded message, or `None`.
        answer: The text of the error frame, or `None` if the message decodes.
        error: The error for the log, or `None` if the message decodes.
    """

    operation: AnyOperation | None
    message: Message | None = None
    answer: str | None = None
    error: FrameError | None = None


def receive(event: MessageEvent, operations: Mapping[str, AnyOperation]) -> DecodedMessage:
    """Decode the message of a client.

    Where API Gateway has chosen an operation's own route, the frame must name it too: what a client is allowed to call
    may depend on it (IAM policies name route keys). For any other route key, `$default` above all, the frame decides.

    Args:
        event: The event of the message.
        operations: The operations to expect, by route.
    """
    route_key: Any = event.raw["requestContext"].get("routeKey")
    operation = operations.get(route_key) if isinstance(route_key, str) else None
    try:
        envelope = _read(event)
        if isinstance(envelope, frame.GatewayErrorFrame):
            raise FrameError("an error frame of API Gateway's, sent by a client")  # noqa: TRY301 - as the others
        if operation is None:
            operation = operations.get(envelope.route)
            if operation is None:
                return unclaimed("no operation has the route that the frame names")
        elif envelope.route != operation.route:
            raise FrameError("the frame names another route than API Gateway chose", route=operation.route)  # noqa: TRY301
        return DecodedMessage(operation, envelope.message(operation))
    except FrameError as error:
        return DecodedMessage(operation, answer=BAD_REQUEST_BODY, error=error)


def unclaimed(reason: str) -> DecodedMessage:
    """Return the refusal of a message that has no handler."""
    return DecodedMessage(None, answer=FORBIDDEN, error=FrameError(reason))


def error_frame(text: str, connection_id: str, request_id: object) -> bytes:
    """Return the error frame for a failed message, spaced like API Gateway's (seen in transcripts)."""
    request = request_id if isinstance(request_id, str) else ""
    return (
        f'{{"message": {json.dumps(text)}, "connectionId":{json.dumps(connection_id)},'
        f' "requestId":{json.dumps(request)}}}'
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
            return frame.read(data)  # a bare Frame may well be UTF-8
        except FrameError:
            raise error from None


def _from_base64(body: str) -> bytes:
    if len(body) > _LONGEST_BASE64:
        raise FrameError(f"the frame is larger than {frame.MAX_FRAME_SIZE:,} bytes")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FrameError("the event says that its body is base64, and it is not") from error
