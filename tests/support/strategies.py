"""Hypothesis strategies for protobuf messages, made from their descriptors."""

from collections.abc import Callable
from typing import Any

from google.protobuf import (
    any_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    message_factory,
    struct_pb2,
    text_format,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import strategies as st

from tests.support import compiled

_INT32 = st.integers(-(2**31), 2**31 - 1)
_INT64 = st.integers(-(2**63), 2**63 - 1)
_UINT32 = st.integers(0, 2**32 - 1)
_UINT64 = st.integers(0, 2**64 - 1)

_LARGEST_FLOAT32 = 3.4028234663852886e38
_FLOAT32 = st.floats(width=32) | st.sampled_from([_LARGEST_FLOAT32, -_LARGEST_FLOAT32])

_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_DOUBLE: st.floats() | st.sampled_from([_LARGEST_FLOAT32, 3.4028235e38]),
    FieldDescriptor.TYPE_FLOAT: _FLOAT32,
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_UINT64: _UINT64,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: st.text(max_size=20),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=20),
}

_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _value(json: Any) -> struct_pb2.Value:
    value = struct_pb2.Value()
    if isinstance(json, dict):
        value.struct_value.CopyFrom(_struct(json))
    elif isinstance(json, list):
        value.list_value.CopyFrom(struct_pb2.ListValue(values=[_value(item) for item in json]))
    elif json is None:
        value.null_value = struct_pb2.NULL_VALUE
    elif isinstance(json, bool):
        value.bool_value = json
    elif isinstance(json, str):
        value.string_value = json
    else:
        value.number_value = json
    return value


def _struct(json: dict[str, Any]) -> struct_pb2.Struct:
    return struct_pb2.Struct(fields={key: _value(item) for key, item in json.items()})


def _duration(seconds: int, nanos: int) -> duration_pb2.Duration:
    return duration_pb2.Duration(seconds=seconds, nanos=-nanos if seconds < 0 else nanos)


def _packed(message: Message, prefix: str) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message, type_url_prefix=prefix)
    return packed


def _anys(depth: int, raw: bool) -> st.SearchStrategy[Message]:
    """Messages in an `Any`, also another `Any`, and an empty `Any`."""
    held: list[st.SearchStrategy[Message]] = [
        messages(message_type, depth=depth - 1, raw=raw)
        for message_type in (empty_pb2.Empty, struct_pb2.Value, wrappers_pb2.FloatValue, duration_pb2.Duration)
    ]
    if depth > 0:
        held += [messages(message_type, depth=depth - 1, raw=raw) for message_type in (any_pb2.Any, _everything())]
    return st.builds(_packed, st.one_of(held), st.sampled_from(["type.googleapis.com/", "x/", "é/"])) | st.builds(
        any_pb2.Any
    )


def _everything() -> type[Message]:
    return compiled.messages()["wire.v1.Everything"]


_WELL_KNOWN: dict[str, st.SearchStrategy[Message]] = {
    "google.protobuf.Duration": st.builds(
        _duration, st.integers(-315_576_000_000, 315_576_000_000), st.integers(0, 999_999_999)
    ),
    "google.protobuf.FieldMask": st.builds(
        field_mask_pb2.FieldMask,
        paths=st.lists(st.from_regex(r"[a-z]{1,5}(_[a-z]{1,5}){0,2}(\.[a-z]{1,5}){0,2}", fullmatch=True), max_size=3),
    ),
    "google.protobuf.ListValue": st.lists(_JSON, max_size=3).map(
        lambda items: struct_pb2.ListValue(values=[_value(item) for item in items])
    ),
    "google.protobuf.Struct": st.dictionaries(st.text(max_size=5), _JSON, max_size=3).map(_struct),
    "google.protobuf.Timestamp": st.builds(
        timestamp_pb2.Timestamp,
        seconds=st.integers(-62_135_596_800, 253_402_300_799),
        nanos=st.integers(0, 999_999_999),
    ),
    "google.protobuf.Value": _JSON.map(_value),
}

_RAW_PATHS = st.text(max_size=4) | st.sampled_from(["", "a,b", "a_b", "aB", "a__b", "_a", "a_", "a_1", "é_é"])


def messages(message_type: type[Message], *, depth: int = 2, raw: bool = False) -> st.SearchStrategy[Message]:
    """Messages of a type with a few of its fields set, nested to a depth, extensions among them.

    Args:
        message_type: The type.
        depth: The greatest depth of messages in messages.
        raw: Whether well-known types may hold everything that the binary format can say, and JSON perhaps not.
    """
    descriptor: Any = message_type.DESCRIPTOR
    name = descriptor.full_name
    if name == "google.protobuf.Any":
        return _anys(depth, raw) | _raw_anys() if raw else _anys(depth, raw)
    if name in _WELL_KNOWN and not raw:
        return _WELL_KNOWN[name]
    if name == "google.protobuf.FieldMask":
        return st.builds(message_type, paths=st.lists(_RAW_PATHS, max_size=3))
    fields: list[Any] = list(descriptor.fields)
    required = [field for field in fields if field.is_required]
    optional = [field for field in fields if not field.is_required]
    if descriptor.is_extendable:
        optional += descriptor.file.pool.FindAllExtensions(descriptor)
    if depth < 0 or not optional:
        chosen: st.SearchStrategy[list[Any]] = st.just([])
    else:
        chosen = st.lists(st.sampled_from(optional), max_size=4, unique_by=lambda field: field.full_name)
    return chosen.flatmap(
        lambda chosen: st.tuples(*(_setter(field, depth, raw) for field in required + chosen)).map(
            lambda setters: _build(message_type, setters)
        )
    )


def _raw_anys() -> st.SearchStrategy[Message]:
    urls = ["", "Leaf", "x/wire.v1.Leaf", "x/no.such", "x/google.protobuf.Value", "x/kinds.v2.Needed"]
    return st.builds(any_pb2.Any, type_url=st.sampled_from(urls), value=st.binary(max_size=6))


def same(one: Message, other: Message) -> bool:
    """Whether two messages are equal. A NaN equals a NaN, and an `Any` is compared by the message that it holds."""
    if one == other:
        return True
    try:
        return text_format.MessageToString(one) == text_format.MessageToString(other)
    except DecodeError:  # an `Any` whose value is not such a message
        return one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def _build(message_type: type[Message], setters: tuple[Callable[[Message], None], ...]) -> Message:
    message = message_type()
    for setter in setters:
        setter(message)
    return message


def _setter(field: Any, depth: int, raw: bool) -> st.SearchStrategy[Callable[[Message], None]]:
    message_type = field.message_type
    if message_type is not None and message_type.GetOptions().map_entry:
        key = _SCALARS[message_type.fields_by_name["key"].type]
        value = _single(message_type.fields_by_name["value"], depth, raw)
        is_message = message_type.fields_by_name["value"].message_type is not None
        return st.dictionaries(key, value, max_size=3).map(lambda items: _map_setter(field.name, items, is_message))
    if field.is_repeated:
        return st.lists(_single(field, depth, raw), max_size=3).map(
            lambda items: lambda message: _content(message, field).extend(items)
        )
    if message_type is not None:
        return _single(field, depth, raw).map(
            lambda value: lambda message: _set_message(_content(message, field), value)
        )
    return _single(field, depth, raw).map(lambda value: lambda message: _set_scalar(message, field, value))


def _content(message: Any, field: Any) -> Any:
    return message.Extensions[field] if field.is_extension else getattr(message, field.name)


def _set_scalar(message: Any, field: Any, value: Any) -> None:
    if field.is_extension:
        message.Extensions[field] = value
    else:
        setattr(message, field.name, value)


def _set_message(target: Message, value: Message) -> None:
    target.SetInParent()
    target.CopyFrom(value)


def _map_setter(name: str, items: dict[Any, Any], is_message: bool) -> Callable[[Message], None]:
    def set_map(message: Message) -> None:
        target = getattr(message, name)
        for key, value in items.items():
            if is_message:
                target[key].CopyFrom(value)
            else:
                target[key] = value

    return set_map


def _single(field: Any, depth: int, raw: bool) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return _numbers(field.enum_type, raw)
    if field.message_type is None:
        return _SCALARS[field.type]
    return messages(message_factory.GetMessageClass(field.message_type), depth=depth - 1, raw=raw)


def _numbers(enum_type: Any, raw: bool) -> st.SearchStrategy[int]:
    known = st.sampled_from([value.number for value in enum_type.values])
    # An unknown number of an open enum is written as a number. JSON has one NullValue only.
    is_any = not enum_type.is_closed and (raw or enum_type.full_name != "google.protobuf.NullValue")
    return known | _INT32 if is_any else known
