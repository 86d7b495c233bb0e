"""JSON Schema, draft 4, of a message as its JSON frame carries it.

A schema says what a receiver accepts, by the rules of the proto3 JSON mapping ("ProtoJSON Format", protobuf.dev): what
the rules allow passes, and what draft 4 can tell from it is refused.

- A field may stand under its JSON name or its own; `null` leaves it unset. Unknown fields pass, and so do unknown names
  of an enum's values: receivers ignore them, so that old servers survive new clients.
- Integers and floats may be numbers or strings, and are held to their range; of strings with an exponent (`"1e3"`) only
  the form is checked.
- Dates that no calendar has (30 February), types that an `Any` names, paths of a `FieldMask` and extensions of proto2
  are left to the receiver.

Equal descriptors give equal schemas, key for key in the same order. Every `$ref` points into the schema's own
`definitions`, and every keyword is one of draft 4, so that it can be a model in API Gateway.
"""

from pushwire.schema.frames import frame_schema, payload_schema
from pushwire.schema.values import JsonSchema

__all__ = ["JsonSchema", "frame_schema", "payload_schema"]
