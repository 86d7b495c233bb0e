"""The demo: generates the chat example, runs it on the local gateway, and shows messages at a WebSocket client."""

import asyncio
import contextlib
import inspect
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import websockets
from google.protobuf import text_format

import pushwire
from pushwire import Format
from pushwire.frame import decode

EXAMPLE = Path(__file__).parent.parent / "examples" / "chat"
PATIENCE = 20
"""Seconds to wait for each message and each line of output."""


class DemoError(Exception):
    """A step of the demo had another result than expected."""


def main() -> int:
    try:
        sys.path.insert(0, str(EXAMPLE))
        asyncio.run(asyncio.wait_for(demo(), 120))
    except (DemoError, pushwire.PushwireError, OSError, TimeoutError, websockets.WebSocketException) as exc:
        print(f"demo: failed: {type(exc).__name__}: {exc}", flush=True)
        return 1
    print("demo: ok", flush=True)
    return 0


async def demo() -> None:
    say("buf generate, in examples/chat")
    await run("buf", "generate")
    from chat.v1 import chat_pb2, chat_pushwire, chat_pushwire_operations  # generated a moment ago

    messages: dict[str, Any] = {
        "send_greeting": chat_pb2.Greeting(greeting="Hello!"),
        "said": chat_pb2.Speech(name="Bob", text="Hello, Ada!"),
        "presence_changed": chat_pb2.Presence(room="lobby", names=["Ada", "Bob"]),
        "report_progress": chat_pb2.Progress(task="upload", percent=100),
        "ping": chat_pb2.PingMessage(note="Are you there?"),
    }
    held = vars(chat_pushwire_operations.ChatOperations).values()
    operations = {value.route: value for value in held if isinstance(value, pushwire.Operation)}
    async with contextlib.AsyncExitStack() as stack:
        url, callback_url, store, lines = await stack.enter_async_context(local_gateway())

        say(f"connect a WebSocket client to {url}?user=ada")
        async with websockets.connect(f"{url}?user=ada") as client:
            connection_id = (await lines.find("connected:")).split()[-1]
            print(f"   its connection id: {connection_id}")

            say("the client sends a message, and the handler answers with its Server SDK")
            await client.send('{"route":"JoinRoom","payload":{"room":"lobby","name":"Ada"}}')
            for answer in (
                chat_pb2.Greeting(greeting="Welcome to lobby, Ada!"),
                chat_pb2.Presence(room="lobby", names=["Ada"]),
            ):
                show(await asyncio.wait_for(client.recv(), PATIENCE), operations, answer)

            say("PUSHWIRE_CALLBACK_URL=… python progress.py ada upload 40   (the step of a workflow)")
            step = {"PUSHWIRE_CALLBACK_URL": callback_url, "PUSHWIRE_STORE": store}
            await run(sys.executable, "progress.py", "ada", "upload", "40", environment=step)
            progress = chat_pb2.Progress(task="upload", percent=40)
            show(await asyncio.wait_for(client.recv(), PATIENCE), operations, progress)

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
                raise DemoError("a send to a closed connection succeeded")
        if gone != [connection_id]:
            raise DemoError(f"on_gone was called with {gone}")


def send_methods(sdk: type) -> list[str]:
    return [name for name, value in vars(sdk).items() if inspect.isfunction(value)]


def show(frame: str | bytes, operations: dict[str, pushwire.Operation[Any]], expected: object) -> None:
    operation, message = decode(frame, operations)
    print(f"   frame as received: {frame!r}")
    fields = text_format.MessageToString(message, as_one_line=True)
    print(f"   decoded:           {operation.name} {type(message).__name__}({fields})")
    if message != expected:
        raise DemoError(f"expected {expected!r}")


class Lines:
    """The lines that a process prints."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._seen: list[str] = []

    async def find(self, start: str) -> str:
        while line := (await asyncio.wait_for(self._stream.readline(), PATIENCE)).decode():
            self._seen.append(line)
            if start in line:
                return line.strip()
        raise DemoError(f"the process ended before it printed {start!r}; it printed: {''.join(self._seen)}")


@contextlib.asynccontextmanager
async def local_gateway() -> AsyncIterator[tuple[str, str, str, "Lines"]]:
    say("pushwire dev app:handler --port 0")
    async with started("pushwire", "dev", "app:handler", "--port", "0") as lines:
        url = (await lines.find("WebSocket URL:")).split()[-1]
        callback_url = (await lines.find("Callback URL:")).split()[-1]
        store = (await lines.find("Connection store:")).split()[-1]
        yield url, callback_url, store, lines


@contextlib.asynccontextmanager
async def started(*command: str, environment: dict[str, str] | None = None) -> AsyncIterator["Lines"]:
    """Run a process until the block ends, and yield its output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=EXAMPLE,
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    lines = Lines(process.stdout)
    try:
        yield lines
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def run(*command: str, environment: dict[str, str] | None = None) -> None:
    """Run a process, and raise an error if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=EXAMPLE,
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise DemoError(f"{' '.join(command)} failed:\n{output.decode()}")


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
