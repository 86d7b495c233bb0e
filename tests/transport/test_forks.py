"""A process that forks after it has used a transport."""

import os
import subprocess
import sys

import pytest
from tests.support.fault_server import FaultServer, answer
from tests.transport.implementations import NAMES

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

FORKING = """
import asyncio, os, sys
import pushwire.transport as ways

def run(result):
    if result is not None:
        asyncio.run(result)

def post(name):
    run(transport.post(name, b"{}"))

transport = getattr(ways, sys.argv[1])(sys.argv[2])
post("before=")
child = os.fork()
for number in range(20):
    post(f"{'parent' if child else 'child'}{number}=")
run(transport.close())
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.extra("boto3")] if "Boto3" in name else []) for name in NAMES.values()],
)
def test_a_fork_after_use_works_on_both_sides(name: str) -> None:
    strict = ["-W", "error"] if "Http" in name else []  # boto3's threads make Python warn about the fork
    with FaultServer(answer(200)) as server:
        subprocess.run([sys.executable, *strict, "-c", FORKING, name, server.url], check=True, timeout=60)
    names = sorted(request.target.rpartition("/")[2].removesuffix("%3D") for request in server.requests)
    assert names == sorted(["before", *(f"{who}{number}" for who in ("parent", "child") for number in range(20))])
    # The child opened one of its own, and left the parent's alone.
    assert server.connections == 2
