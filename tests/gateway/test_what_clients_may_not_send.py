"""Binary frames, frames over 32 KB, messages over 128 KB, and malformed frames."""

import contextlib

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.gateway.world import SECONDS, Recorder, client, handshake, masked, raw_socket, serving


def closed_with(ws: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        ws.recv(SECONDS)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def pieces(size: int, count: int) -> list[bytes]:
    return [b"x" * size] * count


def test_a_binary_frame_closes_with_1003() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        recorder.next("CONNECT")
        ws.send(b"\x00\x01")
        assert closed_with(ws) == 1003
        assert recorder.next("DISCONNECT")["requestContext"]["disconnectStatusCode"] == 1003
    assert recorder.nothing_more()


def test_a_frame_of_32768_bytes_is_the_largest() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        recorder.next("CONNECT")
        ws.send("x" * 32_768)
        assert len(recorder.next("MESSAGE")["body"]) == 32_768
        ws.send("x" * 32_769)
        assert closed_with(ws) == 1009
        context = recorder.next("DISCONNECT")["requestContext"]
        assert (context["disconnectStatusCode"], context["disconnectReason"]) == (1009, "Message too big")


def test_a_message_of_131072_bytes_in_fragments_is_the_largest() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        recorder.next("CONNECT")
        ws.send(pieces(32_768, 4), text=True)
        assert len(recorder.next("MESSAGE")["body"]) == 131_072
        with contextlib.suppress(ConnectionClosed):  # by the time the library ends the message with an empty fragment
            ws.send([*pieces(32_768, 4), b"x"], text=True)
        assert closed_with(ws) == 1009
        assert recorder.next("DISCONNECT")["requestContext"]["disconnectStatusCode"] == 1009


def test_fragments_are_put_together_also_when_cut_inside_a_character() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        recorder.next("CONNECT")
        raw = "größe".encode()
        ws.send([raw[:3], raw[3:4], raw[4:]], text=True)
        assert recorder.next("MESSAGE")["body"] == "größe"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (masked(0x81, b"\xff\xfe"), 1007),
        (b"\x81\x02hi", 1002),  # not masked
        (masked(0x80, b"x"), 1002),  # a continuation of nothing
        (masked(0xC1, b"x"), 1002),  # a reserved bit: compression that was not agreed
        (masked(0x83, b"x"), 1002),  # an opcode that does not exist
        (masked(0x88, (999).to_bytes(2, "big")), 1002),  # a close code that does not exist
        (masked(0x82, b""), 1003),
        (masked(0x81, b"x" * 32_769)[:14], 1009),  # the header is enough
    ],
)
def test_frames_against_the_protocol_close_with_its_code(frame: bytes, code: int) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, raw_socket(gateway) as sock:
        sock.sendall(handshake(gateway) + frame)
        recorder.next("CONNECT")
        received = b""
        while part := sock.recv(65_536):
            received += part
        assert received.partition(b"\r\n\r\n")[2][2:4] == code.to_bytes(2, "big")
        assert recorder.next("DISCONNECT")["requestContext"]["disconnectStatusCode"] == code


def test_messages_before_the_one_that_breaks_a_rule_are_still_delivered() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, raw_socket(gateway) as sock:
        sock.sendall(handshake(gateway) + masked(0x81, b"good") + masked(0x82, b"bad") + masked(0x81, b"late"))
        recorder.next("CONNECT")
        found = [recorder._events.get(timeout=SECONDS) for _ in range(2)]
    bodies = sorted(event.get("body", "gone") for event in found)
    assert bodies == ["gone", "good"]
    assert recorder.nothing_more()
