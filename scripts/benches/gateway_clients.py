"""Opens WebSocket clients of the gateway and counts the messages that they receive.

The arguments are the URL and the number of clients. It prints `connected`, and one line of JSON when all clients have
received all messages, or no message has arrived for a while.
"""

import asyncio
import collections
import json
import resource
import sys

from websockets.asyncio.client import ClientConnection, connect

PATIENCE_SECONDS = 30.0
AT_ONCE = 50


async def receive(socket: ClientConnection, expected: int, found: collections.Counter[str]) -> None:
    """Count the messages of a client, which are consecutive numbers."""
    last = -1
    seen: set[int] = set()
    while len(seen) < expected:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                number = int(await socket.recv())
        except TimeoutError:
            break
        found["received"] += 1
        found["duplicated"] += number in seen
        found["out of order"] += number < last
        last = number
        seen.add(number)
    found["lost"] += expected - len(seen)


async def main(url: str, count: int, expected: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def join() -> ClientConnection:
        async with gate:
            return await connect(
                url, compression=None, ping_interval=None, close_timeout=1, open_timeout=PATIENCE_SECONDS, proxy=None
            )

    sockets = await asyncio.gather(*(join() for _ in range(count)))
    print("connected", flush=True)
    found: collections.Counter[str] = collections.Counter()
    await asyncio.gather(*(receive(socket, expected, found) for socket in sockets))
    print(json.dumps(found), flush=True)
    await asyncio.gather(*(socket.close() for socket in sockets))


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
