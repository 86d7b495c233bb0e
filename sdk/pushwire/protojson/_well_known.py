"""Readers of the well-known types whose JSON is not an object with their fields.

They return dictionaries for the constructor of the enclosing message, as all readers of messages do. A `Struct` is a
message instead, because constructors take a dictionary for the JSON object that a `Struct` stands for.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from google.protobuf import struct_pb2
from google.protobuf.descriptor import Descriptor

from pushwire.protojson._errors import ProtoJsonError
from pushwire.protojson._scalars import Reader, check_text, number, scalar_reader

__all__ = ["VALUE", "too_deep", "well_known_reader"]

VALUE: Final = "google.protobuf.Value"

_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_DURATION: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,9}))?s")
_UPPER_CASE: Final = re.compile("[A-Z]")
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
    return _READERS.get(descriptor.full_name)


def too_deep(value: object) -> ProtoJsonError:
    """Return the error of a message that is nested below the limit."""
    return ProtoJsonError("at most 100 nested messages", value, found="more: it is nested too deeply")


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
    parts = _TIMESTAMP.fullmatch(text)
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
    parts = _DURATION.fullmatch(text)
    if parts is None:
        return None
    sign, whole, fraction = parts.groups()
    seconds, nanos = int(whole), _nanoseconds(fraction)
    if seconds > _MAX_DURATION:
        return None
    return {"seconds": -seconds, "nanos": -nanos} if sign else {"seconds": seconds, "nanos": nanos}


def _nanoseconds(fraction: str | None) -> int:
    return int(fraction.ljust(9, "0")) if fraction else 0


def _field_mask(text: str) -> dict[str, Any] | None:
    if "_" in text:
        return None
    check_text(text)
    if not text:
        return {}
    return {"paths": [_UPPER_CASE.sub(lambda letter: f"_{letter[0].lower()}", path) for path in text.split(",")]}


def _value(value: Any, depth: int) -> dict[str, Any]:
    if depth <= 0:
        raise too_deep(value)
    if type(value) is str:
        return {"string_value": check_text(value)}
    if value is None:
        return {"null_value": 0}
    if value is True or value is False:
        return {"bool_value": value}
    if type(value) is dict:
        return {"struct_value": _struct(value, depth - 1)}
    if type(value) is list:
        return {"list_value": _list_value(value, depth - 1)}
    return {"number_value": number(value)}


def _struct(value: Any, depth: int) -> struct_pb2.Struct | None:
    if value is None:
        return None
    if type(value) is not dict:
        raise ProtoJsonError("an object", value)
    if depth <= 0:
        raise too_deep(value)
    fields: Any = {}
    key = ""
    try:
        for key, item in value.items():
            fields[check_text(key)] = _value(item, depth - 2)  # the entry of the map is a message, too
    except ProtoJsonError as error:
        raise error.at(key) from None
    return struct_pb2.Struct(fields=fields)


def _list_value(value: Any, depth: int) -> dict[str, Any] | None:
    if value is None:
        return None
    if type(value) is not list:
        raise ProtoJsonError("an array", value)
    if depth <= 0:
        raise too_deep(value)
    values: list[Any] = []
    try:
        for item in value:
            values.append(_value(item, depth - 1))  # noqa: PERF401 - an error needs the index
    except ProtoJsonError as error:
        raise error.at(len(values)) from None
    return {"values": values}


_READERS: Final[dict[str, Reader]] = {
    "google.protobuf.Duration": _text_reader("a duration in seconds, such as 1.5s", _duration),
    "google.protobuf.FieldMask": _text_reader("the paths of a FieldMask in lowerCamelCase", _field_mask),
    "google.protobuf.ListValue": _list_value,
    "google.protobuf.Struct": _struct,
    "google.protobuf.Timestamp": _text_reader("a timestamp by RFC 3339 from year 1 to 9999", _timestamp),
    VALUE: _value,
}
