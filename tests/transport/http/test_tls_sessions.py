"""TLS without a socket: whatever pieces it arrives in, what is opened is what was sealed, and nothing else."""

import asyncio
import contextlib
import itertools
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.authority import Authority

from pushwire.transport.http.async_channel import AsyncChannel
from pushwire.transport.http.tls import client_context
from pushwire.transport.http.tls_session import TlsSession

HOST = "127.0.0.1"


class Peer:
    """The server's side, by the standard library."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def greet(self, received: bytes) -> bytes:
        self.incoming.write(received)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.object.do_handshake()
        return self.outgoing.read()

    def seal(self, data: bytes) -> bytes:
        while data:
            data = data[self.object.write(data) :]
        return self.outgoing.read()

    def open(self, received: bytes) -> bytes:
        self.incoming.write(received)
        opened = b""
        try:
            while True:
                opened += self.object.read(65_536)
        except ssl.SSLWantReadError:
            return opened

    def end(self) -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            self.object.unwrap()
        return self.outgoing.read()


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"], scope="module")
def contexts(request: pytest.FixtureRequest, authority: Authority) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
        ours, theirs = client_context(), authority.server(HOST)
    theirs.minimum_version = theirs.maximum_version = request.param
    return ours, theirs


@pytest.fixture
def pair(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> tuple[TlsSession, Peer]:
    return connected(contexts)


def connected(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> tuple[TlsSession, Peer]:
    session, peer = TlsSession(contexts[0], HOST), Peer(contexts[1])
    is_done = session.handshake()
    answer = b""
    while not is_done:
        answer = peer.greet(session.to_send())
        is_done = session.handshake(answer)
    rest = peer.greet(session.to_send())  # the tickets of TLS 1.3
    assert session.open(memoryview(rest)) == b""
    assert session.to_send() == b""
    return session, peer


@pytest.mark.parametrize("size", [1, 16_384, 16_385, 131_072])
def test_what_is_sealed_is_opened_by_the_peer(size: int, pair: tuple[TlsSession, Peer]) -> None:
    session, peer = pair
    data = bytes(number % 251 for number in range(size))
    assert peer.open(session.seal(data)) == data


@given(data=st.data(), messages=st.lists(st.binary(min_size=1, max_size=40_000), min_size=1, max_size=3))
def test_what_comes_in_any_pieces_is_opened_whole(
    data: st.DataObject, messages: list[bytes], contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    session, peer = connected(contexts)
    sealed = b"".join(peer.seal(message) for message in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sealed)), max_size=8), label="cuts"))
    bounds = [0, *cuts, len(sealed)]
    pieces = [sealed[start:end] for start, end in itertools.pairwise(bounds)]
    assert b"".join(session.open(memoryview(piece)) for piece in pieces) == b"".join(messages)
    assert not session.has_ended


def test_the_end_is_learned_with_what_comes_before_it(pair: tuple[TlsSession, Peer]) -> None:
    session, peer = pair
    assert session.open(memoryview(peer.seal(b"the last") + peer.end())) == b"the last"
    assert session.has_ended
    assert session.open(memoryview(b"more")) == b""


def test_what_came_whole_counts_whatever_follows_it(pair: tuple[TlsSession, Peer]) -> None:
    session, peer = pair
    assert session.open(memoryview(peer.seal(b"a reply") + b"\x17\x03\x03\x00\x20" + b"garbage " * 4)) == b"a reply"
    assert session.has_ended


def test_what_comes_with_the_end_of_the_handshake_is_not_taken_for_a_reply(pair: tuple[TlsSession, Peer]) -> None:
    session, peer = pair
    session._incoming.write(peer.seal(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    ended: list[object] = []

    async def story() -> None:
        here, there = socket.socketpair()
        with there:
            here.setblocking(False)
            loop = asyncio.get_running_loop()
            _, channel = await loop.create_connection(lambda: AsyncChannel(here, session), sock=here)
            assert not channel.is_intact()
            channel.start(b"POST", ended.append)
            assert not channel.has_sent_all
            await asyncio.sleep(0)

    asyncio.run(story())
    (error,) = ended
    assert isinstance(error, ConnectionError)


def test_one_byte_changed_on_the_way_is_an_error(pair: tuple[TlsSession, Peer]) -> None:
    session, peer = pair
    sealed = bytearray(peer.seal(b"a reply"))
    sealed[-1] ^= 1
    with pytest.raises(ssl.SSLError):
        session.open(memoryview(sealed))
    assert session.to_send(), "the alert that says why"


def test_what_is_not_tls_is_an_error(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    session = TlsSession(contexts[0], HOST)
    assert not session.handshake()
    with pytest.raises(ssl.SSLError):
        session.handshake(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_an_end_in_the_middle_of_the_handshake_is_an_error(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    session = TlsSession(contexts[0], HOST)
    assert not session.handshake()
    with pytest.raises(ssl.SSLError):
        session.handshake(b"")


def test_a_certificate_for_another_name_is_refused_with_an_alert(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    session, peer = TlsSession(contexts[0], "other.example.com"), Peer(contexts[1])
    assert not session.handshake()
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.example\.com"):
        session.handshake(peer.greet(session.to_send()))
    peer.incoming.write(session.to_send())
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
        peer.object.do_handshake()


def test_what_can_no_longer_be_sealed_ends_its_exchange(pair: tuple[TlsSession, Peer]) -> None:
    session, peer = pair
    sealed = bytearray(peer.seal(b"a reply"))
    sealed[-1] ^= 1
    with pytest.raises(ssl.SSLError):
        session.open(memoryview(sealed))
    ended: list[object] = []

    async def story() -> None:
        here, there = socket.socketpair()
        with there:
            here.setblocking(False)
            _, channel = await asyncio.get_running_loop().create_connection(
                lambda: AsyncChannel(here, session), sock=here
            )
            channel.start(b"POST", ended.append)
            assert not channel.is_intact()
            await asyncio.sleep(0)

    asyncio.run(story())
    (error,) = ended
    assert isinstance(error, ssl.SSLError)
