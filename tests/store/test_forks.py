"""A process that forks after it has used a store in DynamoDB."""

import os
import subprocess
import sys

import pytest

from tests.support.fault_server import FaultServer, answer
from tests.support.tools import environment

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

FORKING = """
import os, sys
from pushwire.store import DynamoDBStore

store = DynamoDBStore("connections")
store.get("before=")
child = os.fork()
status = os.waitpid(child, 0)[1] if child else 0
store.get("after=")
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_fork_after_use_works_on_both_sides() -> None:
    with FaultServer(answer(200, b"{}")) as server:
        settings = {
            "AWS_ENDPOINT_URL_DYNAMODB": server.url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        subprocess.run([sys.executable, "-c", FORKING], env=environment(**settings), check=True, timeout=60)
    assert len(server.requests) == 3
    assert server.connections == 2  # the child opened one of its own, and left the parent's alone
