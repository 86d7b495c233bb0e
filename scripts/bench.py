"""Benchmarks, side by side in one run: what counts is the ratio, since machines differ and share their cores."""

import argparse
import asyncio
import contextlib
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pushwire
from pushwire.cli.proto_path import proto_path

OPERATIONS = 1_000
SENDS = 400
BROADCAST_TO = 1_000
INVOCATIONS = 5_000
FRAME = b'{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'
EXAMPLE = Path(__file__).parent.parent / "examples" / "chat"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("bench", choices=BENCHES, nargs="+", help="what to measure")
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds (default: 7)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = parser.parse_args()
    figures = {name: BENCHES[name](arguments.rounds) for name in arguments.bench}
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def codegen(rounds: int) -> dict[str, float]:
    """Whole processes under the same protoc, on one file of 1,000 operations."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "big.proto").write_text(big_contract())
        plugins = {
            "protoc-gen-pushwire": ["--pushwire_out=pushwire"],
            "protoc-gen-mypy": ["--mypy_out=quiet:mypy"],
        }
        if shutil.which("protoc-gen-connectrpc"):
            plugins["protoc-gen-connectrpc"] = ["--connectrpc_out=connectrpc"]
        else:
            print("protoc-gen-connectrpc is not installed: measured without it")
        for output in ("pushwire", "mypy", "connectrpc"):
            (root / output).mkdir()

        def protoc(options: list[str]) -> Callable[[], object]:
            command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"-I{proto_path()}", *options, "big.proto"]
            return functools.partial(subprocess.run, command, cwd=root, check=True)

        print(f"codegen: seconds of wall time for one file of {OPERATIONS:,} operations")
        return compare(
            {name: seconds(protoc(options)) for name, options in plugins.items()},
            rounds,
            base="protoc-gen-mypy",
            unit="s",
        )


def big_contract() -> str:
    directions = ("CLIENT_TO_SERVER", "SERVER_TO_CLIENT", "BIDIRECTIONAL")
    messages = "".join(
        f"// Message {number}.\nmessage Message{number} {{ string text = 1; int64 count = 2; }}\n"
        for number in range(OPERATIONS)
    )
    operations = "".join(
        f"  // Operation {number}, with a comment.\n"
        f"  rpc Operation{number}(Message{number}) returns (google.protobuf.Empty) {{\n"
        f"    option (pushwire.v1.operation) = {{direction: DIRECTION_{directions[number % 3]}}};\n  }}\n"
        for number in range(OPERATIONS)
    )
    return (
        'syntax = "proto3";\npackage big.v1;\n'
        'import "google/protobuf/empty.proto";\nimport "pushwire/v1/options.proto";\n'
        f"{messages}\nservice BigService {{\n{operations}}}\n"
    )


def send(rounds: int) -> dict[str, float]:
    """CPU of this process per send, through the same boto3, to a loopback server that answers 200."""
    import boto3

    sys.path.insert(0, str(EXAMPLE))
    from chat.v1.chat_pb2 import Greeting
    from chat.v1.chat_pushwire import ChatServerSdk

    connection_id = "R0oXAdfD0kwCH6w="
    message = Greeting(greeting="Hello!")
    with answering_server() as url:
        client: Any = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        with ChatServerSdk(url) as sdk:

            def bare() -> None:
                for _ in range(SENDS):
                    client.post_to_connection(ConnectionId=connection_id, Data=FRAME)

            def ours() -> None:
                for _ in range(SENDS):
                    sdk.send_greeting(connection_id, message)

            print(f"send: microseconds of CPU per post, {SENDS} sequential posts of {len(FRAME)} bytes a round")
            scale = 1e6 / SENDS
            figures = compare(
                {"sdk.send_greeting": cpu(ours, scale), "client.post_to_connection": cpu(bare, scale)},
                rounds,
                base="client.post_to_connection",
                unit="µs",
            )
        client.close()
    return figures


def broadcast(rounds: int) -> dict[str, float]:
    """Posts per second to a loopback server that answers 200: one message to many, beside a bare loop of threads."""
    sys.path.insert(0, str(EXAMPLE))
    with answering_server() as url, contextlib.ExitStack() as stack:
        runs = {
            "bare boto3, 32 threads": stack.enter_context(bare_boto3_threads(url)),
            "sdk.broadcast": stack.enter_context(boto3_broadcast(url)),
            "await sdk.broadcast": stack.enter_context(async_boto3_broadcast(url)),
        }
        print(f"broadcast: posts per second, {BROADCAST_TO:,} clients a round")
        rates = {name: per_second(run, BROADCAST_TO) for name, run in runs.items()}
        return compare(rates, rounds, base="bare boto3, 32 threads", unit="/s")


@contextlib.contextmanager
def bare_boto3_threads(url: str) -> Iterator[Callable[[], None]]:
    import boto3
    from botocore.config import Config

    client: Any = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(max_pool_connections=32),
    )

    def post(connection_id: str) -> None:
        client.post_to_connection(ConnectionId=connection_id, Data=FRAME)

    with ThreadPoolExecutor(32) as threads:
        yield lambda: [*threads.map(post, ids_of_clients())].clear()
    client.close()


@contextlib.contextmanager
def boto3_broadcast(url: str) -> Iterator[Callable[[], None]]:
    from chat.v1.chat_pb2 import Greeting
    from chat.v1.chat_pushwire import ChatServerSdk

    with ChatServerSdk(url) as sdk:

        def run() -> None:
            assert sdk.broadcast.send_greeting(ids_of_clients(), Greeting(greeting="Hello!")).accepted == BROADCAST_TO

        yield run


@contextlib.contextmanager
def async_boto3_broadcast(url: str) -> Iterator[Callable[[], None]]:
    from chat.v1.chat_pb2 import Greeting
    from chat.v1.chat_pushwire import AsyncChatServerSdk

    async def broadcast() -> None:
        report = await sdk.broadcast.send_greeting(ids_of_clients(), Greeting(greeting="Hello!"))
        assert report.accepted == BROADCAST_TO

    with asyncio.Runner() as runner:
        sdk = AsyncChatServerSdk(url)
        yield lambda: runner.run(broadcast())
        runner.run(sdk.close())


def ids_of_clients() -> Iterator[str]:
    return (f"{number:015}=" for number in range(BROADCAST_TO))


def memory(rounds: int) -> dict[str, float]:
    """The most memory of fresh interpreters that broadcast to many, of whom 1% are gone, and nothing is sent."""

    def taken(count: int) -> Callable[[], float]:
        program = Path(__file__).parent / "bench_memory.py"

        def measure() -> float:
            done = subprocess.run([sys.executable, program, str(count)], capture_output=True, text=True, check=True)
            return int(done.stdout) / 1024

        return measure

    print("memory: MiB of a fresh interpreter that broadcasts to the ids of a generator, 1% of them gone")
    figures = compare({"1,000,000": taken(1_000_000), "1,000": taken(1_000)}, min(rounds, 3), base="1,000", unit="MiB")
    figures["difference MiB"] = figures["1,000,000 MiB"] - figures["1,000 MiB"]
    print(f"  the difference of the medians is {figures['difference MiB']:.1f} MiB")
    return figures


def dispatch(rounds: int) -> dict[str, float]:
    """CPU of one invocation of a router whose handler does nothing, beside parsing the same payload by hand."""
    from google.protobuf import json_format

    sys.path.insert(0, str(EXAMPLE))
    from chat.v1.chat_pb2 import JoinRoomRequest
    from chat.v1.chat_pushwire import ChatRouter, ChatServerSdk
    from pushwire.testing import RecordingConnections, message_event

    sdk = ChatServerSdk(connections=RecordingConnections())
    router = ChatRouter(sdk=lambda _url: sdk)
    router.join_room(lambda _request: None)
    event = message_event("JoinRoom", JoinRoomRequest(room="lobby", name="Ada"))
    body = event["body"]

    def routed() -> None:
        for _ in range(INVOCATIONS):
            router(event, None)

    def parsed() -> None:
        for _ in range(INVOCATIONS):
            json_format.ParseDict(json.loads(body)["payload"], JoinRoomRequest())

    print(f"dispatch: microseconds of CPU per invocation, {INVOCATIONS:,} invocations a round")
    scale = 1e6 / INVOCATIONS
    return compare(
        {"router": cpu(routed, scale), "json.loads and ParseDict": cpu(parsed, scale)},
        rounds,
        base="json.loads and ParseDict",
        unit="µs",
    )


def importing(rounds: int) -> dict[str, float]:
    """Wall time of fresh interpreters that import a generated server module and construct its router."""
    router = "from chat.v1.chat_pushwire import ChatRouter; ChatRouter()"
    bare = "import chat.v1.chat_pb2; from google.protobuf import json_format"

    def interpreter(code: str) -> Callable[[], object]:
        return functools.partial(subprocess.run, [sys.executable, "-c", code], cwd=EXAMPLE, check=True, env=compiled)

    # As in a Lambda: every module has its bytecode, from the round that does not count.
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    rounds = max(rounds, 20)
    print(f"importing: milliseconds of wall time of a fresh interpreter, {rounds} of each")
    figures = compare(
        {
            "server module and router": seconds(interpreter(router), 1e3),
            "_pb2 and json_format": seconds(interpreter(bare), 1e3),
        },
        rounds,
        base="_pb2 and json_format",
        unit="ms",
    )
    figures["difference ms"] = figures["server module and router ms"] - figures["_pb2 and json_format ms"]
    print(f"  the difference of the medians is {figures['difference ms']:.1f} ms")
    return figures


@contextlib.contextmanager
def answering_server() -> Iterator[str]:
    """A server in a process of its own, so that its CPU is not counted."""
    program = Path(__file__).parent / "bench_server.py"
    process = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/local"
    finally:
        process.terminate()
        process.communicate()


def seconds(run: Callable[[], object], scale: float = 1.0) -> Callable[[], float]:
    def measure() -> float:
        started = time.perf_counter()
        run()
        return (time.perf_counter() - started) * scale

    return measure


def per_second(run: Callable[[], None], count: int) -> Callable[[], float]:
    def measure() -> float:
        started = time.perf_counter()
        run()
        return count / (time.perf_counter() - started)

    return measure


def cpu(run: Callable[[], None], scale: float) -> Callable[[], float]:
    def measure() -> float:
        started = time.process_time()
        run()
        return (time.process_time() - started) * scale

    return measure


def compare(runs: dict[str, Callable[[], float]], rounds: int, *, base: str, unit: str) -> dict[str, float]:
    """Measure all in turn, round by round, after one round that does not count; ratios are pair by pair."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            figure = run()
            if number:
                taken[name].append(figure)
    figures: dict[str, float] = {}
    for name, values in taken.items():
        ratio = statistics.median(value / other for value, other in zip(values, taken[base], strict=True))
        figures[f"{name} {unit}"] = statistics.median(values)
        figures[f"{name} ratio"] = ratio
        print(
            f"  {name:28} median {statistics.median(values):9.3f} {unit}"
            f"  (min {min(values):.3f}, max {max(values):.3f})  {ratio:6.3f} of {base}"
        )
    return figures


BENCHES: dict[str, Callable[[int], dict[str, float]]] = {
    "broadcast": broadcast,
    "codegen": codegen,
    "dispatch": dispatch,
    "importing": importing,
    "memory": memory,
    "send": send,
}


if __name__ == "__main__":
    os.environ.pop("PUSHWIRE_CALLBACK_URL", None)
    print(f"pushwire {pushwire.__version__}, Python {sys.version.split()[0]}, {os.cpu_count()} processors")
    sys.exit(main())
