"""Servers that do not keep to HTTP, over real sockets: each call has its own outcome, in bounded time."""

import contextlib
import random
import socket
import struct
import threading

import pytest
from tests.support.fault_server import Behaviour, Exchange, FaultServer, answer, by_id, send
from tests.transport.implementations import Implementation

import pushwire
from pushwire import SendError
from pushwire.transport import Transport
from pushwire.transport.http._channel import Channel
from pushwire.transport.http._responses import Response
from pushwire.transport.protocol import FanOutOptions

CONNECTION_ID = "R0oXAdfD0kwCH6w="
ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"


def outcome(transport: Transport, connection_id: str = CONNECTION_ID, *, data: bytes = b"{}") -> SendError | None:
    try:
        transport.post(connection_id, data)
    except SendError as error:
        return error
    return None


@pytest.mark.parametrize(
    "sent",
    [
        ACCEPTED,
        b"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n",
        b"HTTP/1.1 200\r\nCONTENT-LENGTH:   2\t\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + ACCEPTED,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
def test_what_is_a_reply_is_accepted_and_its_connection_used_again(sent: bytes, http: Implementation) -> None:
    with FaultServer(send(sent)) as server:
        transport = http.connect(server.url)
        assert outcome(transport) is outcome(transport) is None
    assert server.connections == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n{}",
        ACCEPTED + GONE,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nwhat\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000,
    ],
)
def test_what_may_not_be_followed_by_another_is_not(sent: bytes, http: Implementation) -> None:
    with FaultServer(send(sent)) as server:
        transport = http.connect(server.url, max_attempts=1)
        assert outcome(transport) is outcome(transport) is None
    assert (server.connections, len(server.requests)) == (2, 2)


def test_a_second_reply_is_never_credited_to_another_request(http: Implementation) -> None:
    with FaultServer(send(ACCEPTED + GONE), answer(200)) as server:
        transport = http.connect(server.url)
        assert outcome(transport) is None
        assert outcome(transport) is None
    assert server.connections == 2


def test_a_second_reply_that_comes_while_the_connection_is_idle_closes_it(http: Implementation) -> None:
    def twice(exchange: Exchange) -> None:
        exchange.read()
        exchange.connection.sendall(ACCEPTED)
        exchange.connection.sendall(GONE)
        exchange.server.closed.release()

    with FaultServer(twice, answer(200)) as server:
        transport = http.connect(server.url)
        assert outcome(transport) is None
        assert server.closed.acquire(timeout=10)
        assert outcome(transport) is None
    assert server.connections == 2


def test_in_a_fan_out_each_reply_belongs_to_its_own_request(http: Implementation) -> None:
    """A server that answers twice, in one piece, must not have its second answer taken for the next id's."""
    statuses = {"even": ACCEPTED, "odd": GONE}
    ids = [f"{'even' if number % 2 == 0 else 'odd'}.{number}=" for number in range(60)]

    def answers(name: str) -> Behaviour:
        kind, _, number = name.partition(".")
        return send(statuses[kind] + (GONE + ACCEPTED if int(number) % 3 == 0 else b""))

    outcomes: dict[str, SendError | None] = {}
    with FaultServer(by_id(answers)) as server:
        transport = http.connect(server.url)
        transport.post_many(ids, b"{}", FanOutOptions(max_in_flight=4), outcomes.__setitem__)
    assert {name for name, error in outcomes.items() if error is None} == {name for name in ids if "even" in name}
    assert len(server.requests) == 60


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTT",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
    ],
)
def test_what_is_no_reply_is_unavailable_and_maybe_accepted(sent: bytes, http: Implementation) -> None:
    def behave(exchange: Exchange) -> None:
        send(sent)(exchange)
        exchange.connection.shutdown(socket.SHUT_WR)

    with FaultServer(behave) as server:
        error = outcome(http.connect(server.url, max_attempts=2))
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (2, True)
    assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("status", [200, 410, 500])
def test_of_a_reply_that_is_cut_in_its_body_the_status_counts(status: int, http: Implementation) -> None:
    expected = {200: type(None), 410: pushwire.ConnectionGoneError, 500: pushwire.UnavailableError}

    def cut(exchange: Exchange) -> None:
        send(b"HTTP/1.1 %d X\r\nContent-Length: 1000\r\n\r\n{" % status)(exchange)
        exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
        exchange.connection.shutdown(socket.SHUT_RDWR)

    with FaultServer(cut) as server:
        error = outcome(http.connect(server.url, max_attempts=1))
    assert type(error) is expected[status]
    assert len(server.requests) == 1


def test_a_body_that_does_not_come_in_time_is_not_waited_for_after_a_200(http: Implementation) -> None:
    def stall_in_the_body(exchange: Exchange) -> None:
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")(exchange)
        exchange.server.released.wait(30)
        raise ConnectionAbortedError

    with FaultServer(stall_in_the_body) as server:
        assert outcome(http.connect(server.url, read_timeout=0.2, max_attempts=1)) is None


def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_the_call(http: Implementation) -> None:
    has_sent_all = threading.Event()

    def drip(exchange: Exchange) -> None:
        exchange.read()
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10_000:
            exchange.connection.sendall(bytes([byte]))
            if exchange.server.released.wait(0.02):
                return
        has_sent_all.set()

    with FaultServer(drip) as server:
        error = outcome(http.connect(server.url, read_timeout=0.3, max_attempts=1))
        assert not has_sent_all.is_set()
    assert type(error) is pushwire.UnavailableError
    assert error.maybe_accepted


def test_a_server_that_takes_no_bytes_has_not_accepted(http: Implementation) -> None:
    """The frame does not fit into the sockets' buffers, so that the request never leaves whole."""

    def deaf(exchange: Exchange) -> None:
        exchange.server.released.wait(30)
        raise ConnectionAbortedError

    with FaultServer(deaf) as server:
        server.shrink_buffers()
        transport = http.connect(server.url, read_timeout=0.3, max_attempts=1)
        with pytest.raises(pushwire.UnavailableError) as caught:
            transport.post(CONNECTION_ID, b"x" * 20_000_000)
    assert not caught.value.maybe_accepted


@pytest.mark.parametrize("max_in_flight", [1, 3])
def test_a_frame_that_does_not_fit_into_the_buffers_arrives_whole(max_in_flight: int, http: Implementation) -> None:
    data = bytes(range(256)) * 4_000
    outcomes: dict[str, SendError | None] = {}
    with FaultServer(answer(200)) as server:
        server.shrink_buffers()
        transport = http.connect(server.url, read_timeout=30)
        transport.post(CONNECTION_ID, data)
        transport.post_many(["a=", "b=", "c="], data, FanOutOptions(max_in_flight), outcomes.__setitem__)
    assert outcomes == dict.fromkeys(["a=", "b=", "c="])
    assert [request.body == data for request in server.requests] == [True] * 4


def test_an_answer_before_the_end_of_the_request_is_its_answer(http: Implementation) -> None:
    def too_early(exchange: Exchange) -> None:
        exchange.connection.recv(1_000)
        exchange.connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        exchange.server.released.wait(30)
        raise ConnectionAbortedError

    outcomes: dict[str, SendError | None] = {}
    with FaultServer(too_early) as server:
        server.shrink_buffers()
        transport = http.connect(server.url)
        with pytest.raises(pushwire.PayloadTooLargeError):
            transport.post(CONNECTION_ID, b"x" * 20_000_000)
        transport.post_many(["a="], b"x" * 20_000_000, FanOutOptions(), outcomes.__setitem__)
    assert type(outcomes["a="]) is pushwire.PayloadTooLargeError
    assert server.connections == 2  # a connection with half a request on it is of no more use


def test_an_answer_before_a_reset_is_its_answer() -> None:
    """A server that does not read a large frame to its end answers, and closes."""
    mine, theirs = socket.socketpair()
    mine.setblocking(False)
    channel = Channel(mine)
    channel.start(b"POST /stage HTTP/1.1\r\n\r\n" + b"x" * 1_000_000)
    assert not channel.has_sent_all
    theirs.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
    theirs.shutdown(socket.SHUT_RDWR)
    assert channel.advance() == Response(413, b"", complete=True, must_close=True)
    channel.close()
    theirs.close()


def test_a_reset_without_an_answer_is_an_error() -> None:
    mine, theirs = socket.socketpair()
    mine.setblocking(False)
    channel = Channel(mine)
    channel.start(b"x" * 1_000_000)
    theirs.shutdown(socket.SHUT_RD)  # nothing more can be sent, and nothing has been received
    with pytest.raises(BrokenPipeError):
        channel.advance()
    channel.close()
    theirs.close()


def test_what_is_said_about_the_rest_of_a_request_answers_no_other(http: Implementation) -> None:
    def hasty(exchange: Exchange) -> None:
        exchange.connection.recv(1_000)
        exchange.connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        with contextlib.suppress(OSError):
            while data := exchange.connection.recv(65_536):
                if b"POST" in data:  # another request, behind the rest of the first one
                    exchange.connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        raise ConnectionAbortedError

    with FaultServer(hasty, answer(200)) as server:
        server.shrink_buffers()
        transport = http.connect(server.url)
        with pytest.raises(pushwire.ForbiddenError):
            transport.post(CONNECTION_ID, b"x" * 20_000_000)
        transport.post("b=", b"{}")


@pytest.mark.parametrize("many", [False, True])
def test_a_reset_in_the_middle_of_a_request_has_not_accepted(many: bool, http: Implementation) -> None:
    def cut(exchange: Exchange) -> None:
        exchange.connection.recv(1_000)
        exchange.reset()

    outcomes: dict[str, SendError | None] = {}
    with FaultServer(cut) as server:
        server.shrink_buffers()
        transport = http.connect(server.url, max_attempts=1)
        if many:
            transport.post_many(["a="], b"x" * 20_000_000, FanOutOptions(), outcomes.__setitem__)
            error = outcomes["a="]
        else:
            error = outcome(transport, data=b"x" * 20_000_000)
    assert type(error) is pushwire.UnavailableError
    assert not error.maybe_accepted


def test_a_get_whose_answer_is_cut_is_tried_again(http: Implementation) -> None:
    info = b'{"connectedAt":"2024-02-09T18:11:43Z","lastActiveAt":"2024-02-09T18:11:43Z","identity":{"sourceIp":"x"}}'

    def cut(exchange: Exchange) -> None:
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")(exchange)
        exchange.connection.shutdown(socket.SHUT_RDWR)

    with FaultServer(cut, answer(200, info)) as server:
        assert http.connect(server.url).get(CONNECTION_ID).source_ip == "x"
    assert len(server.requests) == 2


def test_a_bomb_of_nested_json_is_an_answer_without_a_reason(http: Implementation) -> None:
    with FaultServer(answer(410, b"[" * 16_000)) as server:
        error = outcome(http.connect(server.url))
    assert type(error) is pushwire.ConnectionGoneError
    assert error.reason == ""


def test_whatever_a_server_sends_ends_in_an_outcome(http: Implementation) -> None:
    """Damaged replies in random pieces; a good one after each shows that nothing was carried over."""
    random_source = random.Random(7)
    good = [ACCEPTED, GONE, b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"]

    def damaged() -> bytes:
        reply = bytearray(random_source.choice(good))
        for _ in range(random_source.randint(1, 6)):
            reply[random_source.randrange(len(reply))] = random_source.randrange(256)
        return bytes(reply[: random_source.randint(0, len(reply) + 5)])

    def behave(exchange: Exchange) -> None:
        send(damaged())(exchange)
        exchange.connection.shutdown(socket.SHUT_WR)
        exchange.server.closed.release()

    for _ in range(60):
        with FaultServer(behave, answer(204)) as server:
            transport = http.connect(server.url, max_attempts=1, read_timeout=1.0)
            first = outcome(transport)
            assert first is None or first.attempts == 1
            assert server.closed.acquire(timeout=10)
            assert outcome(transport) is None
