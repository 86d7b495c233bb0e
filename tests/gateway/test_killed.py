"""SIGKILL of the gateway: its clients see a closed connection, and a new gateway starts normally."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.gateway.world import SECONDS

APP = """
def handler(event, context):
    return {"statusCode": 200, "body": event.get("body")}
"""
COMMAND = [sys.executable, "-m", "pushwire.cli.main", "dev", "app:handler", "--route-response", "$default"]


def start(project: Path, port: int) -> "tuple[subprocess.Popen[str], int]":
    command = [*COMMAND, "--port", str(port)]
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    found = re.search(r":(\d+)/local", process.stdout.readline())
    assert found is not None
    return process, int(found[1])


def echoes(port: int) -> bool:
    with connect(f"ws://127.0.0.1:{port}/local", proxy=None, open_timeout=SECONDS) as ws:
        ws.send("hello")
        return ws.recv(SECONDS) == "hello"


def test_clients_see_an_end_and_the_next_start_is_clean(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    process, port = start(tmp_path, 0)
    try:
        with connect(f"ws://127.0.0.1:{port}/local", proxy=None, open_timeout=SECONDS) as ws:
            ws.send("hello")
            assert ws.recv(SECONDS) == "hello"
            process.send_signal(signal.SIGKILL)
            with pytest.raises(ConnectionClosedError) as closed:
                ws.recv(SECONDS)
            assert closed.value.rcvd is None
        assert process.wait(SECONDS) == -signal.SIGKILL
        files = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
        assert files == {"app.py"}
    finally:
        process.kill()
        process.communicate()
    process, again = start(tmp_path, port)
    try:
        assert again == port
        assert echoes(port)
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)
    assert process.returncode == 0
