"""Writing ProtoJSON with protobuf's `json_format`.

What is added here: every reader accepts the text, and `pushwire.protojson` reads it back as the same message.
"""

import json
from functools import lru_cache
from typing import Final

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

__all__ = ["to_json"]

_SHORTEST_LARGEST: Final = "3.4028235e+38"
"""The shortest number that rounds to the largest float32. `json_format` writes it, but it is larger than a float32, so
`json_format` and protobuf-es refuse to read it."""

_dumps: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_HOLDS_PATHS: Final = frozenset({"google.protobuf.Any", "google.protobuf.FieldMask"})


def to_json(message: Message, *, emit_defaults: bool = False) -> str:
    """Return the ProtoJSON of a message, compact.

    Args:
        message: The message.
        emit_defaults: Whether to write fields without presence that have their default value. Defaults to `False`.

    Raises:
        ProtoJsonError: No JSON is read back as this message: a `Value` has no kind, a path of a `FieldMask` is not made
            of names of fields, or a `NullValue` has a number other than 0.
        ValueError, TypeError, DecodeError: `json_format` cannot write the message.
    """
    try:
        written = json_format.MessageToDict(message, always_print_fields_with_no_presence=emit_defaults)
    except json_format.Error as error:
        raise ValueError(str(error)) from error
    text = _dumps(written)
    # Each value that needs a closer look leaves one of these traces.
    if "null" in text or _SHORTEST_LARGEST in text or _may_lose_paths(message.DESCRIPTOR):
        from pushwire.protojson._exact import exact  # seldom needed, and a cold start waits for imports

        return _dumps(exact(message, written))
    return text


@lru_cache(maxsize=1024)
def _may_lose_paths(descriptor: Descriptor) -> bool:
    """Whether a message of the type can hold a `FieldMask`, also in an `Any` or an extension."""
    seen, waiting = set[str](), [descriptor]
    while waiting:
        current = waiting.pop()
        if current.full_name in _HOLDS_PATHS or current.is_extendable:
            return True
        if current.full_name not in seen:
            seen.add(current.full_name)
            waiting += [field.message_type for field in current.fields if field.message_type is not None]
    return False
