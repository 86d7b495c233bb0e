"""A day of faults on an advanced clock: every message is accounted for."""

import asyncio
import collections
import contextlib
import random
from dataclasses import dataclass

import pytest
from websockets.exceptions import ConnectionClosed

from pushwire.gateway import (
    AnswerWith,
    Delay,
    DropRequest,
    Duplicate,
    GatewaySettings,
    LocalGateway,
    ManualClock,
    Quotas,
    TruncateResponse,
)
from pushwire.gateway.transcript import Called, Connected, Delivered, Ended, Transcript
from pushwire.testing import AsyncGatewayClient, async_local_gateway
from tests.gateway.world import Recorder

MINUTES = 24 * 60
CLIENTS = 20
POSTS = 4
"""The number of concurrent posts per minute."""


class Poster:
    """Sends posts on one TCP connection at a time, and counts the results: a status, or 0 for an aborted connection."""

    def __init__(self, gateway: LocalGateway) -> None:
        self._gateway = gateway
        self.ended_as: collections.Counter[int] = collections.Counter()

    async def post(self, connection_id: str, text: str) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._gateway.port)
        path = f"/{self._gateway.settings.stage}/@connections/{connection_id}"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(text)}\r\n\r\n"
        writer.write(head.encode() + text.encode())
        answer = await reader.read(-1)
        writer.close()
        status = int(answer.split()[1]) if len(answer) > 12 else 0
        self.ended_as[status] += 1
        return status


class Reader:
    """Reads the messages of a client until it is closed."""

    def __init__(self, client: AsyncGatewayClient) -> None:
        self.client = client
        self.received: list[str] = []
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.received.append(str(await self.client.socket.recv()))

    async def closed(self) -> None:
        await self._task


@dataclass
class Day:
    """The results of a day."""

    transcript: Transcript
    poster: Poster
    readers: list[Reader]
    unlucky: set[str]
    """Connections that were dropped, or died silently: what was accepted for them may not have arrived."""
    duplicates: int
    left: int


async def a_day() -> Day:
    chance = random.Random(2_024)
    settings = GatewaySettings(quotas=Quotas(requests_per_second=1, request_burst=200))
    readers: list[Reader] = []
    unlucky: set[str] = set()
    async with async_local_gateway(Recorder(), settings=settings, clock=ManualClock(), seed=7) as gateway:
        for fault, share in (
            (AnswerWith(429), 0.05),
            (AnswerWith(500), 0.02),
            (DropRequest(), 0.01),
            (TruncateResponse(), 0.01),
            (Delay(1.0, jitter=5.0), 0.05),
        ):
            gateway.faults.inject(fault, probability=share)
        duplicates = gateway.faults.inject(Duplicate(), probability=0.02)  # of the posts without another fault
        poster = Poster(gateway.gateway)
        for minute in range(MINUTES):
            while len(gateway.connection_ids) < CLIENTS:
                readers.append(Reader(await gateway.connect()))
            past = [reader.client.connection_id for reader in readers]
            targets = [chance.choice(past if chance.random() < 0.1 else gateway.connection_ids) for _ in range(POSTS)]
            posts = [asyncio.create_task(poster.post(target, str(minute))) for target in targets]
            victim, fate = chance.choice(gateway.connection_ids), chance.random()
            if fate < 0.02:
                unlucky.add(victim)
                gateway.drop(victim)
            elif fate < 0.04:
                unlucky.add(victim)
                gateway.silence(victim, disconnect_after=chance.choice([None, 300.0]))
            elif fate < 0.05:
                gateway.close(victim)
            while not all(post.done() for post in posts):
                await asyncio.sleep(0)
                if gateway.gateway.clock.sleepers:
                    await gateway.advance(1)
            await gateway.advance(60)
        gateway.close()
        await gateway.settled()
        for reader in readers:
            await reader.closed()
        left = len(gateway.connection_ids)
    return Day(gateway.transcript, poster, readers, unlucky, duplicates.count, left)


@pytest.mark.at_length
def test_counts_of_sent_delivered_gone_and_failed_add_up() -> None:
    day = asyncio.run(a_day())
    ended_as = day.poster.ended_as
    answered = collections.Counter(entry.status for entry in day.transcript.of(Called))

    # Each post has exactly one of these results.
    assert ended_as.total() == MINUTES * POSTS
    assert set(ended_as) == {200, 410, 429, 500, 0}
    # The gateway has recorded each post. Some responses were not seen: truncated ones, and the first of two duplicates.
    unseen = {status: answered[status] - ended_as[status] for status in (200, 410, 429, 500)}
    cut_after_the_answer = ended_as[0] - answered[0]
    assert all(count >= 0 for count in unseen.values())
    assert cut_after_the_answer > 0
    assert sum(unseen.values()) == cut_after_the_answer + day.duplicates

    # Accepted messages were delivered, and arrived at all clients except those that were dropped or silenced.
    delivered = collections.Counter(entry.connection_id for entry in day.transcript.of(Delivered))
    assert answered[200] == delivered.total()
    for reader in day.readers:
        known = reader.client.connection_id
        if known in day.unlucky:
            assert len(reader.received) <= delivered[known]
        else:
            assert len(reader.received) == delivered[known]

    # Each connection has ended once.
    begun = [entry.connection_id for entry in day.transcript.of(Connected)]
    assert sorted(begun) == sorted(entry.connection_id for entry in day.transcript.of(Ended))
    assert len(begun) == len(set(begun)) == len(day.readers)
    assert {entry.code for entry in day.transcript.of(Ended)} == {1001, 1006, 1012}
    assert day.left == 0
