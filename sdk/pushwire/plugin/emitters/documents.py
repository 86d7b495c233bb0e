"""The target `schema`: documents for tools and for other languages.

The documents of `chat/v1/chat.proto` are `chat/v1/chat.asyncapi.json`, `chat/v1/chat.iam.json`, and for each operation
the JSON Schema of its JSON frames, such as `chat/v1/chat.schemas/ChatService.JoinRoom.json`.

Requests with a reply have no such schema. It is a route model, and API Gateway would refuse a wrong message without the
`id` of the request.
"""

import json
from collections.abc import Iterator
from typing import Any

from pushwire.plugin.emitters import asyncapi, iam
from pushwire.plugin.frames import FrameReader
from pushwire.plugin.model import Model
from pushwire.plugin.parameters import Parameters

__all__ = ["emit"]


def emit(model: Model, parameters: Parameters) -> Iterator[tuple[str, str]]:
    """Write the documents of all contracts.

    Yields:
        The path and the text of each document.

    Raises:
        RequestError: The installed protobuf cannot read a contract.
    """
    reader = FrameReader(model.descriptors)
    for contract in model.contracts:
        frames = reader.frames(contract)
        stem = contract.file.removesuffix(".proto")
        yield f"{stem}.asyncapi.json", _json(asyncapi.document(frames, f"{parameters.generator} from {contract.file}"))
        yield f"{stem}.iam.json", _json(iam.policies())
        for frame in frames:
            if frame.reply_schema is not None:
                continue
            # Why compact: a route model may have 32,768 characters.
            yield f"{stem}.schemas/{frame.service.name}.{frame.rpc.name}.json", _json(frame.schema, indent=None)


def _json(value: dict[str, Any], *, indent: int | None = 2) -> str:
    separators = (",", ":") if indent is None else None
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=False) + "\n"
