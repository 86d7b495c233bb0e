"""Plans: the readers of a message type's fields, made once."""

from functools import lru_cache
from typing import Any, Final, TypeVar, cast

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from pushwire.protojson._errors import ProtoJsonError, too_deep
from pushwire.protojson._scalars import NULL_VALUE, VALUE, Reader, bulk_reader, check_text, key_reader, scalar_reader

__all__ = ["MAX_DEPTH", "from_json"]

M = TypeVar("M", bound=Message)

MAX_DEPTH: Final = 100
"""How many messages may be nested, the outermost included. Protobuf's binary decoders have the same limit."""

_ANY: Final = "google.protobuf.Any"


def from_json(value: Any, message_type: type[M]) -> M:
    """Convert a JSON value to a message.

    Args:
        value: What `json.loads` returned.
        message_type: The class of the message.

    Raises:
        ProtoJsonError: The value is not the ProtoJSON form of such a message. Whether required fields are set is not
            checked.
    """
    read = _message_reader(message_type.DESCRIPTOR)
    content = read(value, MAX_DEPTH)
    if content is None:
        raise ProtoJsonError("an object", value)
    return cast("M", content) if isinstance(content, Message) else message_type(**content)


_Field = tuple[str, Reader, str | None]
"""A field's name, the reader of its value, and the name of its oneof."""


class _Fields(dict[str, _Field]):
    """The fields of a message type by both their names. Each is prepared when it first occurs."""

    def __init__(self, descriptor: Descriptor) -> None:
        super().__init__()
        fields: list[Any] = list(descriptor.fields)
        # A JSON name comes before another field's own name.
        self._by_key = {field.name: field for field in fields} | {field.json_name: field for field in fields}

    def __missing__(self, key: str) -> _Field:
        field = self._by_key[key]
        oneof = field.containing_oneof
        # Alone is, for example, the field of the oneof that protoc makes of an `optional` field of proto3.
        shared = oneof.name if oneof is not None and len(oneof.fields) > 1 else None
        entry = (field.name, _field_reader(field), shared)
        self[key] = entry
        return entry


@lru_cache(maxsize=1024)
def _message_reader(descriptor: Descriptor) -> Reader:
    if descriptor.full_name == _ANY:
        return _any_reader(descriptor)
    well_known = _well_known_reader(descriptor)
    if well_known is not None:
        return well_known
    fields = _Fields(descriptor)

    def read(value: Any, depth: int) -> dict[str, Any] | Message | None:
        if value.__class__ is not dict:
            if value is None:
                return None
            raise ProtoJsonError("an object", value)
        if depth <= 0:
            raise too_deep(value)
        depth -= 1
        entries: dict[str, Any] = value
        content: dict[str, Any] = {}
        oneofs: tuple[str, ...] = ()
        extensions: tuple[tuple[FieldDescriptor, Any], ...] = ()
        ignored = 0
        key = ""
        try:
            for key, item in entries.items():
                try:
                    name, read_field, oneof = fields[key]
                except KeyError:
                    ignored += 1
                    extension = _extension(descriptor, key)
                    if extension is not None:
                        extensions += ((extension, _field_reader(extension)(item, depth)),)
                    continue
                content[name] = read_field(item, depth)
                if oneof is not None and content[name] is not None:
                    if oneof in oneofs:
                        raise ProtoJsonError(f"one field of the oneof {oneof}", entries, found="two")  # noqa: TRY301
                    oneofs += (oneof,)
        except ProtoJsonError as error:
            raise error.inside(key) from None
        if len(content) + ignored != len(entries):
            raise _given_twice(entries, fields)
        return _with_extensions(descriptor, content, extensions) if extensions else content

    return read


def _well_known_reader(descriptor: Descriptor) -> Reader | None:
    if not descriptor.full_name.startswith("google.protobuf."):
        return None
    # Imported when it is needed: many contracts have no such type, and cold starts wait for imports.
    from pushwire.protojson._well_known import well_known_reader

    return well_known_reader(descriptor)


def _given_twice(value: dict[str, Any], fields: _Fields) -> ProtoJsonError:
    names: set[str] = set()
    for key in value:
        name = fields[key][0] if key in fields else ""
        if name and name in names:
            return ProtoJsonError("one value", value, found="two, under both names of the field").inside(key)
        names.add(name)
    raise AssertionError("each field is given once")


def _extension(descriptor: Descriptor, key: str) -> FieldDescriptor | None:
    """Find the extension that a key such as `[chat.v1.colour]` names."""
    if not (descriptor.is_extendable and key.startswith("[") and key.endswith("]") and key.isascii()):
        return None
    try:
        found: FieldDescriptor = descriptor.file.pool.FindExtensionByName(key[1:-1])
    except KeyError:
        return None
    return found if found.containing_type is descriptor else None


def _with_extensions(
    descriptor: Descriptor, content: dict[str, Any], extensions: tuple[tuple[FieldDescriptor, Any], ...]
) -> Message:
    message: Any = message_factory.GetMessageClass(descriptor)(**content)
    for field, value in extensions:
        if value is None:
            continue
        if field.is_repeated:
            target = message.Extensions[field]
            for item in value:
                if field.message_type is None:
                    target.append(item)
                else:
                    target.add().CopyFrom(_made(field.message_type, item))
        elif field.message_type is None:
            message.Extensions[field] = value
        else:
            target = message.Extensions[field]
            target.SetInParent()
            target.CopyFrom(_made(field.message_type, value))
    return cast("Message", message)


def _made(descriptor: Any, content: Any) -> Message:
    return content if isinstance(content, Message) else message_factory.GetMessageClass(descriptor)(**content)


@lru_cache(maxsize=1024)
def _field_reader(field: FieldDescriptor) -> Reader:
    message_type: Any = field.message_type
    if message_type is not None and message_type.GetOptions().map_entry:
        return _map_reader(message_type)
    return _list_reader(field) if field.is_repeated else _single_reader(field)


def _single_reader(field: FieldDescriptor) -> Reader:
    message_type: Any = field.message_type
    return scalar_reader(field) if message_type is None else _message_reader(message_type)


def _is_null_a_value(field: FieldDescriptor) -> bool:
    named: Any = field.message_type or field.enum_type
    return named is not None and named.full_name in {VALUE, NULL_VALUE}


def _list_reader(field: FieldDescriptor) -> Reader:
    read_item = _single_reader(field)
    stand_for_themselves = bulk_reader(field)
    is_null_a_value = _is_null_a_value(field)
    is_enum = field.enum_type is not None

    def read(value: Any, depth: int) -> list[Any] | None:
        if value.__class__ is not list:
            if value is None:
                return None
            raise ProtoJsonError("an array", value)
        elements: list[Any] = value
        if stand_for_themselves(elements):
            return elements
        items: list[Any] = []
        add = items.append
        try:
            for item in elements:
                if item is None and not is_null_a_value:
                    raise ProtoJsonError("a value", item)  # noqa: TRY301 - gets its path below
                add(read_item(item, depth))
        except ProtoJsonError as error:
            raise error.at(len(items)) from None
        return [item for item in items if item is not None] if is_enum else items

    return read


def _map_reader(entry: Descriptor) -> Reader:
    read_key = key_reader(entry.fields_by_name["key"])
    value_field = entry.fields_by_name["value"]
    read_item = _single_reader(value_field)
    is_null_a_value = _is_null_a_value(value_field)
    is_message = value_field.message_type is not None

    def read(value: Any, depth: int) -> dict[Any, Any] | None:
        if value.__class__ is not dict:
            if value is None:
                return None
            raise ProtoJsonError("an object", value)
        depth -= is_message  # the entry is a message, too
        entries: dict[str, Any] = value
        items: dict[Any, Any] = {}
        key = ""
        try:
            for key, item in entries.items():
                if item is None and not is_null_a_value:
                    raise ProtoJsonError("a value", item)  # noqa: TRY301 - gets its path below
                items[read_key(key)] = read_item(item, depth)
        except ProtoJsonError as error:
            raise error.at(key) from None
        if len(items) != len(entries):
            raise ProtoJsonError("each key once", entries, found="two keys that are equal as numbers")
        return items if is_message else {key: item for key, item in items.items() if item is not None}

    return read


def _any_reader(any_descriptor: Descriptor) -> Reader:
    def read(value: Any, depth: int) -> dict[str, Any] | None:
        if value.__class__ is not dict:
            if value is None:
                return None
            raise ProtoJsonError("an object", value)
        if depth <= 0:
            raise too_deep(value)
        entries: dict[str, Any] = value
        if not entries:
            return {}
        url, descriptor = _type_of(entries, any_descriptor)
        read_message = _message_reader(descriptor)
        if descriptor.full_name == _ANY or _well_known_reader(descriptor) is not None:
            if "value" not in entries:
                raise ProtoJsonError("a value beside @type", entries, found="none").inside("value")
            try:
                content = read_message(entries["value"], depth - 1)
            except ProtoJsonError as error:
                raise error.inside("value") from None
            if content is None:
                raise ProtoJsonError("a value", None).inside("value")
        else:
            content = read_message({key: item for key, item in entries.items() if key != "@type"}, depth)
        message = _made(descriptor, content)
        return {"type_url": url, "value": message.SerializePartialToString(deterministic=True)}

    return read


def _type_of(entries: dict[str, Any], any_descriptor: Descriptor) -> tuple[str, Descriptor]:
    url: Any = entries.get("@type")
    if type(url) is not str:
        raise ProtoJsonError("the name of a message type", url).inside("@type")
    name = url.rpartition("/")[2]
    if name.isascii():  # as all names of types are
        try:
            return check_text(url), any_descriptor.file.pool.FindMessageTypeByName(name)
        except KeyError:
            pass
        except ProtoJsonError as error:
            raise error.inside("@type") from None
    raise ProtoJsonError("the name of a known message type", url, found="another").inside("@type")
