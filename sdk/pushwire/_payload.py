"""A JSON payload as a message, strictly: what `json_format` lets pass in silence is refused here."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

__all__ = ["ABSENT", "from_json", "told"]

M = TypeVar("M", bound=Message)

ABSENT: Final = object()
"""The payload of an envelope that has none: the message with nothing set."""

_MAX_DEPTH: Final = 100
_FIELD_OF_AN_ERROR: Final = re.compile(r"Failed to parse (\w+) field: ")
_MOST_FIELDS_SHOWN: Final = 8


def from_json(payload: Any, message_type: type[M]) -> M:
    """Make a message of the parsed value of an envelope's `payload`. Unknown fields are ignored.

    Raises whatever json_format, protobuf and Python raise on values that do not fit; the caller names them.
    """
    message = message_type()
    if payload is ABSENT:
        return message
    descriptor: Any = message_type.DESCRIPTOR
    if not isinstance(payload, dict) and not _has_json_form_of_its_own(descriptor):
        raise TypeError(f"an object is expected, not {_kind(payload)}")
    json_format.ParseDict(payload, message, ignore_unknown_fields=True, max_recursion_depth=_MAX_DEPTH)
    _require_objects(payload, descriptor, "")
    return message


def told(error: Exception) -> str:
    """What json_format says, with the nested fields that it names as one path: `order.items: …`."""
    fields = _FIELD_OF_AN_ERROR.findall(str(error))
    reason = _FIELD_OF_AN_ERROR.sub("", str(error)).rstrip(".")
    path = ".".join(fields if len(fields) <= _MOST_FIELDS_SHOWN else ["…", *fields[-_MOST_FIELDS_SHOWN:]])
    return f"{path}: {reason}" if path else reason


@dataclass(frozen=True, slots=True)
class _Field:
    """A field whose JSON form is an object, or a list or map of objects."""

    message_type: Descriptor
    is_collection: bool


def _require_objects(value: Any, descriptor: Descriptor, path: str) -> None:
    """Refuse what `ParseDict` takes for an empty message when unknown fields are ignored: a string, say, or a list.

    Runs after `ParseDict`, which has bounded the depth and refused everything else.
    """
    for name, field in _message_fields(descriptor).items():
        item = value.get(name)
        if item is None:
            continue
        if field.is_collection:
            children = enumerate(item) if isinstance(item, list) else item.items()
            for key, child in children:
                _require_object(child, field.message_type, f"{path}{name}[{key}]")
        else:
            _require_object(item, field.message_type, f"{path}{name}")


def _require_object(value: Any, descriptor: Descriptor, path: str) -> None:
    if not isinstance(value, dict):
        raise TypeError(f"{path}: an object is expected, not {_kind(value)}")
    _require_objects(value, descriptor, f"{path}.")


@lru_cache(maxsize=1024)
def _message_fields(descriptor: Descriptor) -> dict[str, _Field]:
    """The fields to look at, by both names that JSON may use."""
    found: dict[str, _Field] = {}
    # A payload of a well-known type has no fields in its JSON; Any holds a message that ParseDict alone knows.
    if _has_json_form_of_its_own(descriptor):
        return found
    for field in descriptor.fields:
        message_type: Any = field.message_type
        if message_type is None:
            continue
        is_map = message_type.GetOptions().map_entry
        if is_map:
            message_type = message_type.fields_by_name["value"].message_type
        if message_type is not None and not _has_json_form_of_its_own(message_type):
            found[field.json_name] = found[field.name] = _Field(message_type, is_map or field.is_repeated)
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


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a number")
