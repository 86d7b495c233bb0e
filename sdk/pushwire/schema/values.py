"""The schemas of scalars, enums and well-known types.

Each schema describes the value of a single field, and accepts `null`.
"""

from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from pushwire.schema import _patterns

__all__ = ["JsonSchema", "NamedSchema", "enum_schema", "is_null_a_value", "key_pattern", "scalar", "well_known"]

JsonSchema: TypeAlias = dict[str, Any]
"""A JSON Schema or a part of one, in a form that `json.dumps` can write."""

NamedSchema: TypeAlias = tuple[str, JsonSchema]
"""The name of a definition, and its schema."""

_INT32: Final = (-(2**31), 2**31 - 1)
_INT64: Final = (-(2**63), 2**63 - 1)
_UINT32: Final = (0, 2**32 - 1)
_UINT64: Final = (0, 2**64 - 1)
_LARGEST_FLOAT: Final = 3.4028235677973362e38  # the largest number that is rounded to a float32
_LARGEST_DOUBLE: Final = 1.7976931348623157e308


def _whole_numbers(bounds: tuple[int, int]) -> JsonSchema:
    # Why not `"type": "integer"`: in draft 4, it refuses 1.0 and 1e3.
    return {"type": ["number", "string", "null"], "multipleOf": 1, "minimum": bounds[0], "maximum": bounds[1]}


def _integers(bounds: tuple[int, int]) -> JsonSchema:
    return _whole_numbers(bounds) | {"pattern": _patterns.integer(*bounds)}


def _floats(largest: float) -> JsonSchema:
    return {"type": ["number", "string", "null"], "minimum": -largest, "maximum": largest, "pattern": _patterns.NUMBER}


def _strings(pattern: str) -> JsonSchema:
    return {"type": ["string", "null"], "pattern": pattern}


_SCALARS: Final[dict[str, JsonSchema]] = {
    "bool": {"type": ["boolean", "null"]},
    "bytes": _strings(_patterns.BASE64),
    "double": _floats(_LARGEST_DOUBLE),
    "float": _floats(_LARGEST_FLOAT),
    "int32": _integers(_INT32),
    "int64": _integers(_INT64),
    "string": {"type": ["string", "null"]},
    "uint32": _integers(_UINT32),
    "uint64": _integers(_UINT64),
}

_SCALAR_OF_TYPE: Final = {
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FIXED32: "uint32",
    FieldDescriptor.TYPE_FIXED64: "uint64",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_SFIXED32: "int32",
    FieldDescriptor.TYPE_SFIXED64: "int64",
    FieldDescriptor.TYPE_SINT32: "int32",
    FieldDescriptor.TYPE_SINT64: "int64",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
}

_SCALAR_OF_WRAPPER: Final = {
    "google.protobuf.BoolValue": "bool",
    "google.protobuf.BytesValue": "bytes",
    "google.protobuf.DoubleValue": "double",
    "google.protobuf.FloatValue": "float",
    "google.protobuf.Int32Value": "int32",
    "google.protobuf.Int64Value": "int64",
    "google.protobuf.StringValue": "string",
    "google.protobuf.UInt32Value": "uint32",
    "google.protobuf.UInt64Value": "uint64",
}

_WELL_KNOWN: Final[dict[str, JsonSchema]] = {
    "google.protobuf.Any": {
        "type": ["object", "null"],
        "properties": {"@type": {"type": "string"}},
        "anyOf": [{"required": ["@type"]}, {"maxProperties": 0}],
    },
    "google.protobuf.Duration": _strings(_patterns.DURATION),
    "google.protobuf.FieldMask": _strings(_patterns.FIELD_MASK),
    "google.protobuf.Timestamp": _strings(_patterns.TIMESTAMP),
    "google.protobuf.Value": {
        "type": ["array", "boolean", "null", "number", "object", "string"],
        "minimum": -_LARGEST_DOUBLE,
        "maximum": _LARGEST_DOUBLE,
        "items": {"$ref": "#/definitions/google.protobuf.Value"},
        "additionalProperties": {"$ref": "#/definitions/google.protobuf.Value"},
    },
}


def scalar(field: FieldDescriptor) -> NamedSchema:
    """Return the schema of a scalar field's type."""
    return _named_scalar(_SCALAR_OF_TYPE[field.type])


def well_known(descriptor: Descriptor) -> NamedSchema | None:
    """Return the schema of a well-known type.

    `None` if the JSON form of the message follows from its fields, as it does for `Struct` and `ListValue`.
    """
    name = descriptor.full_name
    if name in _SCALAR_OF_WRAPPER:
        return _named_scalar(_SCALAR_OF_WRAPPER[name])
    return (name, _WELL_KNOWN[name]) if name in _WELL_KNOWN else None


def enum_schema(enum_type: EnumDescriptor) -> JsonSchema:
    """Return the schema of an enum.

    The first alternative lists the known names. The others accept unknown names, which receivers ignore, and numbers:
    any 32-bit integer for an open enum, the known numbers for a closed one.
    """
    names: JsonSchema = {"enum": [value.name for value in enum_type.values]}
    types = ["number", "string", "null"]
    if enum_type.is_closed:
        numbers = sorted({value.number for value in enum_type.values})
        others = {"type": ["string", "null"], "pattern": _patterns.NAME}
        return {"type": types, "anyOf": [names, {"enum": [*numbers, *map(str, numbers)]}, others]}
    return {"type": types, "anyOf": [names, _whole_numbers(_INT32) | {"pattern": _patterns.name_or_integer(*_INT32)}]}


def key_pattern(field: FieldDescriptor) -> str | None:
    """Return the pattern of a map's keys, or `None` if every string is valid.

    Args:
        field: The field `key` of the map's entry type.
    """
    name = _SCALAR_OF_TYPE[field.type]
    return _patterns.BOOLEAN if name == "bool" else _SCALARS[name].get("pattern")


def is_null_a_value(field: FieldDescriptor) -> bool:
    """Return whether `null` is a value of the field's type, so that lists and maps may contain it."""
    named: Any = field.message_type or field.enum_type
    return named is not None and named.full_name in {"google.protobuf.Value", "google.protobuf.NullValue"}


def _named_scalar(name: str) -> NamedSchema:
    return f"scalar-{name}", _SCALARS[name]  # names of messages contain no '-'
