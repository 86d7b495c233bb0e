"""The contract that the console speaks: its operations, told to the page, and frames read and written by them. Pure."""

import json
from collections.abc import Iterable
from typing import Any

from pushwire import frame
from pushwire.errors import FrameError
from pushwire.operation import AnyOperation, Format
from pushwire.schema import payload_schema

__all__ = ["Contract", "Told"]

Told = dict[str, Any]
"""Something as the page is told of it: an object of JSON."""


class Contract:
    """The operations of the gateway's handlers; none, if they tell none.

    Args:
        operations: Them.
    """

    def __init__(self, operations: Iterable[AnyOperation]) -> None:
        self._by_name = {operation.full_name: operation for operation in operations}
        self._inbound = {each.route: each for each in self._by_name.values() if each.direction.inbound}
        self._outbound = {each.route: each for each in self._by_name.values() if each.direction.outbound}

    def tell(self) -> list[Told]:
        """Return the operations, with the schemas that forms are made from."""
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
        """Return a frame in the operation's own format.

        Args:
            full_name: The operation's full name.
            json_frame: The frame in JSON.

        Raises:
            FrameError: There is no such operation, or it is no frame of it.
        """
        operation = self._by_name.get(full_name)
        if operation is None:
            raise FrameError(f"the contract has no operation {full_name}")
        _, message = frame.decode(json_frame, {operation.route: operation})
        return frame.encode(operation, message).decode()

    def tell_received(self, text: str) -> Told | None:
        """Return a client's frame, read by the operations that clients send; `None` if there is no contract."""
        return _told_frame(text, self._inbound) if self._by_name else None

    def tell_delivered(self, text: str) -> Told | None:
        """Return a frame to a client, read by the operations that servers send; `None` if there is no contract."""
        return _told_frame(text, self._outbound) if self._by_name else None


def _told_frame(text: str, operations: dict[str, AnyOperation]) -> Told:
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
