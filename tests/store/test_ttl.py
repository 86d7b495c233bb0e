"""DynamoDB's TTL deletes the rows of expired connections: in ministack, the one stand-in that does so."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from pushwire.store import DynamoDBStore
from tests.support.dynoxide import client_of, wait_for
from tests.support.tools import environment

pytestmark = pytest.mark.at_length

ID = "AAAAAAAAAAAAAAA="


@pytest.fixture
def url() -> Iterator[str]:
    """Run ministack in an environment of its own, because it pins botocore."""
    uv = shutil.which("uv", path=environment()["PATH"])
    if uv is None:
        pytest.skip("uv is missing, which installs ministack")
    run = [uv, "tool", "run", "--quiet", "--from", "ministack>=1.5,<2"]
    if subprocess.run([*run, "python", "-c", "import ministack"], check=False, capture_output=True).returncode != 0:
        pytest.skip("ministack cannot be installed here")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "SERVICES": "dynamodb"}
    with subprocess.Popen(
        [*run, "ministack"], env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_all_rows_of_an_expired_connection_are_deleted_and_those_of_others_stay(url: str) -> None:
    client = client_of(url)
    hours = 3 * 3600
    old = DynamoDBStore("connections", client=client, clock=lambda: time.time() - hours)
    new = DynamoDBStore("connections", client=client)
    old.create_table()
    old.connect(ID, user="ada", topics=["lobby"])
    old.connect("ended", user="ada", topics=["lobby"])
    old.disconnect("ended")
    new.connect("new", user="ada", topics=["lobby"])

    def keys() -> list[tuple[str, str]]:
        rows = client.scan(TableName="connections", ConsistentRead=True)["Items"]
        return sorted((row["pk"]["S"], row["sk"]["S"]) for row in rows)

    expected = [("C#new", "C"), ("T#lobby#0", "new"), ("U#ada", "new")]
    give_up_at = time.monotonic() + 300  # it looks for expired rows about once a minute
    while keys() != expected and time.monotonic() < give_up_at:
        time.sleep(1)
    assert keys() == expected
    assert list(new.of_user("ada")) == ["new"]
