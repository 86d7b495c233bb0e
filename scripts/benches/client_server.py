"""Runs a WebSocket server for the benchmark of the client, which sends as fast as possible, and prints its port.

A client of `/COUNT/NUMBER` receives COUNT messages with the text of the argument NUMBER, counted from 0.
"""

import asyncio
import resource
import sys

from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode

AT_ONCE = 500
ENOUGH = 1 << 20


async def answer(socket: ServerConnection) -> None:
    assert socket.request is not None
    count, number = map(int, socket.request.path[1:].split("/"))
    # Why serialized once: the client is measured, so it must not wait for this process.
    message = Frame(Opcode.TEXT, sys.argv[1 + number].encode()).serialize(mask=False)
    many = message * AT_ONCE
    for left in range(count, 0, -AT_ONCE):
        socket.transport.write(many if left >= AT_ONCE else message * left)
        while socket.transport.get_write_buffer_size() > ENOUGH:  # noqa: ASYNC110 - drain() would wait for less
            await asyncio.sleep(0.001)
    await socket.wait_closed()


async def main() -> None:
    async with serve(answer, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main())
