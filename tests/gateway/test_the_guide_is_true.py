"""`docs/gateway.md`: its handler, its client and its test run unchanged, on another port."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.test_dev_command import running
from tests.gateway.world import SECONDS

GUIDE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")
APP, CLIENT, TEST = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = [line for block in re.findall(r"```shell\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]


def commands_of_dev() -> list[list[str]]:
    words = [shlex.split(line) for line in COMMANDS]
    return [line[2:] for line in words if line[:2] == ["pushwire", "dev"]]


def test_the_guide_has_the_commands_that_are_tried_here() -> None:
    assert len(commands_of_dev()) == 2
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("arguments", commands_of_dev(), ids=" ".join)
def test_its_client_gets_its_answer_from_its_handler(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "app.py").write_text(APP)
    with running(tmp_path, *arguments, "--port", "0") as dev:
        url = dev.line(r"WebSocket URL: (ws://127\.0\.0\.1:\d+/local)")[1]
        dev.line(r"Callback URL: http://127\.0\.0\.1:\d+/local")
        client = CLIENT.replace("ws://127.0.0.1:3001/local", url)
        if "JoinRoom=app:handler" in arguments:
            client = client.replace('"hello"', '\'{"route":"JoinRoom"}\'')
        assert url in client
        done = subprocess.run(
            [sys.executable, "-c", client], capture_output=True, text=True, timeout=SECONDS * 3, check=False
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout in ("HELLO\n", '{"ROUTE":"JOINROOM"}\n')


def test_its_test_passes() -> None:
    names: dict[str, object] = {}
    exec(TEST, names)
    test = names["test_a_client_is_greeted"]
    assert callable(test)
    test()


def test_the_lines_it_shows_are_those_of_the_default_port() -> None:
    urls = "WebSocket URL: ws://127.0.0.1:3001/local\nCallback URL: http://127.0.0.1:3001/local\n"
    assert f"{urls}Console: http://127.0.0.1:3001/\n" in GUIDE
    from pushwire.cli.dev_options import DEFAULT_PORT

    assert DEFAULT_PORT == 3001
