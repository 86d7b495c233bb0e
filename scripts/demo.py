"""The demo: generate the chat example, run it on the local gateway, push to a real client, read what arrived."""

import asyncio
import contextlib
import inspect
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import websockets

import pushwire
from pushwire import Format
from pushwire.frame import decode

EXAMPLE = Path(__file__).parent.parent / "examples" / "chat"
PATIENCE = 20
"""Seconds to wait for anything that should come at once."""


class DemoError(Exception):
    """Something did not go as the README says."""


def main() -> int:
    try:
        say("buf generate, in examples/chat")
        run("buf", "generate")
        sys.path.insert(0, str(EXAMPLE))
        asyncio.run(asyncio.wait_for(demo(), 120))
    except (DemoError, pushwire.PushwireError, OSError, TimeoutError, websockets.WebSocketException) as exc:
        print(f"demo: failed: {type(exc).__name__}: {exc}", flush=True)
        return 1
    print("demo: ok", flush=True)
    return 0


async def demo() -> None:
    from chat.v1 import chat_pb2, chat_pushwire  # generated a moment ago

    messages: dict[str, Any] = {
        "send_greeting": chat_pb2.Greeting(greeting="Hello!"),
        "ping": chat_pb2.PingMessage(note="Are you there?"),
    }
    operations = {operation.route: operation for operation in operations_of(chat_pushwire)}
    async with local_gateway() as (url, callback_url, lines):
        say(f"connect a WebSocket client to {url}")
        async with websockets.connect(url) as client:
            connection_id = (await lines.find("connected:")).split()[-1]
            print(f"   its connection id: {connection_id}")

            say("the handler's own Server SDK answers a message of the client's")
            await client.send('{"route":"JoinRoom","payload":{"room":"lobby","name":"Ada"}}')
            show(
                await asyncio.wait_for(client.recv(), PATIENCE),
                operations,
                chat_pb2.Greeting(greeting="Welcome to lobby, Ada!"),
            )

            for frame_format in Format:
                with chat_pushwire.ChatServerSdk(callback_url, frame_format=frame_format) as sdk:
                    for method in send_methods(chat_pushwire.ChatServerSdk):
                        say(f"sdk.{method}(…) in {frame_format.name}")
                        await asyncio.to_thread(getattr(sdk, method), connection_id, messages[method])
                        show(await asyncio.wait_for(client.recv(), PATIENCE), operations, messages[method])
        await lines.find("disconnected:")

        say("sending to the closed connection")
        gone: list[str] = []
        with chat_pushwire.ChatServerSdk(callback_url, on_gone=gone.append) as sdk:
            try:
                await asyncio.to_thread(sdk.send_greeting, connection_id, messages["send_greeting"])
            except pushwire.ConnectionGoneError as exc:
                print(f"   {type(exc).__name__}: {exc}")
                print(f"   its cause: {type(exc.__cause__).__name__}; on_gone was called with {gone}")
            else:
                raise DemoError("a closed connection took a message")
        if gone != [connection_id]:
            raise DemoError(f"on_gone was called with {gone}")


def operations_of(module: Any) -> list[pushwire.Operation[Any]]:
    holder = module._ChatOperations  # noqa: SLF001 - what a client will do with the contract, done by hand here
    return [value for value in vars(holder).values() if isinstance(value, pushwire.Operation)]


def send_methods(sdk: type) -> list[str]:
    return [name for name, value in vars(sdk).items() if inspect.isfunction(value)]


def show(frame: str | bytes, operations: dict[str, pushwire.Operation[Any]], expected: object) -> None:
    operation, message = decode(frame, operations)
    print(f"   frame as received: {frame!r}")
    print(f"   decoded:           {operation.name} {type(message).__name__}({str(message).strip()})")
    if message != expected:
        raise DemoError(f"expected {expected!r}")


class Lines:
    """What a process prints, line by line."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._seen: list[str] = []

    async def find(self, start: str) -> str:
        while line := (await asyncio.wait_for(self._stream.readline(), PATIENCE)).decode():
            self._seen.append(line)
            if start in line:
                return line.strip()
        raise DemoError(f"the gateway ended before it printed {start!r}; it printed: {''.join(self._seen)}")


@contextlib.asynccontextmanager
async def local_gateway() -> AsyncIterator[tuple[str, str, Lines]]:
    port = free_port()
    callback_url = f"http://127.0.0.1:{port}/local"
    say(f"PUSHWIRE_CALLBACK_URL={callback_url} pushwire dev app:handler --port {port}")
    process = await asyncio.create_subprocess_exec(
        *("pushwire", "dev", "app:handler", "--port", str(port)),
        cwd=EXAMPLE,
        env={**os.environ, "PUSHWIRE_CALLBACK_URL": callback_url},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        lines = Lines(process.stdout)
        url = (await lines.find("ws://")).split()[-1]
        yield url, callback_url, lines
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def steps() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


_steps = steps()


def say(text: str) -> None:
    print(f"{next(_steps)}. {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
