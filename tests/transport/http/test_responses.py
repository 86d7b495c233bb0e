"""The reply parser alone: what is a reply, however it arrives, and that nothing else is taken for one."""

import contextlib
import http.client
import io
import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire.transport.http._responses import MalformedResponseError, Response, ResponseParser

STATUSES = st.integers(200, 599).filter(lambda status: status not in {204, 304})
BODIES = st.binary(max_size=300)


def in_any_case(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name.lower(), name.upper(), name.title()])


@st.composite
def replies(draw: st.DrawFn) -> tuple[bytes, int, bytes]:
    """A reply as bytes, its status and its body."""
    status, body = draw(STATUSES), draw(BODIES)
    others = draw(
        st.lists(
            st.sampled_from(["Date: Tue, 24 Nov 2026 06:18:28 GMT", "x-amzn-RequestId: 0b", "X-Empty:", "Via:a, b"]),
            max_size=3,
        )
    )
    if draw(st.booleans()):
        framing, content = f"{draw(in_any_case('Content-Length'))}: {len(body)}", body
    else:
        framing, content = f"{draw(in_any_case('Transfer-Encoding'))}:  chunked", draw(chunked(body))
    lines = draw(st.permutations([framing, *others]))
    reason = draw(st.sampled_from([" OK", "", " ", " Not here, not now"]))
    interim = draw(
        st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
    )
    head = "\r\n".join([f"HTTP/1.1 {status}{reason}", *lines, "", ""])
    return interim + head.encode() + content, status, body


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
    pieces = [body[start:end] for start, end in itertools.pairwise([0, *cuts, len(body)]) if end > start]
    extension = draw(st.sampled_from([b"", b";a=b", b" ; c"]))
    trailers = draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: 1\r\nB: 2\r\n"]))
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
    return chunks + b"0\r\n" + trailers + b"\r\n"


def pieces_of(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    return [data[start:end] for start, end in itertools.pairwise([0, *sorted(cuts), len(data)])]


def read(pieces: Iterable[bytes], parser: ResponseParser | None = None) -> Response | None:
    parser = parser or ResponseParser()
    reply = None
    for piece in pieces:
        assert reply is None, "a reply ends with its last byte"
        reply = parser.feed(piece)
    return reply


@given(reply=replies(), data=st.data())
def test_a_reply_is_the_same_however_it_arrives(reply: tuple[bytes, int, bytes], data: st.DataObject) -> None:
    sent, status, body = reply
    cuts = data.draw(st.lists(st.integers(1, len(sent) - 1), max_size=5, unique=True))
    expected = Response(status, body, complete=True, must_close=False)
    assert read([sent]) == expected
    assert read(pieces_of(sent, cuts)) == expected
    assert read(pieces_of(sent, range(1, len(sent)))) == expected


class _Socket:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


@given(reply=replies().filter(lambda reply: b" 103 " not in reply[0]))  # which the library does not skip
def test_it_is_the_reply_that_the_standard_library_reads(reply: tuple[bytes, int, bytes]) -> None:
    sent, _, _ = reply
    theirs = http.client.HTTPResponse(_Socket(sent))  # type: ignore[arg-type]
    theirs.begin()
    ours = read([sent])
    assert ours is not None
    assert (ours.status, ours.body) == (theirs.status, theirs.read())


@given(reply=replies(), more=st.binary(min_size=1, max_size=50))
def test_bytes_after_the_end_make_it_the_last(reply: tuple[bytes, int, bytes], more: bytes) -> None:
    sent, status, body = reply
    assert read([sent + more]) == Response(status, body, complete=True, must_close=True)


@given(first=replies(), second=replies())
def test_two_replies_to_one_request_are_one_and_the_last(
    first: tuple[bytes, int, bytes], second: tuple[bytes, int, bytes]
) -> None:
    sent, status, body = first
    assert read([sent + second[0]]) == Response(status, body, complete=True, must_close=True)


@given(reply=replies(), data=st.data())
def test_a_reply_that_is_cut_has_its_status_once_its_head_complete(
    reply: tuple[bytes, int, bytes], data: st.DataObject
) -> None:
    sent, status, body = reply
    cut = data.draw(st.integers(0, len(sent) - 1))
    head = sent.index(b"\r\n\r\n", sent.index(b"HTTP/1.1 %d" % status)) + 4
    parser = ResponseParser()
    assert parser.feed(sent[:cut]) is None
    if cut < head:
        assert parser.partial_response() is None
        with pytest.raises(MalformedResponseError):
            parser.end()
    else:
        ended = parser.end()
        assert (ended.status, ended.complete, ended.must_close) == (status, False, True)
        assert body.startswith(ended.body)
        assert parser.partial_response() == ended


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body_whatever_their_headers_say(status: int) -> None:
    assert read([b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status]) == Response(status, b"", True, False)
    assert read([b"HTTP/1.1 %d X\r\n\r\n" % status]) == Response(status, b"", True, False)
    assert read([b"HTTP/1.1 %d X\r\n\r\n{}" % status]) == Response(status, b"", True, True)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncOnNeCtIoN: keep-alive, Close\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_a_server_that_closes_says_so(head: bytes) -> None:
    assert read([head + b"{}"]) == Response(200, b"{}", complete=True, must_close=True)


def test_a_reply_without_a_length_ends_with_the_connection() -> None:
    parser = ResponseParser()
    assert read([b"HTTP/1.1 502 Bad Gateway\r\n\r\n<ht", b"ml>"], parser) is None
    assert parser.end() == Response(502, b"<html>", complete=True, must_close=True)


def test_a_parser_reads_one_reply_after_another() -> None:
    parser = ResponseParser()
    for status in (200, 410, 200):
        parser.start()
        assert read([b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status], parser) == Response(
            status, b"", True, False
        )


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 600 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 +20 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: folded\r\n Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_reply_is_refused_with_its_last_byte_or_before(sent: bytes) -> None:
    with pytest.raises(MalformedResponseError):
        read([sent])
    parser = ResponseParser()
    with pytest.raises(MalformedResponseError):
        read([sent[i : i + 1] for i in range(len(sent))], parser)
    assert parser.partial_response() is None


@pytest.mark.parametrize(
    "body",
    [
        b"z\r\n",
        b"-1\r\n",
        b"123456789\r\n",
        b"2\r\n{}}}",
        b"2\r\n{}\r\nx\r\n",
        b"\r\n",
        b";\r\n",
        b"5" * 300,
        b"0\r\n" + b"X: y\r\n" * 4_000,
    ],
)
def test_of_a_body_in_broken_chunks_the_status_remains(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply = read([head + body])
    assert reply is not None
    assert (reply.status, reply.complete, reply.must_close) == (200, False, True)


@pytest.mark.parametrize(
    ("framing", "piece"),
    [
        (b"Content-Length: 999999999\r\n\r\n", b"x" * 1_000),
        (b"\r\n", b"x" * 1_000),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"3e8\r\n" + b"x" * 1_000 + b"\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n4000001\r\n", b"x" * 1_000),
    ],
)
def test_of_a_body_without_end_so_much_is_read_and_no_more(framing: bytes, piece: bytes) -> None:
    parser = ResponseParser()
    reply = parser.feed(b"HTTP/1.1 200 OK\r\n" + framing)
    for _ in range(20):
        reply = reply or parser.feed(piece)
    assert reply is not None
    assert (reply.status, reply.complete, reply.must_close) == (200, False, True)
    assert len(reply.body) <= 16_384


@pytest.mark.parametrize("extra", [0, 1])
def test_chunks_up_to_the_limit_are_whole_and_one_byte_more_is_cut(extra: int) -> None:
    size = 16_384 + extra
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply = ResponseParser().feed(head + b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size))
    assert reply is not None
    assert (reply.body, reply.complete) == (b"x" * 16_384, not extra)


def fed(pieces: Iterable[bytes]) -> list[object]:
    """What a connection would make of these: it ends with the first reply, error, or the end."""
    parser = ResponseParser()
    try:
        for piece in pieces:
            reply = parser.feed(piece)
            if reply is not None:
                return [reply]
        return [parser.end()]
    except MalformedResponseError as error:
        return [str(error)]


@given(pieces=st.lists(st.binary(max_size=100), max_size=20))
def test_any_bytes_end_in_a_reply_or_an_error(pieces: list[bytes]) -> None:
    assert len(fed(pieces)) == 1


@given(reply=replies(), data=st.data())
def test_a_damaged_reply_ends_in_a_reply_or_an_error(reply: tuple[bytes, int, bytes], data: st.DataObject) -> None:
    damaged = bytearray(reply[0])
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(damaged) - 1))
        what = data.draw(st.sampled_from([b"", b"\r", b"\n", b"\r\n", b"\0", b":", b" ", b"\xff", b"9"]))
        damaged[where : where + data.draw(st.integers(0, 2))] = what
        if not damaged:
            break
    pieces = [bytes(damaged[start : start + 7]) for start in range(0, len(damaged), 7)]
    (whole,), (in_pieces,) = fed([bytes(damaged)]), fed(pieces)
    if isinstance(whole, Response) and isinstance(in_pieces, Response):
        assert whole.status == in_pieces.status
    else:
        assert type(whole) is type(in_pieces)


def test_nothing_is_left_of_a_reply_when_the_next_begins() -> None:
    parser = ResponseParser()
    with contextlib.suppress(MalformedResponseError):
        parser.feed(b"HTTP/1.1 500 X\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nContent-Le")
    parser.start()
    assert parser.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == Response(200, b"", True, False)


@pytest.mark.parametrize(("extra", "is_read"), [(0, True), (1, False)], ids=["the largest head", "one byte more"])
def test_a_head_has_a_limit(extra: int, is_read: bool) -> None:
    start, end = b"HTTP/1.1 200 OK\r\nX-Long: ", b"\r\nContent-Length: 0\r\n\r\n"
    head = start + b"x" * (16_384 - len(start) - len(end) + extra) + end
    parser = ResponseParser()
    if is_read:
        response = read([head], parser)
        assert response is not None
        assert response.status == 200
    else:
        with pytest.raises(MalformedResponseError):
            read([head], parser)


@pytest.mark.parametrize(("extra", "is_read"), [(0, False), (1, True)], ids=["the most that is kept", "one byte more"])
def test_trailers_without_an_end_have_a_limit(extra: int, is_read: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    trailers = b"0\r\nX-Long: "
    response = read([head, trailers + b"x" * (16_384 - len(trailers) + extra)], ResponseParser())
    if is_read:
        assert response is not None
        assert response.must_close
    else:
        assert response is None
