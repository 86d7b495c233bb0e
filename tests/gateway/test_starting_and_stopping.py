"""A stopped gateway leaves no threads and sockets, and one that cannot start reports the reason."""

import asyncio
import contextlib
import socket
import threading
import time
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from pushwire.gateway import GatewaySettings, LocalGateway, SettingsError
from pushwire.gateway._server import thread
from pushwire.gateway.settings import Limits
from pushwire.testing import local_gateway
from tests.gateway.conftest import Boto3
from tests.gateway.world import SECONDS, Event, Recorder, client, connection_id, handshake, raw_socket, serving


def threads_of_gateways() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("pushwire-")]


def test_nothing_is_left_running_after_it_stops() -> None:
    async def story() -> None:
        recorder = Recorder()
        async with LocalGateway(recorder) as gateway:
            async with connect(gateway.url, proxy=None) as ws:
                await ws.send("x")
                await asyncio.to_thread(recorder.next, "CONNECT")
                await asyncio.to_thread(recorder.next, "MESSAGE")
            async with asyncio.timeout(SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                writer.write(b"GET /local HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await reader.readline()).startswith(b"HTTP/1.1 426")
            port = gateway.port
        writer.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=SECONDS)

    asyncio.run(story(), debug=True)
    assert threads_of_gateways() == []


def test_clients_are_closed_with_1012_and_their_disconnect_runs_first() -> None:
    recorder = Recorder()
    with contextlib.ExitStack() as stack:
        with serving(recorder) as gateway:
            ws = stack.enter_context(client(gateway))
            recorder.next("CONNECT")
        context = recorder.next("DISCONNECT")["requestContext"]
        assert (context["disconnectStatusCode"], context["disconnectReason"]) == (1012, "Service restart")
        with pytest.raises(ConnectionClosed) as caught:
            ws.recv(SECONDS)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1012
    assert threads_of_gateways() == []


def test_a_disconnect_handler_may_still_post_while_the_gateway_stops(boto3_client: Boto3) -> None:
    recorder, gone = Recorder(), []
    with contextlib.ExitStack() as stack, serving(recorder) as gateway:
        boto3 = boto3_client(gateway)

        def tell_the_others(event: Event) -> dict[str, int]:
            with pytest.raises(boto3.exceptions.GoneException):
                boto3.post_to_connection(ConnectionId=connection_id(event), Data=b"x")
            gone.append(event)
            return {"statusCode": 200}

        recorder.answers["DISCONNECT"] = tell_the_others
        stack.enter_context(client(gateway))
    assert len(gone) == 1


def test_a_handler_that_never_returns_is_abandoned_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    def stuck(_event: Event) -> dict[str, int]:
        release.wait(SECONDS)
        return {"statusCode": 200}

    async def story() -> bool:
        recorder = Recorder(MESSAGE=stuck)
        gateway = LocalGateway(recorder, settings=GatewaySettings(limits=Limits(shutdown_seconds=0.05, instances=2)))
        await gateway.start()
        async with connect(gateway.url, proxy=None) as ws:
            await ws.send("x")
            await asyncio.to_thread(recorder.next, "CONNECT")
            await asyncio.to_thread(recorder.next, "MESSAGE")
        return await gateway.stop()

    try:
        assert asyncio.run(story()) is False
    finally:
        release.set()
    assert "1 handlers still run" in caplog.text


def test_a_peer_that_ignores_the_close_does_not_hold_up_the_stop() -> None:
    recorder = Recorder()
    settings = GatewaySettings(limits=Limits(close_seconds=0.1))
    with contextlib.ExitStack() as stack:
        with serving(recorder, settings=settings) as gateway:
            sock = stack.enter_context(raw_socket(gateway))
            sock.sendall(handshake(gateway))
            recorder.next("CONNECT")
            assert sock.recv(1_000).startswith(b"HTTP/1.1 101 ")
        recorder.next("DISCONNECT")
    assert threads_of_gateways() == []


def test_a_gateway_starts_once() -> None:
    async def story() -> None:
        async with LocalGateway(Recorder()) as gateway:
            with pytest.raises(RuntimeError, match="was started before"):
                await gateway.start()

    asyncio.run(story())


def test_a_port_in_use_is_an_os_error_in_the_callers_thread() -> None:
    with serving(Recorder()) as first:
        second = serving(Recorder(), settings=GatewaySettings(port=first.port))
        with pytest.raises(OSError, match="in use"), second:
            pass
    assert threads_of_gateways() == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"host": "192.0.2.1"}, "handlers post over loopback"),
        ({"host": "example.org"}, "handlers post over loopback"),
        ({"port": -1}, "from 0"),
        ({"port": 65_536}, "to 65535"),
        ({"stage": ""}, "stage ''"),
        ({"stage": "a/b"}, "letters, digits"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        GatewaySettings(**settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_handlers_reach_it_over_loopback_whatever_it_listens_on(host: str) -> None:
    recorder = Recorder()
    with serving(recorder, settings=GatewaySettings(host=host, stage="prod")) as gateway, client(gateway):
        assert gateway.url == f"ws://127.0.0.1:{gateway.port}/prod"
        assert recorder.next("CONNECT")["requestContext"]["domainName"] == f"127.0.0.1:{gateway.port}"
        assert recorder.nothing_more()


def test_a_flood_beyond_what_may_be_in_flight_loses_no_message() -> None:
    release = threading.Event()

    def wait(_event: Event) -> dict[str, int]:
        assert release.wait(SECONDS)
        return {"statusCode": 200}

    recorder = Recorder(MESSAGE=wait)
    settings = GatewaySettings(limits=Limits(messages_in_flight=4, instances=8))
    with serving(recorder, settings=settings) as gateway, client(gateway) as ws:
        recorder.next("CONNECT")
        for number in range(200):
            ws.send(str(number))
        release.set()
        assert {recorder.next("MESSAGE")["body"] for _ in range(200)} == {str(number) for number in range(200)}


def test_http_connections_that_are_open_or_just_coming_do_not_hold_up_the_stop() -> None:
    with contextlib.ExitStack() as stack:
        with serving(Recorder()) as gateway:
            used = stack.enter_context(raw_socket(gateway))
            used.sendall(b"GET /local HTTP/1.1\r\nHost: x\r\n\r\n")
            assert used.recv(1_000).startswith(b"HTTP/1.1 426 ")
            fresh = [stack.enter_context(raw_socket(gateway)) for _ in range(20)]
        assert used.recv(1) == b""
        for sock in fresh:
            with contextlib.suppress(ConnectionResetError):  # it was never accepted
                assert sock.recv(1) == b""
    assert threads_of_gateways() == []


def test_a_client_that_floods_is_not_read_while_the_handlers_of_its_messages_block() -> None:
    release = threading.Event()

    def wait(_event: Event) -> dict[str, int]:
        assert release.wait(SECONDS * 3)
        return {"statusCode": 200}

    settings = GatewaySettings(limits=Limits(messages_in_flight=4, instances=8))
    with serving(Recorder(MESSAGE=wait), settings=settings) as gateway, client(gateway) as ws:
        frame = Frame(Opcode.TEXT, b"x" * 30_000).serialize(mask=True)
        ws.socket.settimeout(1)
        sent, most = 0, 100_000_000
        with contextlib.suppress(TimeoutError):  # the buffers of the operating system are full
            while sent < most:
                sent += ws.socket.send(frame)
        release.set()
        assert sent < most


def test_a_gateway_runs_and_stops_while_a_test_has_frozen_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)  # as freezegun and time-machine do
    with local_gateway(Recorder(MESSAGE={"statusCode": 200, "body": "hello"}), route_responses=["$default"]) as gateway:
        client = gateway.connect()
        client.send_text("x")
        assert client.receive_text() == "hello"
        gateway.advance(600)
        assert client.wait_closed().code == 1001
    assert threads_of_gateways() == []


@pytest.mark.parametrize(
    ("frozen", "why"), [(False, "its event loop is blocked"), (True, r"monotonic\(\) does not adv")]
)
def test_a_thread_that_does_not_end_is_an_error_with_the_reason(
    frozen: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread, "_EXTRA_SECONDS", 0.01)
    if frozen:
        monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    release = threading.Event()
    settings = GatewaySettings(limits=Limits(shutdown_seconds=0.01, close_seconds=0.01))
    try:
        with (
            pytest.raises(RuntimeError, match=f"has not stopped within 0.03 seconds: .*{why}"),
            serving(Recorder(), settings=settings) as gateway,
        ):
            gateway.loop.call_soon_threadsafe(release.wait)
    finally:
        release.set()
        for each in threading.enumerate():
            if each.name.startswith("pushwire-"):
                each.join(SECONDS)
