"""A client reconnects after every kind of failure, until it is closed or gives up."""

import asyncio
import contextlib
import itertools
import logging
import socket

import pytest

from pushwire import PushwireError
from pushwire.client import (
    ClientClosedError,
    Closed,
    ConnectFailedError,
    SendQueueFullError,
    State,
)
from pushwire.gateway import GatewaySettings, LocalGateway
from pushwire.testing import async_local_gateway
from tests.client.world import (
    PATIENT,
    Desk,
    Visit,
    desk_client,
    flush,
    handshake,
    http_answer,
    keepalive_tasks,
    open_websocket,
    run,
    said,
    server,
    until,
    until_open,
)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert isinstance(port, int)
    return port


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that accepts connections and reads from them."""
    protocol = await handshake(reader)
    flush(protocol, writer)
    while data := await reader.read(65_536):
        protocol.receive_data(data)
        flush(protocol, writer)
        if protocol.close_rcvd is not None:
            return


async def accept_and_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    flush(await handshake(reader), writer)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


def answer(data: bytes) -> Visit:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)

    return visit


def one_after_another(*visits: Visit) -> Visit:
    """Serve each connection with the next of these functions, and further connections with the last one."""
    waiting = list(visits)

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(reader, writer)

    return visit


BAD: dict[str, Visit] = {
    **{f"HTTP {status}": answer(http_answer(status)) for status in (400, 404, 410, 426, 429, 500, 502, 503, 504)},
    "a redirect": answer(http_answer(302, ["Location: ws://127.0.0.1:9/elsewhere"])),
    "no HTTP": answer(b"220 smtp.example.com ESMTP\r\n"),
    "a page": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    "nothing": answer(b""),
    "a reset": reset,
    "an end after the handshake": accept_and_end,
    "a wrong key": answer(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: wrong\r\n\r\n"
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_reconnecting_survives(kind: str) -> None:
    async def story() -> None:
        async with (
            server(one_after_another(accept_and_end, BAD[kind], BAD[kind], talk)) as url,
            desk_client(url) as client,
        ):
            await until(lambda: client.status.state is State.OPEN and client.status.connections >= 2)
            await client.say(said("still here"))

    run(story())


@pytest.mark.parametrize("kind", [kind for kind in BAD if kind != "an end after the handshake"])
def test_the_first_connection_that_fails_is_an_error_at_once(kind: str) -> None:
    async def story() -> None:
        async with server(BAD[kind]) as url:
            with pytest.raises(ConnectFailedError) as caught:
                await desk_client(url)
            assert caught.value.attempts == 1
            assert caught.value.retry_in is None
            assert caught.value.__cause__ is not None
            if kind.startswith("HTTP"):
                assert caught.value.status_code == int(kind.split()[1])

    run(story())


def test_a_server_that_is_not_there_is_an_error_that_says_so() -> None:
    async def story() -> None:
        client = desk_client(f"ws://127.0.0.1:{unused_port()}/local")
        with pytest.raises(ConnectFailedError, match=r"not connected: .*Connect call failed"):
            async with client:
                pytest.fail("there is nobody")
        with pytest.raises(ConnectFailedError):
            await client.say(said("anyone?"))
        assert client.status.state is State.CLOSED

    run(story())


def test_a_server_that_does_not_answer_is_an_error_in_time() -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def story() -> None:
        async with server(visit) as url:
            with pytest.raises(ConnectFailedError, match="no response within connect_timeout"):
                await desk_client(url, connect_timeout=0.05)

    run(story())


def test_the_first_connection_is_tried_as_often_as_is_asked() -> None:
    async def story() -> None:
        port, errors = unused_port(), list[PushwireError]()
        client = desk_client(f"ws://127.0.0.1:{port}/local", connect_attempts=None)
        client.on_error(errors.append)
        opening = asyncio.ensure_future(client.__aenter__())
        await until(lambda: len(errors) >= 3)
        assert [error.attempts for error in errors[:3] if isinstance(error, ConnectFailedError)] == [1, 2, 3]
        assert client.status.state is State.CONNECTING
        async with LocalGateway(Desk(), settings=GatewaySettings(port=port)):
            await opening
            await client.close()

    run(story())


def test_a_server_that_comes_back_is_found() -> None:
    async def story() -> None:
        settings = GatewaySettings(port=unused_port())
        errors: list[PushwireError] = []
        gateway = LocalGateway(first := Desk(), settings=settings)
        async with gateway:
            client = await desk_client(gateway.url)
            client.on_error(errors.append)
            await client.say(said("before"))
            await until(lambda: first.heard == ["before"])
        await until(lambda: len(errors) >= 3)
        assert client.status.last_closed == Closed(1012, "Service restart")
        waiting = asyncio.ensure_future(client.say(said("meanwhile")))
        async with LocalGateway(second := Desk(), settings=settings):
            await waiting
            await until(lambda: second.heard == ["meanwhile"])
            assert (client.status.connections, client.status.failed_attempts) == (2, 0)
            await client.close()

    run(story())


@pytest.mark.parametrize("status", [401, 403])
def test_after_a_fatal_status_a_client_gives_up_and_all_waiting_calls_raise(status: int) -> None:
    async def story() -> None:
        visits = itertools.count()
        desk = Desk(lambda _event: 200 if next(visits) == 0 else status)
        async with async_local_gateway(desk) as gateway:
            client, errors = await desk_client(gateway.url), list[PushwireError]()
            client.on_error(errors.append)
            waiting = asyncio.ensure_future(client.wait_for_say())
            events = aiter(client)
            gateway.drop()
            await until(lambda: client.status.state is not State.OPEN)
            sending = asyncio.ensure_future(client.say(said("too late")))
            for call in (sending, waiting, asyncio.ensure_future(anext(events))):
                with pytest.raises(ConnectFailedError) as caught:
                    await call
                assert caught.value.status_code == status
            with pytest.raises(ConnectFailedError):
                await client.say(said("later"))
            with pytest.raises(ConnectFailedError):
                await client.wait_for_say()
            with pytest.raises(ConnectFailedError):
                await anext(aiter(client))
            assert [type(error) for error in errors] == [ConnectFailedError]
            await client.close()
            assert len(desk.handshakes) == 2

    run(story())


def test_a_bound_ends_the_attempts() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client, errors = await desk_client(gateway.url, max_attempts=3), list[PushwireError]()
            client.on_error(errors.append)
        await until(lambda: client.status.state is State.CLOSED)
        assert [error.attempts for error in errors if isinstance(error, ConnectFailedError)] == [1, 2, 3]
        with pytest.raises(ConnectFailedError, match=r"\(3 attempts\)"):
            await client.say(said("too late"))
        await client.close()

    run(story())


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1008, 1009, 1011, 1012])
def test_every_close_code_is_survived_and_remembered(code: int, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, desk_client(gateway.url) as client:
            gateway.close(code=code, reason="because")
            await until_open(client, 2)
            assert client.status.last_closed == Closed(code, "because")
            await client.say(said("again"))
            await until(lambda: desk.heard == ["again"])

    with caplog.at_level(logging.WARNING, "pushwire.client"):
        run(story())
    assert ("because" in caplog.text) is (code in {1002, 1003, 1009})


def test_waits_are_shares_of_growing_ceilings_on_the_client_s_own_clock() -> None:
    async def story() -> None:
        port = unused_port()
        settings = GatewaySettings(port=port)
        shares = itertools.cycle([0.0, 0.25])  # of renewal, then of the delays
        async with async_local_gateway(Desk(), settings=settings) as gateway:
            clock = gateway.gateway.clock
            client = await desk_client(
                gateway.url, backoff=PATIENT, clock=clock, random=lambda: next(shares), max_attempts=2
            )
            errors: list[PushwireError] = []
            client.on_error(errors.append)
            gateway.drop()
            await until(lambda: client.status.state is State.RECONNECTING)
            assert client.status.connections == 1
            await gateway.advance(249)
            await asyncio.sleep(0)
            assert client.status.connections == 1
            await gateway.advance(1)
            await until_open(client, 2)
            await client.close()

    run(story())


def test_a_peer_that_falls_silent_is_found_out_by_pings() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:
            clock = gateway.gateway.clock
            async with desk_client(gateway.url, clock=clock, ping_interval=30.0, ping_timeout=20.0) as client:
                clock.advance(31)
                assert keepalive_tasks(client)
                await until(lambda: not keepalive_tasks(client))  # the ping has been answered
                gateway.silence()
                for _ in range(3):
                    clock.advance(30)
                    for _ in range(20):
                        await asyncio.sleep(0)
                await until_open(client, 2)
                assert client.status.last_closed == Closed(1006, "")
                await client.say(said("again"))
                await until(lambda: desk.heard == ["again"])

    run(story())


def test_awaiting_an_open_client_opens_no_second_connection() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:
            client = await desk_client(gateway.url)
            assert await client is client
            async with client:
                await client.say(said("one"))
                await until(lambda: desk.heard == ["one"])
            assert len(desk.handshakes) == 1
            with contextlib.suppress(ClientClosedError):
                await client

    run(story())


def test_a_server_that_closes_but_keeps_the_tcp_connection_is_dropped() -> None:
    visits = itertools.count()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if next(visits):
            await talk(reader, writer)
            return
        protocol = await handshake(reader)
        protocol.send_close(1001, "going away")
        flush(protocol, writer)
        while await reader.read(1_000):
            pass
        await asyncio.get_running_loop().create_future()

    async def story() -> None:
        async with server(visit) as url, desk_client(url, max_queued=2, close_timeout=0.1) as client:
            websocket = open_websocket(client)
            await until(lambda: not websocket.is_open)
            waiting = [asyncio.ensure_future(client.say(said(text))) for text in "ab"]
            await until(lambda: client.status.queued == 2)
            with pytest.raises(SendQueueFullError):
                await client.say(said("too much"))
            await asyncio.gather(*waiting)
            assert (client.status.connections, client.status.last_closed) == (2, Closed(1001, "going away"))

    run(story())


def test_an_exception_of_random_ends_a_client_and_all_waiting_calls_raise() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            with pytest.raises(ConnectFailedError, match="the client failed with ZeroDivisionError"):
                await desk_client(gateway.url, random=lambda: 1 / 0)
            shares = iter([0.5])  # one for the renewal; a renewal has no delay
            client, errors = await desk_client(gateway.url, random=lambda: next(shares)), list[PushwireError]()
            client.on_error(errors.append)
            gateway.drop()
            await until(lambda: client.status.state is State.CLOSED)
            with pytest.raises(ConnectFailedError, match="the client failed with StopIteration"):
                await client.say(said("too late"))
            assert [type(error.__cause__) for error in errors] == [StopIteration]
            await client.close()

    run(story())
