"""A process that forks after it has used a default client of DynamoDB or SQS."""

import os
import subprocess
import sys

import pytest

from tests.support.fault_server import FaultServer, answer
from tests.support.tools import environment

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

STORE = """
from pushwire.store import DynamoDBStore

store = DynamoDBStore("connections")

def use():
    store.get("connection=")
"""

WORKER = """
from pushwire.fanout import FanoutWorker
from tests.fanout.world import Context, CountingTransport, event_of, ids, shard_of
from tests.server.world import WireServerSdk

transport = CountingTransport()
transport.posts_before_deadline = 1  # the other id returns to the queue
worker = FanoutWorker(WireServerSdk(transport=transport), clock=lambda: 1_800_000_000.0)

def use():
    worker(event_of(shard_of(ids(2)).to_text()), Context())
"""

FORK = """
import os, sys

use()
child = os.fork()
status = os.waitpid(child, 0)[1] if child else 0
use()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize(
    ("program", "requests"),
    [
        pytest.param(STORE, 3, id="a store"),
        pytest.param(WORKER, 4, id="a worker, which asks for the URL of its queue once"),
    ],
)
def test_a_fork_after_use_works_on_both_sides(program: str, requests: int) -> None:
    with FaultServer(answer(200, b'{"QueueUrl": "http://127.0.0.1/queue"}')) as server:
        settings = {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        subprocess.run([sys.executable, "-c", program + FORK], env=environment(**settings), check=True, timeout=60)
    assert len(server.requests) == requests
    assert server.connections == 2  # the child opened one of its own, and left the parent's alone
