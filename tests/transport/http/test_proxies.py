"""Proxies of the environment: which hosts they are for, how they are asked, and that their passwords stay secret."""

import base64
import logging
import socket
import traceback
from typing import Never

import pytest
from tests.support.authority import Authority
from tests.support.connect_proxy import ConnectProxy
from tests.support.fault_server import FaultServer, answer
from tests.transport.implementations import Implementation

import pushwire
from pushwire import SendError
from pushwire.transport.http._endpoint import Endpoint
from pushwire.transport.http._proxy import Proxy
from pushwire.transport.protocol import FanOutOptions

CONNECTION_ID = "R0oXAdfD0kwCH6w="
HOST = "abc123.execute-api.eu-west-1.amazonaws.com"
URL = f"https://{HOST}/prod"


@pytest.fixture(autouse=True)
def signed_and_trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))


def test_a_request_goes_through_the_tunnel(
    http: Implementation, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(answer(200), tls=authority.server(HOST)) as server, ConnectProxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.authority}")
        transport = http.connect(URL)
        transport.post(CONNECTION_ID, b"{}")
        transport.post(CONNECTION_ID, b"{}")
    assert [request.headers["host"] for request in server.requests] == [HOST] * 2
    assert proxy.requests == [f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n"]


def test_a_fan_out_goes_through_tunnels(
    http: Implementation, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: dict[str, SendError | None] = {}
    with FaultServer(answer(200), tls=authority.server(HOST)) as server, ConnectProxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.authority)
        http.connect(URL).post_many(["a=", "b=", "c="], b"{}", FanOutOptions(max_in_flight=2), outcomes.__setitem__)
    assert outcomes == dict.fromkeys(["a=", "b=", "c="])
    assert len(proxy.requests) == 2


def test_a_user_name_and_password_are_sent_and_never_shown(
    http: Implementation, authority: Authority, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with FaultServer(answer(200)) as server, ConnectProxy(server.port, answer=refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:p%40ss:word@{proxy.authority}")
        transport = http.connect(URL, max_attempts=1)
        with pytest.raises(pushwire.UnavailableError) as caught:
            transport.post(CONNECTION_ID, b"{}")
    expected = base64.b64encode(b"ada:p@ss:word").decode()
    assert f"Proxy-Authorization: Basic {expected}\r\n" in proxy.requests[0]
    assert (caught.value.attempts, caught.value.maybe_accepted) == (1, False)
    assert (
        f"the proxy {proxy.authority} did not open a tunnel (HTTP 407 in response to CONNECT; check the user name and "
        "the password in HTTPS_PROXY)"
    ) in str(caught.value)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(vars(transport))
    assert "ss:word" not in told
    assert "p%40ss" not in told
    assert expected not in told


def test_neither_endpoint_nor_proxy_shows_a_password() -> None:
    proxy = Proxy("proxy.example.com", 3128, "Basic c2VjcmV0")
    assert "c2VjcmV0" not in repr(proxy) + repr(Endpoint("api.example.com", 443, proxy))


@pytest.mark.parametrize(
    "text",
    [
        "https://ada:secret@proxy.example.com:3128",
        "socks5://ada:secret@proxy.example.com:1080",
        "http://ada:secret@proxy.example.com:port",
        "http://ada:secret@:3128",
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_without_repeating_it(
    text: str, http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", text)
    with pytest.raises(pushwire.CallbackUrlError, match=r"write http://host:port") as caught:
        http.connect(URL)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_proxy_that_does_not_answer_is_told_as_such(http: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answer(200)) as server, ConnectProxy(server.port, answer=b"") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.authority}")
        transport = http.connect(URL, connect_timeout=0.2, max_attempts=1)
        with pytest.raises(
            pushwire.UnavailableError, match=f"the proxy {proxy.authority} did not open a tunnel within 0.2 s"
        ):
            transport.post(CONNECTION_ID, b"{}")


def failure(http: Implementation, proxy: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the text of the error of a post through a proxy."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@{proxy}")
    with pytest.raises(pushwire.UnavailableError) as caught:
        http.connect(URL, max_attempts=1).post(CONNECTION_ID, b"{}")
    assert not caught.value.maybe_accepted
    return str(caught.value)


REMEDY = "; HTTPS_PROXY names the proxy, and NO_PROXY the hosts that need none"


def test_a_proxy_that_does_not_accept_connections_is_named(
    http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    text = failure(http, f"127.0.0.1:{port}", monkeypatch)
    assert f"no connection to the proxy 127.0.0.1:{port} (" in text
    assert text.partition(" (connection ")[0].endswith(REMEDY)


def test_a_proxy_whose_name_dns_does_not_know_is_named(http: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(host: bytes, *_arguments: object, **_options: object) -> Never:
        raise socket.gaierror(socket.EAI_NONAME, f"{host.decode()} is unknown")

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    text = failure(http, "proxy.invalid:3128", monkeypatch)
    assert "DNS did not resolve the proxy proxy.invalid ([Errno -2] proxy.invalid is unknown)" in text
    assert REMEDY in text


def test_a_proxy_that_refuses_the_tunnel_is_named_with_its_status(
    http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
    with FaultServer(answer(200)) as server, ConnectProxy(server.port, answer=refusal) as proxy:
        text = failure(http, proxy.authority, monkeypatch)
    assert f"the proxy {proxy.authority} did not open a tunnel (HTTP 502 in response to CONNECT){REMEDY}" in text


def test_a_failed_handshake_through_a_proxy_mentions_the_proxy(
    http: Implementation, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_another_host = authority.server("ws.example.com")
    with FaultServer(answer(200), tls=of_another_host) as server, ConnectProxy(server.port) as proxy:
        text = failure(http, proxy.authority, monkeypatch)
    assert f"no TLS handshake with {HOST} (" in text
    assert REMEDY in text


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"])
def test_a_proxy_that_is_none_is_told_as_such(
    said: bytes, http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(answer(200)) as server, ConnectProxy(server.port, answer=said) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.authority}")
        transport = http.connect(URL, max_attempts=1, connect_timeout=0.5)
        with pytest.raises(pushwire.UnavailableError, match=f"proxy {proxy.authority}") as caught:
            transport.post(CONNECTION_ID, b"{}")
    assert not caught.value.maybe_accepted


def test_no_proxy_is_for_loopback(http: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with FaultServer(answer(200)) as server:
        http.connect(server.url).post(CONNECTION_ID, b"{}")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("environment", "is_used"),
    [
        ({}, False),
        ({"HTTPS_PROXY": "http://proxy:3128"}, True),
        ({"https_proxy": "http://proxy:3128"}, True),
        ({"HTTP_PROXY": "http://proxy:3128"}, False),
        ({"HTTPS_PROXY": "http://proxy:3128", "https_proxy": ""}, False),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, False),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "api.example.com"}, False),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "API.example.com"}, False),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "api.example.com:443"}, False),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "api.example.com:8443"}, True),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "localhost, .example.com"}, False),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "example.com"}, False),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "ample.com,other.com"}, True),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": " , "}, True),
        ({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "", "NO_PROXY": "*"}, True),
    ],
)
def test_which_hosts_a_proxy_is_for(
    environment: dict[str, str], is_used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    proxy = Proxy.from_environment("api.example.com", 443)
    assert proxy == (Proxy("proxy", 3128) if is_used else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proxy.example.com:3128", Proxy("proxy.example.com", 3128)),
        ("http://proxy.example.com", Proxy("proxy.example.com", 80)),
        ("http://[2001:db8::1]:3128/", Proxy("2001:db8::1", 3128)),
        ("http://ada@proxy:3128", Proxy("proxy", 3128, "Basic YWRhOg==")),
    ],
)
def test_how_a_proxy_may_be_written(text: str, expected: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", text)
    assert Proxy.from_environment("api.example.com", 443) == expected
