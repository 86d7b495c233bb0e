"""Keepalives and renewal over hours of the gateway's clock, which run in a moment."""

import asyncio
import itertools
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from pushwire import PushwireError
from pushwire.client import Closed, GatewayError, ListenerError, State
from pushwire.frame import KEEPALIVE
from pushwire.gateway import GatewaySettings, ManualClock, MessageOrder
from pushwire.gateway.transcript import Ended
from pushwire.testing import AsyncRunningGateway, async_local_gateway
from tests.aws_lambda.contract.desk_pb2 import Visitor
from tests.aws_lambda.contract.desk_pushwire_client import DeskClient
from tests.client.world import (
    Desk,
    desk_client,
    flush,
    handshake,
    keepalive_tasks,
    open_websocket,
    run,
    said,
    server,
    until,
)

MINUTE = 60.0
SERIAL = GatewaySettings(message_order=MessageOrder.SERIAL)


async def pass_time(gateway: AsyncRunningGateway, client: DeskClient, seconds: float) -> None:
    """Advance the clock that gateway and client share, and run each action that is due before advancing more."""
    for _ in range(round(seconds / 10)):
        gateway.gateway.clock.advance(10)
        for _ in range(10):
            await asyncio.sleep(0)
        await until(lambda: client.status.state is State.OPEN and not keepalive_tasks(client))
        await gateway.settled()


def test_two_hours_of_life_with_keepalives_and_a_renewal_in_time() -> None:
    async def story() -> None:
        clock = ManualClock()
        async with async_local_gateway(desk := Desk(), settings=SERIAL, clock=clock) as gateway:
            ended: list[Ended] = []
            gateway.gateway.observe(lambda entry: ended.append(entry) if isinstance(entry, Ended) else None)
            async with desk_client(gateway.url, clock=clock) as client:
                entered: list[float] = []
                heard: list[str] = []

                async def enter_again() -> None:
                    entered.append(clock.time())
                    await client.enter(Visitor(name="Ada"))

                client.on_reconnect(enter_again)
                client.on_say(lambda message: heard.append(message.text))
                started = clock.time()
                said_so_far: list[str] = []
                for hour in range(6):
                    for minute in range(0, 60, 20):
                        await pass_time(gateway, client, 20 * MINUTE)
                        said_so_far.append(f"{hour}:{minute}")
                        await client.say(said(said_so_far[-1]))
                        await until(lambda: heard == said_so_far)
                # Six hours, and API Gateway has not closed a connection, neither as idle nor after two hours.
                assert {(entry.code, entry.reason) for entry in ended} == {(1000, "renewal")}
                assert client.status.renewals == len(entered) == len(ended) == 3
                assert client.status.last_closed == Closed(1000, "renewal")
                lives = [later - sooner for sooner, later in zip([started, *entered], entered, strict=False)]
                assert all(6_372 <= life <= 7_080 + 10 for life in lives), lives
                keepalives = desk.heard.count("keepalive")
                assert keepalives == client.status.keepalives
                # A message every 20 minutes: at most 3 keepalives between two, and never 10 minutes without a message.
                assert 18 * 2 <= keepalives <= 18 * 4
                assert [text for text in desk.heard if ":" in text] == said_so_far
                assert client.status.errors == 0
            assert ended[-1].code == 1000

    run(story())


def test_without_keepalives_and_renewals_api_gateway_cuts_and_the_client_comes_back() -> None:
    async def story() -> None:
        clock = ManualClock()
        async with async_local_gateway(Desk(), clock=clock) as gateway:
            options: dict[str, Any] = {"keepalive_interval": None, "renew_after": None, "ping_interval": None}
            async with desk_client(gateway.url, clock=clock, random=lambda: 0.0, **options) as client:
                await gateway.advance(599)
                assert client.status.connections == 1
                await gateway.advance(1)
                await until(lambda: client.status.connections == 2)
                assert client.status.last_closed == Closed(1001, "Going away")
                assert client.status.keepalives == 0

    run(story())


def without_default() -> dict[str, Any]:
    return {"omit_routes": ["$default"], "settings": SERIAL}


def test_the_forbidden_frames_of_an_api_without_a_default_route_are_not_reported() -> None:
    async def story() -> None:
        clock = ManualClock()
        async with (
            async_local_gateway(desk := Desk(), clock=clock, **without_default()) as gateway,
            desk_client(gateway.url, clock=clock) as client,
        ):
            errors: list[PushwireError] = []
            client.on_error(errors.append)
            events = aiter(client)
            await pass_time(gateway, client, 29 * MINUTE)
            await until(lambda: client.status.received == 5)  # the answers to the keepalives
            assert (client.status.keepalives, client.status.connections) == (5, 1)
            assert desk.heard == []
            assert errors == []
            await client.say(said("hi"))
            assert type(await anext(events)).__name__ == "DeskSayEvent"

    run(story())


def test_a_forbidden_frame_that_answers_a_message_is_reported() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk(), routes={"say": Desk()}, **without_default()) as gateway:
            clock = gateway.gateway.clock
            async with desk_client(gateway.url, clock=clock) as client:
                errors: list[PushwireError] = []
                client.on_error(errors.append)
                await pass_time(gateway, client, 6 * MINUTE)
                await until(lambda: client.status.received == 1)
                gateway.gateway.use_handlers(None, routes={"say": Desk()})
                await client.leave()
                await until(lambda: client.status.received == 2)
                assert [error.message for error in errors if isinstance(error, GatewayError)] == ["Forbidden"]

    run(story())


def test_an_operation_of_the_contract_can_keep_alive() -> None:
    async def story() -> None:
        clock = ManualClock()
        async with async_local_gateway(desk := Desk(), clock=clock, settings=SERIAL) as gateway:

            async def still_here() -> None:
                await client.say(said("still here"))

            client = await desk_client(gateway.url, clock=clock, keepalive=still_here, keepalive_interval=4 * MINUTE)
            await pass_time(gateway, client, 13 * MINUTE)
            await until(lambda: desk.heard == ["still here"] * 3)
            assert client.status.keepalives == 3
            await client.close()

    run(story())


def test_a_keepalive_that_raises_is_reported_and_asked_for_again() -> None:
    async def story() -> None:
        clock = ManualClock()
        async with async_local_gateway(Desk(), clock=clock) as gateway:

            async def fail() -> None:
                raise ZeroDivisionError

            async with desk_client(gateway.url, clock=clock, keepalive=fail, keepalive_interval=MINUTE) as client:
                errors: list[PushwireError] = []
                client.on_error(errors.append)
                await pass_time(gateway, client, 3 * MINUTE)
                assert [type(error) for error in errors] == [ListenerError] * 3
                assert client.status.keepalives == 0
                assert isinstance(errors[0].__cause__, ZeroDivisionError)

    run(story())


@pytest.mark.parametrize("interval", [0, -1, float("nan"), "60"])
def test_intervals_that_cannot_be_are_refused(interval: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="keepalive_interval="):
        desk_client("ws://127.0.0.1:9/local", keepalive_interval=interval)


def test_what_is_under_way_when_the_connection_is_renewed_arrives() -> None:
    async def story() -> None:
        clock = ManualClock()
        async with (
            async_local_gateway(desk := Desk(), clock=clock, settings=SERIAL) as gateway,
            desk_client(gateway.url, clock=clock, random=lambda: 1.0) as client,
        ):
            await pass_time(gateway, client, 7_060)
            before = len(desk.heard)
            expected: list[str] = []
            for second in range(7_060, 7_100):
                texts = [f"{second} {number}" for number in range(20)]
                expected += texts
                sends = [asyncio.ensure_future(client.say(said(text))) for text in texts]
                clock.advance(1)
                await asyncio.gather(*sends)
                await desk.has_heard(before + len(expected))
            assert desk.heard[before:] == expected
            assert client.status.renewals == 1
            assert client.status.connections == 2

    run(story())


def test_an_api_that_answers_keepalives_may_do_so_after_something_else_was_sent() -> None:
    forbidden = b'{"message":"Forbidden","connectionId":"abc=","requestId":"def="}'
    keepalives = itertools.count()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        flush(protocol, writer)
        while data := await reader.read(65_536):
            protocol.receive_data(data)
            for frame in protocol.events_received():
                assert isinstance(frame, Frame)
                if frame.opcode is Opcode.TEXT and (frame.data != KEEPALIVE or next(keepalives) == 0):
                    protocol.send_text(forbidden)  # at once after the first, then after another message
            flush(protocol, writer)
            if protocol.close_rcvd is not None:
                return

    async def story() -> None:
        clock = ManualClock()
        async with server(visit) as url, desk_client(url, clock=clock, ping_interval=None) as client:
            errors: list[PushwireError] = []
            client.on_error(errors.append)
            for count in (1, 2):
                clock.advance(301)
                await until(lambda count=count: client.status.keepalives == count)  # type: ignore[misc]
                await until(lambda: client.status.received == 1)
            await client.say(said("after a keepalive"))
            await until(lambda: client.status.received == 2)
            assert errors == []
            await client.say(said("after none"))
            await until(lambda: client.status.received == 3)
            assert [type(error) for error in errors] == [GatewayError]

    run(story())


def test_at_most_one_task_waits_for_a_server_that_answers_no_pings() -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        flush(protocol, writer)
        pings.append(0)
        while data := await reader.read(65_536):
            protocol.receive_data(data)
            for frame in protocol.events_received():
                assert isinstance(frame, Frame)
                pings[0] += frame.opcode is Opcode.PING
            if protocol.close_rcvd is not None:
                flush(protocol, writer)
                return

    pings: list[int] = []

    async def story() -> None:
        clock = ManualClock()
        async with server(visit) as url, desk_client(url, clock=clock, keepalive_interval=None) as client:
            for count in range(1, 6):
                clock.advance(31)
                await until(lambda count=count: pings == [count])  # type: ignore[misc]
            assert len(open_websocket(client).pending_pings) == len(keepalive_tasks(client)) == 1

    run(story())


def test_a_keepalive_that_awaits_what_is_cancelled_is_reported() -> None:
    async def story() -> None:
        clock = ManualClock()
        async with async_local_gateway(Desk(), clock=clock) as gateway:

            async def keepalive() -> None:
                raise asyncio.CancelledError

            async with desk_client(gateway.url, clock=clock, keepalive=keepalive, keepalive_interval=MINUTE) as client:
                errors: list[PushwireError] = []
                client.on_error(errors.append)
                await pass_time(gateway, client, MINUTE)
                assert [type(error) for error in errors] == [ListenerError]

    run(story())


def test_a_keepalive_that_would_never_be_sent_is_an_error() -> None:
    async def keepalive() -> None: ...

    with pytest.raises(TypeError, match="keepalive= cannot be combined with keepalive_interval=None"):
        desk_client("ws://127.0.0.1:9/local", keepalive=keepalive, keepalive_interval=None)
