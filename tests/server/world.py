"""A Server SDK as generated ones are, of one operation, sync and async."""

from collections.abc import AsyncIterable, Iterable
from typing import Any, Unpack

from tests.support.compiled import messages

from pushwire import BroadcastOptions, BroadcastReport, Direction, Operation
from pushwire.server import AsyncBroadcast, AsyncServerSdk, Broadcast, ServerSdk

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


class WireServerSdk(ServerSdk):
    def send_leaf(self, connection_id: str, message: Any) -> None:
        self._send(SEND_LEAF, connection_id, message)

    class _Broadcast(Broadcast):
        def send_leaf(
            self, connection_ids: Iterable[str], message: Any, /, **options: Unpack[BroadcastOptions]
        ) -> BroadcastReport:
            return self._send(SEND_LEAF, connection_ids, message, **options)

    @property
    def broadcast(self) -> _Broadcast:
        return self._Broadcast(self._outgoing)


class AsyncWireServerSdk(AsyncServerSdk):
    async def send_leaf(self, connection_id: str, message: Any) -> None:
        await self._send(SEND_LEAF, connection_id, message)

    class _Broadcast(AsyncBroadcast):
        async def send_leaf(
            self,
            connection_ids: Iterable[str] | AsyncIterable[str],
            message: Any,
            /,
            **options: Unpack[BroadcastOptions],
        ) -> BroadcastReport:
            return await self._send(SEND_LEAF, connection_ids, message, **options)

    @property
    def broadcast(self) -> _Broadcast:
        return self._Broadcast(self._outgoing)


def leaf_of_frame_size(size: int) -> Any:
    return LEAF(leaf_name="x" * (size - len('{"route":"SendLeaf","payload":{"leafName":""}}')))
