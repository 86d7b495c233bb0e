"""Server SDKs with one operation, sync and async, like generated ones."""

from typing import Any, TypeVar

from tests.support.compiled import messages

from pushwire import BroadcastReport, Direction, FanoutJob, Operation
from pushwire.server import AsyncBroadcast, AsyncServerSdk, Broadcast, ServerSdk

R_co = TypeVar("R_co", covariant=True)

LEAF = messages()["wire.v1.Leaf"]
EVERYTHING = messages()["wire.v1.Everything"]
CONNECTION_ID = "R0oXAdfD0kwCH6w="

SEND_LEAF: Operation[Any] = Operation(
    service="wire.v1.WireService",
    name="SendLeaf",
    route="SendLeaf",
    direction=Direction.SERVER_TO_CLIENT,
    message_type=LEAF,
)


class WireOperations:
    send_leaf = SEND_LEAF


class WireBroadcast(Broadcast[R_co]):
    def send_leaf(self, message: Any) -> R_co:
        return self._send(SEND_LEAF, message)


class WireServerSdk(ServerSdk[WireBroadcast[BroadcastReport], WireBroadcast[FanoutJob]]):
    _broadcast = WireBroadcast
    _contract = WireOperations

    def send_leaf(self, connection_id: str, message: Any) -> None:
        self._send(SEND_LEAF, connection_id, message)


class AsyncWireBroadcast(AsyncBroadcast[R_co]):
    async def send_leaf(self, message: Any) -> R_co:
        return await self._send(SEND_LEAF, message)


class AsyncWireServerSdk(AsyncServerSdk[AsyncWireBroadcast[BroadcastReport], AsyncWireBroadcast[FanoutJob]]):
    _broadcast = AsyncWireBroadcast
    _contract = WireOperations

    async def send_leaf(self, connection_id: str, message: Any) -> None:
        await self._send(SEND_LEAF, connection_id, message)


def leaf_of_frame_size(size: int) -> Any:
    return LEAF(leaf_name="x" * (size - len('{"route":"SendLeaf","payload":{"leafName":""}}')))
