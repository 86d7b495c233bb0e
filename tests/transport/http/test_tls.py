"""TLS: whom to trust, what is checked, what a failed handshake says."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.authority import Authority
from tests.support.fault_server import Exchange, FaultServer, answer, then_close
from tests.transport.implementations import Implementation

import pushwire
from pushwire import SendError
from pushwire.transport import HttpTransport
from pushwire.transport.http._channel import Channel
from pushwire.transport.protocol import FanOutOptions

CONNECTION_ID = "R0oXAdfD0kwCH6w="


def post_and_fail(http: Implementation, url: str, *, connect_timeout: float = 1.0) -> pushwire.SendError:
    transport = http.connect(url, max_attempts=1, connect_timeout=connect_timeout)
    with pytest.raises(pushwire.SendError) as caught:
        transport.post(CONNECTION_ID, b"{}")
    return caught.value


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    return authority


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_of_the_environment_is_trusted(
    variable: str, http: Implementation, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(authority.bundle))
    with FaultServer(answer(200), tls=authority.server()) as server:
        transport = http.connect(server.url)
        for _ in range(3):
            transport.post(CONNECTION_ID, b"{}")
    assert (server.connections, len(server.requests)) == (1, 3)


def test_a_bundle_that_cannot_be_loaded_is_told_at_construction(
    http: Implementation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(missing))
    with pytest.raises(pushwire.UnavailableError, match="AWS_CA_BUNDLE cannot be loaded"):
        http.connect("https://127.0.0.1:1/stage")


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused(http: Implementation, authority: Authority) -> None:
    with FaultServer(answer(200), tls=authority.server("other.example.com")) as server:
        error = post_and_fail(http, server.url)
    assert type(error) is pushwire.UnavailableError
    assert not error.maybe_accepted
    assert "mismatch" in str(error)
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
    assert server.requests == []


@pytest.mark.usefixtures("trusted")
def test_only_http_1_1_and_tls_1_2_or_later_are_offered(http: Implementation, authority: Authority) -> None:
    context = authority.server()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with FaultServer(answer(200), tls=context) as server:
        http.connect(server.url).post(CONNECTION_ID, b"{}")
        (accepted,) = server.accepted
        assert isinstance(accepted, ssl.SSLSocket)
        assert accepted.selected_alpn_protocol() == "http/1.1"


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    accepted.append(server.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/stage"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for connection in accepted:
            connection.close()


def test_a_handshake_that_takes_too_long_names_the_authority_as_a_possible_cause(
    http: Implementation, silent: str
) -> None:
    error = post_and_fail(http, silent, connect_timeout=0.2)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (1, False)
    assert "no TLS handshake" in str(error)
    assert "certificate authority" in str(error)
    assert isinstance(error.__cause__, TimeoutError)


def test_a_server_without_tls_is_unavailable(http: Implementation) -> None:
    with FaultServer(answer(200)) as server:
        error = post_and_fail(http, server.url.replace("http:", "https:"), connect_timeout=0.5)
    assert type(error) is pushwire.UnavailableError
    assert not error.maybe_accepted


@pytest.mark.usefixtures("trusted")
def test_a_connection_closed_while_idle_costs_no_attempt(http: Implementation, authority: Authority) -> None:
    with FaultServer(then_close(answer(200)), tls=authority.server()) as server:
        transport = http.connect(server.url, max_attempts=1)
        for _ in range(3):
            transport.post(CONNECTION_ID, b"{}")
            assert server.closed.acquire(timeout=10)
    assert server.connections == 3


def test_what_tls_has_to_say_for_itself_does_not_end_a_connection() -> None:
    """Such as a session ticket: there is something to read, and nothing in it."""

    class Ticketed(socket.socket):
        def recv(self, *_: object) -> bytes:
            raise ssl.SSLWantReadError

    here, there = socket.socketpair()
    with Ticketed(fileno=here.detach()) as connection, there:
        there.send(b"ticket")
        assert Channel(connection, would_block=(ssl.SSLWantReadError,)).is_intact()
        assert not Channel(connection).is_intact()


@pytest.mark.usefixtures("trusted")
def test_a_time_out_in_the_middle_of_a_request_is_an_attempt(authority: Authority) -> None:
    """OpenSSL reports only that a frame has left whole, not how much of it has."""

    def stalled(exchange: Exchange) -> None:
        answer(200)(exchange)
        exchange.server.released.wait(30)
        raise ConnectionAbortedError

    with FaultServer(stalled, tls=authority.server()) as server:
        server.shrink_buffers()
        transport = HttpTransport(server.url, max_attempts=1, read_timeout=0.3, connect_timeout=10)
        transport.post_many(["a=", "b=", "c="], b"{}", FanOutOptions(), lambda _id, _error: None)
        with pytest.raises(pushwire.UnavailableError):
            transport.post(CONNECTION_ID, b"x" * 20_000_000)
        assert len(transport._core.pool()._kept) == 2, "one connection was tried, not each of them"
        transport.close()


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_fan_out_keeps_its_connections(version: ssl.TLSVersion, http: Implementation, authority: Authority) -> None:
    context = authority.server()
    context.maximum_version = version
    outcomes: dict[str, SendError | None] = {}
    ids = [f"c{number}=" for number in range(100)]
    with FaultServer(answer(200), tls=context) as server:
        transport = http.connect(server.url)
        transport.post_many(ids, b"x" * 50_000, FanOutOptions(max_in_flight=4), outcomes.__setitem__)
        transport.post(CONNECTION_ID, b"{}")
    assert outcomes == dict.fromkeys(ids)
    assert (server.connections, len(server.requests)) == (4, 101)
