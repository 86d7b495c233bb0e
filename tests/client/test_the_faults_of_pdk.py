"""Known faults of AWS PDK's generated client, which Pushwire's client does not have: B21 to B35, one test each."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from pushwire import PushwireError
from pushwire.client import (
    Backoff,
    ClientClosedError,
    ConnectFailedError,
    GatewayError,
    Handshake,
    ListenerError,
    State,
    UnknownEvent,
)
from pushwire.frame import encode
from pushwire.gateway import GatewaySettings, LocalGateway
from pushwire.testing import async_local_gateway
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.client.world import (
    PATIENT,
    Desk,
    arrive,
    desk_client,
    flush,
    handshake,
    run,
    said,
    server,
    until,
    until_open,
)


def test_b21_a_client_reconnects_until_the_server_is_back_and_reports_errors() -> None:
    async def story() -> None:
        async with LocalGateway(Desk()) as gateway:
            settings = GatewaySettings(port=gateway.port)
            client, errors = await desk_client(gateway.url), list[PushwireError]()
            client.on_error(errors.append)
        sending = asyncio.ensure_future(client.say(said("through the outage")))
        await until(lambda: len(errors) > 5)
        assert client.status.state is State.RECONNECTING
        assert all(isinstance(error, ConnectFailedError) for error in errors)
        async with LocalGateway(desk := Desk(), settings=settings):
            await sending
            await desk.has_heard(1)
            await client.close()

    run(story())


@pytest.mark.parametrize("status", [None, 403])
def test_b22_a_refused_connection_is_an_exception_that_can_be_caught(status: int | None) -> None:
    async def story() -> None:
        async with async_local_gateway(Desk(lambda _event: status or 200)) as gateway:
            url = gateway.url if status else "ws://127.0.0.1:9/local"
            with pytest.raises(ConnectFailedError) as caught:
                await desk_client(url)
            assert caught.value.status_code == status

    run(story())


def test_b23_giving_up_is_reported_and_does_not_crash() -> None:
    async def story() -> None:
        async with LocalGateway(Desk()) as gateway:
            client, errors = await desk_client(gateway.url, max_attempts=2), list[PushwireError]()
            client.on_error(errors.append)
        await until(lambda: client.status.state is State.CLOSED)
        assert isinstance(errors[-1], ConnectFailedError)
        assert (errors[-1].retry_in, errors[-1].attempts) == (None, 2)
        await client.close()

    run(story())  # which fails if an exception was never caught


def test_b24_a_server_that_accepts_and_closes_is_asked_ever_more_rarely_and_not_given_up() -> None:
    waits: list[float] = []

    class Watched:
        """A clock that records the delays, and waits only for a moment."""

        def time(self) -> float:
            return asyncio.get_running_loop().time()

        def call_later(self, delay: float, callback: Callable[[], object], /) -> asyncio.Handle:
            waits.append(delay)
            return asyncio.get_running_loop().call_soon(callback)

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flush(await handshake(reader), writer)

    async def story() -> None:
        async with server(visit) as url:
            options: dict[str, Any] = {"renew_after": None, "keepalive_interval": None, "ping_interval": None}
            async with desk_client(url, backoff=Backoff(first=0.5, maximum=30), clock=Watched(), **options):
                await until(lambda: len(waits) >= 30)

    run(story())
    ceilings = [min(30, 0.5 * 2**step) for step in range(30)]
    assert all(wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=False))
    assert max(waits) > 5
    assert len(set(waits)) > 20  # full jitter


def test_b25_what_is_sent_while_there_is_no_connection_arrives() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:
            clock = gateway.gateway.clock
            async with desk_client(gateway.url, backoff=PATIENT, clock=clock, random=lambda: 0.5) as client:
                gateway.drop()
                await until(lambda: client.status.state is State.RECONNECTING)
                sends = [asyncio.ensure_future(client.say(said(str(number)))) for number in range(10)]
                await until(lambda: client.status.queued == 10)
                assert not any(send.done() for send in sends)
                await gateway.advance(500)
                await asyncio.gather(*sends)
                await desk.has_heard(10)
                assert sorted(desk.heard) == [str(number) for number in range(10)]

    run(story())


def test_b26_closing_always_returns_and_nothing_connects_afterwards() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:
            clock = gateway.gateway.clock
            client = await desk_client(gateway.url, backoff=PATIENT, clock=clock, random=lambda: 0.5)
            gateway.drop()
            await until(lambda: client.status.state is State.RECONNECTING)
            await client.close()
            await client.close()
            await gateway.advance(10_000)
            assert len(desk.handshakes) == 1

    run(story())


def test_b27_connecting_twice_opens_one_connection_and_delivers_once() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:
            client = desk_client(gateway.url)
            heard: list[Greeting] = []
            client.on_say(heard.append)
            await asyncio.gather(client.__aenter__(), client.__aenter__())
            await client
            await client.say(said("once"))
            await until(lambda: heard)
            await client.close()
            assert (len(desk.handshakes), len(heard)) == (1, 1)

    run(story())


def test_b28_a_frame_that_comes_with_the_handshake_arrives_each_time() -> None:
    greetings = itertools.count()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        protocol.send_text(encode(DeskOperations.greet, Greeting(text=str(next(greetings)))))
        flush(protocol, writer)  # the response and the frame in one packet, and nothing after them

    async def story() -> None:
        async with server(visit) as url, desk_client(url) as client:
            heard: list[str] = []
            client.on_greet(lambda greeting: heard.append(greeting.text))
            await until(lambda: len(heard) >= 200)
            assert heard[:200] == [str(number) for number in range(200)]

    run(story())


def test_b29_a_listener_that_raises_is_reported_as_that_and_the_others_run() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, desk_client(gateway.url) as client:
            errors: list[PushwireError] = []
            heard: list[Greeting] = []

            def fail(_greeting: Greeting) -> None:
                raise ZeroDivisionError

            client.on_error(errors.append)
            client.on_say(fail)
            client.on_say(heard.append)
            await client.say(said("hi"))
            await until(lambda: heard)
            assert [type(error) for error in errors] == [ListenerError]

    run(story())


def test_b30_dates_are_dates_on_both_sides() -> None:
    received: list[Visitor] = []

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        flush(protocol, writer)
        protocol.receive_data(await reader.read(10_000))
        (frame,) = protocol.events_received()
        assert b'"arrivedAt":"2026-11-22T10:30:00Z"' in bytes(frame.data)  # type: ignore[union-attr] # a frame
        protocol.send_text(bytes(frame.data).replace(b"Appear", b"Seen"))  # type: ignore[union-attr] # as above
        flush(protocol, writer)
        await reader.read(1)

    async def story() -> None:
        from tests.aws_lambda.contract.desk_pushwire_client import PresenceClient

        visitor = Visitor(name="Ada")
        visitor.arrived_at.FromJsonString("2026-11-22T10:30:00Z")
        async with server(visit) as url, PresenceClient(url) as client:
            seen = client.wait_for_seen(timeout=5)
            await client.appear(visitor)
            received.append(await seen)
            assert received == [visitor]
            assert received[0].arrived_at.ToDatetime().isoformat() == "2026-11-22T10:30:00"

    run(story())


@pytest.mark.parametrize("route", ["constructor", "toString", "__init__", "__class__"])
def test_b31_a_route_named_like_something_of_the_language_is_just_unknown(route: str) -> None:
    async def story() -> None:
        client, errors = desk_client("ws://127.0.0.1:9/local"), list[PushwireError]()
        client.on_error(errors.append)
        events = aiter(client)
        arrive(client, f'{{"route":"{route}"}}')
        event = await anext(events)
        assert isinstance(event, UnknownEvent)
        assert event.route == route
        assert errors == []

    run(story())


def test_b32_hooks_run_after_each_kind_of_end_and_a_closed_client_stays_closed() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            clock = gateway.gateway.clock
            client, ran = await desk_client(gateway.url, clock=clock), list[int]()
            client.on_reconnect(lambda: ran.append(client.status.connections))
            gateway.drop()
            await until_open(client, 2)
            gateway.close()
            await until_open(client, 3)
            clock.advance(7_080)
            await until_open(client, 4)
            assert client.status.renewals == 1
            assert ran == [2, 3, 4]
            await client.close()
            with pytest.raises(ClientClosedError):
                await client

    run(story())


def test_b33_a_custom_auth_is_a_function_as_the_guide_says_and_nothing_else_is_taken() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:

            async def auth(handshake: Handshake) -> Handshake:
                return handshake.with_query("device", "d1")

            async with desk_client(gateway.url, auth=auth):
                assert desk.handshakes[0]["queryStringParameters"] == {"device": "d1"}
        for wrong in ({"custom": auth}, "token", Handshake):
            with pytest.raises(TypeError, match="auth= must be a function, not"):
                desk_client("ws://127.0.0.1:9/local", auth=wrong)

    run(story())


def test_b34_drops_in_quick_succession_do_not_exhaust_a_limit() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, desk_client(gateway.url, max_attempts=1) as client:
            for number in range(20):
                gateway.drop()
                await until_open(client, number + 2)

    run(story())


def test_b35_every_reported_error_has_a_text() -> None:
    async def story() -> None:
        async with LocalGateway(Desk()) as gateway:
            client, errors = await desk_client(gateway.url, max_attempts=2, max_events=1), list[PushwireError]()
            client.on_error(errors.append)
            client.on_greet(lambda _greeting: 1 / 0)
            _events = aiter(client)
            for text in (
                encode(DeskOperations.greet, Greeting(text="hi")).decode(),
                encode(DeskOperations.greet, Greeting(text="lost")).decode(),
                '{"message": "Forbidden", "connectionId":"a=", "requestId":"b="}',
                "nonsense",
            ):
                arrive(client, text)
        await until(lambda: client.status.state is State.CLOSED)
        await client.close()
        assert len({type(error) for error in errors}) == 5
        assert all(len(str(error)) > 10 for error in errors)
        assert any(isinstance(error, GatewayError) and error.message == "Forbidden" for error in errors)

    run(story())
