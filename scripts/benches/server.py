"""Runs an HTTP server on a free loopback port, which answers every request with an empty 200, and prints the port.

It runs on uvloop if that is installed, so that the server is not the limit.
"""

import argparse
import asyncio
import importlib
import importlib.util
import ssl
from typing import Any, cast

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Answer(asyncio.Protocol):
    def __init__(self, delay: float) -> None:
        self._buffer = b""
        self._delay = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's inherits nothing

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            length = next(
                (
                    int(line.partition(b":")[2])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ),
                0,
            )
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._transport.write, ANSWER)
            else:
                self._transport.write(ANSWER)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificate", help="a file with a key and a certificate")
    parser.add_argument("--delay", type=float, default=0, help="seconds from a request to its answer (default: 0)")
    arguments = parser.parse_args()
    context = None
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answer(arguments.delay), "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop: Any = importlib.import_module("uvloop") if importlib.util.find_spec("uvloop") else asyncio
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
