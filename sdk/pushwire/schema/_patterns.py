"""Regular expressions of the strings that the proto3 JSON mapping uses. All of them match a whole string.

They are written in what ECMA 262 and Python share, as the `pattern` of draft 4 asks.
"""

from collections.abc import Iterator
from typing import Final

__all__ = ["BASE64", "BOOLEAN", "DURATION", "FIELD_MASK", "NAME", "NUMBER", "TIMESTAMP", "integer", "name_or_integer"]

_DECIMAL: Final = r"(?:0|[1-9][0-9]*)"
_EXPONENT: Final = r"[eE][+-]?[0-9]+"
_NANOSECONDS: Final = r"(?:\.[0-9]{1,9})?"
_NO_INTEGER: Final = "(?!-?[0-9]+$)"
_MAX_DURATION: Final = 315_576_000_000  # seconds: 10,000 years, by google/protobuf/duration.proto


def integer(lowest: int, highest: int) -> str:
    """Return the pattern of an integer's string, which holds it as a JSON number is written.

    Args:
        lowest: The smallest of its range; not above 0.
        highest: The largest of its range.
    """
    sign = "-?" if lowest < 0 else ""
    return rf"^(?:{_range(lowest, highest)}(?:\.0+)?|{sign}{_DECIMAL}(?:\.[0-9]+)?{_EXPONENT})$"


def name_or_integer(lowest: int, highest: int) -> str:
    """Return the pattern of what is no integer, or one of this range."""
    return f"^(?:{_range(lowest, highest)}$|{_NO_INTEGER})"


def _range(lowest: int, highest: int) -> str:
    if lowest < -highest:  # two's complement: one more below zero
        return f"(?:-?{_up_to(highest)}|{lowest})"
    return _up_to(highest)


def _up_to(highest: int) -> str:
    """The pattern of the decimal numbers from 0 to one of two digits or more."""
    return f"(?:{'|'.join(_parts(str(highest)))})"


def _parts(digits: str) -> Iterator[str]:
    yield "0"
    yield f"[1-9][0-9]{{0,{len(digits) - 2}}}"
    for place, digit in enumerate(digits):
        lowest = 0 if place else 1
        if int(digit) > lowest:
            yield f"{digits[:place]}[{lowest}-{int(digit) - 1}][0-9]{{{len(digits) - place - 1}}}"
    yield digits


NAME: Final = f"^{_NO_INTEGER}"
"""The name of an enum's value, known or not: whatever is no integer."""

NUMBER: Final = rf"^(?:NaN|-?Infinity|-?{_DECIMAL}(?:\.[0-9]+)?(?:{_EXPONENT})?)$"
"""A float's string."""

BOOLEAN: Final = "^(?:true|false)$"
"""A boolean's string, which only the key of a map is."""

BASE64: Final = (
    "^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?$"  # with padding or without
)
"""Bytes, in either alphabet of base64."""

TIMESTAMP: Final = (
    "^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    rf"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]{_NANOSECONDS}(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""A `google.protobuf.Timestamp`."""

DURATION: Final = f"^-?{_up_to(_MAX_DURATION)}{_NANOSECONDS}s$"
"""A `google.protobuf.Duration`."""

FIELD_MASK: Final = "^[^_]*$"
"""A `google.protobuf.FieldMask`: paths in lowerCamelCase, with commas between."""
