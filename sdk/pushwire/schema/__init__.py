"""JSON Schemas, draft 4, of messages in JSON frames.

A schema accepts every message that receivers accept by the rules of the proto3 JSON mapping ("ProtoJSON Format",
protobuf.dev), and refuses the other messages as far as draft 4 can express the rules.

- A field may have its JSON name or its original name. `null` leaves it unset. Unknown fields and unknown names of enum
  values are accepted, because receivers ignore them: so old servers keep working with new clients.
- Integers and floats may be numbers or strings, within the range of their type. For strings with an exponent
  (`"1e3"`), only the form is checked.
- Not checked: whether a date exists (30 February), the types that an `Any` names, the paths of a `FieldMask`, and
  extensions of proto2.

Equal descriptors have equal schemas, with the same order of keys. Every `$ref` points to the schema's own
`definitions`, and every keyword is one of draft 4, so that a schema can be a model in API Gateway.
"""

from pushwire.schema.frames import frame_schema, payload_schema
from pushwire.schema.values import JsonSchema

__all__ = ["JsonSchema", "frame_schema", "payload_schema"]
