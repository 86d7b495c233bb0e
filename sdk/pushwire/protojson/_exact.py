"""A closer look at what `json_format` wrote: values that would be read differently, and the largest float32."""

from typing import Any, Final

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor

from pushwire.protojson._errors import ProtoJsonError
from pushwire.protojson._scalars import NULL_VALUE, VALUE
from pushwire.protojson._well_known import JSON_VALUES, field_mask, well_known_reader

__all__ = ["exact"]

_LARGEST_FLOAT32: Final = 3.4028234663852886e38
_SHORTEST_LARGEST: Final = 3.4028235e38

_ANY: Final = "google.protobuf.Any"
_FIELD_MASK: Final = "google.protobuf.FieldMask"
_FLOAT_VALUE: Final = "google.protobuf.FloatValue"


def exact(message: Any, written: Any) -> Any:
    """Return what was written of a message, with the largest float32 as itself.

    Raises:
        ProtoJsonError: As in `writing.to_json`.
    """
    name = message.DESCRIPTOR.full_name
    if name == _FLOAT_VALUE:
        return _exact_float(written)
    if name == _ANY:
        return _exact_any(message, written) if written else written
    if name == _FIELD_MASK:
        if (field_mask(written) or {}).get("paths", []) != list(message.paths):
            raise ProtoJsonError("paths of field names", list(message.paths), found="another path")
    elif name in JSON_VALUES:
        _check_json_value(message)
    elif well_known_reader(message.DESCRIPTOR) is None:
        for field, value in message.ListFields():
            key = f"[{field.full_name}]" if field.is_extension else field.json_name
            if key not in written:  # protobuf 6 writes repeated extensions as if they were fields
                written[key] = written.pop(field.json_name)
            try:
                written[key] = _exact_field(field, value, written[key])
            except ProtoJsonError as error:
                raise error.inside(key) from None
    return written


def _exact_any(message: Any, written: dict[str, Any]) -> dict[str, Any]:
    descriptor = descriptor_pool.Default().FindMessageTypeByName(message.type_url.rpartition("/")[2])
    inner = message_factory.GetMessageClass(descriptor).FromString(message.value)
    if descriptor.full_name == _ANY or well_known_reader(descriptor) is not None:
        try:
            written["value"] = exact(inner, written["value"])
        except ProtoJsonError as error:
            raise error.inside("value") from None
    else:
        exact(inner, written)
    return written


def _exact_field(field: FieldDescriptor, value: Any, written: Any) -> Any:
    message_type: Any = field.message_type
    if message_type is not None and message_type.GetOptions().map_entry:
        value_field = message_type.fields_by_name["value"]
        for key in value:
            place = str(key).lower() if isinstance(key, bool) else str(key)
            written[place] = _exact_element(value_field, value[key], written[place], place)
        return written
    if field.is_repeated:
        return [_exact_element(field, item, written[place], place) for place, item in enumerate(value)]
    return _exact_single(field, value, written)


def _exact_element(field: FieldDescriptor, value: Any, written: Any, place: object) -> Any:
    try:
        return _exact_single(field, value, written)
    except ProtoJsonError as error:
        raise error.at(place) from None


def _exact_single(field: FieldDescriptor, value: Any, written: Any) -> Any:
    if field.message_type is not None:
        return exact(value, written)
    enum_type: Any = field.enum_type
    if enum_type is not None and enum_type.full_name == NULL_VALUE:
        _check_null(value)
    return _exact_float(written) if field.type == FieldDescriptor.TYPE_FLOAT else written


def _exact_float(written: Any) -> Any:
    if written == _SHORTEST_LARGEST:
        return _LARGEST_FLOAT32
    return -_LARGEST_FLOAT32 if written == -_SHORTEST_LARGEST else written


def _check_json_value(message: Any) -> None:
    """Check a `Value`, `Struct` or `ListValue`."""
    if message.DESCRIPTOR.full_name == VALUE:
        kind = message.WhichOneof("kind")
        if kind is None:
            raise ProtoJsonError("a Value with a kind", message, found="one without")
        if kind == "null_value":
            _check_null(message.null_value)
        elif kind in {"struct_value", "list_value"}:
            _check_json_value(getattr(message, kind))
        return
    is_struct = message.DESCRIPTOR.name == "Struct"
    for place, value in message.fields.items() if is_struct else enumerate(message.values):
        try:
            _check_json_value(value)
        except ProtoJsonError as error:
            raise error.at(place) from None


def _check_null(number: int) -> None:
    if number != 0:
        raise ProtoJsonError("a NullValue of 0", number, found="another number")
