"""The public functions: the schema of a payload, and the schema of a whole JSON frame."""

import copy
from typing import Final, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from pushwire.operation import AnyOperation
from pushwire.schema._messages import Definitions
from pushwire.schema.values import JsonSchema

__all__ = ["frame_schema", "payload_schema"]

_DRAFT_4: Final = "http://json-schema.org/draft-04/schema#"


def payload_schema(message_type: type[Message] | Descriptor) -> JsonSchema:
    """Return the schema of a message, the `payload` of a JSON frame.

    Args:
        message_type: The message's generated class, or its descriptor.

    Returns:
        The schema, as a new object that `json.dumps` can write.
    """
    definitions = Definitions()
    return _document(definitions.message(_descriptor(message_type)), definitions)


def frame_schema(operation: AnyOperation) -> JsonSchema:
    """Return the schema of an operation's JSON frames: an object with a `route` and a `payload`.

    `payload` is optional, as it is for receivers, except if the message has required fields.

    Args:
        operation: The operation. It may have any format, because receivers accept JSON frames of every operation.

    Returns:
        The schema, as a new object that `json.dumps` can write.
    """
    definitions = Definitions()
    descriptor = _descriptor(operation.message_type)
    has_required = any(field.is_required for field in descriptor.fields)
    frame: JsonSchema = {
        "title": operation.full_name,
        "type": "object",
        "properties": {"route": {"enum": [operation.route]}, "payload": definitions.message(descriptor)},
        "required": ["route", "payload"] if has_required else ["route"],
    }
    return _document(frame, definitions)


def _document(root: JsonSchema, definitions: Definitions) -> JsonSchema:
    # Why a deep copy: schemas share parts, and the caller may change the result.
    return copy.deepcopy({"$schema": _DRAFT_4, **root, "definitions": definitions.sorted()})


def _descriptor(message_type: type[Message] | Descriptor) -> Descriptor:
    return message_type if isinstance(message_type, Descriptor) else cast("Descriptor", message_type.DESCRIPTOR)
