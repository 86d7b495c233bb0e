"""Events of `$disconnect` have API Gateway's close codes and reasons."""

import socket
import struct

import pytest

from tests.gateway.world import SECONDS, Recorder, client, handshake, masked, raw_socket, serving, visit


@pytest.mark.parametrize(
    ("close_frame", "code", "reason"),
    [
        (b"", 1005, "Client-side close frame status not set"),
        ((1000).to_bytes(2, "big"), 1000, ""),
        ((1000).to_bytes(2, "big") + b"bye", 1000, "bye"),
        ((1001).to_bytes(2, "big"), 1001, ""),
        ((4001).to_bytes(2, "big") + "müde".encode(), 4001, "müde"),
        ((4002).to_bytes(2, "big"), 4002, ""),
    ],
)
def test_a_close_frame_gives_its_code_and_reason(close_frame: bytes, code: int, reason: str) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, raw_socket(gateway) as sock:
        sock.sendall(handshake(gateway) + masked(0x88, close_frame))
        recorder.next("CONNECT")
        context = recorder.next("DISCONNECT")["requestContext"]
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (code, reason)


@pytest.mark.parametrize("linger", [True, False], ids=["reset", "end of stream"])
def test_a_connection_that_just_ends_is_1006(linger: bool) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway:
        with raw_socket(gateway) as sock:
            sock.sendall(handshake(gateway))
            recorder.next("CONNECT")
            assert sock.recv(1_000).startswith(b"HTTP/1.1 101 ")
            if linger:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        context = recorder.next("DISCONNECT")["requestContext"]
    assert context["disconnectStatusCode"] == 1006
    assert context["disconnectReason"]


def test_without_a_disconnect_route_nothing_runs() -> None:
    recorder = Recorder()
    with serving(recorder, omit_routes=("$disconnect",)) as gateway:
        visit(gateway)
        recorder.next("CONNECT")
    assert recorder.nothing_more()


def test_a_failing_disconnect_handler_harms_nobody() -> None:
    recorder = Recorder(DISCONNECT=lambda _event: 1 / 0)
    with serving(recorder) as gateway:
        visit(gateway)
        recorder.next("CONNECT")
        recorder.next("DISCONNECT")
        with client(gateway) as ws:
            ws.send("fine")
            recorder.next("CONNECT")
            assert recorder.next("MESSAGE")["body"] == "fine"


def test_a_peer_that_never_answers_the_close_is_dropped() -> None:
    from pushwire.gateway import GatewaySettings
    from pushwire.gateway.settings import Limits

    recorder = Recorder()
    settings = GatewaySettings(limits=Limits(close_seconds=0.05))
    with serving(recorder, settings=settings) as gateway, raw_socket(gateway) as sock:
        sock.sendall(handshake(gateway) + masked(0x82, b"binary"))
        recorder.next("CONNECT")
        recorder.next("DISCONNECT")
        sock.settimeout(SECONDS)
        # The test keeps its side open. The gateway closes its side: bytes, then EOF, then errors for sent bytes.
        while sock.recv(65_536):
            pass
        with pytest.raises(OSError):  # noqa: PT011, PT012 - reset or broken pipe, whichever the system says
            while True:
                sock.sendall(b"x")
