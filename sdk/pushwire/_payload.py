"""A JSON payload as a message, strictly: what `json_format` lets pass in silence is refused here."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

__all__ = ["ABSENT", "from_json", "told"]

M = TypeVar("M", bound=Message)

ABSENT: Final = object()
"""The payload of an envelope that has none: the message with nothing set."""

_MAX_DEPTH: Final = 100
_FIELD_OF_AN_ERROR: Final = r"Failed to parse (\w+) field: "
_MOST_FIELDS_SHOWN: Final = 8


def from_json(payload: Any, message_type: type[M]) -> M:
    """Make a message of the parsed value of an envelope's `payload`. Unknown fields are ignored.

    Raises whatever json_format, protobuf and Python raise on values that do not fit; the caller names them.
    """
    if payload is ABSENT:
        return message_type()
    descriptor: Any = message_type.DESCRIPTOR
    if not _has_json_form_of_its_own(descriptor):
        if not _is_object(payload):
            raise TypeError(f"an object is expected, not {_kind(payload)}")
        plain = _from_plain(payload, message_type, descriptor)
        if plain is not None:
            return plain
    if _holds_bytes(descriptor):
        payload = _with_url_safe_bytes(payload, descriptor)
    message = message_type()
    json_format.ParseDict(payload, message, ignore_unknown_fields=True, max_recursion_depth=_MAX_DEPTH)
    _require_objects(payload, descriptor, "")
    return message


_BYTES_VALUE: Final = "google.protobuf.BytesValue"
_URL_SAFE: Final = str.maketrans("+/", "-_")


def _with_url_safe_bytes(value: Any, descriptor: Descriptor) -> Any:
    """Rewrite the base64 of bytes fields in the URL-safe alphabet. Both alphabets are valid ProtoJSON.

    Why: json_format decodes with `base64.urlsafe_b64decode`, which warns of `+` and `/` from Python 3.15 on, and is
    going to discard them.
    """
    if descriptor.full_name == _BYTES_VALUE:
        return value.translate(_URL_SAFE) if isinstance(value, str) else value
    if not isinstance(value, dict):
        return value
    rewritten = cast("dict[str, Any]", value).copy()
    for key, field in _fields_with_bytes(descriptor).items():
        if key in rewritten:
            rewritten[key] = _map_items(rewritten[key], field)
    return rewritten


def _map_items(value: Any, descriptor: Descriptor | None) -> Any:
    if isinstance(value, list):
        return [_map_items(item, descriptor) for item in cast("list[object]", value)]
    if descriptor is None:
        return value.translate(_URL_SAFE) if isinstance(value, str) else value
    if descriptor.GetOptions().map_entry and isinstance(value, dict):
        item: Any = descriptor.fields_by_name["value"]
        return {key: _map_items(child, item.message_type) for key, child in cast("dict[str, Any]", value).items()}
    return _with_url_safe_bytes(value, descriptor)


@lru_cache(maxsize=1024)
def _fields_with_bytes(descriptor: Descriptor) -> dict[str, Descriptor | None]:
    """The fields that are or hold bytes, by both names: their message type, or `None` for bytes."""
    return {
        key: field.message_type
        for key, field in _by_key(descriptor).items()
        if field.type == FieldDescriptor.TYPE_BYTES
        or (field.message_type is not None and _holds_bytes(field.message_type))
    }


@lru_cache(maxsize=1024)
def _holds_bytes(descriptor: Descriptor) -> bool:
    seen, waiting = set[str](), [descriptor]
    while waiting:
        current = waiting.pop()
        if current.full_name in seen:
            continue
        seen.add(current.full_name)
        if current.full_name in _JSON_FORMS and current.full_name != _BYTES_VALUE:
            continue
        for field in current.fields:
            if field.type == FieldDescriptor.TYPE_BYTES:
                return True
            if field.message_type is not None:
                waiting.append(field.message_type)
    return False


def told(error: Exception) -> str:
    """What json_format says, with the nested fields that it names as one path: `order.items: …`."""
    fields = re.findall(_FIELD_OF_AN_ERROR, str(error))
    reason = re.sub(_FIELD_OF_AN_ERROR, "", str(error)).rstrip(".")
    path = ".".join(fields if len(fields) <= _MOST_FIELDS_SHOWN else ["…", *fields[-_MOST_FIELDS_SHOWN:]])
    return f"{path}: {reason}" if path else reason


def _from_plain(payload: dict[str, Any], message_type: type[M], descriptor: Descriptor) -> M | None:
    """Make a message of single scalar values, some five times as fast as `ParseDict` does.

    Returns:
        The message; `None` if it takes `ParseDict` to make it, or to say what is wrong.
    """
    fields = _plain_fields(descriptor)
    values: dict[str, Any] = {}
    try:
        for key, value in payload.items():
            name, convert = fields[key, type(value)]
            values[name] = value if convert is None else convert(value)
        # Fewer values than keys: a field is there under both its names.
        return message_type(**values) if len(values) == len(payload) else None
    except (KeyError, ValueError, TypeError):  # such as a number out of range, or half of a surrogate pair
        return None


_Convert = Callable[[Any], Any] | None


@lru_cache(maxsize=1024)
def _plain_fields(descriptor: Descriptor) -> dict[tuple[str, type], tuple[str, _Convert]]:
    """Scalar fields by either JSON name and a type of their JSON value: their name, and what makes the value of it."""
    return {
        (key, value_type): (field.name, convert)
        for key, field in _by_key(descriptor).items()
        if not field.is_repeated and (field.containing_oneof is None or len(field.containing_oneof.fields) == 1)
        for value_type, convert in _conversions(field)
    }


def _by_key(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    """The fields by both names; as for `ParseDict`, a JSON name comes before another field's own name."""
    fields = list(descriptor.fields)
    return {field.name: field for field in fields} | {field.json_name: field for field in fields}


def _conversions(field: FieldDescriptor) -> list[tuple[type, _Convert]]:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_STRING:
            return [(str, None)]
        case FieldDescriptor.CPPTYPE_BOOL:
            return [(bool, None)]
        case (
            FieldDescriptor.CPPTYPE_INT32
            | FieldDescriptor.CPPTYPE_INT64
            | FieldDescriptor.CPPTYPE_UINT32
            | FieldDescriptor.CPPTYPE_UINT64
        ):
            return [(int, None), (str, _integer)]
        case FieldDescriptor.CPPTYPE_ENUM:
            enum_type: Any = field.enum_type
            return [(str, {value.name: value.number for value in enum_type.values}.__getitem__)]
        case _:
            return []


def _integer(text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise ValueError(text)
    return int(text)


def _require_objects(value: Any, descriptor: Descriptor, path: str) -> None:
    """Refuse what `ParseDict` takes for an empty message when unknown fields are ignored: a string, say, or a list.

    Runs after `ParseDict`, which has bounded the depth and refused everything else.
    """
    for name, (message_type, is_collection) in _message_fields(descriptor).items():
        item = value.get(name)
        if item is None:
            continue
        if is_collection:
            for key, child in item.items() if _is_object(item) else enumerate(item):
                _require_object(child, message_type, f"{path}{name}[{key}]")
        else:
            _require_object(item, message_type, f"{path}{name}")


def _require_object(value: Any, descriptor: Descriptor, path: str) -> None:
    if not _is_object(value):
        raise TypeError(f"{path}: an object is expected, not {_kind(value)}")
    _require_objects(value, descriptor, f"{path}.")


@lru_cache(maxsize=1024)
def _message_fields(descriptor: Descriptor) -> dict[str, tuple[Descriptor, bool]]:
    """The fields whose JSON is an object, or many in a list or map, by both names: their type, whether it is many."""
    found: dict[str, tuple[Descriptor, bool]] = {}
    # A payload of a well-known type has no fields in its JSON; Any holds a message that ParseDict alone knows.
    if _has_json_form_of_its_own(descriptor):
        return found
    for key, field in _by_key(descriptor).items():
        message_type: Any = field.message_type
        if message_type is None:
            continue
        is_map = message_type.GetOptions().map_entry
        if is_map:
            message_type = message_type.fields_by_name["value"].message_type
        if message_type is not None and not _has_json_form_of_its_own(message_type):
            found[key] = (message_type, is_map or field.is_repeated)
    return found


_JSON_FORMS: Final = frozenset(
    f"google.protobuf.{name}"
    for name in (
        *("Any", "Duration", "FieldMask", "ListValue", "Struct", "Timestamp", "Value"),
        *("BoolValue", "BytesValue", "DoubleValue", "FloatValue", "Int32Value"),
        *("Int64Value", "StringValue", "UInt32Value", "UInt64Value"),
    )
)


def _has_json_form_of_its_own(descriptor: Descriptor) -> bool:
    return descriptor.full_name in _JSON_FORMS


_KINDS: Final[dict[type, str]] = {type(None): "null", bool: "a boolean", str: "a string", list: "a list"}


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")
