"""A decoder of ProtoJSON: from the value that `json.loads` returns to a protobuf message.

It follows "ProtoJSON Format" (protobuf.dev) exactly, with one documented difference: unknown fields and unknown names
of enum values are always ignored, so that an old receiver accepts the messages of a newer sender.

The decoder does no I/O. A plan is made once for each message type, field by field as fields occur. A plan converts JSON
values to what the constructor of a message accepts: nested dictionaries of checked Python values. One call of that
constructor then makes the whole message.
"""

from pushwire.protojson._errors import ProtoJsonError
from pushwire.protojson._plans import MAX_DEPTH, from_json

__all__ = ["MAX_DEPTH", "ProtoJsonError", "from_json"]
