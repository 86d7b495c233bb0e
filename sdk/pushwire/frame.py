"""The wire format of every operation, in both directions.

There are two formats. Every receiver accepts both:

- JSON, a text frame: `{"route":"SendGreeting","payload":{"greeting":"Hello!"}}`. It is compact, its non-ASCII
  characters are not escaped, and it always has a `payload`, which is canonical proto3 JSON.
- BINARY, a text frame with a serialized `pushwire.v1.Frame` in base64. It is text because API Gateway closes a
  connection whose client sends a binary WebSocket frame, and sends posted data to clients as text frames ("Binary
  media types", API Gateway developer guide).

A client that wants an answer to a message adds an `id`. The answer has the same route and the id as its `reply_to`. It
has a `payload` with the reply, or an `error`, or neither: then it confirms a one-way message.

- request: `{"route":"GetHistory","id":"1","payload":{"room":"lobby"}}`
- reply: `{"route":"GetHistory","reply_to":"1","payload":{"messages":[]}}`
- confirmation: `{"route":"Say","reply_to":"2"}`
- error: `{"route":"GetHistory","reply_to":"1","error":{"code":"not_found","message":"there is no such room"}}`

The codec does no I/O. It does not trust its input: for any input, decoding returns a message or raises `FrameError`, in
time and memory bounded by `MAX_FRAME_SIZE`.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import accumulate, islice
from typing import Any, Final, NamedTuple, NoReturn, TypeVar, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, EncodeError, Message

from pushwire.errors import Code, FrameError, OperationError, RemoteOperationError
from pushwire.operation import AnyOperation, Format, Operation
from pushwire.protojson import ProtoJsonError, from_json
from pushwire.v1 import frame_pb2

__all__ = [
    "KEEPALIVE",
    "MAX_FRAME_SIZE",
    "MAX_ID_LENGTH",
    "Envelope",
    "GatewayErrorFrame",
    "code_of",
    "decode",
    "encode",
    "encode_answer",
    "read",
    "shortened",
]

M = TypeVar("M", bound=Message)

MAX_FRAME_SIZE: Final = 131_072
"""The largest WebSocket message in bytes, 128 KB ("Quotas for configuring and running a WebSocket API")."""

MAX_ID_LENGTH: Final = 64
"""The largest number of characters of an `id`."""

KEEPALIVE: Final = b'{"route":"$keepalive"}'
"""The frame that clients send so that API Gateway does not close an idle connection after 10 minutes.

An operation's route cannot begin with `$`, so API Gateway sends this frame to `$default`, where routers ignore it. An
API without a `$default` route drops it."""

_FULL_BEFORE_ONE: Final = "AEIMQUYcgkosw048"
_FULL_BEFORE_TWO: Final = "AQgw"
"""The base64 characters that leave no unused bits set before one `=`, and before two (RFC 4648, section 3.5)."""

# Module constants instead of attribute lookups, because this code runs for each message.
_JSON: Final = Format.JSON
_BINARY: Final = Format.BINARY
_parse_frame: Final = frame_pb2.Frame.FromString
_WHITE_SPACE: Final = " \t\n\r"
_KEYS_OF_A_MESSAGE: Final = 2

_ABSENT: Final = object()
"""The payload of an envelope that has none. It stands for the message with nothing set."""

_MOST_FIELDS_SHOWN: Final = 8

_MAX_ROUTE: Final = 128
"""The largest number of characters of a route in an answer. A contract cannot have a longer route."""

_MAX_ERROR_TEXT: Final = 2_000
"""The largest number of characters of an error's text that is sent. An error must fit in a frame."""

_CODES: Final = {code.value: code for code in Code}

_MAX_DEPTH: Final = 250
"""The largest depth of arrays and objects in a JSON frame. Messages may be nested 100 deep, each in a list or map.

Why: up to Python 3.13 the recursion limit bounds the depth that `json` reads; from 3.14 on only the C stack does. With
this bound a frame gets the same error on each version."""

# The closing quote is optional, so that each character of any text is read once.
_NO_BRACKETS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[^][{}"]++', re.DOTALL)
_STEPS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}

_SHALLOW: Final = 30
"""A JSON payload of this depth has fewer than 100 nested messages: an object of a `Struct` is three of them."""

_SHORT: Final = 200
"""A binary payload of this length has at most 100 nested messages: each takes two bytes."""


class Envelope(NamedTuple):
    """A frame whose route is known and whose payload is not decoded yet.

    Attributes:
        route: The frame's route.
        payload: The parsed value of `payload` in a JSON frame; the serialized message, as bytes, in a BINARY frame.
        format: The format of the frame.
        id: The id of a message whose client wants an answer. Defaults to `None`, no answer.
        reply_to: The id of the message that the frame answers. Defaults to `None`: the frame is not an answer.
        error: The reason why that message was refused or failed; or a `FrameError` if `id`, `reply_to` or `error` is
            malformed. Defaults to `None`.
    """

    route: str
    payload: Any
    format: Format
    id: str | None = None
    reply_to: str | None = None
    error: OperationError | FrameError | None = None

    def message(self, operation: Operation[M]) -> M:
        """Decode the payload as the operation's message. Unknown JSON fields are ignored.

        Args:
            operation: The operation that gives the message type.

        Returns:
            The message.

        Raises:
            FrameError: The payload is not a message of this type, a required proto2 field is not set, or another key of
                the frame is malformed.
        """
        if isinstance(self.error, FrameError):
            raise self.error
        try:
            if self.format is _BINARY:
                message = operation.message_type.FromString(self.payload)
            elif self.payload is _ABSENT:
                message = operation.message_type()
            else:
                message = from_json(self.payload, operation.message_type)
        except (ProtoJsonError, DecodeError, UnicodeDecodeError) as exc:
            raise FrameError(f"the payload is not a {_name(operation)}: {_elide(str(exc))}", route=self.route) from exc
        except RecursionError as exc:  # the caller is deep in its own recursion
            raise FrameError("the payload is nested too deeply", route=self.route) from exc
        if message.IsInitialized():
            return message
        raise _uninitialized(message, operation)


class GatewayErrorFrame(NamedTuple):
    """A frame that API Gateway itself sent to a client, such as `Forbidden` or `Internal server error`.

    Attributes:
        message: API Gateway's text.
        connection_id: The id of the connection that it was sent to.
        request_id: The id of the request that it answers; for a failed validation, the id of the message.
        code: The reason of a refusal by a router, which adds this key. Defaults to `None`: API Gateway sent the frame.
    """

    message: str
    connection_id: str
    request_id: str
    code: Code | None = None


def code_of(name: str) -> Code:
    """Return the code with a name on the wire. A name that is not known is `Code.UNKNOWN`, as in Connect."""
    return _CODES.get(name, Code.UNKNOWN)


def encode(
    operation: Operation[M],
    message: M,
    frame_format: Format | None = None,
    *,
    id: str | None = None,  # noqa: A002 - the name of the key
    reply_to: str | None = None,
) -> bytes:
    """Encode a message as the text of a WebSocket frame.

    Args:
        operation: The operation, which gives the route.
        message: The message to encode.
        frame_format: The format of the frame. Defaults to the operation's.
        id: The id for an answer. Defaults to no id: no answer is wanted.
        reply_to: The id of the request that the message answers. Defaults to no id: the message is not a reply.

    Returns:
        The frame's text in UTF-8, in both formats.

    Raises:
        FrameError: The message cannot be encoded: a required proto2 field is not set, messages are nested more than 100
            deep, or a well-known type holds a value without a JSON form, such as a `Timestamp` out of range or an `Any`
            of an unknown type.
    """
    if not message.IsInitialized():
        raise _uninitialized(message, operation)
    try:
        if (operation.format if frame_format is None else frame_format) is Format.BINARY:
            frame = frame_pb2.Frame(route=operation.route, payload=_serialized(message))
            if id is not None:
                frame.id = id
            if reply_to is not None:
                frame.reply_to = reply_to
            return base64.b64encode(frame.SerializeToString())
        payload = _to_json()(message, emit_defaults=operation.json_emit_defaults)
        if payload.count("{") + payload.count("[") > _SHALLOW and _depth(payload) > _SHALLOW:
            from_json(json.loads(payload), type(message))  # raises if receivers would
        if id is None and reply_to is None:
            return f'{{"route":{json.dumps(operation.route)},"payload":{payload}}}'.encode()
        given = [(key, value) for key, value in (("id", id), ("reply_to", reply_to)) if value is not None]
        ids = "".join(f'"{key}":{json.dumps(value)},' for key, value in given)
        return f'{{"route":{json.dumps(operation.route)},{ids}"payload":{payload}}}'.encode()
    except (EncodeError, DecodeError, ValueError, TypeError, OverflowError) as exc:
        raise FrameError(f"the message cannot be encoded: {_elide(str(exc))}", route=operation.route) from exc
    except RecursionError as exc:
        raise FrameError("the message is nested too deeply", route=operation.route) from exc


@cache
def _to_json() -> Callable[..., str]:
    # Imports protobuf's `json_format`, which functions that only receive messages do not need.
    from pushwire.protojson.writing import to_json

    return to_json


def encode_answer(request: Envelope, error: OperationError | None = None) -> bytes:
    """Encode an answer without a payload: the confirmation of a one-way message, or an error.

    A route of more than 128 characters, which no operation has, is cut, so that the frame is small enough to be sent.

    Args:
        request: The message that is answered. It must have an `id`. The answer has its format.
        error: The error. Defaults to `None`, a confirmation.

    Returns:
        The frame's text in UTF-8, in both formats.
    """
    text = "" if error is None else shortened(error.message)
    route = request.route[:_MAX_ROUTE]
    if request.format is Format.BINARY:
        frame = frame_pb2.Frame(route=route, reply_to=request.id or "")
        if error is not None:
            frame.error.code = error.code.value
            frame.error.message = text.encode(errors="replace").decode()  # Why: lone surrogates have no UTF-8 form.
        return base64.b64encode(frame.SerializeToString())
    answer: dict[str, Any] = {"route": route, "reply_to": request.id}
    if error is not None:
        answer["error"] = {"code": error.code.value, "message": text}
    return json.dumps(answer, separators=(",", ":")).encode()


def shortened(text: str) -> str:
    """Return the text of an error with at most 2,000 characters, so that its frame is small enough to be sent."""
    return text if len(text) <= _MAX_ERROR_TEXT else f"{text[:_MAX_ERROR_TEXT]}…"


def decode(frame: str | bytes, operations: Mapping[str, AnyOperation]) -> tuple[AnyOperation, Message]:
    """Decode a frame into an operation and its message.

    Args:
        frame: The received data: `str` for a text frame, in either format; `bytes` for a binary WebSocket message,
            which is a serialized `pushwire.v1.Frame` without base64.
        operations: The expected operations, by route.

    Returns:
        The operation of the frame's route, and its message.

    Raises:
        FrameError: The frame is malformed, has an unknown route, or is an error frame that API Gateway sent.
    """
    envelope = read(frame)
    if isinstance(envelope, GatewayErrorFrame):
        raise FrameError(f"the frame is an error frame of API Gateway, not a message: {_elide(envelope.message)}")
    operation = operations.get(envelope.route)
    if operation is None:
        raise FrameError("no operation has this route", route=_elide(envelope.route))
    return operation, envelope.message(operation)


def read(frame: str | bytes) -> Envelope | GatewayErrorFrame:
    """Read the route of a frame, so that the caller can choose what to do with an unknown route.

    If only `id`, `reply_to` or `error` is malformed, the envelope has the reason as its `error`. Why: such a frame can
    still be answered by its `id`, or fail the call that it answers.

    Args:
        frame: The received data, as in `decode`.

    Returns:
        The frame with its payload not decoded yet, or the error frame that API Gateway sent.

    Raises:
        FrameError: The frame is empty, too large, or malformed.
    """
    if not frame:
        raise FrameError("the frame is empty")
    if len(frame) > MAX_FRAME_SIZE:
        raise FrameError(f"the frame is larger than {MAX_FRAME_SIZE:,} bytes")
    if isinstance(frame, str):
        if frame[0] == "{" or (frame[0] in _WHITE_SPACE and frame.lstrip(_WHITE_SPACE).startswith("{")):
            return _read_json(frame)
        frame = _from_base64(frame)
    return _read_binary(frame)


def _read_json(text: str) -> Envelope | GatewayErrorFrame:
    if len(text) > _MAX_DEPTH and text.count("{") + text.count("[") > _MAX_DEPTH and _depth(text) > _MAX_DEPTH:
        raise FrameError("the JSON is nested too deeply")
    try:
        envelope: dict[str, Any] = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        raise FrameError(f"not JSON: {exc.msg} at line {exc.lineno} column {exc.colno}") from exc
    except FrameError:
        raise
    except ValueError as exc:  # an integer of more digits than Python converts
        raise FrameError(f"not JSON that can be read: {_elide(str(exc))}") from exc
    except RecursionError as exc:
        raise FrameError("the JSON is nested too deeply") from exc
    route = envelope.get("route")
    if isinstance(route, str) and route:
        payload = envelope.get("payload", _ABSENT)
        if len(envelope) == _KEYS_OF_A_MESSAGE and payload is not _ABSENT:
            return Envelope(route, payload, _JSON)
        return _with_ids(route, payload, _JSON, envelope)
    if "route" not in envelope:
        message, connection_id = envelope.get("message"), envelope.get("connectionId")
        request_id = envelope.get("requestId", envelope.get("messageId"))
        if isinstance(message, str) and isinstance(connection_id, str) and isinstance(request_id, str):
            code = envelope.get("code")
            return GatewayErrorFrame(
                message, connection_id, request_id, code_of(code) if isinstance(code, str) else None
            )
        raise FrameError('the JSON envelope has no "route"')
    raise FrameError('"route" is not a non-empty string')


def _with_ids(route: str, payload: Any, frame_format: Format, keys: Mapping[str, Any]) -> Envelope:
    """Return the envelope of a frame with other keys than its route and its payload."""
    ids: dict[str, str] = {}
    reasons: list[str] = []
    for key in ("id", "reply_to"):
        value = keys.get(key, _ABSENT)
        if isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH:
            ids[key] = value
        elif isinstance(value, str) and value:
            reasons.append(f'"{key}" has {len(value):,} characters, and at most {MAX_ID_LENGTH} are allowed')
        elif value is not _ABSENT:
            reasons.append(f'"{key}" is not a non-empty string')
    error: OperationError | FrameError | None = None
    if "error" in keys:
        fields = cast("dict[str, object]", keys["error"]) if isinstance(keys["error"], dict) else {"code": None}
        code, text = fields.get("code", ""), fields.get("message", "")
        if isinstance(code, str) and isinstance(text, str):
            error = RemoteOperationError(code_of(code), text)
        else:
            reasons.append('"error" is not an object with the strings "code" and "message"')
    if reasons:
        error = FrameError(reasons[0], route=_elide(route))
    return Envelope(route, payload, frame_format, ids.get("id"), ids.get("reply_to"), error)


def _serialized(message: Message) -> bytes:
    """Serialize a message that receivers can parse. Protobuf's parsers bound the depth; its serializers do not."""
    payload = message.SerializeToString()
    if len(payload) > _SHORT and _is_recursive(message.DESCRIPTOR):
        type(message).FromString(payload)
    return payload


@lru_cache(maxsize=1024)
def _is_recursive(descriptor: Descriptor) -> bool:
    """Whether messages of the type can be nested without end."""
    uses: dict[str, set[str]] = {}
    waiting = [descriptor]
    while waiting:
        current = waiting.pop()
        if current.is_extendable:
            return True
        if current.full_name not in uses:
            inner: list[Any] = [field.message_type for field in current.fields if field.message_type is not None]
            uses[current.full_name] = {message_type.full_name for message_type in inner}
            waiting += inner
    while ends := [name for name, used in uses.items() if not used & uses.keys()]:
        for name in ends:
            del uses[name]
    return bool(uses)


def _depth(text: str) -> int:
    return max(accumulate(map(_STEPS.__getitem__, _NO_BRACKETS.sub("", text))))


def _read_binary(data: bytes) -> Envelope:
    try:
        frame = _parse_frame(data)
    except (DecodeError, UnicodeDecodeError) as exc:  # the second one by the pure-Python protobuf
        raise FrameError("not a serialized pushwire.v1.Frame") from exc
    route = frame.route
    if not route:
        raise FrameError("the pushwire.v1.Frame has no route")
    keys: dict[str, Any] = {key: value for key, value in (("id", frame.id), ("reply_to", frame.reply_to)) if value}
    if frame.HasField("error"):
        keys["error"] = {"code": frame.error.code, "message": frame.error.message}
    return _with_ids(route, frame.payload, _BINARY, keys) if keys else Envelope(route, frame.payload, _BINARY)


def _from_base64(text: str) -> bytes:
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as exc:
        raise FrameError("neither JSON (no { at its start) nor base64 (standard alphabet, padded)") from exc
    # Why: a2b_base64 ignores unused bits, so two texts would decode to the same bytes. Encoders leave the bits zero.
    if text[-1] == "=" and not (text[-3] in _FULL_BEFORE_TWO if text[-2] == "=" else text[-2] in _FULL_BEFORE_ONE):
        raise FrameError("not canonical base64: the last character has unused bits that are not zero")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise FrameError(f"the JSON has the key {_elide(key)!r} twice in one object")
            seen.add(key)
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise FrameError(f'not JSON: {name} (proto3 JSON writes it as the string "{name}")')


# Made once, because `json.loads` with hooks makes a decoder for each text.
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def _uninitialized(message: Message, operation: AnyOperation) -> FrameError:
    missing = _elide(", ".join(islice(_unset_fields(message, ""), _MOST_FIELDS_SHOWN)))
    return FrameError(f"required fields of {_name(operation)} are not set: {missing}", route=operation.route)


def _unset_fields(message: Any, path: str) -> Iterator[str]:
    """Yield the required fields that are not set.

    Why: FindInitializationErrors returns all of them at once, which can be a thousand times larger than the frame.
    """
    for field in message.DESCRIPTOR.fields:
        if field.is_required and not message.HasField(field.name):
            yield f"{path}{field.name}"
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if not field.is_repeated:
            yield from _unset_fields(value, f"{path}{field.name}.")
        elif not field.message_type.GetOptions().map_entry:
            for index, item in enumerate(value):
                yield from _unset_fields(item, f"{path}{field.name}[{index}].")
        elif field.message_type.fields_by_name["value"].message_type is not None:
            for key in value:
                yield from _unset_fields(value[key], f"{path}{field.name}[{_elide(str(key), 50)}].")


def _name(operation: AnyOperation) -> str:
    return cast("str", operation.message_type.DESCRIPTOR.full_name)


def _elide(text: str, limit: int = 200) -> str:
    """Return a text for an error: with a bounded length, and without lone surrogates and line ends."""
    shown = text if len(text) <= limit else f"{text[:limit]}…"
    return shown.encode("unicode_escape").decode("ascii") if not shown.isprintable() else shown
