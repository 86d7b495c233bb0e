"""Confirmed sends and requests through a whole API: none that returned is lost, and none is handled twice."""

import asyncio
import contextlib
import dataclasses
import math
import random
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Generator
from urllib.parse import urlsplit

import pytest

from pushwire import Format
from pushwire.client import Backoff, ConnectionLostError, ReplyTimeoutError
from pushwire.gateway import AnswerWith, Delay, Duplicate, GatewaySettings, MessageOrder, Quotas
from pushwire.testing import RunningGateway, local_gateway
from pushwire.transport import HttpTransport
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import (
    LibraryHandlers,
    LibraryRequest,
    LibraryRouter,
    LibraryServerSdk,
)
from tests.aws_lambda.contract.desk_pushwire_client import LibraryClient
from tests.client.world import run, until

UNLIMITED = GatewaySettings(
    quotas=Quotas(requests_per_second=math.inf, request_burst=math.inf, connections_per_second=math.inf)
)
SERIAL = dataclasses.replace(UNLIMITED, message_order=MessageOrder.SERIAL)


class Library(LibraryHandlers):
    """Handlers that count the messages that they have handled, by text."""

    def __init__(self) -> None:
        self.handled: Counter[str] = Counter()
        self.by_connection: defaultdict[str, list[int]] = defaultdict(list)

    def find(self, request: LibraryRequest[Visitor], /) -> Greeting:
        self.handled[request.message.name] += 1
        return Greeting(text=f"a book for {request.message.name}")

    def lend(self, request: LibraryRequest[Greeting], /) -> None:
        self.handled[request.message.text] += 1
        if request.message.text.isdecimal():
            self.by_connection[request.connection_id].append(int(request.message.text))


@contextlib.contextmanager
def running(library: Library, settings: GatewaySettings = UNLIMITED) -> Generator[RunningGateway]:
    """Run a gateway with a library that replies through `HttpTransport`."""
    with contextlib.ExitStack() as transports:

        def sdk(url: str) -> LibraryServerSdk:
            return LibraryServerSdk(transport=transports.enter_context(HttpTransport(url)))

        with local_gateway(LibraryRouter(library, sdk=sdk), settings=settings) as gateway:
            yield gateway


@contextlib.asynccontextmanager
async def cutting_proxy(url: str, chance: random.Random) -> AsyncGenerator[str]:
    """Run a TCP proxy in front of a server, which aborts each connection after a random number of bytes.

    Yields:
        The URL of the proxy.
    """
    parts = urlsplit(url)
    tasks: set[asyncio.Task[object]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        left = chance.randint(500, 8_000)
        upstream = await asyncio.open_connection(parts.hostname, parts.port)

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            nonlocal left
            while left > 0 and (data := await source.read(chance.choice([1, 20, 4_096]))):
                # Why written and aborted: the sender's operating system has taken all bytes, and the rest is lost.
                target.write(data[: max(0, left)])
                left -= len(data)

        copying = [asyncio.ensure_future(copy(reader, upstream[1])), asyncio.ensure_future(copy(upstream[0], writer))]
        try:
            await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in copying:
                each.cancel()
            await asyncio.gather(*copying, return_exceptions=True)
            writer.transport.abort()
            upstream[1].transport.abort()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}{parts.path}"
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("count", [200, pytest.param(3_000, marks=pytest.mark.at_length)])
def test_every_send_that_returned_was_handled_and_each_that_raised_says_whether_it_may_have_been(count: int) -> None:
    chance = random.Random(12)
    library = Library()
    returned: list[str] = []
    in_doubt: list[str] = []
    not_received: list[str] = []

    async def send(client: LibraryClient, text: str) -> None:
        try:
            await client.lend(Greeting(text=text), confirm=True, timeout=20)
        except (ConnectionLostError, ReplyTimeoutError) as error:
            (in_doubt if error.maybe_received else not_received).append(text)
        else:
            returned.append(text)

    async def story() -> int:
        with running(library) as gateway:
            async with (
                cutting_proxy(gateway.url, chance) as url,
                LibraryClient(
                    url, backoff=Backoff(first=0.001, maximum=0.005), connect_attempts=None, max_queued=count
                ) as client,
            ):
                numbers = iter(range(count))
                while batch := [str(number) for _, number in zip(range(chance.randint(1, 8)), numbers, strict=False)]:
                    await asyncio.gather(*(send(client, text) for text in batch))
                assert client.status.requests == 0
                connections = client.status.connections
            gateway.settled()
        return connections

    connections = run(story(), seconds=300)

    handled = library.handled
    assert sorted(returned + in_doubt + not_received, key=int) == [str(number) for number in range(count)]
    assert set(returned) <= handled.keys()
    assert not set(not_received) & handled.keys()
    assert handled.keys() <= {*returned, *in_doubt}
    assert set(handled.values()) == {1}, "none is handled twice"
    lost = [text for text in in_doubt if text not in handled]
    assert connections > count / 50
    assert returned
    assert in_doubt
    print(
        f"{count} confirmed sends over {connections} connections: {len(returned)} returned; {len(in_doubt)} in doubt, "
        f"of which {len(lost)} were not handled; {len(not_received)} not received"
    )


@pytest.mark.parametrize("frame_format", Format)
def test_a_thousand_requests_are_in_flight_on_one_connection(frame_format: Format) -> None:
    library = Library()

    async def story() -> None:
        with running(library) as gateway:
            async with LibraryClient(gateway.url, frame_format=frame_format) as client:
                calls = [
                    asyncio.ensure_future(client.find(Visitor(name=str(number)), timeout=60)) for number in range(1_000)
                ]
                await until(lambda: client.status.requests == 1_000)
                replies = await asyncio.gather(*calls)
                assert [reply.text for reply in replies] == [f"a book for {number}" for number in range(1_000)]
                assert (client.status.connections, client.status.dropped_replies) == (1, 0)
        assert set(library.handled.values()) == {1}

    run(story(), seconds=120)


def test_replies_that_are_posted_twice_late_or_after_failures_reach_their_calls() -> None:
    library = Library()

    async def story() -> None:
        with running(library) as gateway:
            gateway.faults.inject(Duplicate(), probability=0.3)
            gateway.faults.inject(Delay(0.01, jitter=0.02), probability=0.3)
            gateway.faults.inject(AnswerWith(500), probability=0.1)
            async with LibraryClient(gateway.url) as client:
                names = [str(number) for number in range(100)]
                replies = await asyncio.gather(*(client.find(Visitor(name=name), timeout=60) for name in names))
                assert [reply.text for reply in replies] == [f"a book for {name}" for name in names]
                await client.lend(Greeting(text="last"), confirm=True, timeout=60)
                assert client.status.dropped_replies > 0
        assert set(library.handled.values()) == {1}

    run(story(), seconds=120)


@pytest.mark.parametrize("count", [300, pytest.param(15_000, marks=pytest.mark.at_length)])
def test_sends_without_confirmation_are_neither_doubled_nor_reordered_by_a_proxy_that_cuts(count: int) -> None:
    chance = random.Random(13)
    library = Library()
    returned: set[str] = set()

    async def story() -> int:
        with running(library, SERIAL) as gateway:
            async with (
                cutting_proxy(gateway.url, chance) as url,
                LibraryClient(url, backoff=Backoff(first=0.001, maximum=0.005), connect_attempts=None) as client,
            ):
                for number in range(count):
                    with contextlib.suppress(ConnectionLostError):
                        await client.lend(Greeting(text=str(number)))
                        returned.add(str(number))
                connections = client.status.connections
            gateway.settled()
        return connections

    connections = run(story(), seconds=300)

    assert set(library.handled.values()) == {1}, "none is handled twice"
    for numbers in library.by_connection.values():
        assert numbers == sorted(numbers), "none is handled before an earlier one of its connection"
    assert connections > count / 100
    lost = returned - library.handled.keys()
    print(f"{count} sends over {connections} connections: {len(returned)} returned, of which {len(lost)} were lost")
