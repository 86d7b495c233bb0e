"""Runs a server that replies to `GetHistory`, in one of three ways, and prints its port.

`bare` is a websockets server that calls the handler. `post` is the local gateway with a router, which posts the reply.
`route-response` is the local gateway with a function that returns the reply as the body of a route response.
"""

import asyncio
import logging
import math
import sys
from types import SimpleNamespace
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from pushwire.frame import decode, encode, read
from pushwire.gateway import GatewaySettings, LocalGateway, Quotas
from pushwire.transport import HttpTransport
from scripts.benches.measuring import EXAMPLE

sys.path.insert(0, str(EXAMPLE))
from chat.v1.chat_pb2 import GetHistoryResponse, Speech
from chat.v1.chat_pushwire import ChatRouter, ChatServerSdk
from chat.v1.chat_pushwire_operations import ChatOperations

SPEECHES = [Speech(name="Ada", text=f"Hello, all of you in this room, for the {number}th time!") for number in range(5)]
GET_HISTORY = ChatOperations.get_history


def get_history(_request: Any, /) -> GetHistoryResponse:
    return GetHistoryResponse(speeches=SPEECHES)


def replied(text: str) -> bytes:
    """Return the reply to a frame."""
    envelope: Any = read(text)
    _, message = decode(text, {GET_HISTORY.route: GET_HISTORY})
    return encode(GET_HISTORY.reply, get_history(SimpleNamespace(message=message)), reply_to=envelope.id)


async def bare() -> None:
    async def answer(socket: ServerConnection) -> None:
        async for text in socket:
            assert isinstance(text, str)
            await socket.send(replied(text), text=True)

    async with serve(answer, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


async def gateway(handler: Any, **options: Any) -> None:
    quotas = Quotas(requests_per_second=math.inf, request_burst=math.inf, connections_per_second=math.inf)
    settings = GatewaySettings(quotas=quotas)
    async with LocalGateway(handler, settings=settings, **options) as running:
        print(running.port, flush=True)
        await asyncio.get_running_loop().create_future()


def posting() -> ChatRouter:
    router = ChatRouter(sdk=lambda url: ChatServerSdk(transport=HttpTransport(url)))
    router.get_history(get_history)
    return router


def returning(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    if event["requestContext"]["eventType"] != "MESSAGE":
        return {"statusCode": 200}
    return {"statusCode": 200, "body": replied(event["body"]).decode()}


if __name__ == "__main__":
    logging.disable()
    match sys.argv[1]:
        case "bare":
            asyncio.run(bare())
        case "post":
            asyncio.run(gateway(posting()))
        case _:
            asyncio.run(gateway(returning, routes={"GetHistory": returning}, route_responses=["GetHistory"]))
