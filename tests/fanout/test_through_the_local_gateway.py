"""Jobs whose recipients are real clients of the local gateway; workers that are real processes, and are killed."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Self

import pytest
from moto.server import ThreadedMotoServer

from pushwire.fanout import FanoutProgress, ShardResult, send_shard, send_shard_async
from pushwire.gateway import GatewaySettings, Quotas
from pushwire.testing import GatewayClient, RunningGateway, local_gateway
from pushwire.transport import (
    AsyncBoto3Transport,
    AsyncHttpTransport,
    Boto3Transport,
    HttpTransport,
    RateLimit,
)
from tests.fanout import worker_process
from tests.fanout.world import Context, FanoutWorld, Killed, ids, shard_of
from tests.server.world import LEAF, SEND_LEAF, AsyncWireServerSdk, WireServerSdk
from tests.support.tools import environment

CLIENTS = 20
RUNS = 20
END = LEAF(leaf_name="the end")


def connect(_event: object, _context: object) -> dict[str, int]:
    return {"statusCode": 200}


class Audience:
    """Real clients, and the ids of connections that do not exist."""

    def __init__(self, gateway: RunningGateway, count: int) -> None:
        self.clients: list[GatewayClient] = [gateway.connect() for _ in range(CLIENTS)]
        self.ids = ids(count - CLIENTS) + [client.connection_id for client in self.clients]
        random.Random(19).shuffle(self.ids)
        self.transport = HttpTransport(gateway.callback_url)
        self._sdk = WireServerSdk(transport=self.transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.transport.close()

    def received(self) -> dict[str, Counter[str]]:
        """Return how often each client has received which message, since the last call."""
        found: dict[str, Counter[str]] = {}
        for client in self.clients:
            self._sdk.send_leaf(client.connection_id, END)
            counts = found[client.connection_id] = Counter()
            while (message := client.receive(SEND_LEAF)) != END:
                counts[message.leaf_name] += 1
        return found


@pytest.fixture
def gateway() -> Iterator[RunningGateway]:
    with local_gateway(connect) as running:
        yield running


def test_every_live_client_gets_the_message_once(world: FanoutWorld, gateway: RunningGateway) -> None:
    with Audience(gateway, 1_500) as audience:
        job = world.start(audience.ids, message=LEAF(leaf_name="one"))
        world.run(world.worker(audience.transport))
        assert world.progress.of(job.id) == FanoutProgress(1_500, CLIENTS, 1_500 - CLIENTS, 0, 0, done=True)
        assert all(counts == Counter(one=1) for counts in audience.received().values())


def test_the_quota_of_the_gateway_delays_ids_and_loses_none(world: FanoutWorld) -> None:
    quotas = Quotas(requests_per_second=600, request_burst=60)
    with (
        local_gateway(connect, settings=GatewaySettings(port=0, quotas=quotas)) as gateway,
        Audience(gateway, 500) as audience,
    ):
        job = world.start(audience.ids, message=LEAF(leaf_name="one"))
        world.run(world.worker(audience.transport), context=Context(0.4))
        assert world.failures == []
        assert world.progress.of(job.id) == FanoutProgress(500, CLIENTS, 500 - CLIENTS, 0, 0, done=True)
        assert world.invocations > 1
        assert all(counts == Counter(one=1) for counts in audience.received().values())


def test_a_rate_limit_keeps_a_worker_within_its_share(world: FanoutWorld, gateway: RunningGateway) -> None:
    with Audience(gateway, 200) as audience:
        job = world.start(audience.ids)
        world.run(world.worker(audience.transport, rate_limit=RateLimit(per_second=500, burst=1)), context=Context(0.3))
        assert world.progress.of(job.id).done
        assert world.invocations >= 3  # 200 requests at 500 a second, in invocations that send for a tenth of a second


@pytest.mark.parametrize("kind", [HttpTransport, Boto3Transport, AsyncHttpTransport, AsyncBoto3Transport])
def test_each_id_of_a_shard_is_counted_or_returned_at_the_deadline(gateway: RunningGateway, kind: Any) -> None:
    shard = shard_of(ids(200), expires_at=time.time() + 900)
    budget = RateLimit(per_second=100, burst=20)

    async def send() -> ShardResult:
        transport = kind(gateway.callback_url)
        try:
            sdk = AsyncWireServerSdk(transport=transport)
            return await send_shard_async(sdk, shard, deadline=0.5, rate_limit=budget)
        finally:
            await transport.close()

    if kind in (HttpTransport, Boto3Transport):
        with closing(kind(gateway.callback_url)) as transport:
            result = send_shard(WireServerSdk(transport=transport), shard, deadline=0.5, rate_limit=budget)
    else:
        result = asyncio.run(send())
    assert 0 < len(result.unsent) < 200
    assert len(set(result.unsent)) == len(result.unsent) == 200 - result.gone


class Process:
    """A worker each of whose invocations is a process of its own.

    Attributes:
        place: The place at which an invocation kills itself.
        skip: The number of invocations before that one.
        kills: The number of processes that were killed.
    """

    def __init__(self, *arguments: str, rate: str) -> None:
        program = [sys.executable, "-m", worker_process.__name__, *arguments]
        settings = environment(PUSHWIRE_FANOUT_RATE=rate)
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(program, env=settings, stdin=pipe, stdout=pipe, text=True)
        self.place: str | None = None
        self.skip = 0
        self.kills = 0

    def __call__(self, event: Any, context: Context) -> None:
        place = self.place if self.skip == 0 and self.place is not None else "nowhere"
        line = [event, context.get_remaining_time_in_millis() / 1000, place]
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(json.dumps(line), file=stdin, flush=True)
        answer = stdout.readline().strip()
        if place == "nowhere":
            assert answer == "done"
            self.skip -= 1
            return
        assert answer == str(-signal.SIGKILL)
        self.place = None
        self.kills += 1
        raise Killed

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@pytest.fixture
def server_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.at_length
@pytest.mark.parametrize("kind", ["post", "row", "remainder"])
def test_a_killed_process_loses_no_id_and_doubles_at_most_one_shard(
    kind: str, server_url: str, gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL at a random post, between the last post and the row, and between the row and the remainder."""
    monkeypatch.setattr("pushwire.fanout.queue.MAX_IDS", 100)
    sqs, dynamodb = worker_process.clients(server_url)
    world = FanoutWorld(sqs, dynamodb)
    numbers = random.Random(kind)
    # 40 posts at once, and 20 in a twentieth of a second, which is a third of the invocation: the other 40 of a shard
    # return to the queue.
    rate, remaining, count = ("400", 0.15, 100) if kind == "remainder" else ("", 30.0, 300)
    with (
        Audience(gateway, count) as audience,
        closing(Process(gateway.callback_url, server_url, world.name, rate=rate)) as process,
    ):
        shards = {connection_id: number // 100 for number, connection_id in enumerate(audience.ids)}
        for run in range(RUNS):
            process.skip, post = divmod(numbers.randrange(count), 100)
            process.place = f"post:{post + 1}" if kind == "post" else kind
            job = world.start(audience.ids, message=LEAF(leaf_name=f"{run}"))
            world.run(process, context=Context(remaining))
            assert process.kills == run + 1
            assert world.progress.of(job.id) == FanoutProgress(count, CLIENTS, count - CLIENTS, 0, 0, done=True)
            received = {connection_id: counts[f"{run}"] for connection_id, counts in audience.received().items()}
            assert min(received.values()) >= 1
            doubled = {shards[connection_id] for connection_id, count in received.items() if count > 1}
            assert len(doubled) <= (0 if kind == "remainder" else 1)
