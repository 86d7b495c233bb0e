"""The demo, as the README's first command runs it, and the benchmarks."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.benches import broadcast, gateway, memory, slow_answers
from tests.support.tools import environment

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.repository


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )


def test_the_demo_sends_each_operation_in_both_formats_to_a_real_client() -> None:
    done = run("scripts/demo.py")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "demo: ok"
    for frame in (
        '{"route":"SendGreeting","payload":{"greeting":"Hello!"}}',
        '{"route":"ping","payload":{"note":"Are you there?"}}',
        "CgxTZW5kR3JlZXRpbmcSCAoGSGVsbG8h",
        "CgRwaW5nEhAKDkFyZSB5b3UgdGhlcmU/",
    ):
        assert f"   frame as received: {frame!r}" in lines
    assert lines.count('   decoded:           SendGreeting Greeting(greeting: "Hello!")') == 2
    assert lines.count('   decoded:           ReportProgress Progress(task: "upload" percent: 40)') == 1
    assert "ConnectionGoneError" in done.stdout
    assert "its cause: GoneException" in done.stdout


@pytest.mark.at_length
@pytest.mark.parametrize(
    ("bench", "peer"),
    [
        ("codegen", "protoc-gen-mypy"),
        ("dispatch", "json.loads and ParseDict"),
        ("importing", "_pb2 and json_format"),
        ("send", "client.post_to_connection"),
    ],
)
def test_a_benchmark_prints_its_ratio(bench: str, peer: str) -> None:
    done = run("-m", "scripts.bench", bench, "--rounds", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"of {peer}" in done.stdout


@pytest.mark.at_length
def test_the_memory_of_many_ids_is_measured_beside_that_of_few(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "MANY", 20_000)
    assert memory.memory(1)["difference MiB"] < 10
    assert "of 1,000" in capsys.readouterr().out


@pytest.mark.at_length
def test_what_clients_receive_is_measured_beside_a_bare_loop() -> None:
    small = "client.MESSAGES, client.CLIENTS = 400, 50"
    done = run("-c", f"from scripts.benches import client; {small}; client.client(1)")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "of recv and json.loads" in done.stdout
    assert "KiB for each open client" in done.stdout


@pytest.mark.at_length
def test_under_load_the_gateway_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "CONNECTIONS", 60)
    monkeypatch.setattr(gateway, "NGINX_POSTS", 640)
    figures = gateway.gateway(1)
    counts = [figures[name] for name in ("received", "lost", "duplicated", "out_of_order")]
    assert counts == [60 * gateway.POSTS, 0, 0, 0]
    assert figures["posts_per_second"] > 0


@pytest.mark.at_length
def test_broadcasts_are_measured_beside_bare_loops_with_tls_and_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(broadcast, "BROADCAST_TO", 40)
    monkeypatch.setattr(slow_answers, "POSTS", 200)
    monkeypatch.setattr(slow_answers, "FIXED", (64,))
    figures = broadcast.broadcast(1)
    assert figures["sdk.to, http ratio"] > 0
    assert figures["sdk.to, http ratio over TLS"] > 0
    assert figures["http, open sockets, late answers"] > 0
    assert figures["async http, of the best fixed number over TLS, late answers"] > 0
    printed = capsys.readouterr().out
    assert "times the fastest boto3 loop" in printed
    assert "of http, 64 in flight; " in printed
