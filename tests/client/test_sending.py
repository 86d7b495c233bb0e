"""Sends: when they return, their order and fragments, and errors before the write."""

import asyncio
import itertools
import logging
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

import pytest
from google.protobuf import empty_pb2
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from pushwire import Format, FrameError, PayloadTooLargeError
from pushwire.client import ClientClosedError, ConnectionLostError, SendQueueFullError, State
from pushwire.frame import MAX_FRAME_SIZE, encode
from pushwire.testing import async_local_gateway
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire_client import DeskClient
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.client.world import (
    PATIENT,
    Desk,
    Frames,
    desk_client,
    flush,
    handshake,
    open_websocket,
    run,
    said,
    server,
    until,
    until_open,
)

OVERHEAD = len(encode(DeskOperations.say, said("x"))) - 1
"""The size of a frame without the text of its message."""


@pytest.mark.parametrize("frame_format", Format)
def test_a_message_goes_out_in_the_contract_s_format_or_in_the_one_that_is_asked_for(frame_format: Format) -> None:
    async def story() -> None:
        frames = Frames()
        async with server(frames) as url, desk_client(url, frame_format=frame_format) as client:
            await client.say(said("Grüße"))
            await until(lambda: frames.frames)
            assert frames.text() == encode(DeskOperations.say, said("Grüße"), frame_format)
            assert [(frame.opcode, frame.fin) for frame in frames.frames] == [(Opcode.TEXT, True)]

    run(story())


def test_131_072_bytes_go_out_in_frames_of_at_most_32_768_and_come_back_equal() -> None:
    text = "a" + "é" * ((MAX_FRAME_SIZE - OVERHEAD - 1) // 2)
    text += "b" * (MAX_FRAME_SIZE - OVERHEAD - len(text.encode()))
    whole = encode(DeskOperations.say, said(text))
    assert len(whole) == MAX_FRAME_SIZE

    async def onto_the_wire() -> None:
        frames = Frames()
        async with server(frames) as url, desk_client(url) as client:
            await client.say(said(text))
            await until(lambda: frames.frames and frames.frames[-1].fin)
        data = [frame for frame in frames.frames if frame.opcode in (Opcode.TEXT, Opcode.CONT)]
        assert [len(frame.data) for frame in data] == [32_768] * 4 + [0]
        with pytest.raises(UnicodeDecodeError):  # cut inside a character
            bytes(data[0].data).decode()
        assert frames.text() == whole

    async def there_and_back() -> None:
        async with async_local_gateway(Desk()) as gateway, desk_client(gateway.url) as client:
            answer = client.wait_for_say()
            await client.say(said(text))
            assert await answer == said(text)
            assert client.status.connections == 1

    run(onto_the_wire())
    run(there_and_back())


def test_a_byte_more_is_refused_before_anything_is_written() -> None:
    async def story() -> None:
        frames = Frames()
        async with server(frames) as url, desk_client(url) as client:
            size = MAX_FRAME_SIZE + 1
            text = "a" * (size - OVERHEAD)
            with pytest.raises(PayloadTooLargeError) as caught:
                await client.say(said(text))
            assert (caught.value.size, caught.value.operation) == (size, DeskOperations.say)
            await client.say(said("small"))
            await until(lambda: frames.frames)
            assert frames.text() == encode(DeskOperations.say, said("small"))

    run(story())


def test_another_message_is_a_type_error() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, desk_client(gateway.url) as client:
            wrong: Any = Visitor()
            with pytest.raises(
                TypeError, match=r"desk\.v1\.DeskService\.Say takes a desk\.v1\.Greeting, not a Visitor"
            ):
                await client.say(wrong)
            with pytest.raises(TypeError, match="not a MessageMeta"):
                await client.say(Greeting)  # type: ignore[arg-type] # the mistake

    run(story())


def test_a_message_that_cannot_be_encoded_is_an_error() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, desk_client(gateway.url) as client:
            visitor = Visitor()
            visitor.arrived_at.seconds = 10**15
            with pytest.raises(FrameError, match="cannot be encoded"):
                await client.enter(visitor)

    run(story())


def test_sends_arrive_in_the_order_in_which_they_were_begun() -> None:
    async def story() -> None:
        frames = Frames()
        async with server(frames) as url, desk_client(url) as client:
            sizes = [10, 100_000, 10, 33_000, 10]
            await asyncio.gather(*(client.say(said(f"{index} {'x' * size}")) for index, size in enumerate(sizes)))
            await until(lambda: len([frame for frame in frames.frames if frame.fin]) == len(sizes))
        starts = [frame.data[:40] for frame in frames.frames if frame.opcode is Opcode.TEXT]
        assert [bytes(start).partition(b'"text":"')[2][:1] for start in starts] == [b"0", b"1", b"2", b"3", b"4"]

    run(story())


def test_the_handshake_offers_no_extension_and_has_pushwires_user_agent() -> None:
    requests: list[str] = []

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())

    async def story() -> None:
        async with server(visit) as url:
            with pytest.raises(Exception, match="not connected"):
                await desk_client(url, subprotocols=["chat", "older"])
        (request,) = requests
        assert "sec-websocket-extensions" not in request
        assert "\r\nuser-agent: pushwire/" in request
        assert "\r\nsec-websocket-protocol: chat, older\r\n" in request

    run(story())


def test_before_it_is_opened_and_after_it_is_closed_nothing_can_be_sent() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client = desk_client(gateway.url)
            with pytest.raises(ClientClosedError, match="Say not sent: the client is not open yet: use `async with`"):
                await client.say(said("too early"))
            async with client:
                await client.leave()
            with pytest.raises(ClientClosedError, match="Say not sent: the client is closed"):
                await client.say(said("too late"))

    run(story())


def test_at_most_max_queued_sends_wait_while_there_is_no_connection() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:
            clock = gateway.gateway.clock
            options: dict[str, Any] = {"backoff": PATIENT, "max_queued": 3, "clock": clock, "random": lambda: 0.5}
            async with desk_client(gateway.url, **options) as client:
                gateway.drop()
                await until(lambda: client.status.state is State.RECONNECTING)
                waiting = [asyncio.ensure_future(client.say(said(str(number)))) for number in range(3)]
                await until(lambda: client.status.queued == 3)
                with pytest.raises(SendQueueFullError) as caught:
                    await client.say(said("too much"))
                assert (caught.value.operation, caught.value.max_queued) == (DeskOperations.say, 3)
                assert "3 sends are queued already" in str(caught.value)
                assert not any(send.done() for send in waiting)
                await gateway.advance(500)
                await asyncio.gather(*waiting)
                await until(lambda: len(desk.heard) == 3)
                assert client.status.queued == 0

    run(story())


def test_what_may_have_left_behind_pongs_is_not_sent_again() -> None:
    visits, go_on, heard = itertools.count(), asyncio.Event(), list[bytes]()

    def hear(protocol: ServerProtocol, data: bytes) -> bool:
        protocol.receive_data(data)
        texts = [
            event for event in protocol.events_received() if isinstance(event, Frame) and event.opcode is Opcode.TEXT
        ]
        heard.extend(bytes(frame.data) for frame in texts)
        return bool(texts)

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_first = next(visits) == 0
        protocol = await handshake(reader)
        flush(protocol, writer)
        if is_first:
            writer.transport.pause_reading()  # type: ignore[attr-defined] # it is one for reading too
            for _ in range(100):  # their pongs fill all buffers between client and server
                protocol.send_ping(b"p" * 125)
            pings = b"".join(protocol.data_to_send())
            while not go_on.is_set():
                writer.write(pings)
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(pings * 100)  # and of these behind the message
            await writer.drain()
            writer.transport.resume_reading()  # type: ignore[attr-defined]
        while data := await reader.read(4_096):
            if hear(protocol, data) and is_first:
                writer.transport.abort()
                return
            flush(protocol, writer)
            if protocol.close_rcvd is not None:
                return

    async def story() -> None:
        async with server(visit) as url, desk_client(url) as client:
            websocket = open_websocket(client)
            websocket.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 4_096)
            await until(lambda: websocket._is_paused)
            sending = asyncio.ensure_future(client.say(said("once")))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            go_on.set()
            with pytest.raises(ConnectionLostError) as caught:
                await sending
            assert caught.value.maybe_received
            await until_open(client, 2)
        assert heard == [encode(DeskOperations.say, said("once"))]

    run(story())


def test_a_send_that_is_cancelled_while_it_waits_is_not_sent() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:
            options: dict[str, Any] = {"backoff": PATIENT, "clock": gateway.gateway.clock, "random": lambda: 0.5}
            async with desk_client(gateway.url, **options) as client:
                gateway.drop()
                await until(lambda: client.status.state is State.RECONNECTING)
                first, second, third = (asyncio.ensure_future(client.say(said(text))) for text in ("1", "2", "3"))
                await until(lambda: client.status.queued == 3)
                second.cancel()
                await until(lambda: client.status.queued == 2)
                await gateway.advance(500)
                await asyncio.gather(first, third)
                await until_open(client, 2)
                await gateway.settled()
                assert sorted(desk.heard) == ["1", "3"]
                assert second.cancelled()

    run(story())


def test_what_is_sent_when_the_client_is_being_closed_is_still_written() -> None:
    async def story() -> None:
        frames = Frames()
        async with server(frames) as url:
            async with desk_client(url) as client:
                sends = [asyncio.ensure_future(client.say(said(str(number)))) for number in range(100)]
                await asyncio.sleep(0)
            await asyncio.gather(*sends)
        assert frames.text().count(b"route") == 100
        assert frames.frames[-1].opcode is Opcode.CLOSE

    run(story())


def test_payloads_are_logged_at_debug_only_and_elided(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, desk_client(gateway.url) as client:
            answer = client.wait_for_say()
            await client.say(said("x" * 1_000))
            await answer

    with caplog.at_level(logging.INFO, "pushwire.client"):
        run(story())
    assert "xxx" not in caplog.text
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "pushwire.client"):
        run(story())
    assert "xxx" in caplog.text
    assert "x" * 250 not in caplog.text


def test_a_message_of_no_fields_takes_none() -> None:
    async def story() -> None:
        frames = Frames()
        async with server(frames) as url, desk_client(url) as client:
            await client.leave()
            await until(lambda: frames.frames)
            assert frames.text() == encode(DeskOperations.leave, empty_pb2.Empty())

    run(story())


def test_a_client_says_where_to() -> None:
    with pytest.raises(TypeError, match=r"DeskClient\(\) requires a URL, or connection= to share a connection"):
        DeskClient()
