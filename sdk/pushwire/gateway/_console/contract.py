"""The operations that the console knows: as data for the page, and for encoding and decoding frames. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pushwire import frame
from pushwire.errors import FrameError
from pushwire.operation import AnyOperation, Format
from pushwire.schema import payload_schema

__all__ = ["ConsoleContract", "JsonObject"]

JsonObject = dict[str, Any]
"""A JSON object that the page sends or receives."""


class ConsoleContract:
    """The operations of the gateway's handlers; empty if the handlers have no `operations`.

    Args:
        operations: The operations to show.
    """

    def __init__(self, operations: Iterable[AnyOperation]) -> None:
        self._by_name = {operation.full_name: operation for operation in operations}
        self._requests = 0
        self._inbound = {each.route: each for each in self._by_name.values() if each.direction.inbound}
        self._outbound = {each.route: each for each in self._by_name.values() if each.direction.outbound}

    def serialize(self) -> list[JsonObject]:
        """Return the operations, each with the JSON Schema from which the page makes a form."""
        return [
            {
                "fullName": operation.full_name,
                "service": operation.service,
                "name": operation.name,
                "route": operation.route,
                "inbound": operation.direction.inbound,
                "outbound": operation.direction.outbound,
                "format": operation.format.value,
                "schema": payload_schema(operation.message_type),
            }
            for operation in self._by_name.values()
        ]

    def encode(self, full_name: str, json_frame: str) -> str:
        """Return a frame in its operation's format. A request with a reply gets a new id.

        Args:
            full_name: The operation's full name.
            json_frame: The frame in JSON.

        Raises:
            FrameError: The operation is unknown, or the frame does not belong to it.
        """
        operation = self._by_name.get(full_name)
        if operation is None:
            raise FrameError(f"the contract has no operation {full_name}")
        _, message = frame.decode(json_frame, {operation.route: operation})
        if operation.reply_type is None:
            return frame.encode(operation, message).decode()
        self._requests += 1
        return frame.encode(operation, message, id=f"console-{self._requests}").decode()

    def decode_received(self, text: str) -> JsonObject | None:
        """Decode a client's frame with the inbound operations; return `None` if the contract is empty."""
        return _decoded(text, self._inbound, {}) if self._by_name else None

    def decode_delivered(self, text: str) -> JsonObject | None:
        """Decode a frame for a client with the outbound operations; return `None` if the contract is empty.

        A reply is decoded with the operation of its request.
        """
        return _decoded(text, self._outbound, self._inbound) if self._by_name else None


def _decoded(text: str, operations: Mapping[str, AnyOperation], requests: Mapping[str, AnyOperation]) -> JsonObject:
    try:
        found = frame.read(text)
        if isinstance(found, frame.GatewayErrorFrame):
            return {"error": found.message}
        shown: JsonObject = {"format": found.format.value}
        if found.id is not None:
            shown["id"] = found.id
        if found.reply_to is not None:
            shown["replyTo"] = found.reply_to
            request = requests.get(found.route)
            shown |= (
                {"name": found.route} if request is None else {"operation": request.full_name, "name": request.name}
            )
            if found.error is not None:
                return shown | {"error": str(found.error)}
            if request is None or request.reply is None:
                return shown
            operations = {found.route: request.reply}
        operation, message = frame.decode(text, operations)
        payload = json.loads(frame.encode(operation, message, Format.JSON))["payload"]
    except FrameError as error:
        return {"reason": str(error)}
    return shown | {"operation": operation.full_name, "name": operation.name, "message": payload}
