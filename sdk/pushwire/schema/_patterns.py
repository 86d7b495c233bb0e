"""Regular expressions for the strings of the proto3 JSON mapping. Each matches a whole string.

They use only the syntax that ECMA 262, which draft 4 requires for `pattern`, and Python have in common.
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
    """Return the pattern of an integer in a string, in any form of a JSON number.

    Args:
        lowest: The minimum; at most 0.
        highest: The maximum; at least 10.
    """
    scientific = rf"{_DECIMAL}(?:\.[0-9]+)?{_EXPONENT}"
    # Why: -0 is an unsigned integer, as it is where it is a number.
    signed = f"-?{scientific}" if lowest < 0 else rf"{scientific}|-0(?:\.0+)?(?:{_EXPONENT})?"
    return rf"^(?:{_range(lowest, highest)}(?:\.0+)?|{signed})$"


def name_or_integer(lowest: int, highest: int) -> str:
    """Return the pattern of an integer in a range, or of any text that is not an integer."""
    return f"^(?:{_range(lowest, highest)}$|{_NO_INTEGER})"


def _range(lowest: int, highest: int) -> str:
    if lowest < -highest:  # two's complement: one more below zero
        return f"(?:-?{_up_to(highest)}|{lowest})"
    return _up_to(highest)


def _up_to(highest: int) -> str:
    """Return the pattern of the decimal numbers from 0 to `highest`, which has at least two digits."""
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
"""The known or unknown name of an enum value: any text that is not an integer."""

NUMBER: Final = rf"^(?:NaN|-?Infinity|-?{_DECIMAL}(?:\.[0-9]+)?(?:{_EXPONENT})?)$"
"""A float in a string."""

BOOLEAN: Final = "^(?:true|false)$"
"""A boolean in a string, which is possible only as the key of a map."""

BASE64: Final = (
    "^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?$"  # with padding or without
)
"""Bytes in base64, with the standard or the URL-safe alphabet."""

TIMESTAMP: Final = (
    "^(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    rf"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]{_NANOSECONDS}(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""A `google.protobuf.Timestamp`."""

DURATION: Final = f"^-?0*{_up_to(_MAX_DURATION)}{_NANOSECONDS}s$"
"""A `google.protobuf.Duration`."""

FIELD_MASK: Final = "^[ -^`-~]*$"
"""A `google.protobuf.FieldMask`: paths in lowerCamelCase, separated by commas. Printable ASCII without `_`."""
