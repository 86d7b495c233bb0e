"""Readers of the well-known types whose JSON is not an object with their fields.

They return dictionaries for the constructor of the enclosing message, as all readers of messages do. A `Struct` is a
message instead, because constructors take a dictionary for the JSON object that a `Struct` stands for.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any, Final

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor

from pushwire.protojson._errors import ProtoJsonError, too_deep
from pushwire.protojson._scalars import VALUE, Reader, check_text, number, scalar_reader

__all__ = ["JSON_VALUES", "field_mask", "well_known_reader"]

JSON_VALUES: Final = frozenset({"google.protobuf.ListValue", "google.protobuf.Struct", VALUE})

# Compiled by `re` when they are first used: an import should not wait for them.
_TIMESTAMP: Final = (
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_DURATION: Final = r"(-?)0*([0-9]{1,12})(?:\.([0-9]{1,9}))?s"
_PATHS: Final = "[ -^`-~]*"
"""Printable ASCII without `_`: paths consist of names of fields."""
_UPPER_CASE: Final = "[A-Z]"
_EPOCH: Final = date(1970, 1, 1).toordinal()
_MIN_TIMESTAMP: Final = -62_135_596_800
_MAX_TIMESTAMP: Final = 253_402_300_799
_MAX_DURATION: Final = 315_576_000_000

_WRAPPERS: Final = frozenset(
    f"google.protobuf.{name}Value"
    for name in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
)


def well_known_reader(descriptor: Descriptor) -> Reader | None:
    """Return the reader of a well-known type other than `Any`, or `None` for an ordinary message."""
    if descriptor.full_name in _WRAPPERS:
        return _wrapper_reader(descriptor)
    if descriptor.full_name in JSON_VALUES:
        return _json_reader(descriptor)
    return _TEXTS.get(descriptor.full_name)


def _wrapper_reader(descriptor: Descriptor) -> Reader:
    read_value = scalar_reader(descriptor.fields_by_name["value"])

    def read(value: Any, depth: int) -> dict[str, Any] | None:
        if value is None:
            return None
        if depth <= 0:
            raise too_deep(value)
        return {"value": read_value(value, depth)}

    return read


def _text_reader(expected: str, parse: Callable[[str], dict[str, Any] | None]) -> Reader:
    def read(value: Any, depth: int) -> dict[str, Any] | None:
        if value is None:
            return None
        if depth <= 0:
            raise too_deep(value)
        parsed = parse(value) if type(value) is str else None
        if parsed is None:
            raise ProtoJsonError(expected, value)
        return parsed

    return read


def _timestamp(text: str) -> dict[str, Any] | None:
    parts = re.fullmatch(_TIMESTAMP, text)
    if parts is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = parts.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    seconds = ((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
    if sign is not None:
        offset = (int(hours) * 60 + int(minutes)) * 60
        seconds += offset if sign == "-" else -offset
    if not _MIN_TIMESTAMP <= seconds <= _MAX_TIMESTAMP:
        return None
    return {"seconds": seconds, "nanos": _nanoseconds(fraction)}


def _duration(text: str) -> dict[str, Any] | None:
    parts = re.fullmatch(_DURATION, text)
    if parts is None:
        return None
    sign, whole, fraction = parts.groups()
    seconds, nanos = int(whole), _nanoseconds(fraction)
    if seconds > _MAX_DURATION:
        return None
    return {"seconds": -seconds, "nanos": -nanos} if sign else {"seconds": seconds, "nanos": nanos}


def _nanoseconds(fraction: str | None) -> int:
    return int(fraction.ljust(9, "0")) if fraction else 0


def field_mask(text: str) -> dict[str, Any] | None:
    """Return the content of a `FieldMask`, or `None` if the text is not its form."""
    if re.fullmatch(_PATHS, text) is None:
        return None
    return {"paths": re.sub(_UPPER_CASE, lambda letter: f"_{letter[0].lower()}", text).split(",") if text else []}


def _json_reader(descriptor: Descriptor) -> Reader:
    """Return the reader of a `Value`, `Struct` or `ListValue`."""
    readers = _json_readers(descriptor.file.message_types_by_name["Struct"])
    return readers[descriptor.name]


@lru_cache(maxsize=8)  # of one pool of descriptors each
def _json_readers(struct_descriptor: Descriptor) -> dict[str, Reader]:
    struct_class: Any = message_factory.GetMessageClass(struct_descriptor)

    def read_value(value: Any, depth: int) -> dict[str, Any]:
        if depth <= 0:
            raise too_deep(value)
        if value.__class__ is str:
            return {"string_value": check_text(value)}
        if value is None:
            return {"null_value": 0}
        if value is True or value is False:
            return {"bool_value": value}
        if value.__class__ is dict:
            return {"struct_value": read_struct(value, depth - 1)}
        if value.__class__ is list:
            return {"list_value": read_list(value, depth - 1)}
        return {"number_value": number(value)}

    def read_struct(value: Any, depth: int) -> Any:
        if value is None:
            return None
        if value.__class__ is not dict:
            raise ProtoJsonError("an object", value)
        if depth <= 0:
            raise too_deep(value)
        entries: dict[str, Any] = value
        fields: dict[str, Any] = {}
        key = ""
        try:
            for key, item in entries.items():
                fields[check_text(key)] = read_value(item, depth - 2)  # the entry of the map is a message, too
        except ProtoJsonError as error:
            raise error.at(key) from None
        return struct_class(fields=fields)

    def read_list(value: Any, depth: int) -> dict[str, Any] | None:
        if value is None:
            return None
        if value.__class__ is not list:
            raise ProtoJsonError("an array", value)
        if depth <= 0:
            raise too_deep(value)
        elements: list[Any] = value
        values: list[Any] = []
        try:
            for item in elements:
                values.append(read_value(item, depth - 1))  # noqa: PERF401 - an error needs the index
        except ProtoJsonError as error:
            raise error.at(len(values)) from None
        return {"values": values}

    return {"ListValue": read_list, "Struct": read_struct, "Value": read_value}


_TEXTS: Final[dict[str, Reader]] = {
    "google.protobuf.Duration": _text_reader("a duration in seconds, such as 1.5s", _duration),
    "google.protobuf.FieldMask": _text_reader("the paths of a FieldMask in lowerCamelCase", field_mask),
    "google.protobuf.Timestamp": _text_reader("a timestamp by RFC 3339 from year 1 to 9999", _timestamp),
}
