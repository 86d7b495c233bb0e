"""ProtoJSON: JSON values to protobuf messages, and messages to JSON text.

Reading follows "ProtoJSON Format" (protobuf.dev) exactly, with two documented differences. Unknown fields and unknown
names of enum values are always ignored, so that an old receiver accepts the messages of a newer sender. A field that is
given twice is refused: "Duplicate values" allows this, and prefers it to an arbitrary value.

The decoder does no I/O. A plan is made once for each message type, field by field as fields occur. A plan converts JSON
values to what the constructor of a message accepts: nested dictionaries of checked Python values. One call of that
constructor then makes the whole message.

The module `writing` is not imported here, because it needs protobuf's `json_format`, which delays cold starts.
"""

from pushwire.protojson._errors import ProtoJsonError
from pushwire.protojson._plans import MAX_DEPTH, from_json

__all__ = ["MAX_DEPTH", "ProtoJsonError", "from_json"]
