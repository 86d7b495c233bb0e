"""The throughput of a receiving client, and the memory of idle clients."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from scripts.benches.gateway import line, running
from scripts.benches.measuring import EXAMPLE, compare

MESSAGES = 20_000
CLIENTS = 2_000


def client(rounds: int) -> dict[str, float]:
    """Measure received messages per second of CPU time, compared with a websockets loop that calls `json.loads`."""
    from websockets.asyncio.client import connect

    from pushwire import Format
    from pushwire.frame import encode

    sys.path.insert(0, str(EXAMPLE))
    from chat.v1.chat_pb2 import Speech
    from chat.v1.chat_pushwire_client import ChatClient
    from chat.v1.chat_pushwire_operations import ChatOperations

    speech = Speech(name="Ada", text="Hello, all of you in this room!")
    texts = [encode(ChatOperations.said, speech, frame_format).decode() for frame_format in Format]

    with running("client_server", *texts) as server:
        base = f"ws://127.0.0.1:{line(server)}"

        async def bare() -> None:
            async with connect(f"{base}/{MESSAGES}/0", compression=None, proxy=None) as socket:
                for _ in range(MESSAGES):
                    json.loads(await socket.recv())

        async def listening(number: int) -> None:
            left, done = MESSAGES, asyncio.get_running_loop().create_future()

            def on_said(_speech: Speech) -> None:
                nonlocal left
                left -= 1
                if not left:
                    done.set_result(None)

            async with ChatClient(f"{base}/{MESSAGES}/{number}") as receiver:
                receiver.on_said(on_said)
                await done

        async def iterating() -> None:
            async with ChatClient(f"{base}/{MESSAGES}/0", max_events=MESSAGES) as receiver:
                events = aiter(receiver)
                for _ in range(MESSAGES):
                    await anext(events)

        sizes = ", ".join(f"{len(text)} bytes in {each.name}" for text, each in zip(texts, Format, strict=True))
        print(f"client: messages a second of CPU, {MESSAGES:,} a round: {sizes}")
        figures = compare(
            {
                "on_said, JSON": rate(lambda: listening(0)),
                "on_said, BINARY": rate(lambda: listening(1)),
                "async for, JSON": rate(iterating),
                "recv and json.loads": rate(bare),
            },
            rounds,
            base="recv and json.loads",
            unit="/s",
        )
        for kind in ("client", "bare websockets"):
            figures[f"{kind} KiB"] = memory(kind, f"{base}/0/0")
        print(
            f"  {figures['client KiB']:.1f} KiB for each open client, {figures['bare websockets KiB']:.1f} for each "
            f"connection of bare websockets ({CLIENTS:,} of each)"
        )
    return figures


def rate(receive: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], float]:
    def measure() -> float:
        started = time.process_time()
        asyncio.run(receive())
        return MESSAGES / (time.process_time() - started)

    return measure


def memory(kind: str, url: str) -> float:
    program = Path(__file__).parent / "memory_of_a_client.py"
    command = [sys.executable, str(program), kind.split()[0], url, str(CLIENTS)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
