"""Requests and replies at the local gateway: faults of replies, the console, and the clients of tests."""

import asyncio
import contextlib
import json
from collections.abc import Generator
from typing import Any

import pytest

from pushwire import Code, Format, OperationError
from pushwire.client import ReplyTimeoutError
from pushwire.gateway import Delay, DropPost, Duplicate, GatewaySettings, ManualClock
from pushwire.gateway._console.contract import ConsoleContract
from pushwire.gateway.transcript import Called
from pushwire.testing import RunningGateway, async_local_gateway, local_gateway
from pushwire.transport import HttpTransport
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import (
    LibraryHandlers,
    LibraryRequest,
    LibraryRouter,
    LibraryServerSdk,
)
from tests.aws_lambda.contract.desk_pushwire_client import LibraryClient
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations, LibraryOperations
from tests.client.world import post, run, until
from tests.gateway.test_the_console import console, feed

ADA, BOOK = Visitor(name="Ada"), Greeting(text="a book")


class Library(LibraryHandlers):
    """Handlers that announce each visitor before they reply."""

    def find(self, request: LibraryRequest[Visitor], /) -> Greeting:
        if not request.message.name:
            raise OperationError(Code.INVALID_ARGUMENT, "a name is required")
        request.sdk.announce(request.connection_id, Greeting(text=request.message.name))
        return Greeting(text=f"a book for {request.message.name}")

    def lend(self, request: LibraryRequest[Greeting], /) -> None:
        pass


@contextlib.contextmanager
def library() -> Generator[LibraryRouter]:
    with contextlib.ExitStack() as transports:

        def sdk(url: str) -> LibraryServerSdk:
            return LibraryServerSdk(transport=transports.enter_context(HttpTransport(url)))

        yield LibraryRouter(Library(), sdk=sdk)


@pytest.fixture
def gateway() -> Generator[RunningGateway]:
    with library() as router, local_gateway(router) as running:
        yield running


def test_a_reply_that_is_dropped_ends_in_a_time_out_and_other_posts_arrive() -> None:
    async def story() -> None:
        clock = ManualClock()
        with library() as router, local_gateway(router) as gateway:
            async with LibraryClient(gateway.url, clock=clock) as client:
                dropped = gateway.faults.inject(DropPost(), times=1, only_replies=True)
                announced = client.wait_for_announce(timeout=20)
                call = asyncio.ensure_future(client.find(ADA, timeout=5))
                assert (await announced).text == "Ada"
                await until(lambda: dropped.count)
                gateway.settled()
                clock.advance(5)
                with pytest.raises(ReplyTimeoutError) as caught:
                    await call
                assert caught.value.maybe_received
                assert (await client.find(ADA, timeout=5)).text == "a book for Ada"
                gateway.settled()
                assert [each.status for each in gateway.transcript.of(Called)] == [200] * 4

    run(story())


def test_a_reply_that_is_late_or_repeated_is_counted_and_the_right_call_gets_the_right_one() -> None:
    async def story() -> None:
        clock, gateway_clock = ManualClock(), ManualClock()
        with library() as router, local_gateway(router, clock=gateway_clock) as gateway:
            async with LibraryClient(gateway.url, clock=clock) as client:
                gateway.faults.inject(Delay(20), times=1, only_replies=True)
                gateway.faults.inject(Duplicate(), only_replies=True)
                late = asyncio.ensure_future(client.find(Visitor(name="late"), timeout=5))
                await until(lambda: gateway.gateway.clock.sleepers)
                clock.advance(5)
                with pytest.raises(ReplyTimeoutError):
                    await late
                await asyncio.to_thread(gateway.advance, 20)
                await until(lambda: client.status.dropped_replies == 2)  # it was posted twice
                assert (await client.find(Visitor(name="next"), timeout=5)).text == "a book for next"
                await client.lend(BOOK, confirm=True, timeout=5)
                await until(lambda: client.status.dropped_replies == 4)
                assert client.status.requests == 0

    run(story())


def test_a_fault_of_replies_affects_no_other_post(gateway: RunningGateway) -> None:
    client = gateway.connect()
    fault = gateway.faults.inject(DropPost(), only_replies=True)
    with LibraryServerSdk(gateway.callback_url) as sdk:
        sdk.announce(client.connection_id, BOOK)
        assert client.receive(LibraryOperations.announce) == BOOK
        assert fault.count == 0
        client.send(LibraryOperations.find, ADA)  # without an id
        assert client.receive(LibraryOperations.announce).text == "Ada"
        client.expect_nothing()
    with pytest.raises(TimeoutError, match=r"expected the reply to desk\.v1\.LibraryService\.Find, received nothing"):
        client.request(LibraryOperations.find, ADA, timeout=0.05)
    assert fault.count == 1


@pytest.mark.parametrize("frame_format", Format)
def test_a_test_s_client_gets_the_reply_and_keeps_what_came_before(
    gateway: RunningGateway, frame_format: Format
) -> None:
    client = gateway.connect()
    for name in ("Ada", "Bob"):
        reply = client.request(LibraryOperations.find, Visitor(name=name), frame_format=frame_format)
        assert reply == Greeting(text=f"a book for {name}")
    assert [client.receive(LibraryOperations.announce).text for _ in range(2)] == ["Ada", "Bob"]
    client.expect_nothing()
    with pytest.raises(OperationError, match="invalid_argument: a name is required"):
        client.request(LibraryOperations.find)
    assert client.request(LibraryOperations.find, ADA).text == "a book for Ada"


def test_a_malformed_reply_to_a_test_s_client_is_an_error_at_once() -> None:
    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        if event["requestContext"]["eventType"] == "MESSAGE":
            answer = {"route": "Find", "reply_to": json.loads(event["body"])["id"], "error": "internal"}
            post(event, json.dumps(answer).encode())
        return {"statusCode": 200}

    with local_gateway(handler) as gateway:
        client = gateway.connect()
        with pytest.raises(AssertionError, match=r'cannot be decoded: .*"error" is not an object'):
            client.request(LibraryOperations.find, ADA)


def test_what_is_not_a_request_is_an_error(gateway: RunningGateway) -> None:
    client = gateway.connect()
    with pytest.raises(TypeError, match=r"LibraryService\.Lend is one-way and has no reply; use send"):
        client.request(LibraryOperations.lend, BOOK)  # type: ignore[arg-type] # the mistake
    with pytest.raises(TypeError, match=r"takes a desk\.v1\.Visitor"):
        client.request(LibraryOperations.find, BOOK)  # type: ignore[misc] # the mistake
    with pytest.raises(TypeError, match="is one-way"):
        client.request(DeskOperations.say, BOOK)  # type: ignore[arg-type] # the mistake


def test_the_same_under_asyncio() -> None:
    async def story() -> None:
        with library() as router:
            async with async_local_gateway(router) as gateway, await gateway.connect() as client:
                reply = await client.request(LibraryOperations.find, ADA)
                assert reply.text == "a book for Ada"
                assert (await client.receive(LibraryOperations.announce)).text == "Ada"
                with pytest.raises(OperationError):
                    await client.request(LibraryOperations.find)

    run(story())


def test_the_console_pairs_requests_with_their_replies() -> None:
    with (
        library() as router,
        console(router, settings=GatewaySettings(console=True)) as (gateway, page),
        feed(gateway) as told,
    ):
        client = gateway.connect()
        encoded = page.command(
            "encode", operation=str(LibraryOperations.find), frame='{"route":"Find","payload":{"name":"Ada"}}'
        )
        assert encoded == {"text": '{"route":"Find","id":"console-1","payload":{"name":"Ada"}}'}
        page.command("send-as-client", connectionId=client.connection_id, **encoded)
        assert told.next("received")["frame"]["id"] == "console-1"
        told.next("delivered")  # the announcement
        assert told.next("delivered")["frame"] == {
            "operation": "desk.v1.LibraryService.Find",
            "name": "Find",
            "format": "json",
            "replyTo": "console-1",
            "message": {"text": "a book for Ada"},
        }
        client.send_text('{"route":"Find","id":"7","payload":{}}')
        refused = told.next("delivered")["frame"]
        assert (refused["replyTo"], refused["error"]) == ("7", "invalid_argument: a name is required")
        client.send_text('{"route":"Lend","id":"8","payload":{}}')
        confirmed = told.next("delivered")["frame"]
        assert (confirmed["name"], confirmed["replyTo"], "message" in confirmed) == ("Lend", "8", False)


def test_the_console_shows_replies_that_it_cannot_decode() -> None:
    contract = ConsoleContract(LibraryRouter().operations)
    unknown = contract.decode_delivered('{"route":"Burn","reply_to":"7","payload":{}}')
    assert unknown == {"format": "json", "replyTo": "7", "name": "Burn"}
    broken = contract.decode_delivered('{"route":"Find","reply_to":"7","payload":{"text":5}}')
    assert broken is not None
    assert "text: expected a string" in broken["reason"]
