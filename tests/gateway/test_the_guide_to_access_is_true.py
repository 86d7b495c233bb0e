"""`docs/gateway-access.md`: its handler, its command and its test run unchanged."""

import re
import shlex
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.gateway.test_dev_command import running
from tests.gateway.world import Recorder

GUIDE = (Path(__file__).parents[2] / "docs" / "gateway-access.md").read_text(encoding="utf-8")
APP, TEST = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
(COMMAND,) = re.findall(r"```shell\n(.*?)```", GUIDE, re.DOTALL)


def test_its_authorizer_lets_one_token_in(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    with running(tmp_path, *shlex.split(COMMAND)[2:], "--port", "0") as dev:
        url = dev.line("WebSocket URL: (.*)")[1]
        with connect(f"{url}?token=let-me-in", proxy=None):
            dev.line(r"\{'admin': 'true', 'principalId': 'ada'\}")
        for query in ("", "?token=other"):
            with pytest.raises(InvalidStatus, match="401"), connect(url + query, proxy=None):
                pass


def test_its_test_passes() -> None:
    names: dict[str, object] = {}
    exec(TEST, names)
    test = names["test_a_sender_may_not_disconnect"]
    assert callable(test)
    test(Recorder())
