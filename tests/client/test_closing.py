"""A client can be closed in any state and from any task, and leaves no task, thread or socket."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from pushwire import PushwireError
from pushwire.client import ClientClosedError, ConnectFailedError, Connection, ConnectionLostError, Handshake, State
from pushwire.testing import async_local_gateway
from tests.aws_lambda.contract.desk_pb2 import Greeting
from tests.aws_lambda.contract.desk_pushwire_client import DeskClient
from tests.client.world import PATIENT, Desk, arrive, deaf, desk_client, greet, run, said, server, until


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
            for call in (waiting, client.say(said("too late")), client.__aenter__()):
                with pytest.raises((ClientClosedError, ConnectFailedError)):
                    await call
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
        connection = Connection("ws://127.0.0.1:9/local")
        await connection.close()
        with pytest.raises(ClientClosedError):
            await connection

    run(story())


def test_a_client_can_be_closed_while_it_connects() -> None:
    async def story() -> None:
        asked: list[bytes] = []

        async def ask_and_hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            await hang(reader, writer)

        async with server(ask_and_hang) as url:
            client = desk_client(url)
            opening = asyncio.ensure_future(client.__aenter__())
            await until(lambda: asked)
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
    assert "cancelling 1 listeners" in caplog.text


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


async def hang_at(_anything: object) -> None:
    await asyncio.get_running_loop().create_future()


def test_error_listeners_end_with_a_client_that_cannot_connect() -> None:
    async def story() -> None:
        client = desk_client("ws://127.0.0.1:9/local", connect_attempts=2, close_timeout=0.05)
        client.on_error(hang_at)
        with pytest.raises(ConnectFailedError):
            await client

    run(story())


def test_listeners_end_with_a_client_that_its_hook_or_its_keepalive_closes() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            clock = gateway.gateway.clock
            by_hook = await desk_client(gateway.url, close_timeout=0.05)
            by_keepalive: DeskClient = desk_client(
                gateway.url, close_timeout=0.05, clock=clock, keepalive=lambda: by_keepalive.close()
            )
            await by_keepalive
            for client in (by_hook, by_keepalive):
                client.on_say(hang_at)
                answer = client.wait_for_say()
                await client.say(said("hang"))
                await answer
            by_hook.on_reconnect(by_hook.close)
            gateway.drop()
            await until(lambda: by_keepalive.status.connections == 2)
            clock.advance(301)
            await until(lambda: {by_hook.status.state, by_keepalive.status.state} == {State.CLOSED})

    run(story())


def test_listeners_end_though_whoever_closes_the_client_is_cancelled() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client = await desk_client(gateway.url, close_timeout=0.1)
            client.on_say(hang_at)
            answer = client.wait_for_say()
            await client.say(said("hang"))
            await answer
            closing = asyncio.ensure_future(client.close())
            await until(lambda: gateway.connection_ids == ())
            closing.cancel()
            assert (await asyncio.gather(closing, return_exceptions=True))[0].__class__ is asyncio.CancelledError

    run(story())


@pytest.mark.parametrize("shared", ["one client", "several"])
def test_listeners_that_close_do_not_wait_for_one_another(shared: str) -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            connection = Connection(gateway.url, close_timeout=1_000)
            alone = DeskClient(gateway.url, close_timeout=1_000)
            client = alone if shared == "one client" else DeskClient(connection=connection)
            await (alone if shared == "one client" else connection)
            ended: list[str] = []

            async def close(_error: PushwireError) -> None:
                await client.close()
                ended.append("an error was reported")

            async def close_too(_greeting: Greeting) -> None:
                await client.close()
                await connection.close()
                ended.append("given a message")

            client.on_error(close)
            client.on_greet(close_too)
            arrive(client, "nonsense")
            greet(client, "hi")
            await until(lambda: len(ended) == 2)
            await alone.close()
            await connection.close()

    run(story())


def test_an_auth_that_will_not_be_cancelled_cannot_keep_a_client_from_closing() -> None:
    async def story() -> None:
        asked: list[Handshake] = []
        async with async_local_gateway(Desk()) as gateway:

            async def stubborn(handshake: Handshake) -> Handshake:
                asked.append(handshake)
                if len(asked) == 2:
                    with contextlib.suppress(asyncio.CancelledError):
                        await asyncio.get_running_loop().create_future()
                return handshake

            client = await desk_client(gateway.url, auth=stubborn)
            gateway.drop()
            await until(lambda: len(asked) == 2)
            await client.close()
            await until(lambda: gateway.connection_ids == ())
            assert client.status.connections == 1

    run(story())


def test_a_hook_that_closes_the_client_when_it_is_cancelled_does_not_wait_for_itself() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client, ran = await desk_client(gateway.url, close_timeout=1_000), list[str]()

            async def hook() -> None:
                try:
                    ran.append("begins")
                    await asyncio.get_running_loop().create_future()
                finally:
                    await client.close()
                    ran.append("ends")

            client.on_reconnect(hook)
            gateway.drop()
            await until(lambda: ran)
            await client.close()
            await until(lambda: ran == ["begins", "ends"])

    run(story())


def test_closing_does_not_wait_long_for_a_hook_that_suppresses_cancellation() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client, let_go = await desk_client(gateway.url, close_timeout=0.05), asyncio.Event()
            runs: list[asyncio.Task[None] | None] = []

            async def hook() -> None:
                runs.append(asyncio.current_task())
                while len(runs) == 1 and not let_go.is_set():
                    with contextlib.suppress(asyncio.CancelledError):
                        await let_go.wait()

            client.on_reconnect(hook)
            gateway.drop()
            await until(lambda: runs)
            gateway.drop()
            await until(lambda: client.status.connections == 3 and client.status.state is State.OPEN)
            await client.close()
            let_go.set()

    run(story())
