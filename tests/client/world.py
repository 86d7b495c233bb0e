"""A desk that answers clients, servers that misbehave, and a check for tasks, threads and sockets that are left."""

import asyncio
import contextlib
import gc
import http.client
import ssl
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from pushwire import Format
from pushwire.client import Backoff, Connection, State
from pushwire.client._io.websocket import WebSocket
from pushwire.client.client import Client
from pushwire.frame import KEEPALIVE, decode, encode
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import DeskRouter, PresenceRouter
from tests.aws_lambda.contract.desk_pushwire_client import DeskClient
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations

T = TypeVar("T")

SECONDS = 20.0
"""Seconds until a story fails. A story that passes does not wait for it."""
QUICK = Backoff(first=0.001, maximum=0.002)
PATIENT = Backoff(first=1_000.0, maximum=1_000.0)
"""A backoff with which a client that has lost its connection waits until the test advances its clock."""


def run(story: Coroutine[Any, Any, T], *, seconds: float = SECONDS) -> T:
    """Run a story, and check that it leaves no task, thread, socket or unretrieved exception."""
    gc.collect()
    gc.freeze()  # existing objects are not searched again, which took longer than the stories
    threads, sockets = set(threading.enumerate()), open_sockets()
    with asyncio.Runner() as runner:
        result = runner.run(_watched(story, seconds))
    for thread in set(threading.enumerate()) - threads:
        thread.join(1)  # one that is ending may need a moment
    assert set(threading.enumerate()) - threads == set()
    gc.collect()
    assert open_sockets() == sockets
    return result


async def _watched(story: Coroutine[Any, Any, T], seconds: float) -> T:
    unseen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
    async with asyncio.timeout(seconds):
        result = await story
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:  # tasks that are ending may need a moment
        await asyncio.wait(others, timeout=1)
    left = [task for task in others if not task.done()]
    assert left == [], left
    gc.collect()
    assert unseen == [], unseen
    return result


def open_sockets() -> int:
    """Return the number of sockets of this process; 0 if the operating system does not list them."""
    count = 0
    with contextlib.suppress(FileNotFoundError):
        for file in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                count += str(file.readlink()).startswith("socket:")
    return count


async def until(happened: Callable[[], object]) -> None:
    """Let other tasks run until a condition is true."""
    while not happened():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0)


async def until_open(client: Client[Any] | Connection, connections: int) -> None:
    """Let other tasks run until a client has had this number of connections and is open."""
    await until(lambda: client.status.state is State.OPEN and client.status.connections == connections)


class Desk:
    """A Lambda function that echoes messages, greets visitors and records everything it receives.

    Args:
        connect: A function that returns the status of the response to a handshake.

    Attributes:
        heard: The texts of the received messages, in order.
        handshakes: The events of the handshakes.
    """

    operations = (*DeskRouter().operations, *PresenceRouter().operations)

    def __init__(self, connect: Callable[[dict[str, Any]], int] = lambda _event: 200) -> None:
        self._connect = connect
        self.heard: list[str] = []
        self.handshakes: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any], _context: object) -> dict[str, Any]:
        kind = event["requestContext"]["eventType"]
        if kind == "CONNECT":
            self.handshakes.append(event)
            return {"statusCode": self._connect(event)}
        if kind == "MESSAGE":
            self._handle(event)
        return {"statusCode": 200}

    async def has_heard(self, count: int) -> None:
        """Let other tasks run until this number of messages has arrived."""
        while len(self.heard) < count:  # noqa: ASYNC110 - the handler appends in a thread
            await asyncio.sleep(0.001)  # not 0: a loop that never pauses takes the processor from that thread

    def _handle(self, event: dict[str, Any]) -> None:
        if event["body"] == KEEPALIVE.decode():
            self.heard.append("keepalive")
            return
        operation, message = decode(event["body"], {operation.route: operation for operation in self.operations})
        match message:
            case Greeting(text=text):
                self.heard.append(text)
                post(event, encode(operation, message))
            case Visitor(name=name):
                self.heard.append(f"enter {name}")
                post(event, encode(DeskOperations.greet, Greeting(text=f"Hi {name}")))


def post(event: dict[str, Any], data: bytes) -> int:
    """Post to the connection that an event came from, and return the status."""
    request = event["requestContext"]
    connection = http.client.HTTPConnection(request["domainName"], timeout=SECONDS)
    connection.request("POST", f"/{request['stage']}/@connections/{quote(request['connectionId'])}", data)
    status = connection.getresponse().status
    connection.close()
    return status


def said(text: str) -> Greeting:
    return Greeting(text=text)


def desk_client(url: str, **options: Any) -> DeskClient:
    """Return a client that reconnects at once, or with other options."""
    return DeskClient(url, **{"backoff": QUICK, **options})


Visit = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def server(visit: Visit, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncGenerator[str]:
    """Serve raw TCP or TLS connections, and yield the URL."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await visit(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)
    try:
        yield f"{'ws' if tls is None else 'wss'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/local"
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def handshake(reader: asyncio.StreamReader) -> ServerProtocol:
    """Read a handshake and accept it. The response is not sent yet."""
    protocol = ServerProtocol()
    protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    return protocol


def flush(protocol: ServerProtocol, writer: asyncio.StreamWriter) -> None:
    """Send all pending bytes in one write."""
    writer.write(b"".join(protocol.data_to_send()))


class Frames:
    """A server that records the frames of its clients as they are on the wire."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.headers: list[dict[str, str]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        flush(protocol, writer)
        while data := await reader.read(65_536):
            protocol.receive_data(data)
            for frame in protocol.events_received():
                assert isinstance(frame, Frame)
                self.frames.append(Frame(frame.opcode, bytes(frame.data), frame.fin))
            flush(protocol, writer)
            if protocol.close_rcvd is not None:
                return

    def text(self) -> bytes:
        """The joined payloads of all data frames."""
        data = (Opcode.TEXT, Opcode.CONT)
        return b"".join(bytes(frame.data) for frame in self.frames if frame.opcode in data)


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept connections and read nothing."""
    flush(await handshake(reader), writer)
    writer.transport.pause_reading()  # type: ignore[attr-defined] # it is one for reading too
    await asyncio.get_running_loop().create_future()


def answering(*answers: bytes) -> Visit:
    """Answer each connection with the next of these responses, then with the last one, and close it."""
    waiting = list(answers)

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return visit


def http_answer(status: int, headers: Iterable[str] = ()) -> bytes:
    """Return an HTTP response."""
    lines = [f"HTTP/1.1 {status} Something", "Content-Length: 0", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def offline(**options: Any) -> DeskClient:
    """Return a client without a network. `arrive` delivers frames to it."""
    return desk_client("ws://127.0.0.1:9/local", **options)


def arrive(client: Client[Any] | Connection, frame: str | bytes) -> None:
    """Deliver a frame as if it came from the network."""
    connection = client if isinstance(client, Connection) else client._connection
    connection._dispatcher.received(frame)


def keepalive_tasks(client: Client[Any]) -> set[asyncio.Task[None]]:
    """Return the running keepalives, pings and renewals."""
    return client._connection._keepalive.tasks


def open_websocket(client: Client[Any]) -> WebSocket:
    """Return the open WebSocket connection."""
    websocket = client._connection._websocket
    assert websocket is not None
    return websocket


def greet(client: DeskClient, text: str, frame_format: Format = Format.JSON) -> None:
    arrive(client, encode(DeskOperations.greet, Greeting(text=text), frame_format).decode())
