"""A job on ministack, which runs SQS, DynamoDB and Lambda functions in processes, without Docker.

`uv` installs it from the package index, as `scripts/generate` installs protoc.
"""

import asyncio
import io
import random
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from websockets.asyncio.client import ClientConnection, connect

from pushwire.fanout import FanoutProgress
from pushwire.frame import decode
from pushwire.testing import local_gateway
from tests.fanout.world import HELLO, REGION, FanoutWorld, ids
from tests.server.world import SEND_LEAF
from tests.support.tools import environment

MINISTACK = "ministack>=1.5.33,<2"
IDS, CLIENTS, WORKERS = 20_000, 500, 4
PATIENCE = 240
ROOT = Path(__file__).parents[2]
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
HANDLER = f"""
import os, sys
sys.executable = {sys.executable!r}  # has protoc, which compiles the contract of the tests
sys.path[:0] = [{str(ROOT / "sdk")!r}, {str(ROOT)!r}]
sys.path.append({sysconfig.get_path("purelib")!r})
from pushwire.fanout import DynamoDBProgress, FanoutWorker
from pushwire.transport import HttpTransport
from tests.server.world import WireServerSdk

transport = HttpTransport(os.environ["PUSHWIRE_CALLBACK_URL"])
handler = FanoutWorker(WireServerSdk(transport=transport), progress=DynamoDBProgress(os.environ["TABLE"]))
"""


@pytest.fixture
def ministack(tmp_path: Path) -> Iterator[str]:
    """Run ministack on loopback, and yield its URL."""
    if shutil.which("uv") is None:
        pytest.skip("uv is missing, which installs ministack")
    tool = ["uv", "tool", "run", "--python", sys.executable, "--from", MINISTACK]
    found = subprocess.run([*tool, "python", "-c", "import ministack"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.skip(f"uv cannot install ministack: {found.stderr.strip()[-200:]}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = environment(
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
    )
    with (
        (tmp_path / "ministack.log").open("w") as log,
        subprocess.Popen([*tool, "ministack"], env=settings, stdout=log, stderr=log, cwd=tmp_path) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            while not healthy(url):
                assert process.poll() is None, (tmp_path / "ministack.log").read_text()[-2000:]
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


class Audience:
    """Many real clients on an event loop in a thread.

    Attributes:
        received: How often each client has received the message.
    """

    def __init__(self, url: str, count: int) -> None:
        self.received = [0] * count
        self._url = url
        self._count = count
        self._connected = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()
        assert self._connected.wait(PATIENCE)

    async def _run(self) -> None:
        self._closed = asyncio.Event()
        async with AsyncExitStack() as stack:
            sockets: list[ClientConnection] = []
            for _ in range(self._count):
                sockets.append(await stack.enter_async_context(connect(self._url, compression=None, proxy=None)))
            listeners = [asyncio.ensure_future(self._listen(*each)) for each in enumerate(sockets)]
            self._connected.set()
            await self._closed.wait()
            for listener in listeners:
                listener.cancel()
            await asyncio.gather(*listeners, return_exceptions=True)

    async def _listen(self, number: int, client: ClientConnection) -> None:
        async for text in client:
            _, message = decode(cast("str", text), {"SendLeaf": SEND_LEAF})
            self.received[number] += message == HELLO

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join()
        self._loop.close()


def deploy(world: FanoutWorld, url: str, callback_url: str) -> None:
    """Create the worker function, and connect it to the queue."""
    session: Any = boto3.Session(**cast("Any", KEYS))
    functions = session.client("lambda", endpoint_url=url)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", HANDLER)
    functions.create_function(
        FunctionName="worker",
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Role="arn:aws:iam::000000000000:role/worker",
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=10,
        Environment={"Variables": {"PUSHWIRE_CALLBACK_URL": callback_url, "TABLE": world.name}},
    )
    sqs = session.client("sqs", endpoint_url=url)
    arn = sqs.get_queue_attributes(QueueUrl=world.queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create_event_source_mapping(
        FunctionName="worker",
        EventSourceArn=arn,
        BatchSize=1,
        ScalingConfig={"MaximumConcurrency": WORKERS},
    )


@pytest.mark.at_length
def test_twenty_thousand_ids_with_four_workers_and_a_poison_shard(ministack: str) -> None:
    session: Any = boto3.Session(**cast("Any", KEYS))
    world = FanoutWorld(
        session.client("sqs", endpoint_url=ministack),
        session.client("dynamodb", endpoint_url=ministack),
        visibility_timeout=12,
    )
    connected: list[str] = []

    def on_connect(event: Any, _context: object) -> dict[str, int]:
        if event["requestContext"]["eventType"] == "CONNECT":
            connected.append(event["requestContext"]["connectionId"])
        return {"statusCode": 200}

    with local_gateway(on_connect) as gateway, closing(Audience(gateway.url, CLIENTS)) as audience:
        recipients = ids(IDS - CLIENTS) + connected
        random.Random(19).shuffle(recipients)
        deploy(world, ministack, gateway.callback_url)
        world.put_text("poison")
        job = world.start(recipients)
        assert (job.recipients, job.shards) == (IDS, IDS // 1_000)
        dead: list[str] = []
        give_up = time.monotonic() + PATIENCE
        while not (world.progress.of(job.id).done and dead) and time.monotonic() < give_up:
            time.sleep(1)
            dead += world.dead_letters()
        assert world.progress.of(job.id) == FanoutProgress(IDS, CLIENTS, IDS - CLIENTS, 0, 0, done=True)
        assert dead == ["poison"]
        assert min(audience.received) >= 1
