"""A broadcast to a server that answers in 32 ways: one outcome for each id, and it is the one of its own request."""

import threading
from collections import Counter
from typing import Literal, NamedTuple
from urllib.parse import unquote

import pytest
from tests.support.fault_server import Exchange, FaultServer
from tests.transport.implementations import Implementation

from pushwire import ConnectionGoneError, ForbiddenError, InvalidConnectionIdError, SendError, UnavailableError
from pushwire.errors import PayloadTooLargeError
from pushwire.transport.protocol import FanOutOptions

DATA = b'{"route":"A","payload":{}}'
MAX_ATTEMPTS = 5


class Kind(NamedTuple):
    """One way to answer.

    Attributes:
        response: The bytes that are sent; `ID` stands for the connection id.
        end: What happens to the connection then.
        outcome: The error of the post; `None` where it is accepted in the end.
        status: The status that the client has to see; `None` where the attempt has failed and is made again.
        piece: The number of bytes that are sent at once.
        again: Whether each attempt gets this answer, and not only the first.
    """

    response: bytes
    end: Literal["keep", "close", "reset", "stall"] = "keep"
    outcome: type[SendError] | None = None
    status: int | None = None
    piece: int = 1_000
    again: bool = False


def whole(status: int, body: bytes = b"", *headers: bytes) -> bytes:
    length = len(body.replace(b"ID", b"c123456="))
    lines = [b"HTTP/1.1 %d Reason" % status, b"Content-Length: %d" % length, *headers, b"", b""]
    return b"\r\n".join(lines) + body


def refusal(status: int) -> bytes:
    return whole(status, b'{"message":"answer to ID"}', b"Content-Type: application/json")


OK = whole(200)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nbye"
GONE = ConnectionGoneError

KINDS = {
    # Accepted.
    "plain": Kind(OK, status=200),
    "with a body": Kind(whole(200, b"{}"), status=200),
    "byte by byte": Kind(whole(200, b"{}"), status=200, piece=1),
    "lower-case headers": Kind(OK.lower().replace(b"http", b"HTTP"), status=200),
    "no content": Kind(b"HTTP/1.1 204 No Content\r\n\r\n", status=204),
    "chunked": Kind(CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", status=200),
    "chunked, with a trailer, in pieces": Kind(CHUNKED + b"2;x=y\r\n{}\r\n0\r\nA: b\r\n\r\n", status=200, piece=7),
    "after interim responses": Kind(b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + OK, status=200),
    "closed, as announced": Kind(whole(200, b"", b"Connection: close"), "close", status=200),
    "closed without a word": Kind(OK, "close", status=200),
    "until the connection is closed": Kind(UNTIL_CLOSED, "close", status=200),
    "cut in the body": Kind(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", "close", status=200),
    "followed by a response to nobody": Kind(OK + refusal(410), status=200),
    "followed by noise": Kind(OK + b"\x00\x01\r\n", status=200),
    # Refused for good.
    "refused: 400": Kind(refusal(400), "keep", InvalidConnectionIdError, 400),
    "refused: 403": Kind(refusal(403), "keep", ForbiddenError, 403),
    "refused: 404": Kind(refusal(404), "keep", SendError, 404),
    "refused: 410": Kind(refusal(410), "keep", GONE, 410),
    "refused: 410, in pieces": Kind(refusal(410), "keep", GONE, 410, piece=5),
    "refused: 410, after an interim response": Kind(b"HTTP/1.1 100 Go on\r\n\r\n" + refusal(410), "keep", GONE, 410),
    "refused: 410, and closed": Kind(refusal(410), "close", GONE, 410),
    "refused: 413": Kind(refusal(413), "keep", PayloadTooLargeError, 413),
    "redirected": Kind(refusal(302), "keep", SendError, 302),
    # Failed, and accepted when it is tried again.
    "throttled": Kind(refusal(429)),
    "failed": Kind(refusal(500)),
    "failed, as a proxy says it": Kind(whole(503, b"<html>later</html>", b"Content-Type: text/html"), "close"),
    "failed each time": Kind(refusal(504), "keep", UnavailableError, 504, again=True),
    "closed, and no answer": Kind(b"", "close"),
    "reset, and no answer": Kind(b"", "reset"),
    "reset in the head": Kind(b"HTTP/1.1 200 OK\r\nContent-", "reset"),
    "not HTTP": Kind(b"\x00\x01 what?\r\n\r\n", "close"),
    "no answer in time": Kind(b"", "stall"),
}
NAMES = list(KINDS)
assert len(NAMES) == 32
STALLED = 16
"""How many ids of all get no answer in time; the others of this kind get a plain one."""


def kind_of(connection_id: str) -> str:
    number = int(connection_id[1:-1])
    name = NAMES[number % len(NAMES)]
    return "plain" if name == "no answer in time" and number >= STALLED * len(NAMES) else name


class Server:
    """Answers by the kind of each id, and counts the requests and the answers of 2xx."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.successes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        connection_id = unquote(exchange.read().target.rpartition("/")[2])
        kind = KINDS[kind_of(connection_id)]
        with self._lock:
            self.requests[connection_id] += 1
            if self.requests[connection_id] > 1 and not kind.again:
                kind = KINDS["plain"]
            self.successes[connection_id] += kind.status in {200, 204}
        response = kind.response.replace(b"ID", connection_id.encode())
        for start in range(0, len(response), kind.piece):
            exchange.connection.sendall(response[start : start + kind.piece])
        if kind.end == "stall":
            exchange.server.released.wait(30)
        if kind.end == "reset":
            exchange.reset()
        if kind.end != "keep":
            raise ConnectionAbortedError


@pytest.mark.parametrize(("clients", "read_timeout"), [(320, 3), pytest.param(20_000, 20, marks=pytest.mark.at_length)])
def test_each_id_gets_the_outcome_of_its_own_request_whatever_the_server_does(
    clients: int, read_timeout: float, implementation: Implementation
) -> None:
    ids = [f"c{number:06}=" for number in range(clients)]
    outcomes: list[tuple[str, SendError | None]] = []
    behave = Server()
    with FaultServer(behave) as server:
        transport = implementation.connect(server.url, read_timeout=read_timeout, max_attempts=MAX_ATTEMPTS)
        unsent = transport.post_many(iter(ids), DATA, FanOutOptions(), lambda *outcome: outcomes.append(outcome))
    assert unsent == ()
    assert Counter(connection_id for connection_id, _ in outcomes) == Counter(ids)
    for connection_id in behave.successes:
        if kind_of(connection_id) == "cut in the body" and not implementation.is_http:
            # Old versions of botocore report an error for such a response, so there is a second attempt.
            behave.successes[connection_id] = min(1, behave.successes[connection_id])
    assert Counter(connection_id for connection_id, error in outcomes if error is None) == +behave.successes
    for connection_id, error in outcomes:
        kind = KINDS[kind_of(connection_id)]
        expected = type(None) if kind.outcome is None else kind.outcome
        assert type(error) is expected, (kind_of(connection_id), error)
        if error is None:
            continue
        assert error.connection_id == connection_id
        if kind.again:  # the last attempt may have met a connection that the server had just closed
            assert error.attempts == MAX_ATTEMPTS
        else:
            assert (error.status_code, behave.requests[connection_id]) == (kind.status, 1)
            assert f"answer to {connection_id}" in str(error)
