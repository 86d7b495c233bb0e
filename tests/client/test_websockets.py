"""The undocumented parts of websockets that the client uses. A new version that changes them fails here."""

import asyncio
from typing import get_type_hints

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from pushwire.client import ConnectFailedError
from pushwire.client._io.websocket import Receiver, WebSocket, open_websocket
from pushwire.client.auth import Handshake
from pushwire.client.options import settings_of
from pushwire.errors import FrameError
from pushwire.frame import encode
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.client.world import Frames, answering, desk_client, flush, handshake, http_answer, run, said, server


def test_a_connection_of_websockets_is_a_protocol_of_asyncio_whose_methods_are_called() -> None:
    assert issubclass(ClientConnection, asyncio.Protocol)
    overridden = {name for name in vars(WebSocket) if not name.startswith("_") and hasattr(ClientConnection, name)}
    assert overridden == {
        *("connection_made", "data_received", "eof_received", "connection_lost", "pause_writing", "resume_writing"),
        "process_event",
    }
    assert get_type_hints(ClientConnection.process_event) == {"event": Event, "return": type(None)}
    assert callable(connect.process_redirect)


def test_each_frame_is_an_event_and_a_ping_is_pending_until_its_pong() -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        protocol.send_text(b"with the ", fin=False)
        protocol.send_continuation(b"handshake", fin=True)
        flush(protocol, writer)
        while data := await reader.read(1_000):
            protocol.receive_data(data)
            pings = [event for event in protocol.events_received() if isinstance(event, Frame)]
            if protocol.close_rcvd is None and pings[0].opcode is Opcode.PING:
                seen.append("ping")
                if len(seen) == 1:
                    protocol.data_to_send()  # the first ping is not answered
            flush(protocol, writer)

    seen: list[str] = []

    async def story() -> None:
        async with server(visit) as url:
            websocket = await open_websocket(Handshake(url), settings_of())
            messages, errors, data = list[str | bytes](), list[FrameError](), list[None]()
            websocket.receive(Receiver(lambda: data.append(None), messages.append, errors.append))
            first = asyncio.ensure_future(websocket.wait_for_pong())
            while not seen:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0)
            assert len(websocket.pending_pings) == 1
            first.cancel()
            await websocket.wait_for_pong()
            assert len(websocket.pending_pings) == 0
            assert (messages, errors, seen) == (["with the handshake"], [], ["ping"] * 2)
            assert data
            websocket.abort()
            await websocket.wait_closed()

    run(story())


def test_a_redirect_is_not_followed() -> None:
    visits: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(await reader.read(1_000))

    async def story() -> None:
        async with server(elsewhere) as url, server(answering(http_answer(302, [f"Location: {url}"]))) as first:
            with pytest.raises(ConnectFailedError) as caught:
                await desk_client(first)
            assert (caught.value.status_code, visits) == (302, [])

    run(story())


def test_the_proxy_of_the_environment_is_used_except_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await frames(reader, writer)

    frames = Frames()

    async def story() -> None:
        async with server(proxy) as url:
            monkeypatch.setenv("https_proxy", url.replace("ws://", "http://").removesuffix("/local"))
            async with desk_client("ws://ws.example.com/prod") as client:
                await client.say(said("by proxy"))
            assert asked[0].startswith(b"CONNECT ws.example.com:80 HTTP/1.1\r\n")
            assert frames.text() == encode(DeskOperations.say, said("by proxy"))
        async with server(frames) as url, desk_client(url):
            assert len(asked) == 1

    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    run(story())
