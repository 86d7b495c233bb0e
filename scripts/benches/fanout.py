"""The throughput of a worker of broadcasts beyond one process, and the memory of a coordinator."""

import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from scripts.benches.broadcast import fastest_server
from scripts.benches.measuring import EXAMPLE, compare

SHARDS = 20
SHARD = 1_000
RECIPIENTS = (10_000, 1_000_000)


def fanout(rounds: int) -> dict[str, float]:
    """Measure posts per second of a worker and of `sdk.to`, and the peak memory of a coordinator.

    The worker parses a shard, reads and writes its row through botocore, and sends. DynamoDB answers from memory, so
    the figures have the CPU time of the calls and not the time on the network.
    """
    sys.path.insert(0, str(EXAMPLE))
    with fastest_server() as url, runs(url) as (plain, worker):
        spent: dict[str, list[float]] = {"sdk.to": [], "worker": []}
        rates = {"sdk.to": rate(plain, spent["sdk.to"]), "worker": rate(worker, spent["worker"])}
        print(f"fanout: posts per second, {SHARDS} shards of {SHARD:,} ids a round")
        figures = compare(rates, rounds, base="sdk.to", unit="/s")
    pairs = [one / other for one, other in zip(spent["sdk.to"], spent["worker"], strict=True)]
    figures["worker, of sdk.to per core"] = statistics.median(pairs)
    print(f"  worker: {figures['worker, of sdk.to per core']:.2f} of sdk.to by CPU time, the median of the pairs")
    for recipients in RECIPIENTS:
        figures[f"peak MiB of a coordinator, {recipients:,} ids"] = peak = coordinator_peak(recipients)
        print(f"  coordinator of {recipients:,} ids: peak of {peak:.1f} MiB")
    return figures


def rate(run: Callable[[], None], spent: list[float]) -> Callable[[], float]:
    def measure() -> float:
        started, cpu = time.perf_counter(), time.process_time()
        run()
        spent.append(time.process_time() - cpu)
        return SHARDS * SHARD / (time.perf_counter() - started)

    return measure


@contextlib.contextmanager
def runs(url: str) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Yield a function that sends the shards' ids by `sdk.to`, and one that sends the shards by a worker."""
    import boto3

    from chat.v1.chat_pb2 import Greeting
    from chat.v1.chat_pushwire import ChatServerSdk
    from pushwire.fanout import DynamoDBProgress, FanoutWorker, Shard
    from pushwire.transport import HttpTransport

    session: Any = boto3.Session("local", "local", region_name="eu-west-1")
    dynamodb = session.client("dynamodb")
    dynamodb.meta.events.register("before-send.dynamodb", answer)
    ids = tuple(f"L0SM{number:010d}g=" for number in range(SHARD))
    frame = b'{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'
    operation, expires_at = "chat.v1.ChatService.SendGreeting", time.time() + 86_400
    shards = [Shard("f00d", number, operation, frame, ids, expires_at).to_text() for number in range(SHARDS)]
    arn = "arn:aws:sqs:eu-west-1:123456789012:jobs"
    events = [{"Records": [{"body": text, "eventSource": "aws:sqs", "eventSourceARN": arn}]} for text in shards]
    with contextlib.closing(HttpTransport(url)) as transport:
        sdk = ChatServerSdk(transport=transport)
        progress = DynamoDBProgress("jobs", client=dynamodb)
        handler = FanoutWorker(sdk, client=session.client("sqs"), progress=progress)

        def plain() -> None:
            for _ in range(SHARDS):
                assert sdk.to(ids, deadline=22).send_greeting(Greeting(greeting="Hello!")).accepted == SHARD

        def worker() -> None:
            for event in events:
                handler(event, Context())

        yield plain, worker


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def answer(request: Any, **_unused: Any) -> Any:
    """Answer a request of botocore to DynamoDB, in place of the network."""
    from botocore.awsrequest import AWSResponse

    class Raw:
        def stream(self, *_sizes: object, **_options: object) -> Iterator[bytes]:
            yield b'{"Attributes":{}}' if b"UpdateExpression" in request.body else b"{}"

    headers: Any = {"content-type": "application/x-amz-json-1.0"}
    return AWSResponse(request.url, 200, headers, Raw())


def coordinator_peak(recipients: int) -> float:
    """Return the peak of the memory that a coordinator allocates, in MiB, in a new process."""
    program = [sys.executable, "-m", "scripts.benches.memory_of_a_coordinator", str(recipients)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    peak: float = json.loads(done.stdout)
    return peak
