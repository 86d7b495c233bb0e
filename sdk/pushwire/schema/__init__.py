"""JSON Schemas, draft 4, of messages in JSON frames.

A schema accepts every message that receivers accept by the rules of the proto3 JSON mapping ("ProtoJSON Format",
protobuf.dev), and refuses the other messages as far as draft 4 can express the rules.

- A field may have its JSON name or its original name. `null` leaves it unset. Unknown fields and unknown names of enum
  values are accepted, because receivers ignore them: so old servers keep working with new clients.
- Integers and floats may be numbers or strings, within the range of their type. For strings with an exponent
  (`"1e3"`), only the form is checked.

The receiver checks what draft 4 cannot express, or only with schemas that are many times as long:

- a key that an object has twice, one field under both its names, and keys of a map that are equal as numbers (`"1"` and
  `"1.0"`);
- dates that do not exist (30 February), and times that an offset moves out of the years 1 to 9999;
- the message in an `Any`, and extensions (`"[chat.v1.colour]"`), which any file may declare;
- the range of floats in strings (`"1e400"`);
- nesting deeper than 100 messages, and half of a surrogate pair in a string.

Equal descriptors have equal schemas, with the same order of keys. Every `$ref` points to the schema's own
`definitions`, and every keyword is one of draft 4, so that a schema can be a model in API Gateway.
"""

from pushwire.schema.frames import frame_schema, payload_schema
from pushwire.schema.values import JsonSchema

__all__ = ["JsonSchema", "frame_schema", "payload_schema"]
