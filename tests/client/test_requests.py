"""Requests and confirmed sends: the right call gets its reply, or an error that says what is known."""

import asyncio
import base64
import gc
import json
import random
from typing import Any

import pytest

from pushwire import Code, Format, FrameError, OperationError, PayloadTooLargeError, RemoteOperationError
from pushwire.client import (
    ClientClosedError,
    ConnectionLostError,
    OperationRefused,
    ReplyTimeoutError,
    RequestLimitError,
    SendQueueFullError,
    State,
)
from pushwire.frame import Envelope, encode, encode_answer, read
from pushwire.gateway.clock import ManualClock
from pushwire.testing import async_local_gateway
from pushwire.v1.frame_pb2 import Frame
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import LibraryRouter
from tests.aws_lambda.contract.desk_pushwire_client import DeskClient, LibraryClient
from tests.aws_lambda.contract.desk_pushwire_operations import LibraryOperations
from tests.client.world import PATIENT, QUICK, Frames, arrive, post, run, server, until, until_open

ADA, BOOK = Visitor(name="Ada"), Greeting(text="a book")


class Library:
    """A Lambda function that keeps its events, so that a test replies to them when and how it wants.

    Attributes:
        events: The events of the messages, in order.
    """

    operations = LibraryRouter().operations

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any], _context: object) -> dict[str, Any]:
        if event["requestContext"]["eventType"] == "MESSAGE":
            self.events.append(event)
        return {"statusCode": 200}

    async def asked(self, count: int) -> None:
        """Let other tasks run until this number of messages has arrived."""
        await until(lambda: len(self.events) >= count)

    def request(self, index: int = -1) -> Envelope:
        found = read(self.events[index]["body"])
        assert isinstance(found, Envelope)
        assert found.id is not None
        return found

    async def reply(self, index: int = -1, text: str = "found", to: int | None = None) -> None:
        """Post the reply to a message, to the connection of that message or of another one."""
        request = self.request(index)
        data = encode(LibraryOperations.find.reply, Greeting(text=text), request.format, reply_to=request.id)
        await self.post(data, index if to is None else to)

    async def confirm(self, index: int = -1, error: OperationError | None = None) -> None:
        await self.post(encode_answer(self.request(index), error), index)

    async def post(self, data: bytes, index: int = -1) -> None:
        await asyncio.to_thread(post, self.events[index], data)


def library_client(url: str, **options: Any) -> LibraryClient:
    return LibraryClient(url, **{"backoff": QUICK, **options})


def started(coroutine: Any) -> asyncio.Task[Any]:
    return asyncio.ensure_future(coroutine)


@pytest.mark.parametrize("frame_format", Format)
def test_each_call_gets_its_own_reply_in_whatever_order_they_come(frame_format: Format) -> None:
    async def story() -> None:
        library = Library()
        async with (
            async_local_gateway(library) as gateway,
            library_client(gateway.url, frame_format=frame_format) as client,
        ):
            calls = [started(client.find(Visitor(name=str(number)), timeout=10)) for number in range(20)]
            await library.asked(20)
            assert client.status.requests == 20
            for index in random.Random(7).sample(range(20), 20):
                await library.reply(index, library.request(index).message(LibraryOperations.find).name)
            assert [(await call).text for call in calls] == [str(number) for number in range(20)]
            assert (client.status.requests, client.status.dropped_replies) == (0, 0)

    run(story())


@pytest.mark.parametrize("frame_format", Format)
def test_a_confirmed_send_returns_after_its_confirmation(frame_format: Format) -> None:
    async def story() -> None:
        library = Library()
        async with (
            async_local_gateway(library) as gateway,
            library_client(gateway.url, frame_format=frame_format) as client,
        ):
            call = started(client.lend(BOOK, confirm=True, timeout=10))
            await library.asked(1)
            await asyncio.sleep(0)
            assert not call.done()
            await library.confirm()
            assert await call is None
            await client.lend(BOOK)
            await library.asked(2)
            assert "id" not in json.loads(library.events[1]["body"]) if frame_format is Format.JSON else True

    run(story())


@pytest.mark.parametrize("frame_format", Format)
def test_a_refusal_is_raised_with_its_code(frame_format: Format) -> None:
    async def story() -> None:
        library = Library()
        async with (
            async_local_gateway(library) as gateway,
            library_client(gateway.url, frame_format=frame_format) as client,
        ):
            for count, call in enumerate([client.find(ADA), client.lend(BOOK, confirm=True)], start=1):
                task = started(call)
                await library.asked(count)
                await library.confirm(error=OperationError(Code.NOT_FOUND, "no such book"))
                with pytest.raises(RemoteOperationError) as caught:
                    await task
                assert (caught.value.code, str(caught.value)) == (Code.NOT_FOUND, "not_found: no such book")

    run(story())


def test_a_reply_that_cannot_be_decoded_fails_its_call_alone() -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url) as client:
            broken, whole = started(client.find(ADA)), started(client.find(ADA))
            await library.asked(2)
            await library.post(
                json.dumps({"route": "Find", "reply_to": library.request(0).id, "payload": {"text": 5}}).encode(), 0
            )
            with pytest.raises(FrameError, match=r"not a desk\.v1\.Greeting: text: "):
                await broken
            await library.reply(1)
            assert (await whole).text == "found"
            assert client.status.errors == 0

    run(story())


@pytest.mark.parametrize(
    "keys",
    [
        {"error": None},
        {"error": "internal"},
        {"error": {"code": 13, "message": "internal"}},
        {"error": {"code": "internal", "message": None}},
        {"id": None, "payload": {}},
        {"id": "x" * 65, "payload": {}},
    ],
)
def test_a_malformed_answer_fails_its_call_at_once(keys: dict[str, Any]) -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url) as client:
            calls = [started(client.find(ADA)), started(client.lend(BOOK, confirm=True))]
            await library.asked(2)
            for index, call in enumerate(calls):
                request = library.request(index)
                answer = {"route": request.route, "reply_to": request.id, **keys}
                await library.post(json.dumps(answer).encode(), index)
                with pytest.raises(FrameError, match=r'"(error|id)"') as caught:
                    await call
                assert caught.value.route == request.route
            assert (client.status.errors, client.status.dropped_replies) == (0, 0)

    run(story())


def test_a_malformed_binary_answer_fails_its_call_at_once() -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url) as client:
            call = started(client.lend(BOOK, confirm=True))
            await library.asked(1)
            answer = Frame(route="Lend", reply_to=library.request().id or "", id="x" * 65)
            await library.post(base64.b64encode(answer.SerializeToString()))
            with pytest.raises(FrameError, match='"id" has 65 characters'):
                await call

    run(story())


def test_a_malformed_id_of_an_answer_is_reported_because_its_call_is_not_known() -> None:
    async def story() -> None:
        errors: list[Any] = []
        client = library_client("ws://127.0.0.1:9/local")
        client.on_error(errors.append)
        events = client.__aiter__()
        arrive(client, '{"route":"Find","reply_to":7,"payload":{}}')
        assert [(str(error), error.route) for error in errors] == [
            ("route 'Find': \"reply_to\" is not a non-empty string", "Find")
        ]
        await client.close()
        with pytest.raises(StopAsyncIteration):
            await anext(events)

    run(story())


def test_a_time_out_counts_from_the_call_and_says_that_the_message_was_sent() -> None:
    async def story() -> None:
        library, clock = Library(), ManualClock()
        async with async_local_gateway(library) as gateway, library_client(gateway.url, clock=clock) as client:
            call = started(client.find(ADA, timeout=5))
            await library.asked(1)
            clock.advance(4.999)
            await asyncio.sleep(0)
            assert not call.done()
            clock.advance(0.001)
            with pytest.raises(ReplyTimeoutError) as caught:
                await call
            assert caught.value.maybe_received
            assert (caught.value.operation, caught.value.timeout) == (LibraryOperations.find, 5)
            assert str(caught.value) == (
                "no reply to desk.v1.LibraryService.Find within 5 s: the server may have received it"
            )
            await library.reply()  # late
            await until(lambda: client.status.dropped_replies == 1)
            assert client.status.requests == 0

    run(story())


def test_a_request_that_waits_for_a_connection_is_not_sent_after_its_time_out() -> None:
    async def story() -> None:
        library, clock = Library(), ManualClock()
        async with (
            async_local_gateway(library) as gateway,
            library_client(gateway.url, clock=clock, backoff=PATIENT) as client,
        ):
            gateway.drop()
            await until(lambda: client.status.state is State.RECONNECTING)
            call = started(client.find(ADA, timeout=5))
            await until(lambda: client.status.queued == 1)
            clock.advance(5)
            with pytest.raises(ReplyTimeoutError, match="it was not sent") as caught:
                await call
            assert not caught.value.maybe_received
            assert client.status.queued == 0
            later = started(client.find(ADA, timeout=10_000))
            clock.advance(PATIENT.maximum)
            await library.asked(1)
            await library.reply()
            assert (await later).text == "found"
            assert len(library.events) == 1

    run(story())


def test_a_lost_connection_fails_the_requests_that_were_written_to_it_and_no_others() -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url) as client:
            written = [started(client.find(ADA)), started(client.lend(BOOK, confirm=True))]
            await library.asked(2)
            gateway.drop()
            for call in written:
                with pytest.raises(ConnectionLostError) as caught:
                    await call
                assert caught.value.maybe_received
            waiting = started(client.find(Visitor(name="Bob")))
            await library.asked(3)
            await library.reply()
            assert (await waiting).text == "found"
            assert len(library.events) == 3, "nothing is repeated"
            assert client.status.requests == 0

    run(story())


def test_a_renewal_waits_for_the_replies_of_its_connection() -> None:
    async def story() -> None:
        library, clock = Library(), ManualClock()
        async with (
            async_local_gateway(library) as gateway,
            library_client(gateway.url, clock=clock, renew_after=100.0, keepalive_interval=None) as client,
        ):
            call = started(client.find(ADA, timeout=1_000))
            await library.asked(1)
            clock.advance(100)
            await until(lambda: client.status.renewals == 1)
            await library.reply()
            assert (await call).text == "found"
            await until_open(client, 2)

    run(story())


def test_replies_that_nobody_waits_for_are_counted_and_dropped() -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url) as client:
            call = started(client.find(ADA))
            await library.asked(1)
            request_id = library.request().id
            await library.post(b'{"route":"Find","reply_to":"unknown","payload":{}}')
            await library.post(json.dumps({"route": "Lend", "reply_to": request_id}).encode())  # of another route
            await library.reply(text="first")
            await library.reply(text="repeated")
            assert (await call).text == "first"
            await until(lambda: client.status.dropped_replies == 3)
            assert client.status.errors == 0

    run(story())


def test_replies_that_are_swapped_between_connections_reach_no_call() -> None:
    async def story() -> None:
        library, clock = Library(), ManualClock()
        async with (
            async_local_gateway(library) as gateway,
            library_client(gateway.url, clock=clock) as ada,
            library_client(gateway.url, clock=clock) as bob,
        ):
            calls = [started(ada.find(ADA, timeout=5)), started(bob.find(Visitor(name="Bob"), timeout=5))]
            await library.asked(2)
            await library.reply(0, to=1)
            await library.reply(1, to=0)
            await until(lambda: ada.status.dropped_replies == bob.status.dropped_replies == 1)
            clock.advance(5)
            for call in calls:
                with pytest.raises(ReplyTimeoutError):
                    await call

    run(story())


def test_a_cancelled_request_forgets_its_id() -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url) as client:
            call = started(client.find(ADA))
            await library.asked(1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert client.status.requests == 0
            await library.reply()
            await until(lambda: client.status.dropped_replies == 1)

    run(story())


def test_the_number_of_requests_in_flight_is_bounded() -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url, max_requests=2) as client:
            calls = [started(client.find(ADA)), started(client.lend(BOOK, confirm=True))]
            await library.asked(2)
            with pytest.raises(RequestLimitError, match="2 requests wait for a reply already") as caught:
                await client.find(ADA)
            assert caught.value.max_requests == 2
            await client.lend(BOOK)  # waits for nothing
            for index in range(2):
                await (library.reply(index) if index == 0 else library.confirm(index))
            await asyncio.gather(*calls)
            call = started(client.find(ADA))
            await library.asked(4)
            await library.reply()
            await call

    run(story())


def test_a_caller_gives_an_id_and_may_repeat_it() -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url) as client:
            for count in (1, 2):
                call = started(client.find(ADA, id="order-7"))
                await library.asked(count)
                assert library.request().id == "order-7"
                with pytest.raises(ValueError, match="'order-7' belongs to a request that still waits"):
                    await client.lend(BOOK, confirm=True, id="order-7")
                await library.reply()
                assert (await call).text == "found"

    run(story())


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"timeout": 0}, ValueError, "timeout= must be above 0, not 0"),
        ({"timeout": float("nan")}, ValueError, "timeout= must be a number of seconds, not nan"),
        ({"timeout": "5"}, TypeError, "timeout= must be a number of seconds, not '5'"),
        ({"id": ""}, ValueError, "id= must have 1 to 64 characters, not 0"),
        ({"id": "x" * 65}, ValueError, "id= must have 1 to 64 characters, not 65"),
        ({"id": 7}, TypeError, "id= must be a string, not int"),
    ],
)
def test_wrong_arguments_are_errors_before_anything_is_sent(
    arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url) as client:
            with pytest.raises(error, match=said):
                await client.find(ADA, **arguments)
            with pytest.raises(error, match=said):
                await client.lend(BOOK, confirm=True, **arguments)
            assert (client.status.requests, client.status.sent) == (0, 0)

    run(story())


@pytest.mark.parametrize(("name", "value"), [("id", "7"), ("timeout", 5), ("timeout", 0), ("timeout", "soon")])
def test_an_id_and_a_time_out_without_a_confirmation_are_errors(name: str, value: Any) -> None:
    async def story() -> None:
        async with async_local_gateway(Library()) as gateway, library_client(gateway.url) as client:
            with pytest.raises(ValueError, match=f"{name}= requires confirm=True"):
                await client.lend(BOOK, **{name: value})
            assert client.status.sent == 0

    run(story())


def test_a_confirmed_send_without_a_time_out_waits_for_30_seconds() -> None:
    async def story() -> None:
        library, clock = Library(), ManualClock()
        async with async_local_gateway(library) as gateway, library_client(gateway.url, clock=clock) as client:
            calls = [started(client.lend(BOOK, confirm=True)), started(client.find(ADA))]
            await library.asked(2)
            clock.advance(29.999)
            await asyncio.sleep(0)
            assert client.status.requests == 2
            clock.advance(0.001)
            for call in calls:
                with pytest.raises(ReplyTimeoutError, match=r"within 30\.0 s"):
                    await call
            unlimited: Any = None
            with pytest.raises(TypeError, match="timeout= must be a number of seconds, not None"):
                await client.find(ADA, timeout=unlimited)

    run(story())


def test_what_cannot_be_sent_does_not_wait_for_a_reply() -> None:
    async def story() -> None:
        async with async_local_gateway(Library()) as gateway:
            client = library_client(gateway.url, backoff=PATIENT, max_queued=1)
            with pytest.raises(ClientClosedError, match="not open yet"):
                await client.find(ADA)
            async with client:
                with pytest.raises(PayloadTooLargeError):
                    await client.lend(Greeting(text="x" * 131_072), confirm=True)
                wrong: Any = BOOK
                with pytest.raises(TypeError, match=r"takes a desk\.v1\.Visitor, not a Greeting"):
                    await client.find(wrong)
                gateway.drop()
                await until(lambda: client.status.state is State.RECONNECTING)
                waiting = started(client.find(ADA))
                await until(lambda: client.status.queued == 1)
                with pytest.raises(SendQueueFullError):
                    await client.find(ADA)
                assert client.status.requests == 1
            with pytest.raises(ClientClosedError):  # it was not sent
                await waiting
            with pytest.raises(ClientClosedError):
                await client.find(ADA)
            assert client.status.requests == 0

    run(story())


def test_closing_fails_requests_that_were_sent() -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway:
            async with library_client(gateway.url) as client:
                call = started(client.find(ADA))
                await library.asked(1)
            with pytest.raises(ConnectionLostError) as caught:
                await call
            assert caught.value.maybe_received

    run(story())


def test_a_listener_and_a_hook_may_wait_for_replies() -> None:
    async def story() -> None:
        library = Library()
        replies: list[str] = []

        async def ask(_message: object = None) -> None:
            replies.append((await client.find(ADA)).text)

        async with async_local_gateway(library) as gateway, library_client(gateway.url) as client:
            client.on_announce(ask)
            client.on_reconnect(ask)
            await client.lend(BOOK)
            await library.asked(1)
            await library.post(encode(LibraryOperations.announce, BOOK))
            await library.asked(2)
            await library.reply(text="to the listener")
            await until(lambda: replies)
            gateway.drop()
            await library.asked(3)
            assert client.status.state is State.RECONNECTING
            await library.reply(text="to the hook")
            await until_open(client, 2)
            assert replies == ["to the listener", "to the hook"]

    run(story())


def test_clients_that_share_a_connection_share_its_ids() -> None:
    async def story() -> None:
        library = Library()
        async with async_local_gateway(library) as gateway, library_client(gateway.url) as first:
            second = LibraryClient(connection=first._connection)
            calls = [started(first.find(ADA)), started(second.find(ADA))]
            await library.asked(2)
            for index in (1, 0):
                await library.reply(index, str(index))
            assert [(await call).text for call in calls] == ["0", "1"]
            await second.close()

    run(story())


def test_a_refusal_without_an_id_is_an_event_with_its_code() -> None:
    async def story() -> None:
        errors: list[object] = []
        async with async_local_gateway(Library()) as gateway, library_client(gateway.url) as client:
            client.on_error(errors.append)
            events = client.__aiter__()
            arrive(client, '{"message": "full", "connectionId":"a=", "requestId":"b=", "code":"resource_exhausted"}')
            event = await anext(events)
            match event:
                case OperationRefused(text, connection_id, request_id, code):
                    assert (text, connection_id, request_id, code) == ("full", "a=", "b=", Code.RESOURCE_EXHAUSTED)
                case _:
                    pytest.fail(str(event))
            assert errors == [event]
            assert str(event) == "resource_exhausted: full (connection 'a=', request 'b=')"

    run(story())


def test_a_one_way_message_without_an_id_is_byte_for_byte_what_it_was() -> None:
    async def story() -> None:
        frames = Frames()
        async with server(frames) as url, DeskClient(url) as client:
            await client.say(Greeting(text="Grüße"))
            await until(lambda: frames.frames)
            assert frames.text() == '{"route":"say","payload":{"text":"Grüße"}}'.encode()

    run(story())


def test_a_server_that_does_not_know_ids_handles_the_message_and_leaves_the_call_to_time_out() -> None:
    async def story() -> None:
        library, clock = Library(), ManualClock()  # a function that ignores ids, as one before replies did
        async with async_local_gateway(library) as gateway, library_client(gateway.url, clock=clock) as client:
            call = started(client.lend(BOOK, confirm=True, timeout=5))
            await library.asked(1)
            assert library.request().message(LibraryOperations.lend) == BOOK
            clock.advance(5)
            with pytest.raises(ReplyTimeoutError) as caught:
                await call
            assert caught.value.maybe_received

    run(story())


@pytest.mark.parametrize("count", [2_000, pytest.param(100_000, marks=pytest.mark.at_length)])
def test_nothing_is_left_of_many_requests_that_end_in_every_way(count: int) -> None:
    chance = random.Random(20)

    async def story() -> None:
        clock = ManualClock()
        frames = Frames()
        async with server(frames) as url, library_client(url, clock=clock, keepalive_interval=None) as client:
            requests = client._connection._requests
            before = 0
            for batch in range(count // 100):
                if batch == 1:  # after all imports
                    gc.collect()
                    before = len(gc.get_objects())
                calls = [started(client.find(ADA, timeout=chance.uniform(1, 9))) for _ in range(100)]
                await until(lambda: len(requests.written()) == 100)
                for request in list(requests._by_id.values()):
                    match chance.randrange(5):
                        case 0:
                            calls[chance.randrange(100)].cancel()
                        case 1:
                            envelope = Envelope("Find", None, Format.JSON, id=request.id)
                            arrive(client, encode_answer(envelope, OperationError(Code.ABORTED)).decode())
                        case 2 | 3:
                            data = encode(LibraryOperations.find.reply, BOOK, reply_to=request.id)
                            arrive(client, data.decode())
                        case _:
                            pass  # times out
                clock.advance(10)
                await asyncio.gather(*calls, return_exceptions=True)
                frames.frames.clear()
                assert len(requests) == client.status.queued == 0
                calls.clear()
            gc.collect()
            assert len(gc.get_objects()) - before < 100
            assert client.status.sent == count // 100 * 100

    run(story(), seconds=200)
