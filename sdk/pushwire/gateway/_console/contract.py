"""The operations that the console knows: as data for the page, and for encoding and decoding frames. Pure."""

import json
from collections.abc import Iterable
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
        """Return a frame in its operation's format.

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
        return frame.encode(operation, message).decode()

    def decode_received(self, text: str) -> JsonObject | None:
        """Decode a client's frame with the inbound operations; return `None` if the contract is empty."""
        return _decoded(text, self._inbound) if self._by_name else None

    def decode_delivered(self, text: str) -> JsonObject | None:
        """Decode a frame for a client with the outbound operations; return `None` if the contract is empty."""
        return _decoded(text, self._outbound) if self._by_name else None


def _decoded(text: str, operations: dict[str, AnyOperation]) -> JsonObject:
    try:
        found = frame.read(text)
        if isinstance(found, frame.GatewayErrorFrame):
            return {"error": found.message}
        operation, message = frame.decode(text, operations)
        shown = json.loads(frame.encode(operation, message, Format.JSON))
    except FrameError as error:
        return {"reason": str(error)}
    return {
        "operation": operation.full_name,
        "name": operation.name,
        "format": found.format.value,
        "message": shown["payload"],
    }
