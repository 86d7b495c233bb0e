"""For any received bytes, the result is a status from a short list or a closed connection."""

import itertools
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire.gateway import GatewaySettings
from pushwire.gateway._wire.http11 import ContinueExpected, HttpRequest, ReaderEvent, RejectedRequest, RequestReader
from pushwire.gateway.settings import Limits
from tests.gateway.world import Recorder, client, exchange, handshake, raw_socket, read_to_end, serving

GET = b"GET /local HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /local/@connections/R0oXAdfD0kwCH6w= HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x00\x01\x02\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # TLS to a plain port
        (b"GET\r\n\r\n", 400),
        (b"GET /local HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"GET /local HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET /local HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /local HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n", 400),
        (b"GET /local HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),  # request smuggling
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n", 400),
        (POST + b"Expect: magic\r\nContent-Length: 1\r\n\r\nx", 417),
        (b"GET /" + b"a" * 4_096 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /local HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 16_400 + b"\r\n\r\n", 431),
        (b"GET /local HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 10_000 + b"\r\n", 431),
        (b"GET /" + b"a" * 100_000, 431),  # a head that never ends
        (b"GET /local HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000, 431),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + b"a" * 20_000 + b"\r\n\r\n", 431),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_is_refused_is_refused_with_a_status_and_a_close(request_bytes: bytes, status: int) -> None:
    with serving(Recorder()) as gateway:
        answer = exchange(gateway, request_bytes)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Connection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1") == 1


def test_a_huge_body_is_thrown_away_and_answered_413_on_a_connection_that_lives() -> None:
    with serving(Recorder()) as gateway:
        answer = exchange(gateway, POST + b"Content-Length: 2000000\r\n\r\n" + bytes(2_000_000) + GET)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"x-amzn-ErrorType: PayloadTooLargeException\r\n" in answer
    assert b"HTTP/1.1 426 " in answer


def test_a_body_without_end_is_cut_off() -> None:
    settings = GatewaySettings(limits=Limits(discard_bytes=300_000))
    with serving(Recorder(), settings=settings) as gateway:
        answer = exchange(
            gateway, POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"400\r\n" + bytes(1_024) + b"\r\n") * 400
        )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close\r\n" in answer


def test_a_client_that_stops_in_the_middle_of_a_request_is_answered_408() -> None:
    settings = GatewaySettings(limits=Limits(request_seconds=0.05))
    with serving(Recorder(), settings=settings) as gateway, raw_socket(gateway) as sock:
        sock.sendall(POST)
        assert read_to_end(sock).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("first", [b"", GET])
def test_a_connection_that_asks_nothing_is_closed(first: bytes) -> None:
    settings = GatewaySettings(limits=Limits(request_seconds=0.05, idle_seconds=0.05))
    with serving(Recorder(), settings=settings) as gateway, raw_socket(gateway) as sock:
        sock.sendall(first)
        assert read_to_end(sock).count(b"HTTP/1.1 ") == (1 if first else 0)


def test_a_websocket_client_may_be_silent_for_longer_than_any_http_limit() -> None:
    settings = GatewaySettings(limits=Limits(request_seconds=0.02, idle_seconds=0.02))
    recorder = Recorder()
    with serving(recorder, settings=settings) as gateway, client(gateway) as ws:
        for _ in range(5):  # each takes the gateway past its limits once
            with raw_socket(gateway) as sock:
                assert read_to_end(sock) == b""
        ws.send("still here")
        recorder.next("CONNECT")
        assert recorder.next("MESSAGE")["body"] == "still here"


def test_requests_in_one_packet_are_answered_in_order() -> None:
    with serving(Recorder()) as gateway:
        answer = exchange(gateway, GET + POST + b"Content-Length: 1\r\n\r\nx" + GET.replace(b"local", b"other") + GET)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"426", b"410", b"403", b"426"]


def test_connection_close_and_http_1_0_end_the_connection() -> None:
    with serving(Recorder()) as gateway:
        for request in (GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), GET.replace(b"1.1", b"1.0")):
            with raw_socket(gateway) as sock:
                sock.sendall(request + GET)
                assert read_to_end(sock).count(b"HTTP/1.1 426 ") == 1


def test_an_upgrade_to_something_else_is_ignored() -> None:
    h2c = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"
    with serving(Recorder()) as gateway:
        answer = exchange(
            gateway,
            POST + h2c + b"Content-Length: 1\r\n\r\nx" + GET.replace(b"\r\n\r\n", b"\r\n" + h2c + b"\r\n") + GET,
        )
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"410", b"426", b"426"]


def test_a_body_behind_an_ignored_upgrade_is_the_body() -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi"
    expected, request = read(POST + upgrade)
    assert expected == ContinueExpected()
    assert isinstance(request, HttpRequest)
    assert (request.body, request.websocket) == (b"hi", False)


def test_a_head_response_has_no_body() -> None:
    with serving(Recorder()) as gateway:
        answer = exchange(gateway, GET.replace(b"GET", b"HEAD"))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"\r\n\r\n")


def test_a_connect_request_for_a_tunnel_is_refused() -> None:
    with serving(Recorder()) as gateway:
        answer = exchange(gateway, b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ")


def test_a_handshake_in_pieces_of_one_byte_works() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, raw_socket(gateway) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in handshake(gateway):
            sock.sendall(bytes([byte]))
        recorder.next("CONNECT")
        assert sock.recv(1_000).startswith(b"HTTP/1.1 101 ")


def read(*pieces: bytes) -> list[ReaderEvent]:
    reader = RequestReader(Limits())
    return [event for piece in pieces for event in reader.feed(piece)]


FRAGMENTS = [
    GET,
    POST,
    b"Content-Length: 3\r\n\r\n",
    b"abc",
    b"Transfer-Encoding: chunked\r\n\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
]
FRAGMENTS += [b"Expect: 100-continue\r\n", b"\r\n", b"Host: y\r\n"]
FRAGMENTS += [b"Upgrade: websocket\r\nConnection: upgrade\r\n", b"Upgrade: h2c\r\nConnection: upgrade\r\n"]
BYTES = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=20), max_size=12).map(b"".join)


@given(BYTES)
def test_any_bytes_give_requests_and_at_most_one_refusal_which_is_the_last(data: bytes) -> None:
    events = read(data)
    refusals = [event for event in events if isinstance(event, RejectedRequest)]
    assert len(refusals) <= 1
    assert not refusals or events[-1] is refusals[0]
    assert all(event.status in {400, 405, 413, 414, 417, 431} for event in refusals)


@given(BYTES, st.lists(st.integers(min_value=0, max_value=400)))
def test_how_the_bytes_are_cut_does_not_matter(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert read(*pieces) == read(data)


@given(st.binary(max_size=500), st.integers(min_value=1, max_value=50))
def test_a_chunked_body_is_put_together(body: bytes, size: int) -> None:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    encoded = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    (request,) = read(POST + b"Transfer-Encoding: chunked\r\n\r\n" + encoded + b"0\r\n\r\n")
    assert isinstance(request, HttpRequest)
    assert request.body == body
    assert request.headers == (("Host", "x"), ("Transfer-Encoding", "chunked"))
