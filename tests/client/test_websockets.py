"""The undocumented parts of websockets that the client uses. A new version that changes them fails here."""

import asyncio
import sys
from collections.abc import Callable
from typing import get_type_hints
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from pushwire.client import ConnectFailedError, State
from pushwire.client._io.websocket import Receiver, WebSocket, open_websocket
from pushwire.client.auth import Handshake
from pushwire.client.options import settings_of
from pushwire.errors import FrameError
from pushwire.frame import encode
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.client.world import (
    PATIENT,
    Frames,
    answering,
    desk_client,
    flush,
    handshake,
    http_answer,
    run,
    said,
    server,
    until,
)


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

    without_exceptions(monkeypatch)
    run(story())


PROXY_ANSWERS = {
    b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n": "answered with HTTP 407; put a user name and a password",
    b"HTTP/1.1 502 Bad Gateway\r\n\r\n": "answered with HTTP 502; NO_PROXY names the hosts that need none",
    b"SSH-2.0-OpenSSH_9.2\r\n": "did not answer as a proxy does",
}


@pytest.mark.parametrize(("answer", "reason"), PROXY_ANSWERS.items(), ids=range(len(PROXY_ANSWERS)))
def test_a_proxy_that_refuses_is_named_with_its_answer(
    answer: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async def story() -> None:
        async with server(proxy) as url:
            place = urlsplit(url).netloc
            monkeypatch.setenv("https_proxy", f"http://ada:hunter2@{place}")
            with pytest.raises(ConnectFailedError) as caught:
                await desk_client("wss://ws.example.com/prod")
            assert f"the proxy {place} of the environment {reason}" in caught.value.reason
            assert "hunter2" not in str(caught.value)
            assert caught.value.status_code is None

    without_exceptions(monkeypatch)
    run(story())


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("http://127.0.0.1:1", "(through the proxy 127.0.0.1:1 of the environment; NO_PROXY names the hosts"),
        ("https://127.0.0.1:1", "(through the proxy 127.0.0.1:1 of the environment; NO_PROXY names the hosts"),
        ("ftp://ada:hunter2@127.0.0.1:1", "the proxy 127.0.0.1:1 of the environment cannot be used: scheme ftp"),
        ("http://ada@127.0.0.1:1", "cannot be used: username provided without password"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(proxy: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        with pytest.raises(ConnectFailedError) as caught:
            await desk_client("wss://ws.example.com/prod")
        assert reason in caught.value.reason
        assert "hunter2" not in str(caught.value)

    without_exceptions(monkeypatch)
    monkeypatch.setenv("https_proxy", proxy)
    run(story())


def test_a_socks_proxy_needs_a_package_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        with pytest.raises(ConnectFailedError, match=r"127.0.0.1:1 .* is a SOCKS proxy, .* pip install 'python-socks"):
            await desk_client("wss://ws.example.com/prod")

    without_exceptions(monkeypatch)
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "socks5h://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "python_socks", None)
    monkeypatch.setitem(sys.modules, "python_socks.async_.asyncio", None)
    run(story())


def without_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


REFUSED = {
    "too large": (lambda: Frame(Opcode.TEXT, b"x" * 1_048_577).serialize(mask=False), 1009),
    "compressed": (lambda: b"\xc1\x02{}", 1002),
    "masked": (lambda: Frame(Opcode.TEXT, b"{}").serialize(mask=True), 1002),
    "a fragment without its beginning": (lambda: Frame(Opcode.CONT, b"{}").serialize(mask=False), 1002),
    "a message inside of another": (
        lambda: (
            Frame(Opcode.TEXT, b"{", fin=False).serialize(mask=False) + Frame(Opcode.TEXT, b"}").serialize(mask=False)
        ),
        1002,
    ),
    "text that is not UTF-8": (lambda: Frame(Opcode.TEXT, b"\xff").serialize(mask=False), 1007),
}


@pytest.mark.parametrize(("frames", "code"), REFUSED.values(), ids=REFUSED)
def test_a_refused_frame_is_reported_and_the_status_has_the_clients_own_code(
    frames: Callable[[], bytes], code: int
) -> None:
    codes: list[int] = []
    ready = asyncio.Event()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        flush(protocol, writer)
        await ready.wait()
        writer.write(frames())
        while data := await reader.read(1_000):
            protocol.receive_data(data)
            if protocol.close_rcvd is not None and not codes:
                codes.append(protocol.close_rcvd.code)
                writer.close()

    async def story() -> None:
        async with server(visit) as url, desk_client(url, backoff=PATIENT) as client:
            errors: list[Exception] = []
            client.on_error(errors.append)
            ready.set()
            await until(lambda: client.status.state is State.RECONNECTING)
            closed = client.status.last_closed
            assert closed is not None
            assert (closed.code, codes) == (code, [code])
            (error,) = errors
            assert isinstance(error, FrameError)

    run(story())
