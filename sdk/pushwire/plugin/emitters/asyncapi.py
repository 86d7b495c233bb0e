"""The AsyncAPI document of a contract, such as `chat.asyncapi.json`."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from pushwire.plugin.comments import deprecation_note
from pushwire.plugin.frames import Frame
from pushwire.plugin.model import Format, Rpc, Service

__all__ = ["document"]

_VIEW: Final = """\
The application is the server: it receives the messages of clients, and sends messages to clients.
Receivers accept JSON and binary frames. Senders use the format of the contract."""
_SERVER: Final[dict[str, Any]] = {
    "host": "{apiId}.execute-api.{region}.amazonaws.com",
    "pathname": "/{stage}",
    "protocol": "wss",
    "description": "The execute-api host of an API Gateway WebSocket API.",
    "variables": {
        "apiId": {"description": "The id of the API."},
        "region": {"description": "The region of the API."},
        "stage": {"description": "The stage of the API."},
    },
}
_VERSION: Final = re.compile(r"v[0-9]+(p[0-9]+)?((alpha|beta)[0-9]*)?")
_DEFINITIONS: Final = "#/definitions/"
_COMPONENTS: Final = "#/components/schemas/"


def document(frames: Sequence[Frame], origin: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of a contract.

    The application is the server: the action `receive` is for messages from clients. Each service is a channel. An
    operation has a message for each format that the receiver accepts.

    Args:
        frames: The frames of the contract's operations.
        origin: The name of the generator and the path of the contract, for `x-generated-by`.
    """
    services = list({frame.service.name: frame.service for frame in frames}.values())
    version = services[0].full_name.rpartition(".")[0].rpartition(".")[2]
    return {
        "asyncapi": "3.0.0",
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
                name: _in_components(schema) for frame in frames for name, schema in frame.schema["definitions"].items()
            },
        },
    }


def _channel(service: Service) -> dict[str, Any]:
    names = [name for rpc in service.rpcs for name in _message_names(rpc)]
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
            yield (
                f"{service.name}.{rpc.name}.{action}",
                {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{service.name}"},
                    **_described(rpc.comment, rpc.deprecation),
                    "messages": [{"$ref": f"#/channels/{service.name}/messages/{name}"} for name in names],
                },
            )


def _messages(frame: Frame) -> Iterator[tuple[str, dict[str, Any]]]:
    service, rpc, schema = frame.service, frame.rpc, frame.schema
    json_name, binary_name = _message_names(rpc)
    description = _described(rpc.comment, rpc.deprecation)
    yield (
        f"{service.name}.{json_name}",
        {
            "name": rpc.name,
            "title": f"{rpc.name}, as JSON",
            **description,
            "contentType": "application/json",
            "payload": _in_components({key: schema[key] for key in ("type", "properties", "required")}),
        },
    )
    yield (
        f"{service.name}.{binary_name}",
        {
            "name": rpc.name,
            "title": f"{rpc.name}, as a binary frame",
            **description,
            "contentType": "text/plain",
            "payload": {
                "type": "string",
                "contentEncoding": "base64",
                "contentMediaType": "application/x-protobuf",
                "description": (
                    f'A serialized pushwire.v1.Frame in base64: its route is "{rpc.route}", its payload a serialized '
                    f"{rpc.request.full_name}."
                ),
            },
        },
    )


def _message_names(rpc: Rpc) -> tuple[str, str]:
    """Return the names of an operation's messages in its channel, for JSON frames and for binary frames."""
    return rpc.name, f"{rpc.name}.binary"


def _described(comment: str, deprecation: str | None) -> dict[str, Any]:
    description = "\n\n".join(filter(None, [comment, deprecation_note(deprecation)]))
    return {"description": description} if description else {}


def _in_components(schema: Any) -> Any:
    """Return a schema whose references point to the schemas in the document's components."""
    if isinstance(schema, list):
        return [_in_components(item) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _COMPONENTS + value.removeprefix(_DEFINITIONS)
        if key == "$ref" and isinstance(value, str)
        else _in_components(value)
        for key, value in cast("dict[str, Any]", schema).items()
    }
