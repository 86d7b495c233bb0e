"""Readers of scalar values and enums.

A reader takes a JSON value and the number of messages that may still be nested below. It returns what the constructor
of a message accepts for the field, or `None` to leave the field unset.
"""

import binascii
import math
import re
import struct
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from pushwire.protojson._errors import ProtoJsonError

__all__ = ["NULL_VALUE", "VALUE", "Reader", "bulk_reader", "check_text", "key_reader", "number", "scalar_reader"]

Reader: TypeAlias = Callable[[Any, int], Any]

NULL_VALUE: Final = "google.protobuf.NullValue"
VALUE: Final = "google.protobuf.Value"

# Compiled by `re` when they are first used: an import should not wait for them.
_NUMBER: Final = r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?"
_INTEGER: Final = r"-?[0-9]+"
_MAX_DIGITS: Final = 20
"""As many digits as the largest 64-bit integer has."""
_MAX_EXPONENT_LENGTH: Final = 8
"""No frame holds so many digits that a longer exponent could make them an integer in range."""
_SAFE_FLOAT32: Final = 3.4e38
"""Below the largest float32, so that rounding cannot overflow."""

_INTEGERS: Final = {
    "32-bit integer": (-(2**31), 2**31 - 1),
    "64-bit integer": (-(2**63), 2**63 - 1),
    "unsigned 32-bit integer": (0, 2**32 - 1),
    "unsigned 64-bit integer": (0, 2**64 - 1),
}
_INTEGER_OF_CPP_TYPE: Final = {
    FieldDescriptor.CPPTYPE_INT32: "32-bit integer",
    FieldDescriptor.CPPTYPE_INT64: "64-bit integer",
    FieldDescriptor.CPPTYPE_UINT32: "unsigned 32-bit integer",
    FieldDescriptor.CPPTYPE_UINT64: "unsigned 64-bit integer",
}
_OUT_OF_RANGE: Final = "a number that is out of range"


def scalar_reader(field: FieldDescriptor) -> Reader:
    """Return the reader of a single value of a scalar or enum field."""
    if field.cpp_type in _INTEGER_OF_CPP_TYPE:
        return _integer_reader(_INTEGER_OF_CPP_TYPE[field.cpp_type])
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_BOOL:
            return _boolean
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return _double
        case FieldDescriptor.CPPTYPE_FLOAT:
            return _float
        case FieldDescriptor.CPPTYPE_ENUM:
            enum_type: Any = field.enum_type
            return _enum_reader(enum_type)
        case _:
            return _bytes if field.type == FieldDescriptor.TYPE_BYTES else _string


def bulk_reader(field: FieldDescriptor) -> Callable[[list[Any]], bool]:
    """Return a check whether all values of a list stand for themselves, so that no reader is needed for each one."""
    if field.cpp_type in _INTEGER_OF_CPP_TYPE:
        lowest, highest = _INTEGERS[_INTEGER_OF_CPP_TYPE[field.cpp_type]]
        return lambda values: {*map(type, values)} == {int} and min(values) >= lowest and max(values) <= highest
    if field.type == FieldDescriptor.TYPE_STRING:
        return lambda values: {*map(type, values)} == {str} and "".join(values).isascii()
    if field.type == FieldDescriptor.TYPE_BOOL:
        return lambda values: {*map(type, values)} == {bool}
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return lambda values: {*map(type, values)} == {float} and math.isfinite(sum(values))
    return lambda _values: False


def key_reader(field: FieldDescriptor) -> Callable[[str], Any]:
    """Return the reader of a map's keys by the field of the key. JSON has strings only as keys."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _boolean_key
    if field.cpp_type in _INTEGER_OF_CPP_TYPE:
        read = _integer_reader(_INTEGER_OF_CPP_TYPE[field.cpp_type])
        return lambda key: read(key, 0)
    return check_text


def check_text(text: str) -> str:
    """Return the text if UTF-8 can encode it.

    Raises:
        ProtoJsonError: It has half of a surrogate pair.
    """
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            found = "half of a surrogate pair"
            raise ProtoJsonError("a string of Unicode characters", text, found=found) from None
    return text


def _string(value: Any, _depth: int) -> str | None:
    if type(value) is str:
        return value if value.isascii() else check_text(value)
    if value is None:
        return None
    raise ProtoJsonError("a string", value)


def _boolean(value: Any, _depth: int) -> bool | None:
    if value is True or value is False or value is None:
        return value
    raise ProtoJsonError("a boolean", value)


def _boolean_key(key: str) -> bool:
    if key == "true":
        return True
    if key == "false":
        return False
    raise ProtoJsonError('"true" or "false" as the key', key)


def _integer_reader(name: str) -> Reader:
    lowest, highest = _INTEGERS[name]
    expected = f"{'an' if name[0] == 'u' else 'a'} {name}"

    def read(value: Any, _depth: int) -> int | None:
        if type(value) is int:
            number = value
        elif value is None:
            return None
        elif type(value) is str:
            number = _integer_of_text(value, expected)
        elif type(value) is float:
            if not value.is_integer():
                found = _OUT_OF_RANGE if math.isinf(value) else "a number with a fraction"
                raise ProtoJsonError(expected, value, found=found)
            number = int(value)
        else:
            raise ProtoJsonError(expected, value)
        if lowest <= number <= highest:
            return number
        raise ProtoJsonError(expected, value, found=_OUT_OF_RANGE)

    return read


def _integer_of_text(text: str, expected: str) -> int:
    if len(text) <= _MAX_DIGITS:
        try:
            number = int(text)
        except ValueError:
            pass
        else:
            # Other texts that Python reads, such as "1_000" and " 1", are not what Python writes.
            if str(number) == text:
                return number
    parts = re.fullmatch(_NUMBER, text)
    if parts is None:
        raise ProtoJsonError(expected, text)
    sign, whole, fraction, exponent = parts.groups(default="")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return 0
    if len(exponent) > _MAX_EXPONENT_LENGTH:
        exponent = f"{exponent[:1] if exponent[0] in '+-' else ''}{exponent.lstrip('+-0') or '0'}"
    if len(exponent) > _MAX_EXPONENT_LENGTH:
        found = "a number with a fraction" if exponent[0] == "-" else _OUT_OF_RANGE
        raise ProtoJsonError(expected, text, found=found)
    significant = digits.rstrip("0")
    zeros = int(exponent or "0") - len(fraction) + len(digits) - len(significant)
    if zeros < 0:
        raise ProtoJsonError(expected, text, found="a number with a fraction")
    if len(significant) + zeros > _MAX_DIGITS:
        raise ProtoJsonError(expected, text, found=_OUT_OF_RANGE)
    return int(f"{sign}{significant}{'0' * zeros}")


def _double(value: Any, _depth: int) -> float | None:
    if type(value) is float and value - value == 0.0:  # finite
        return value
    if value is None:
        return None
    return _float_of(value)


def _float(value: Any, _depth: int) -> float | None:
    if value is None:
        return None
    number = value if type(value) is float else _float_of(value)
    if -_SAFE_FLOAT32 < number < _SAFE_FLOAT32 or (type(value) is str and not math.isfinite(number)):
        return number
    try:
        # The constructors of messages disagree about what rounds to the largest float32.
        return float(struct.unpack("<f", struct.pack("<f", number if math.isfinite(number) else 1e300))[0])
    except OverflowError:
        raise ProtoJsonError("a 32-bit float", value, found=_OUT_OF_RANGE) from None


_SPECIAL_FLOATS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _float_of(value: Any) -> float:
    if type(value) is str:
        if value in _SPECIAL_FLOATS:
            return _SPECIAL_FLOATS[value]
        if re.fullmatch(_NUMBER, value) is None:
            raise ProtoJsonError("a number", value)
    return number(value)


def number(value: Any) -> float:
    """Return a finite number as a float.

    Raises:
        ProtoJsonError: It is not a number, or too large. `json` reads literals such as `1e400` as infinity.
    """
    if type(value) is bool or not isinstance(value, int | float | str):
        raise ProtoJsonError("a number", value)
    try:
        converted = float(value)
    except OverflowError:
        converted = math.inf
    if math.isfinite(converted):
        return converted
    raise ProtoJsonError("a number", value, found=_OUT_OF_RANGE)


_FROM_URL_SAFE: Final = str.maketrans("-_", "+/")


def _bytes(value: Any, _depth: int) -> bytes | None:
    if value is None:
        return None
    if type(value) is not str:
        raise ProtoJsonError("bytes in base64", value)
    text = value.translate(_FROM_URL_SAFE) if "-" in value or "_" in value else value
    if len(text) % 4 and not text.endswith("="):
        text += "=="[: -len(text) % 4]
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise ProtoJsonError("bytes in base64", value) from None


def _enum_reader(enum_type: EnumDescriptor) -> Reader:
    numbers = {value.name: value.number for value in enum_type.values} | _custom_names(enum_type)
    known = frozenset(numbers.values()) if enum_type.is_closed else None
    null = 0 if enum_type.full_name == NULL_VALUE else None
    lowest, highest = _INTEGERS["32-bit integer"]
    expected = f"a value of the enum {enum_type.name}"

    def read(value: Any, _depth: int) -> int | None:
        if type(value) is str:
            if value in numbers:
                return numbers[value]
            if re.fullmatch(_INTEGER, value) is None:
                check_text(value)
                return None  # an unknown name is ignored
            number = _integer_of_text(value, expected)
        elif type(value) is int:
            number = value
        elif value is None:
            return null
        elif type(value) is float and value.is_integer():
            number = int(value)
        else:
            raise ProtoJsonError(expected, value)
        if not lowest <= number <= highest:
            raise ProtoJsonError(expected, value, found=_OUT_OF_RANGE)
        if known is not None and number not in known:
            raise ProtoJsonError(expected, value, found="another number")
        return number

    return read


def _custom_names(enum_type: EnumDescriptor) -> dict[str, int]:
    """The names that the option `pb.enumvalue.json` gives to values; newer versions of `json_format` write them."""
    try:
        option = descriptor_pool.Default().FindExtensionByName("pb.enumvalue.json")
    except KeyError:
        return {}
    names: dict[str, int] = {}
    for value in enum_type.values:
        options: Any = value.GetOptions()
        if options.HasExtension(option) and options.Extensions[option].HasField("string"):
            names[options.Extensions[option].string] = value.number
    return names
