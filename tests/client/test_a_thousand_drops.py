"""A thousand drops at any time, while both sides send numbered messages: every lost message is accounted for."""

import asyncio
import itertools
import math
import random
from typing import Any

import pytest

from pushwire.client import Backoff, ConnectionLostError, State
from pushwire.frame import decode, encode
from pushwire.gateway import GatewaySettings, Quotas
from pushwire.gateway.transcript import Entry, Received
from pushwire.testing import RunningGateway, local_gateway
from tests.aws_lambda.contract.desk_pb2 import Greeting
from tests.aws_lambda.contract.desk_pushwire import DeskRouter
from tests.aws_lambda.contract.desk_pushwire_client import DeskClient
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.client.world import run, said, until

DROPS = 1_000
OPERATIONS = {operation.route: operation for operation in DeskRouter().operations}
SETTINGS = GatewaySettings(
    quotas=Quotas(requests_per_second=math.inf, request_burst=math.inf, connections_per_second=math.inf)
)


def handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    return {"statusCode": 200}


def number_of(frame: str | bytes) -> int:
    _, message = decode(frame, OPERATIONS)
    assert isinstance(message, Greeting)
    return int(message.text.split()[0])


class Server:
    """The server's side, which records what it receives, drops connections, and posts numbers.

    Attributes:
        received: The connection and the number of each message, in the order of arrival.
        drops: The number of drops.
        posted: The numbers that the gateway accepted for the client.
    """

    def __init__(self, gateway: RunningGateway, chance: random.Random) -> None:
        self._gateway = gateway
        self._chance = chance
        self.received: list[tuple[str, int]] = []
        self.drops = 0
        self.posted: list[int] = []
        gateway.gateway.observe(self._note)
        gateway.gateway.loop.call_soon_threadsafe(self._drop)

    def _note(self, entry: Entry) -> None:
        if isinstance(entry, Received):
            self.received.append((entry.connection_id, number_of(entry.text)))

    def _drop(self) -> None:
        """Drop the open connections, on the gateway's own thread; and again after random delays."""
        if self._gateway.connection_ids:
            self.drops += 1
            self._gateway.gateway.drop()
        if self.drops < DROPS:
            self._gateway.gateway.loop.call_later(self._chance.random() * 0.01, self._drop)

    async def post(self) -> None:
        """Post numbers to the open connection, over one TCP connection, until the last drop."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._gateway.gateway.port)
        for number in itertools.count():
            connection_ids = self._gateway.connection_ids
            if self.drops >= DROPS:
                break
            if not connection_ids:
                await asyncio.sleep(0)
                continue
            body = encode(DeskOperations.greet, Greeting(text=str(number)))
            writer.write(
                f"POST /local/@connections/{connection_ids[0]} HTTP/1.1\r\nHost: x\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"HTTP/1.1 200 "):
                self.posted.append(number)
        writer.close()


@pytest.mark.at_length
def test_nothing_is_lost_but_what_was_written_in_the_instant_of_a_drop() -> None:
    chance = random.Random(2_026)
    returned: list[int] = []
    in_doubt: list[int] = []
    heard: list[int] = []

    async def send(client: DeskClient, number: int) -> None:
        size = chance.choice([0, 0, 0, 0, 0, 100, 40_000])
        try:
            await client.say(said(f"{number} {'x' * size}"))
        except ConnectionLostError:
            in_doubt.append(number)
        else:
            returned.append(number)

    async def story() -> Server:
        with local_gateway(handler, settings=SETTINGS, omit_routes=["$connect", "$disconnect"]) as gateway:
            options: dict[str, Any] = {"backoff": Backoff(first=0.001, maximum=0.005), "max_queued": 100}
            async with DeskClient(gateway.url, **options) as client:
                client.on_greet(lambda message: heard.append(int(message.text)))
                server = Server(gateway, chance)
                posting = asyncio.ensure_future(server.post())
                numbers = itertools.count()
                while server.drops < DROPS:
                    batch = [asyncio.ensure_future(send(client, next(numbers))) for _ in range(chance.randint(1, 5))]
                    await asyncio.gather(*batch)
                    # Not faster than the server reads: messages in buffers are lost with the connection.
                    await asyncio.sleep(chance.random() * 0.002)
                await posting
                last = next(numbers)
                await send(client, last)
                await until(lambda: server.received and server.received[-1][1] == last)
                assert (client.status.state, client.status.queued) == (State.OPEN, 0)
                assert client.status.connections == DROPS + 1
        return server

    server = run(story(), seconds=120)  # no task, socket or thread is left

    received = [number for _, number in server.received]
    assert received == sorted(set(received)), "in order, and none twice"
    assert heard == sorted(set(heard)), "the other way too"
    assert set(heard) <= set(server.posted)

    lost = sorted(set(returned) - set(received))
    connection_of = {number: connection_id for connection_id, number in server.received}
    ends = {ids[-1][1] for _, ids in _by_connection(server.received)}
    # A lost message was the last on its connection: no later message of that connection has arrived.
    for number in lost:
        before = max((known for known in received if known < number), default=None)
        after = min(known for known in received if known > number)
        assert before is None or before in ends, f"{number} is missing from the middle of a connection"
        assert before is None or connection_of[before] != connection_of[after]
    assert len(connection_of) > DROPS
    print(
        f"{server.drops} drops, {len(returned)} sends returned, {len(received)} received; {len(lost)} lost in the "
        f"instant of a drop: {lost}; {len(in_doubt)} in doubt: {in_doubt}; {len(server.posted)} posted, "
        f"{len(heard)} heard"
    )


def _by_connection(received: list[tuple[str, int]]) -> list[tuple[str, list[tuple[str, int]]]]:
    return [(key, list(group)) for key, group in itertools.groupby(received, key=lambda entry: entry[0])]
