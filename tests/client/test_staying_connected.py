"""A client stays connected, whatever happens to its connection, until it is closed or has to give up."""

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest

from pushwire import PushwireError
from pushwire.client import (
    ClientClosedError,
    Closed,
    ConnectFailedError,
    ConnectionLostError,
    ListenerError,
    State,
)
from pushwire.gateway import GatewaySettings, LocalGateway
from pushwire.testing import async_local_gateway
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.client.world import (
    PATIENT,
    Desk,
    Visit,
    deaf,
    desk_client,
    flush,
    handshake,
    http_answer,
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
    """A server that accepts, and hears."""
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
    """Serve connections in these ways, and all that follow in the last one."""
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
            with pytest.raises(ConnectFailedError, match="no answer within connect_timeout"):
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
def test_who_is_shut_out_gives_up_and_everybody_who_waits_is_told(status: int) -> None:
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
            for told in (sending, waiting, asyncio.ensure_future(anext(events))):
                with pytest.raises(ConnectFailedError) as caught:
                    await told
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


def test_hooks_run_before_what_waits_in_order_and_on_each_connection_but_the_first() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, desk_client(gateway.url) as client:
            ran: list[str] = []

            async def enter() -> None:
                ran.append("enter")
                await client.enter(Visitor(name="Ada"))
                await client.wait_for_greet(timeout=5)  # what arrives meanwhile is delivered
                ran.append("entered")

            client.on_reconnect(enter)
            client.on_reconnect(lambda: ran.append("after it"))
            await client.say(said("first"))
            await until(lambda: desk.heard == ["first"])
            assert ran == []
            for number in range(1, 4):
                gateway.close()
                await until(lambda: client.status.state is State.RECONNECTING)
                await asyncio.gather(*(client.say(said(f"{number}{text}")) for text in "ab"))
                await desk.has_heard(1 + 3 * number)
            assert ran == ["enter", "entered", "after it"] * 3
            assert desk.heard[1::3] == ["enter Ada"] * 3

    run(story())


def test_a_hook_that_raises_is_reported_and_the_others_run() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, desk_client(gateway.url) as client:
            ran, errors = [], list[PushwireError]()

            def fail() -> None:
                raise ZeroDivisionError

            client.on_error(errors.append)
            client.on_reconnect(fail)
            remove = client.on_reconnect(lambda: ran.append("removed"))
            client.on_reconnect(lambda: ran.append("ran"))
            remove()
            gateway.drop()
            await until_open(client, 2)
            assert ran == ["ran"]
            assert [type(error) for error in errors] == [ListenerError]
            assert isinstance(errors[0].__cause__, ZeroDivisionError)

    run(story())


def test_a_hook_whose_connection_is_lost_is_cancelled_and_runs_again() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, desk_client(gateway.url) as client:
            ran: list[str] = []
            errors: list[PushwireError] = []
            client.on_error(errors.append)

            async def hang_once() -> None:
                ran.append("begins")
                if len(ran) == 1:
                    try:
                        await asyncio.get_running_loop().create_future()
                    finally:
                        ran.append("is cancelled")
                await client.say(said("by the hook"))

            client.on_reconnect(hang_once)
            gateway.drop()
            await until(lambda: ran == ["begins"])
            waiting = asyncio.ensure_future(client.say(said("waits for the hook")))
            for _ in range(100):
                await asyncio.sleep(0)
            assert not waiting.done()
            assert client.status.state is State.RECONNECTING
            gateway.drop()
            await waiting
            await until(lambda: len(desk.heard) == 2)
            assert ran == ["begins", "is cancelled", "begins"]
            assert errors == []

    run(story())


def test_what_a_hook_sends_after_its_connection_is_lost_is_not_kept_for_the_next() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, desk_client(gateway.url) as client:
            outcomes: list[object] = []
            started: list[asyncio.Task[None]] = []

            async def late() -> None:
                await until(lambda: client.status.connections == 2 and not client._link.lifecycle.restoring)
                try:
                    await client.say(said("from a hook of the past"))
                except ConnectionLostError as error:
                    outcomes.append(error.maybe_received)

            async def hook() -> None:
                if not started:
                    started.append(asyncio.ensure_future(late()))
                    gateway.drop()
                    await asyncio.get_running_loop().create_future()

            client.on_reconnect(hook)
            gateway.drop()
            await until(lambda: outcomes)
            await until_open(client, 3)
            assert outcomes == [False]
            assert desk.heard == []

    run(story())


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


Disturb = Callable[[Any, Any], Any]


async def leave_open(_client: Any, _gateway: Any) -> None:
    pass


async def lose(client: Any, gateway: Any) -> None:
    gateway.drop()
    await until(lambda: client.status.state is State.RECONNECTING)


async def restore(client: Any, gateway: Any) -> None:
    client.on_reconnect(lambda: asyncio.get_running_loop().create_future())
    await lose(client, gateway)
    await gateway.advance(1_000)
    await until(lambda: client.status.connections == 2)
    assert client.status.state is State.RECONNECTING


async def give_up(client: Any, gateway: Any) -> None:
    await lose(client, gateway)
    gateway.gateway.use_handlers(Desk(lambda _event: 403))
    await gateway.advance(1_000)
    await until(lambda: client.status.state is State.CLOSED)


@pytest.mark.parametrize("disturb", [leave_open, lose, restore, give_up])
def test_closing_is_clean_from_any_state_and_as_often_as_you_like(disturb: Disturb) -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client = await desk_client(gateway.url, backoff=PATIENT, clock=gateway.gateway.clock)
            waiting = asyncio.ensure_future(client.wait_for_say())
            await disturb(client, gateway)
            await asyncio.gather(client.close(), client.close(), client.close())
            await client.close()
            assert client.status.state is State.CLOSED
            for told in (waiting, client.say(said("too late")), client.__aenter__()):
                with pytest.raises((ClientClosedError, ConnectFailedError)):
                    await told
            await gateway.settled()
            await until(lambda: gateway.connection_ids == ())

    run(story())


def test_a_client_that_was_never_opened_can_be_closed() -> None:
    async def story() -> None:
        client = desk_client("ws://127.0.0.1:9/local")
        await client.close()
        await client.close()
        with pytest.raises(ClientClosedError):
            await client

    run(story())


def test_a_client_can_be_closed_while_it_connects() -> None:
    async def story() -> None:
        async with server(hang) as url:
            client = desk_client(url)
            opening = asyncio.ensure_future(client.__aenter__())
            await until(lambda: client._link._opened is not None)
            for _ in range(20):
                await asyncio.sleep(0)
            await client.close()
            with pytest.raises(ClientClosedError):
                await opening

    run(story())


def test_who_is_cancelled_while_it_connects_leaves_nothing() -> None:
    async def story() -> None:
        async with server(hang) as url:
            client = desk_client(url)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.__aenter__(), 0.05)
            assert client.status.state is State.CLOSED

    run(story())


def test_a_client_can_be_closed_by_its_own_listeners() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client = await desk_client(gateway.url)
            ended: list[str] = []

            async def close(greeting: Greeting) -> None:
                await client.close()
                ended.append(greeting.text)

            async def close_too(_greeting: Greeting) -> None:
                await client.close()
                ended.append("too")

            client.on_say(close)
            client.on_say(close_too)
            await client.say(said("goodbye"))
            await until(lambda: sorted(ended) == ["goodbye", "too"])

    run(story())


def test_a_client_can_be_closed_by_a_hook_and_by_an_error_listener() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            by_hook, by_listener = await desk_client(gateway.url), await desk_client(gateway.url, max_attempts=9)
            by_hook.on_reconnect(by_hook.close)
            by_listener.on_error(lambda _error: by_listener.close())
            gateway.drop()
            await until(lambda: by_hook.status.state is State.CLOSED)
            await by_hook.close()
        await until(lambda: by_listener.status.state is State.CLOSED)
        await by_listener.close()

    run(story())


def test_listeners_that_run_may_end_and_those_that_do_not_are_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client = await desk_client(gateway.url, close_timeout=0.05)
            ended: list[str] = []
            begun: list[str] = []

            async def take_a_while(greeting: Greeting) -> None:
                begun.append(greeting.text)
                for _ in range(10):
                    await asyncio.sleep(0)
                ended.append(greeting.text)

            async def hang(greeting: Greeting) -> None:
                begun.append(greeting.text)
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    ended.append("cancelled")

            client.on_say(take_a_while)
            client.on_say(hang)
            await client.say(said("x"))
            await until(lambda: len(begun) == 2)
            await client.close()
            assert sorted(ended) == ["cancelled", "x"]

    run(story())
    assert "1 listeners are cancelled" in caplog.text


def test_a_server_that_reads_nothing_cannot_keep_a_client_from_closing() -> None:
    async def story() -> None:
        async with server(deaf) as url:
            client = await desk_client(url, close_timeout=0.1)
            sends = [asyncio.ensure_future(client.say(said("x" * 100_000))) for _ in range(200)]
            await until(lambda: client.status.sent)
            for _ in range(1_000):
                await asyncio.sleep(0)
            assert 0 < client.status.sent < 200
            await client.close()
            outcomes = await asyncio.gather(*sends, return_exceptions=True)
            failed = [outcome for outcome in outcomes if outcome is not None]
            assert len(failed) == 200 - client.status.sent
            assert {type(error) for error in failed} <= {ClientClosedError, ConnectionLostError}
            assert sum(isinstance(error, ConnectionLostError) for error in failed) <= 1

    run(story())


def test_a_peer_that_falls_silent_is_found_out_by_pings() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:
            clock = gateway.gateway.clock
            async with desk_client(gateway.url, clock=clock, ping_interval=30.0, ping_timeout=20.0) as client:
                clock.advance(31)
                upkeep = client._link._keeper._upkeep
                assert upkeep is not None
                await until(lambda: upkeep._answers_pings)
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
