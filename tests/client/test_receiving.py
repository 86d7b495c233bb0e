"""What arrives reaches everybody who waits for it: listeners, iterations, and whoever waits for one message."""

import asyncio
import base64
import logging
from collections.abc import Callable
from typing import Any

import pytest

from pushwire import Format, FrameError, PushwireError
from pushwire.client import (
    ClientClosedError,
    EventsLostError,
    GatewayError,
    ListenerError,
    UnknownEvent,
)
from pushwire.frame import encode
from pushwire.testing import async_local_gateway
from pushwire.v1.frame_pb2 import Frame
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire_client import (
    DeskClient,
    GreetEvent,
    _DeskOperations,
)
from tests.client.world import Desk, desk_client, flush, handshake, run, said, server, until

Greetings = list[Greeting]
Errors = list[PushwireError]


def offline(**options: Any) -> DeskClient:
    """A client without a network; `arrive` stands for it."""
    return desk_client("ws://127.0.0.1:9/local", **options)


def arrive(client: DeskClient, frame: str | bytes) -> None:
    client._link.inbox.received(frame)


def greet(client: DeskClient, text: str, frame_format: Format = Format.JSON) -> None:
    arrive(client, encode(_DeskOperations.greet, Greeting(text=text), frame_format).decode())


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
            assert [await anext(stream) for _ in range(10)] == [GreetEvent(message) for message in expected]
        await until(lambda: later == expected)
        await client.close()

    run(story())


@pytest.mark.parametrize("frame_format", Format)
def test_both_formats_are_read_whatever_the_contract_says(frame_format: Format) -> None:
    async def story() -> None:
        client, heard = offline(), Greetings()
        client.on_greet(heard.append)
        greet(client, "Grüße", frame_format)
        assert heard == [Greeting(text="Grüße")]
        arrive(client, Frame(route="Greet", payload=Greeting(text="bare").SerializeToString()).SerializeToString())
        assert heard[1:] == [Greeting(text="bare")]

    run(story())


def test_a_listener_can_be_removed_and_added_twice() -> None:
    async def story() -> None:
        client, heard = offline(), Greetings()
        remove = client.on_greet(heard.append)
        client.on_greet(heard.append)
        greet(client, "twice")
        remove()
        remove()
        greet(client, "once")
        assert [greeting.text for greeting in heard] == ["twice", "twice", "once"]

    run(story())


def test_calls_of_an_async_listener_follow_one_another() -> None:
    async def story() -> None:
        client, trace = offline(), list[str]()

        async def slow(greeting: Greeting) -> None:
            trace.append(f"begin {greeting.text}")
            await asyncio.sleep(0)
            trace.append(f"end {greeting.text}")

        client.on_greet(slow)
        client.on_greet(lambda greeting: slow(Greeting(text=f"{greeting.text}, by a lambda")))
        greet(client, "1")
        greet(client, "2")
        await until(lambda: len(trace) == 8)
        by_lambda = [line for line in trace if "lambda" in line]
        assert by_lambda == [f"{what} {n}, by a lambda" for n in (1, 2) for what in ("begin", "end")]
        assert [line for line in trace if line not in by_lambda] == ["begin 1", "end 1", "begin 2", "end 2"]
        await client.close()

    run(story())


def test_a_listener_that_raises_is_reported_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        client, heard, errors = offline(), Greetings(), Errors()

        def fail(_greeting: Greeting) -> None:
            raise ZeroDivisionError("by a listener")

        async def fail_later(_greeting: Greeting) -> None:
            await asyncio.sleep(0)
            raise LookupError("by an async one")

        client.on_greet(fail)
        client.on_greet(fail_later)
        client.on_greet(heard.append)
        client.on_error(errors.append)
        greet(client, "1")
        greet(client, "2")
        await until(lambda: len(errors) == 4)
        assert len(heard) == 2
        causes = sorted(type(error.__cause__).__name__ for error in errors)
        assert causes == ["LookupError", "LookupError", "ZeroDivisionError", "ZeroDivisionError"]
        assert all(isinstance(error, ListenerError) for error in errors)
        assert "fail raised on desk.v1.DeskService.Greet" in str(errors[0])
        await client.close()

    with caplog.at_level(logging.ERROR, "pushwire.client"):
        run(story())
    assert "ZeroDivisionError: by a listener" in caplog.text


def test_an_error_listener_that_raises_is_logged_and_not_told_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        client, errors = offline(), Errors()

        def fail(_error: PushwireError) -> None:
            raise ZeroDivisionError("by an error listener")

        client.on_error(fail)
        client.on_error(errors.append)
        arrive(client, "nonsense")
        assert [type(error) for error in errors] == [FrameError]

    with caplog.at_level(logging.ERROR, "pushwire.client"):
        run(story())
    assert "ZeroDivisionError: by an error listener" in caplog.text


def test_a_cancelled_error_of_a_listener_s_own_ends_that_call_only() -> None:
    async def story() -> None:
        client, errors, heard = offline(), Errors(), list[str]()

        async def cancelled(greeting: Greeting) -> None:
            heard.append(greeting.text)
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

        client.on_greet(cancelled)
        client.on_error(errors.append)
        greet(client, "1")
        greet(client, "2")
        await until(lambda: len(errors) == 2)
        assert heard == ["1", "2"]
        await client.close()

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
def test_what_cannot_be_decoded_is_told_and_stops_nothing(frame: str | bytes) -> None:
    async def story() -> None:
        client, heard, errors = offline(), Greetings(), Errors()
        client.on_error(errors.append)
        client.on_greet(heard.append)
        events = aiter(client)
        arrive(client, frame)
        greet(client, "after it")
        assert [type(error) for error in errors] == [FrameError]
        assert len(heard) == 1
        assert await anext(events) == GreetEvent(Greeting(text="after it"))

    run(story())


@pytest.mark.parametrize("route", ["Nobody", "constructor", "toString", "__class__", "Enter", "$connect", "on_greet"])
def test_a_route_that_nobody_knows_is_an_event_and_no_error(route: str) -> None:
    async def story() -> None:
        client, errors = offline(), Errors()
        client.on_error(errors.append)
        events = aiter(client)
        text = f'{{"route":"{route}","payload":{{"any":[1]}}}}'
        arrive(client, text)
        assert await anext(events) == UnknownEvent(route, text)
        assert errors == []

    run(story())


def test_an_error_frame_is_told_and_an_event_and_no_message() -> None:
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


def test_an_iteration_that_is_too_slow_is_told_what_it_has_lost() -> None:
    async def story() -> None:
        client, errors = offline(max_events=3), Errors()
        client.on_error(errors.append)
        slow = aiter(client)
        for number in range(10):
            greet(client, str(number))
        assert [type(error) for error in errors] == [EventsLostError]
        assert [await anext(slow) for _ in range(3)] == [GreetEvent(Greeting(text=text)) for text in "012"]
        with pytest.raises(EventsLostError) as caught:
            await anext(slow)
        assert caught.value.count == 7
        greet(client, "after it")
        assert await anext(slow) == GreetEvent(Greeting(text="after it"))

    run(story())


def test_an_async_listener_that_is_too_slow_is_told_of_too() -> None:
    async def story() -> None:
        client, errors, heard = offline(max_events=2), Errors(), list[str]()
        release = asyncio.Event()

        async def slow(greeting: Greeting) -> None:
            await release.wait()
            heard.append(greeting.text)

        client.on_greet(slow)
        client.on_error(errors.append)
        greet(client, "runs")
        await asyncio.sleep(0)
        for number in range(5):
            greet(client, str(number))
        assert [type(error) for error in errors] == [EventsLostError]
        assert "the listener" in str(errors[0])
        release.set()
        await until(lambda: heard == ["runs", "0", "1"])
        await client.close()

    run(story())


def test_an_iteration_that_is_dropped_is_forgotten() -> None:
    async def story() -> None:
        client = offline(max_events=1)
        errors: list[PushwireError] = []
        client.on_error(errors.append)
        waiting = asyncio.ensure_future(_first(client))
        await asyncio.sleep(0)
        greet(client, "first")
        assert await waiting == GreetEvent(Greeting(text="first"))
        for number in range(5):
            greet(client, str(number))
        assert errors == []
        assert client._channels.streams.under_way == ()

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

    assert run(story()) == ["SayEvent", "GreetEvent"]


def test_frames_that_come_with_the_handshake_wait_for_the_first_listeners() -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        for number in range(3):
            protocol.send_text(encode(_DeskOperations.greet, Greeting(text=str(number))))
        flush(protocol, writer)
        await reader.read(1)  # until the client says goodbye

    async def story() -> None:
        async with server(visit) as url, desk_client(url) as client:
            heard: list[Greeting] = []
            client.on_greet(heard.append)
            events = aiter(client)
            assert [(await anext(events)) for _ in range(3)] == [GreetEvent(Greeting(text=str(n))) for n in range(3)]
            assert [greeting.text for greeting in heard] == ["0", "1", "2"]

    run(story())


def test_messages_in_fragments_and_in_binary_frames_are_read() -> None:
    text = encode(_DeskOperations.greet, Greeting(text="Grüße " * 30_000))[:100_000]
    binary = Frame(route="Greet", payload=Greeting(text="bare").SerializeToString()).SerializeToString()
    whole = encode(_DeskOperations.greet, Greeting(text="é" * 40_000))

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await handshake(reader)
        assert len(text) == 100_000
        protocol.send_text(whole[:30_001], fin=False)
        protocol.send_ping(b"between")
        protocol.send_continuation(whole[30_001:60_000], fin=False)
        protocol.send_continuation(whole[60_000:], fin=True)
        protocol.send_binary(binary)
        flush(protocol, writer)
        await reader.read(1)  # until the client says goodbye

    async def story() -> None:
        async with server(visit) as url, desk_client(url) as client:
            events = aiter(client)
            assert await anext(events) == GreetEvent(Greeting(text="é" * 40_000))
            assert await anext(events) == GreetEvent(Greeting(text="bare"))

    run(story())


def test_text_that_is_not_utf_8_is_told_and_ends_the_connection() -> None:
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
            assert [str(error) for error in errors] == ["a text message that is not UTF-8"]
            assert visits[:2] == [1, 1_007]

    run(story())


@pytest.mark.parametrize("wrong", [None, "listener", 5])
def test_a_listener_that_cannot_be_called_is_refused_at_once(wrong: Any) -> None:
    client = offline()
    add: list[Callable[[Any], Any]] = [client.on_greet, client.on_error, client.on_reconnect]
    for method in add:
        with pytest.raises(TypeError, match="is a function, not"):
            method(wrong)
