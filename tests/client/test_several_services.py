"""The clients of several services share one connection: each gets its own messages, and all reconnect together."""

import asyncio
from typing import Any

import pytest

from pushwire import Format, Operation
from pushwire.client import Client, ClientClosedError, Connection, Event, State, UnknownEvent
from pushwire.frame import encode
from pushwire.operation import Direction
from pushwire.testing import async_local_gateway
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire_client import (
    DeskClient,
    DeskGreetEvent,
    DeskSayEvent,
    PresenceClient,
    PresenceSeenEvent,
    RivalClient,
)
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations, PresenceOperations
from tests.client.world import QUICK, Desk, arrive, run, said, until, until_open


def deliver(connection: Connection, operation: Operation[Any], message: Any) -> None:
    arrive(connection, encode(operation, message).decode())


def test_each_client_has_its_own_messages_over_one_connection() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, Connection(gateway.url, backoff=QUICK) as connection:
            front, presence = DeskClient(connection=connection), PresenceClient(connection=connection)
            at_the_desk, present = aiter(front), aiter(presence)
            await front.say(said("hi"))
            assert await anext(at_the_desk) == DeskSayEvent(said("hi"))
            await presence.appear(Visitor(name="Ada"))
            deliver(connection, PresenceOperations.seen, Visitor(name="Bob"))
            assert await anext(present) == PresenceSeenEvent(Visitor(name="Bob"))
            await desk.has_heard(2)
            assert len(desk.handshakes) == 1
            assert front.status == presence.status == connection.status

    run(story())


def test_only_a_route_that_no_client_has_is_an_unknown_event() -> None:
    async def story() -> None:
        connection = Connection("ws://127.0.0.1:9/local")
        front, presence = DeskClient(connection=connection), PresenceClient(connection=connection)
        at_the_desk, present = aiter(front), aiter(presence)
        deliver(connection, DeskOperations.greet, Greeting(text="hi"))
        arrive(connection, '{"route":"Nobody"}')
        assert await anext(at_the_desk) == DeskGreetEvent(Greeting(text="hi"))
        nobody = UnknownEvent("Nobody", '{"route":"Nobody"}')
        assert [await anext(at_the_desk), await anext(present)] == [nobody, nobody]

    run(story())


def test_two_clients_of_one_service_both_hear() -> None:
    async def story() -> None:
        connection = Connection("ws://127.0.0.1:9/local")
        first, second = DeskClient(connection=connection), DeskClient(connection=connection)
        heard: list[str] = []
        first.on_greet(lambda greeting: heard.append(f"first {greeting.text}"))
        second.on_greet(lambda greeting: heard.append(f"second {greeting.text}"))
        deliver(connection, DeskOperations.greet, Greeting(text="hi"))
        await first.close()
        deliver(connection, DeskOperations.greet, Greeting(text="ho"))
        assert heard == ["first hi", "second hi", "second ho"]

    run(story())


def test_closing_a_client_leaves_the_connection_to_the_others() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, Connection(gateway.url) as connection:
            async with DeskClient(connection=connection) as front, PresenceClient(connection=connection) as presence:
                waiting, iterating = asyncio.ensure_future(front.wait_for_say()), aiter(front)
                await front.close()
                for call in (waiting, front.say(said("too late")), front.__aenter__()):
                    with pytest.raises(ClientClosedError):
                        await call
                assert [event async for event in iterating] == []
                await presence.appear(Visitor(name="Ada"))
                await desk.has_heard(1)
            assert connection.status.state.name == "OPEN"
        assert connection.status.state.name == "CLOSED"
        with pytest.raises(ClientClosedError):
            await DeskClient(connection=connection).say(said("too late"))
        assert [event async for event in DeskClient(connection=connection)] == []

    run(story())


def test_hooks_and_error_listeners_are_the_connection_s() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, Connection(gateway.url, backoff=QUICK) as connection:
            front, presence = DeskClient(connection=connection), PresenceClient(connection=connection)
            ran: list[str] = []
            front.on_reconnect(lambda: ran.append("front"))
            presence.on_reconnect(lambda: ran.append("presence"))
            connection.on_error(lambda _error: ran.append("error"))
            gateway.drop()
            await until_open(connection, 2)
            arrive(connection, "nonsense")
            assert ran == ["front", "presence", "error"]

    run(story())


def test_what_a_hook_sends_goes_first_whichever_client_sends_it() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, Connection(gateway.url, backoff=QUICK) as connection:
            front, presence = DeskClient(connection=connection), PresenceClient(connection=connection)

            async def enter() -> None:
                await presence.appear(Visitor(name="Ada"))
                await front.wait_for_greet()

            front.on_reconnect(enter)
            gateway.drop()
            await until(lambda: connection.status.state is State.RECONNECTING)
            await front.say(said("waited"))
            await desk.has_heard(2)
            assert desk.heard == ["enter Ada", "waited"]

    run(story())


class Clash(Event[Greeting]):
    pass


class ClashingClient(Client[Any]):
    _events = (
        (Clash, Operation("other.v1.OtherService", "Shout", "say", Direction.SERVER_TO_CLIENT, Greeting, Format.JSON)),
    )


def test_a_route_that_two_services_claim_is_refused() -> None:
    connection = Connection("ws://127.0.0.1:9/local")
    DeskClient(connection=connection)
    RivalClient(connection=connection)  # it sends with the same route, which only the server can refuse
    with pytest.raises(ValueError, match=r"desk.*Say and other.* have the same route 'say'"):
        ClashingClient(connection=connection)


def test_a_connection_stands_alone() -> None:
    connection = Connection("ws://127.0.0.1:9/local")
    with pytest.raises(TypeError, match="connection= cannot be combined with a URL or with options"):
        DeskClient("ws://127.0.0.1:9/local", connection=connection)
    with pytest.raises(TypeError, match="connection= cannot be combined with a URL or with options"):
        DeskClient(connection=connection, max_attempts=3)


def test_an_option_that_does_not_exist_is_refused_with_those_that_do() -> None:
    wrong: Any = {"auht": None}
    with pytest.raises(TypeError, match="unknown option auht=; the options are auth=, subprotocols=, frame_format=, "):
        DeskClient("ws://127.0.0.1:9/local", **wrong)


@pytest.mark.parametrize(
    ("options", "kind", "match"),
    [
        ({"fatal_statuses": 403}, TypeError, "fatal_statuses= must be a set of integers, not int"),
        ({"fatal_statuses": ["403"]}, TypeError, "fatal_statuses= must be a set of integers; it has str"),
        ({"subprotocols": "chat"}, TypeError, r"subprotocols= must be a list: \['chat'\]"),
        ({"subprotocols": 5}, TypeError, "subprotocols= must be a list of strings, not int"),
        ({"subprotocols": [5]}, TypeError, "subprotocols= must be a list of strings; it has int"),
        ({"subprotocols": ["a b"]}, ValueError, "subprotocols= has 'a b', which is not a valid name"),
    ],
)
def test_an_option_whose_value_cannot_be_is_refused_at_once(options: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        DeskClient("ws://127.0.0.1:9/local", **options)
