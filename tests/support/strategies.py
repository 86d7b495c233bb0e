"""Hypothesis strategies for protobuf messages, made from their descriptors."""

from collections.abc import Callable
from typing import Any

from google.protobuf import any_pb2, duration_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

_INT32 = st.integers(-(2**31), 2**31 - 1)
_INT64 = st.integers(-(2**63), 2**63 - 1)
_UINT32 = st.integers(0, 2**32 - 1)
_UINT64 = st.integers(0, 2**64 - 1)

# json_format writes the largest float as 3.4028235e+38 and then refuses to read that: all floats but this one.
_LARGEST = 3.4028232635611926e38
_FLOAT32 = st.floats(-_LARGEST, _LARGEST, width=32) | st.sampled_from([float("inf"), float("-inf")])

_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False),
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
    # Enums are open in proto3: a number without a name travels as a number.
    FieldDescriptor.TYPE_ENUM: st.sampled_from([0, 1, 7, 99]),
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


def _any(text: str) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(struct_pb2.Value(string_value=text))
    return packed


_WELL_KNOWN: dict[str, st.SearchStrategy[Message]] = {
    "google.protobuf.Any": st.builds(_any, st.text(max_size=10)),
    "google.protobuf.Duration": st.builds(
        _duration, st.integers(-315_576_000_000, 315_576_000_000), st.integers(0, 999_999_999)
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


def messages(message_type: type[Message], *, depth: int = 2) -> st.SearchStrategy[Message]:
    """Messages of a type with a few of its fields set, nested to a depth."""
    name = message_type.DESCRIPTOR.full_name
    if name in _WELL_KNOWN:
        return _WELL_KNOWN[name]
    fields: list[Any] = list(message_type.DESCRIPTOR.fields)
    if not fields:
        return st.just(message_type())
    if name == "google.protobuf.FieldMask":
        paths = st.lists(st.from_regex(r"[a-z]{1,5}(_[a-z]{1,5}){0,2}", fullmatch=True), max_size=3)
        return st.builds(message_type, paths=paths)
    return st.lists(st.sampled_from(fields), max_size=4, unique_by=lambda field: field.name).flatmap(
        lambda chosen: st.tuples(*(_setter(field, depth) for field in chosen)).map(
            lambda setters: _build(message_type, setters)
        )
    )


def _build(message_type: type[Message], setters: tuple[Callable[[Message], None], ...]) -> Message:
    message = message_type()
    for setter in setters:
        setter(message)
    return message


def _setter(field: Any, depth: int) -> st.SearchStrategy[Callable[[Message], None]]:
    message_type = field.message_type
    if message_type is not None and message_type.GetOptions().map_entry:
        key = _SCALARS[message_type.fields_by_name["key"].type]
        value = _single(message_type.fields_by_name["value"], depth)
        is_message = message_type.fields_by_name["value"].message_type is not None
        return st.dictionaries(key, value, max_size=3).map(lambda items: _map_setter(field.name, items, is_message))
    if field.is_repeated:
        return st.lists(_single(field, depth), max_size=3).map(
            lambda items: lambda message: getattr(message, field.name).extend(items)
        )
    if message_type is not None:
        return _single(field, depth).map(
            lambda value: lambda message: _set_message(getattr(message, field.name), value)
        )
    return _single(field, depth).map(lambda value: lambda message: setattr(message, field.name, value))


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


def _single(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is None:
        return _SCALARS[field.type]
    message_type = field.message_type._concrete_class
    # A Value with nothing set is not a JSON value, so well-known types are complete at any depth.
    if depth or field.message_type.full_name in _WELL_KNOWN:
        return messages(message_type, depth=depth - 1)
    return st.just(message_type())
