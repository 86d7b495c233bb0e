"""Received messages reach all listeners, iterations and waiters."""

import asyncio
import base64
import copy
import gc
import math
import pickle
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from pushwire import Code, Format, FrameError, PushwireError
from pushwire.client import (
    ClientClosedError,
    EventsLostError,
    GatewayError,
    OperationRefused,
    UnknownEvent,
)
from pushwire.frame import encode
from pushwire.testing import async_local_gateway
from pushwire.v1.frame_pb2 import Frame
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire_client import (
    DeskClient,
    DeskGreetEvent,
)
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.client.world import Desk, arrive, desk_client, flush, greet, handshake, offline, run, said, server, until

Greetings = list[Greeting]
Errors = list[PushwireError]


def test_every_listener_and_every_iteration_sees_every_event() -> None:
    async def story() -> None:
        client = offline()
        first: list[Greeting] = []
        second: list[Greeting] = []
        later: list[Greeting] = []

        async def listen_later(greeting: Greeting) -> None:
            await asyncio.sleep(0)
            later.append(greeting)

        client.on_greet(first.append)
        client.on_greet(second.append)
        client.on_greet(listen_later)
        streams = [aiter(client), aiter(client)]
        for number in range(10):
            greet(client, str(number))
        expected = [Greeting(text=str(number)) for number in range(10)]
        assert first == second == expected
        for stream in streams:
            assert [await anext(stream) for _ in range(10)] == [DeskGreetEvent(message) for message in expected]
        await until(lambda: later == expected)
        await client.close()

    run(story())


@pytest.mark.parametrize("frame_format", Format)
def test_both_formats_are_read_with_each_format_of_the_contract(frame_format: Format) -> None:
    async def story() -> None:
        client, heard = offline(), Greetings()
        client.on_greet(heard.append)
        greet(client, "Grüße", frame_format)
        assert heard == [Greeting(text="Grüße")]
        arrive(client, Frame(route="Greet", payload=Greeting(text="bare").SerializeToString()).SerializeToString())
        assert heard[1:] == [Greeting(text="bare")]

    run(story())


def test_waiting_begins_with_the_call() -> None:
    async def story() -> None:
        client = offline()
        greet(client, "too early")
        first, second = client.wait_for_greet(), client.wait_for_greet(timeout=5)
        greet(client, "now")
        greet(client, "too late")
        assert [await first, await second] == [Greeting(text="now")] * 2
        with pytest.raises(TimeoutError, match=r"no Greet within 0\.01 s"):
            await client.wait_for_greet(timeout=0.01)

    run(story())


@pytest.mark.parametrize(("timeout", "error"), [("5", TypeError), (True, TypeError), (math.nan, ValueError)])
def test_a_time_out_that_is_not_a_number_of_seconds_is_refused(timeout: Any, error: type[Exception]) -> None:
    async def story() -> None:
        with pytest.raises(error, match="timeout= must be a number of seconds"):
            offline().wait_for_greet(timeout=timeout)

    run(story())


def test_who_stops_waiting_is_forgotten() -> None:
    async def story() -> None:
        client = offline()
        waiting = asyncio.ensure_future(client.wait_for_greet(timeout=5))
        waiting.cancel()
        greet(client, "nobody")
        assert (await asyncio.gather(waiting, return_exceptions=True))[0].__class__ is asyncio.CancelledError

    run(story())


@pytest.mark.parametrize(
    "frame",
    [
        *("", "{", "[]", "null", '{"route":5}', '{"payload":{}}', '{"route":"Greet","payload":{"text":5}}'),
        *('{"route":"Greet","payload":[]}', "AAAA", "not base64!", b"\xff\xff", "x" * 131_073),
        '{"message":"nearly an error frame"}',
        base64.b64encode(Frame(route="Greet", payload=b"\xff").SerializeToString()).decode(),
    ],
    ids=range(14),
)
def test_a_frame_that_cannot_be_decoded_is_reported_and_the_next_is_received(frame: str | bytes) -> None:
    async def story() -> None:
        client, heard, errors = offline(), Greetings(), Errors()
        client.on_error(errors.append)
        client.on_greet(heard.append)
        events = aiter(client)
        arrive(client, frame)
        greet(client, "after it")
        assert [type(error) for error in errors] == [FrameError]
        assert len(heard) == 1
        assert await anext(events) == DeskGreetEvent(Greeting(text="after it"))

    run(story())


@pytest.mark.parametrize("route", ["Nobody", "constructor", "toString", "__class__", "Enter", "$connect", "on_greet"])
def test_an_unknown_route_is_an_event_and_not_an_error(route: str) -> None:
    async def story() -> None:
        client, errors = offline(), Errors()
        client.on_error(errors.append)
        events = aiter(client)
        text = f'{{"route":"{route}","payload":{{"any":[1]}}}}'
        arrive(client, text)
        assert await anext(events) == UnknownEvent(route, text)
        assert errors == []

    run(story())


def test_an_error_frame_is_reported_and_is_an_event() -> None:
    async def story() -> None:
        client, errors, heard = offline(), Errors(), Greetings()
        client.on_error(errors.append)
        client.on_say(heard.append)
        client.on_greet(heard.append)
        events = aiter(client)
        arrive(client, '{"message": "Internal server error", "connectionId":"abc=", "requestId":"def="}')
        error = await anext(events)
        assert isinstance(error, GatewayError)
        assert (error.message, error.connection_id, error.request_id) == ("Internal server error", "abc=", "def=")
        assert errors == [error]
        assert heard == []
        match error:
            case GatewayError("Internal server error", connection_id):
                assert connection_id == "abc="
            case _:
                pytest.fail("it should have matched")

    run(story())


def test_a_message_may_have_a_message() -> None:
    async def story() -> None:
        client, errors = offline(), Errors()
        client.on_error(errors.append)
        arrive(client, '{"route":"Greet","message":"x","connectionId":"y","requestId":"z","payload":{"text":"hi"}}')
        assert errors == []

    run(story())


def test_an_iteration_that_is_too_slow_raises_the_number_of_lost_events() -> None:
    async def story() -> None:
        client, errors = offline(max_events=3), Errors()
        client.on_error(errors.append)
        slow = aiter(client)
        for number in range(10):
            greet(client, str(number))
        assert [type(error) for error in errors] == [EventsLostError]
        assert [await anext(slow) for _ in range(3)] == [DeskGreetEvent(Greeting(text=text)) for text in "012"]
        with pytest.raises(EventsLostError) as caught:
            await anext(slow)
        assert caught.value.count == 7
        greet(client, "after it")
        assert await anext(slow) == DeskGreetEvent(Greeting(text="after it"))

    run(story())


def test_an_iteration_that_is_dropped_is_forgotten() -> None:
    async def story() -> None:
        client = offline(max_events=1)
        errors: list[PushwireError] = []
        client.on_error(errors.append)
        waiting = asyncio.ensure_future(_first(client))
        await asyncio.sleep(0)
        greet(client, "first")
        assert await waiting == DeskGreetEvent(Greeting(text="first"))
        for number in range(5):
            greet(client, str(number))
        assert errors == []
        assert client._subscriptions.streams.active == ()

    run(story())


async def _first(client: DeskClient) -> object:
    async for event in client:
        return event
    return None


def test_an_iteration_ends_with_the_client() -> None:
    async def story() -> list[str]:
        async with async_local_gateway(Desk()) as gateway:
            async with desk_client(gateway.url) as client:
                client.on_greet(lambda _greeting: closers.append(asyncio.ensure_future(client.close())))
                closers: list[asyncio.Future[None]] = []
                events, answer = aiter(client), client.wait_for_say()
                await client.say(said("1"))
                await answer
                await client.enter(Visitor(name="Ada"))
                seen = [type(event).__name__ async for event in events]
            assert [event async for event in client] == []
            with pytest.raises(ClientClosedError, match="the client is closed"):
                await client.wait_for_greet()
            return seen

    assert run(story()) == ["DeskSayEvent", "DeskGreetEvent"]


def test_frames_that_come_with_the_handshake_wait_for_the_first_listeners() -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        for number in range(3):
            protocol.send_text(encode(DeskOperations.greet, Greeting(text=str(number))))
        flush(protocol, writer)
        await reader.read(1)  # until the client closes the connection

    async def story() -> None:
        async with server(visit) as url, desk_client(url) as client:
            heard: list[Greeting] = []
            client.on_greet(heard.append)
            events = aiter(client)
            assert [(await anext(events)) for _ in range(3)] == [
                DeskGreetEvent(Greeting(text=str(n))) for n in range(3)
            ]
            assert [greeting.text for greeting in heard] == ["0", "1", "2"]

    run(story())


def test_messages_in_fragments_and_in_binary_frames_are_read() -> None:
    text = encode(DeskOperations.greet, Greeting(text="Grüße " * 30_000))[:100_000]
    binary = Frame(route="Greet", payload=Greeting(text="bare").SerializeToString()).SerializeToString()
    whole = encode(DeskOperations.greet, Greeting(text="é" * 40_000))

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        assert len(text) == 100_000
        protocol.send_text(whole[:30_001], fin=False)
        protocol.send_ping(b"between")
        protocol.send_continuation(whole[30_001:60_000], fin=False)
        protocol.send_continuation(whole[60_000:], fin=True)
        protocol.send_binary(binary)
        flush(protocol, writer)
        await reader.read(1)  # until the client closes the connection

    async def story() -> None:
        async with server(visit) as url, desk_client(url) as client:
            events = aiter(client)
            assert await anext(events) == DeskGreetEvent(Greeting(text="é" * 40_000))
            assert await anext(events) == DeskGreetEvent(Greeting(text="bare"))

    run(story())


def test_text_that_is_not_utf_8_is_reported_and_ends_the_connection() -> None:
    visits: list[int] = []

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        visits.append(1)
        if len(visits) == 1:
            protocol.send_text(b"\xff\xfe")
        flush(protocol, writer)
        while data := await reader.read(1_000):
            protocol.receive_data(data)
            flush(protocol, writer)
            if protocol.close_rcvd is not None:
                visits.append(protocol.close_rcvd.code)
                return

    async def story() -> None:
        async with server(visit) as url, desk_client(url) as client:
            errors: list[PushwireError] = []
            client.on_error(errors.append)
            await until(lambda: client.status.connections == 2)
            assert [str(error) for error in errors] == ["the text message is not UTF-8"]
            assert visits[:2] == [1, 1_007]

    run(story())


def test_a_waiter_that_has_ended_is_removed() -> None:
    async def story() -> None:
        client = offline()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.wait_for_greet(timeout=1_000), 0.001)
        assert client._subscriptions.of(DeskOperations.greet)._waiters == []

    run(story())


def test_a_waiter_that_is_never_awaited_is_not_an_error() -> None:
    async def story() -> None:
        client = offline()
        for timeout in (None, 0.001):
            answer = client.wait_for_greet(timeout=timeout)
            with pytest.raises(ClientClosedError):
                await client.enter(Visitor())
            del answer
        await asyncio.sleep(0.01)
        await client.close()

    run(story())  # which fails if an exception was never retrieved


def test_an_iteration_that_nothing_else_holds_goes_on() -> None:
    async def story() -> None:
        client, seen = offline(), list[object]()

        async def show() -> None:
            async for event in client:
                seen.append(event)

        asyncio.ensure_future(show())  # noqa: RUF006 - nothing holds it
        await asyncio.sleep(0)
        gc.collect()
        greet(client, "still there?")
        await until(lambda: seen)
        await client.close()

    run(story())


def test_an_iteration_is_not_lost_when_another_is_dropped_in_a_thread() -> None:
    async def story() -> None:
        client, dropped = offline(), threading.Event()
        iterations = [aiter(client)]

        def drop() -> None:
            iterations.pop()
            gc.collect()
            dropped.set()

        threading.Thread(target=drop).start()
        await until(dropped.is_set)
        assert len(client._subscriptions.streams.active) == 1  # removed later, in the event loop's own thread
        events = aiter(client)
        greet(client, "hi")
        assert await anext(events) == DeskGreetEvent(Greeting(text="hi"))
        assert len(client._subscriptions.streams.active) == 1

    run(story())


@pytest.mark.parametrize("copied", [lambda event: pickle.loads(pickle.dumps(event)), copy.copy, copy.deepcopy])
def test_every_event_survives_pickling_and_copying(copied: Callable[[object], object]) -> None:
    for event in (
        DeskGreetEvent(cast("Greeting", Timestamp(seconds=1))),  # the test's own messages are in no importable module
        GatewayError("Forbidden", "c=", "r="),
        OperationRefused("no", "c=", "r=", Code.NOT_FOUND),
        UnknownEvent("later", b"..."),
    ):
        assert type(copied(event)) is type(event)
        assert repr(copied(event)) == repr(event)
