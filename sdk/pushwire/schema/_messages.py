"""The definitions of a schema: its messages, enums and scalar types."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor

from pushwire.schema.values import JsonSchema, enum_schema, is_null_a_value, key_pattern, scalar, well_known

__all__ = ["Definitions"]


class Definitions:
    """The definitions of one schema, each type once, so that types may be recursive.

    Each definition describes the value of a single field, and accepts `null`. Types without further constraints than
    their JSON type have no definition.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, JsonSchema] = {}

    def sorted(self) -> dict[str, JsonSchema]:
        """Return the definitions by name, sorted by name."""
        return dict(sorted(self._by_name.items()))

    def message(self, descriptor: Descriptor) -> JsonSchema:
        """Return the schema of a message that is not a field's value, so that `null` is invalid.

        Args:
            descriptor: The message. It and the types of its fields are added to the definitions.
        """
        schema = self._message(descriptor)
        return schema if descriptor.full_name == "google.protobuf.Value" else self._never_null(schema)

    def _message(self, descriptor: Descriptor) -> JsonSchema:
        known = well_known(descriptor)
        if known is not None:
            return self._defined(*known)
        name = descriptor.full_name
        if name in _ONE_FIELD:
            return self._defined(name, self._field(descriptor.fields[0]))
        if name not in self._by_name:
            self._by_name[name] = {"type": ["object", "null"]}  # before its fields, which may refer to it
            self._by_name[name] |= self._fields(descriptor)
        return _reference(name)

    def _fields(self, descriptor: Descriptor) -> JsonSchema:
        fields = list(descriptor.fields)
        other_names = [field for field in fields if field.name != field.json_name]
        keywords: JsonSchema = {
            "properties": {field.json_name: self._field(field) for field in fields},
            # Why not in `properties`: there, readers of the schema, such as the gateway's console, see each field once.
            "patternProperties": {f"^{field.name}$": self._field(field) for field in other_names},
            "allOf": [*_required(fields), *_oneofs(descriptor)],
        }
        return {keyword: value for keyword, value in keywords.items() if value}

    def _field(self, field: FieldDescriptor) -> JsonSchema:
        if _is_map(field):
            return {"type": ["object", "null"]} | self._map(field)
        if field.is_repeated:
            return {"type": ["array", "null"], "items": self._element(field)}
        return self._element(field) if field.is_required else self._value(field)

    def _map(self, field: FieldDescriptor) -> JsonSchema:
        entry: Any = field.message_type
        value = self._element(entry.fields_by_name["value"])
        keys = key_pattern(entry.fields_by_name["key"])
        if keys is None:
            return {"additionalProperties": value}
        return {"patternProperties": {keys: value}, "additionalProperties": False}

    def _element(self, field: FieldDescriptor) -> JsonSchema:
        value = self._value(field)
        return value if is_null_a_value(field) else self._never_null(value)

    def _value(self, field: FieldDescriptor) -> JsonSchema:
        message_type: Any = field.message_type
        if message_type is not None:
            return self._message(message_type)
        enum_type: Any = field.enum_type
        if enum_type is not None:
            return self._defined(enum_type.full_name, enum_schema(enum_type))
        return self._defined(*scalar(field))

    def _defined(self, name: str, schema: JsonSchema) -> JsonSchema:
        if schema.keys() == {"type"}:
            return schema
        self._by_name[name] = schema
        return _reference(name)

    def _never_null(self, schema: JsonSchema) -> JsonSchema:
        reference = schema.get("$ref")
        whole = schema if reference is None else self._by_name[reference.removeprefix(_PREFIX)]
        types = [name for name in whole["type"] if name != "null"]
        narrowed: JsonSchema = {"type": types[0] if len(types) == 1 else types}
        return narrowed if reference is None else narrowed | {"allOf": [schema]}


_PREFIX = "#/definitions/"

_ONE_FIELD = {"google.protobuf.ListValue", "google.protobuf.Struct"}
"""The messages whose JSON is the JSON of their only field."""


def _reference(name: str) -> JsonSchema:
    return {"$ref": _PREFIX + name}


def _is_map(field: FieldDescriptor) -> bool:
    message_type: Any = field.message_type
    return message_type is not None and message_type.GetOptions().map_entry


def _required(fields: list[FieldDescriptor]) -> Iterator[JsonSchema]:
    for field in fields:
        if field.is_required:
            yield {"anyOf": [{"required": [name]} for name in dict.fromkeys([field.json_name, field.name])]}


def _oneofs(descriptor: Descriptor) -> Iterator[JsonSchema]:
    for oneof in descriptor.oneofs:
        if len(oneof.fields) > 1:
            yield from _at_most_one(oneof)


def _at_most_one(oneof: OneofDescriptor) -> Iterator[JsonSchema]:
    """Yield schemas that together allow at most one name of a oneof to have a value.

    Each name has a number. Two different numbers differ in at least one bit, so for each bit, the names with 0 or the
    names with 1 must be unset. Why not one schema for each pair: their number is quadratic, and a oneof may have
    hundreds of fields.
    """
    names = list(dict.fromkeys(name for field in oneof.fields for name in (field.json_name, field.name)))
    for bit in range((len(names) - 1).bit_length()):
        halves = [[name for number, name in enumerate(names) if number >> bit & 1 == half] for half in (0, 1)]
        yield {"anyOf": [{"properties": {name: {"type": "null"} for name in half}} for half in halves]}
