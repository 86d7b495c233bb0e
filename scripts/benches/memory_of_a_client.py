"""Opens many clients, generated ones or bare websockets, and prints the memory of each in KiB."""

import asyncio
import gc
import resource
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "chat"))

from websockets.asyncio.client import connect

from chat.v1.chat_pushwire_client import ChatClient


def resident() -> float:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(float(row.split()[1]) for row in status if row.startswith("VmRSS:"))


async def a_client(url: str) -> Any:
    client = await ChatClient(url)
    client.on_said(lambda _speech: None)
    return client


async def bare(url: str) -> Any:
    return await connect(url, compression=None, proxy=None)


async def main(kind: str, url: str, count: int) -> None:
    make = a_client if kind == "client" else bare
    opened = [await make(url) for _ in range(100)]  # Why: the first clients also take memory that all clients share.
    gc.collect()
    before = resident()
    opened += [await make(url) for _ in range(count)]
    gc.collect()
    print(f"{(resident() - before) / count:.1f}", flush=True)
    await asyncio.gather(*(each.close() for each in opened))


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
