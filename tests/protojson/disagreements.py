"""Where `pushwire.protojson` and `json_format` of protobuf 7.36 disagree, and what decides it.

Each disagreement has a name, an example, and a paragraph. The paragraph is one of "ProtoJSON Format" (protobuf.dev),
unless another source is named. `disagreements` finds those that apply to a JSON value. Any other difference between the
two decoders is a fault.
"""

import re
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor

__all__ = ["DISAGREEMENTS", "Disagreement", "disagreements"]


class Disagreement(NamedTuple):
    """A kind of JSON value that one decoder accepts and the other refuses, or that they read differently.

    Attributes:
        example: JSON of a message.
        ours: What `pushwire.protojson` does: "accepts" or "refuses".
        theirs: What `json_format` does.
        paragraph: The heading, or the row of a table, that decides it.
        message: The full name of the example's type.
    """

    example: str
    ours: str
    theirs: str
    paragraph: str
    message: str = "wire.v1.Everything"


NUMBERS = (
    "Representation of each type, rows int32 and int64: a decimal number, with exponent notation; or such a string"
)
FLOATS = "Representation of each type, row float: a number, or NaN, Infinity, -Infinity; or such a string"
RANGE = "Out of range numeric values: the parser should fail; zero fractional portions are accepted"
ENUMS = "Representation of each type, row enum: the name of the enum value; parsers accept integer values"
NULLS = "Null values: NullValue is a special exception; null is a sentinel-present value for this type"
TIMES = "RFC 3339 Clarifications, Timestamps: parsers should only accept the stricter subset format"
UNKNOWN = "JSON Options, Ignore unknown fields; the departure of docs/design.md: also names of enum values"
VALUE = "struct.proto, Value.number_value: NaN and Infinity are not supported"

DISAGREEMENTS: dict[str, Disagreement] = {
    "integer text": Disagreement('{"anInt32":"1_000"}', "refuses", "accepts", NUMBERS),
    "integer text beyond double": Disagreement('{"anInt64":"9007199254740993.0"}', "accepts", "accepts", RANGE),
    "integer text beyond range": Disagreement('{"anInt64":"9223372036854775807.0"}', "accepts", "refuses", RANGE),
    "enum text": Disagreement('{"aColour":"0_1"}', "accepts", "accepts", ENUMS),
    "enum integer text": Disagreement('{"aColour":"01"}', "refuses", "accepts", ENUMS),
    "enum boolean": Disagreement('{"aColour":true}', "refuses", "accepts", ENUMS),
    "enum fraction": Disagreement('{"aColour":1.5}', "refuses", "accepts", RANGE),
    "enum range": Disagreement('{"aColour":4294967297}', "refuses", "accepts", RANGE),
    "bytes": Disagreement(
        '{"someBytes":"not base64 at all!"}',
        "refuses",
        "accepts",
        "Representation of each type, row bytes: base64 of either alphabet, with or without padding",
    ),
    "float text": Disagreement('{"aDouble":"1_0"}', "refuses", "accepts", FLOATS),
    "float boolean": Disagreement('{"aDouble":true}', "refuses", "accepts", FLOATS),
    "float range": Disagreement('{"aDouble":"1e400"}', "refuses", "accepts", RANGE),
    "float32 range": Disagreement('{"aFloat":"1e39"}', "refuses", "accepts", RANGE),
    "largest float32": Disagreement('{"aFloat":3.4028235e38}', "accepts", "refuses", RANGE),
    "value range": Disagreement('{"value":1e400}', "refuses", "accepts", VALUE),
    "not an object": Disagreement(
        '{"aLeaf":"text"}', "refuses", "accepts", "Representation of each type, row message: generates JSON objects"
    ),
    "both names": Disagreement(
        '{"aString":"x","a_string":"y"}',
        "refuses",
        "accepts",
        "Duplicate values: the last value, but rather a refusal than an arbitrary one",
    ),
    "equal keys": Disagreement(
        '{"leavesByNumber":{"1":{},"1.0":{"count":1}}}',
        "refuses",
        "accepts",
        "Duplicate values: the last value, but rather a refusal than an arbitrary one",
    ),
    "null in a list of NullValue": Disagreement('{"nulls":[null]}', "accepts", "refuses", NULLS, "kinds.v3.Kinds"),
    "null in a map of NullValue": Disagreement(
        '{"nullsByString":{"x":null}}', "accepts", "refuses", NULLS, "kinds.v3.Kinds"
    ),
    "null for a list of NullValue": Disagreement(
        '{"nulls":null}',
        "accepts",
        "refuses",
        "Null values: accepted for all fields, and treated as the default value, which is the empty list",
        "kinds.v3.Kinds",
    ),
    "key of an unknown name": Disagreement(
        '{"turnsByNumber":{"9223372036854775808":"NEW"}}', "refuses", "accepts", RANGE, "kinds.v2.Kinds"
    ),
    "null in a oneof": Disagreement(
        '{"chosenNull":null,"chosenBool":true}', "refuses", "accepts", NULLS, "kinds.v3.Kinds"
    ),
    "unknown name in a oneof": Disagreement(
        '{"chosenShade":"SHADE_NEW","chosenBool":true}', "accepts", "refuses", UNKNOWN, "kinds.v3.Kinds"
    ),
    "timestamp form": Disagreement('{"timestamp":"1972-1-1T1:1:1Z"}', "refuses", "accepts", TIMES),
    "duration form": Disagreement(
        '{"duration":"1.0000000001s"}',
        "refuses",
        "accepts",
        "Well-Known Types, row Duration: fractional digits that fit into nanoseconds; suffix s",
    ),
    "field mask": Disagreement(
        '{"fieldMask":"\\u00c9"}', "refuses", "accepts", "field_mask.proto: paths consist of names of fields"
    ),
    "unknown extension": Disagreement('{"[no.such]":1}', "accepts", "refuses", UNKNOWN),
    "unknown name with half a surrogate pair": Disagreement(
        '{"chosenNeeded":{"\\ud800":null}}', "accepts", "refuses", UNKNOWN, "kinds.v2.Kinds"
    ),
    "required in an Any": Disagreement(
        '{"any":{"@type":"x/kinds.v2.Needed"}}',
        "accepts",
        "refuses",
        "Any: the message is turned into JSON; the binary format checks no required fields in it either",
    ),
}

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BASE64 = re.compile("(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?")
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_DURATION = re.compile(r"-?\d{1,12}(?:\.\d{1,9})?s", re.ASCII)
_FLOAT_MAX = 3.4028234663852886e38


def disagreements(descriptor: Descriptor, value: Any) -> Iterator[str]:
    """Yield the names of the disagreements that apply to the JSON of a message."""
    name = descriptor.full_name.removeprefix("google.protobuf.")
    if name == "Any":
        yield from _in_any(descriptor, value)
    elif name in {"Struct", "ListValue", "Value"}:
        yield from _in_value(value)
    elif descriptor.file.name == "google/protobuf/wrappers.proto":
        yield from _in_scalar(descriptor.fields_by_name["value"], value)
    elif name == "Timestamp" and isinstance(value, str):
        if _TIMESTAMP.fullmatch(value) is None:
            yield "timestamp form"
    elif name == "Duration" and isinstance(value, str):
        if _DURATION.fullmatch(value) is None:
            yield "duration form"
    elif name == "FieldMask" and isinstance(value, str):
        if not (value.isascii() and value.isprintable()):
            yield "field mask"
    elif name not in {"Timestamp", "Duration", "FieldMask"}:
        yield from _in_message(descriptor, value)


def _in_message(descriptor: Descriptor, value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        if value is not None:
            yield "not an object"
        return
    by_key = {field.name: field for field in descriptor.fields} | {
        field.json_name: field for field in descriptor.fields
    }
    seen: set[str] = set()
    oneofs: dict[str, list[tuple[FieldDescriptor, Any]]] = {}
    for key, item in value.items():
        field: Any = by_key.get(key)
        if field is None and key.startswith("["):
            try:
                field = descriptor.file.pool.FindExtensionByName(key[1:-1])
            except KeyError:
                yield "unknown extension"
        if field is None:
            if re.search("[\ud800-\udfff]", key) is not None:
                yield "unknown name with half a surrogate pair"
            continue
        if field.full_name in seen:
            yield "both names"
        seen.add(field.full_name)
        if field.containing_oneof is not None:
            oneofs.setdefault(field.containing_oneof.name, []).append((field, item))
        if item is not None:
            yield from _in_field(field, item)
        elif field.is_repeated and _takes_null(field):
            yield "null for a list of NullValue"
    for members in oneofs.values():
        if len(members) > 1 and any(item is None and _takes_null(field) for field, item in members):
            yield "null in a oneof"
        if len(members) > 1 and any(field.enum_type is not None and isinstance(item, str) for field, item in members):
            yield "unknown name in a oneof"


def _takes_null(field: Any) -> bool:
    named = field.message_type or field.enum_type
    return named is not None and named.full_name in {"google.protobuf.Value", "google.protobuf.NullValue"}


def _in_field(field: Any, value: Any) -> Iterator[str]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        if isinstance(value, dict):
            key_field, value_field = field.message_type.fields
            is_number = key_field.cpp_type not in {FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_BOOL}
            if is_number and len(value) > 1:
                yield "equal keys"
            for key, item in value.items():
                yield from _in_scalar(key_field, key)
                if item is None and _takes_null(value_field):
                    yield "null in a map of NullValue"
                enum: Any = value_field.enum_type
                if enum is not None and isinstance(item, str) and item not in enum.values_by_name:
                    yield "key of an unknown name"
                yield from _in_single(value_field, item)
    elif field.is_repeated:
        for item in value if isinstance(value, list) else ():
            if item is None and field.enum_type is not None:
                yield "null in a list of NullValue"
            yield from _in_single(field, item)
    else:
        yield from _in_single(field, value)


def _in_single(field: Any, value: Any) -> Iterator[str]:
    return _in_scalar(field, value) if field.message_type is None else disagreements(field.message_type, value)


def _in_scalar(field: Any, value: Any) -> Iterator[str]:
    if field.enum_type is not None:
        yield from _in_enum(value)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        if isinstance(value, str) and _BASE64.fullmatch(value) is None:
            yield "bytes"
    elif field.cpp_type in {FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE}:
        yield from _in_float(value, field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT)
    elif field.cpp_type not in {FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_BOOL} and isinstance(
        value, str
    ):
        if _NUMBER.fullmatch(value) is None:
            yield "integer text"
        elif sum(character.isdigit() for character in value) > 15 and not value.removeprefix("-").isdigit():
            yield from ("integer text beyond double", "integer text beyond range")


def _in_enum(value: Any) -> Iterator[str]:
    if isinstance(value, bool):
        yield "enum boolean"
    elif isinstance(value, float) and not value.is_integer():
        yield "enum fraction"
    elif isinstance(value, (int, float)) and not -(2**31) <= value < 2**31:
        yield "enum range"
    elif isinstance(value, str):
        try:
            number = int(value)
        except ValueError:
            return
        if not -(2**31) <= number < 2**31:
            yield "enum range"
        elif str(number) != value:
            yield from ("enum text", "enum integer text")


def _in_float(value: Any, is_float32: bool) -> Iterator[str]:
    if isinstance(value, bool):
        yield "float boolean"
        return
    if isinstance(value, str) and _NUMBER.fullmatch(value) is None:
        yield "float text"
        return
    try:
        number = float(value)
    except (TypeError, OverflowError):
        return
    if abs(number) == float("inf"):
        yield "float range"
    elif is_float32 and abs(number) > _FLOAT_MAX:
        try:
            struct.pack("<f", number)
        except OverflowError:
            yield "float32 range"
        else:
            yield "largest float32"


def _in_value(value: Any) -> Iterator[str]:
    if isinstance(value, float) and abs(value) == float("inf"):
        yield "value range"
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _in_value(item)


def _in_any(any_descriptor: Descriptor, value: Any) -> Iterator[str]:
    if not isinstance(value, dict) or not isinstance(value.get("@type"), str):
        return
    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(value["@type"].rpartition("/")[2])
    except (KeyError, UnicodeEncodeError):
        return
    if _needs_fields(descriptor, set()):
        yield "required in an Any"
    inner = {key: item for key, item in value.items() if key != "@type"}
    is_special = descriptor.full_name.startswith("google.protobuf.") and not descriptor.full_name.endswith(".Empty")
    yield from disagreements(descriptor, value.get("value") if is_special else inner)


def _needs_fields(descriptor: Any, seen: set[str]) -> bool:
    if descriptor.full_name in seen:
        return False
    seen.add(descriptor.full_name)
    return descriptor.is_extendable or any(
        field.is_required or (field.message_type is not None and _needs_fields(field.message_type, seen))
        for field in descriptor.fields
    )
