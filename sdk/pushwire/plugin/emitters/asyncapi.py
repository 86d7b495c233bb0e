"""The AsyncAPI document of a contract, such as `chat.asyncapi.json`."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from pushwire.errors import Code
from pushwire.frame import MAX_ID_LENGTH
from pushwire.plugin.comments import deprecation_note
from pushwire.plugin.frames import Frame
from pushwire.plugin.model import Format, Rpc, Service
from pushwire.schema import JsonSchema

__all__ = ["document"]

_VIEW: Final = """\
The application is the server: it receives the messages of clients, and sends messages to clients.
Receivers accept JSON and binary frames. Senders use the format of the contract."""
_SERVER: Final[dict[str, Any]] = {
    "host": "{apiId}.execute-api.{region}.{dnsSuffix}",
    "pathname": "/{stage}",
    "protocol": "wss",
    "description": "The execute-api host of an API Gateway WebSocket API.",
    "variables": {
        "apiId": {"description": "The id of the API."},
        "region": {"description": "The region of the API."},
        "dnsSuffix": {"description": "The DNS suffix of the region's partition.", "default": "amazonaws.com"},
        "stage": {"description": "The stage of the API."},
    },
}
_VERSION: Final = re.compile(r"v[0-9]+(p[0-9]+)?((alpha|beta)[0-9]*)?")
_DEFINITIONS: Final = "#/definitions/"
_ERROR: Final[JsonSchema] = {
    "title": "OperationError",
    "type": "object",
    "description": "The reason why the request was refused or failed. The frame then has no payload.",
    "properties": {"code": {"title": "Code", "enum": [code.value for code in Code]}, "message": {"type": "string"}},
    "required": ["code"],
}
_COMPONENTS: Final = "#/components/schemas/"


def document(frames: Sequence[Frame], origin: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.1 document of a contract.

    The application is the server: the action `receive` is for messages from clients. Each service is a channel. An
    operation has a message for each format that the receiver accepts.

    Args:
        frames: The frames of the contract's operations.
        origin: The name of the generator and the path of the contract, for `x-generated-by`.
    """
    services = list({frame.service.name: frame.service for frame in frames}.values())
    version = services[0].full_name.rpartition(".")[0].rpartition(".")[2]
    return {
        "asyncapi": "3.1.0",
        "x-generated-by": origin,
        "info": {
            "title": ", ".join(service.full_name for service in services),
            "version": version if _VERSION.fullmatch(version) else "unversioned",
            "description": _VIEW,
        },
        "defaultContentType": "application/json",
        "servers": {"apiGateway": _SERVER},
        "channels": {service.name: _channel(service) for service in services},
        "operations": {name: operation for frame in frames for name, operation in _operations(frame)},
        "components": {
            "messages": {name: message for frame in frames for name, message in _messages(frame)},
            "schemas": {
                name: {"title": _title(*re.split(r"[.-]", name)), **_in_components(schema)}
                for frame in frames
                for frame_schema in filter(None, (frame.schema, frame.reply_schema))
                for name, schema in frame_schema["definitions"].items()
            },
        },
    }


def _channel(service: Service) -> dict[str, Any]:
    names = [name for rpc in service.rpcs for name in (*_message_names(rpc), *_reply_names(rpc))]
    return _described(service.comment, service.deprecation) | {
        "address": "/",
        "messages": {name: {"$ref": f"#/components/messages/{service.name}.{name}"} for name in names},
    }


def _operations(frame: Frame) -> Iterator[tuple[str, dict[str, Any]]]:
    service, rpc = frame.service, frame.rpc
    json_name, binary_name = _message_names(rpc)
    own_name = binary_name if service.format_of(rpc) is Format.BINARY else json_name
    directions = {
        "receive": sorted([json_name, binary_name], key=own_name.__ne__) if rpc.direction.inbound else [],
        "send": [own_name] if rpc.direction.outbound else [],
    }
    for action, names in directions.items():
        if names:
            operation: dict[str, Any] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{service.name}"},
                **_described(rpc.comment, rpc.deprecation),
                "messages": _references(service, names),
            }
            if rpc.reply is not None:  # Why in the same channel: a reply goes to the connection of its request.
                operation["reply"] = {
                    "channel": {"$ref": f"#/channels/{service.name}"},
                    "messages": _references(service, _reply_names(rpc)),
                }
            yield f"{service.name}.{rpc.name}.{action}", operation


def _references(service: Service, names: Sequence[str]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{service.name}/messages/{name}"} for name in names]


def _messages(frame: Frame) -> Iterator[tuple[str, dict[str, Any]]]:
    service, rpc = frame.service, frame.rpc
    sent = rpc.request.full_name
    if frame.reply_schema is None or rpc.reply is None:
        yield from _both_formats(service, rpc, _message_names(rpc), rpc.name, frame.schema, sent)
        return
    request = _with_id(frame.schema, "id")
    sent = f"{sent}, and its id is set"
    yield from _both_formats(service, rpc, _message_names(rpc), rpc.name, request, sent, "id")
    reply = _with_id(frame.reply_schema, "reply_to")
    reply["properties"]["error"] = _ERROR
    sent = f"{rpc.reply.full_name}, and its reply_to is set; or it has an error and no payload"
    yield from _both_formats(service, rpc, _reply_names(rpc), f"{rpc.name} reply", reply, sent, "reply_to")


def _both_formats(
    service: Service,
    rpc: Rpc,
    names: Sequence[str],
    name: str,
    schema: JsonSchema,
    content: str,
    id_key: str | None = None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a message as JSON and as a binary frame.

    Args:
        service: The service of the operation.
        rpc: The operation.
        names: The names of the two messages in their channel.
        name: The name in the titles.
        schema: The schema of the JSON frame.
        content: The content of the binary frame's payload, for its description.
        id_key: The key with the id of the request. Defaults to `None`, no id.
    """
    json_name, binary_name = names
    description = _described(rpc.comment, rpc.deprecation)
    correlation = {} if id_key is None else {"correlationId": {"location": f"$message.payload#/{id_key}"}}
    yield (
        f"{service.name}.{json_name}",
        {
            "name": name,
            "title": f"{name}, as JSON",
            **description,
            **correlation,
            "contentType": "application/json",
            "payload": _titled(schema, service.name, *name.split()),
        },
    )
    yield (
        f"{service.name}.{binary_name}",
        {
            "name": name,
            "title": f"{name}, as a binary frame",
            **description,
            "contentType": "text/plain",
            "payload": {
                "title": _title(service.name, *name.split(), "BinaryFrame"),
                "type": "string",
                "contentEncoding": "base64",
                "contentMediaType": "application/x-protobuf",
                "description": (
                    f'A serialized pushwire.v1.Frame in base64: its route is "{rpc.route}", its payload a serialized '
                    f"{content}."
                ),
            },
        },
    )


def _titled(schema: JsonSchema, *words: str) -> dict[str, Any]:
    """Return the schema of a JSON frame with titles, from which generators make the names of types."""
    parts = {key: _in_components(schema[key]) for key in ("type", "properties", "required")}
    properties = parts["properties"]
    parts["properties"] = {**properties, "route": {"title": _title(*words, "Route"), **properties["route"]}}
    return {"title": _title(*words, "Frame"), **parts}


def _title(*words: str) -> str:
    """Return a name for a type in other languages."""
    return "".join(word[:1].upper() + word[1:] for word in words)


def _with_id(schema: JsonSchema, key: str) -> JsonSchema:
    """Return the schema of frames that have an id under a key."""
    value = {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH}
    properties = {**schema["properties"], key: value}
    return {**schema, "properties": properties, "required": [*schema["required"], key]}


def _message_names(rpc: Rpc) -> tuple[str, str]:
    """Return the names of an operation's messages in its channel, for JSON frames and for binary frames."""
    return rpc.name, f"{rpc.name}.binary"


def _reply_names(rpc: Rpc) -> tuple[str, ...]:
    """Return the names of the messages with the reply to a request, for JSON and for binary frames."""
    return () if rpc.reply is None else (f"{rpc.name}.reply", f"{rpc.name}.reply.binary")


def _described(comment: str, deprecation: str | None) -> dict[str, Any]:
    description = "\n\n".join(filter(None, [comment, deprecation_note(deprecation)]))
    return {"description": description} if description else {}


def _in_components(schema: Any) -> Any:
    """Return a schema whose references point to the schemas in the document's components."""
    if isinstance(schema, list):
        return [_in_components(item) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    if schema.keys() == {"type", "allOf"}:
        # Why not as it is, which excludes null: generators make a nameless type for it.
        return _in_components(cast("dict[str, list[object]]", schema)["allOf"][0])
    return {
        key: _COMPONENTS + value.removeprefix(_DEFINITIONS)
        if key == "$ref" and isinstance(value, str)
        else _in_components(value)
        for key, value in cast("dict[str, Any]", schema).items()
    }
