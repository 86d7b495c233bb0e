"""What requests are signed with: nothing is loaded for it that is not needed, and it is renewed in time."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

import pytest
from tests.support.fault_server import FaultServer, answer, stall
from tests.transport.implementations import Implementation

from pushwire import CredentialsError, SendError
from pushwire.callback_url import CallbackUrl
from pushwire.sigv4 import CredentialChain, Credentials
from pushwire.transport import AsyncHttpTransport, HttpTransport
from pushwire.transport.http._requests import Requests
from pushwire.transport.protocol import FanOutOptions

CONNECTION_ID = "R0oXAdfD0kwCH6w="


class WallClock:
    def __init__(self) -> None:
        self.now = 1_440_938_160.5

    def __call__(self) -> float:
        return self.now


class Vault:
    """Stands in for a role: temporary credentials, a new token each time, under the surface of botocore's session."""

    def __init__(self) -> None:
        self.given = 0
        self.opening = threading.Event()
        self.may_open = threading.Event()
        self.may_open.set()

    def get_credentials(self) -> "Vault":
        return self

    def refresh_needed(self, _within: int | None = None) -> bool:
        return True

    def get_frozen_credentials(self) -> Credentials:
        self.opening.set()
        self.may_open.wait(10)
        self.given += 1
        return Credentials("ASIAEXAMPLE", "secret", f"token{self.given}")


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Vault:
    vault = Vault()
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setattr("pushwire.transport.http._core.session_for_loopback", lambda: vault)
    return vault


def tokens(server: FaultServer) -> list[str]:
    return [request.headers["x-amz-security-token"] for request in server.requests]


def test_credentials_are_asked_for_once_a_second(http: Implementation, vault: Vault) -> None:
    wall_clock = WallClock()
    with FaultServer(answer(200)) as server:
        transport = http.connect(server.url, wall_clock=wall_clock)
        for wall_clock.now in (1_440_938_160.5, 1_440_938_160.9, 1_440_938_161.0, 1_440_938_161.5, 1_440_938_170.0):
            transport.post(CONNECTION_ID, b"{}")
    assert tokens(server) == ["token1", "token1", "token2", "token2", "token3"]
    dates = [request.headers["x-amz-date"] for request in server.requests]
    assert dates == ["20150830T123600Z"] * 2 + ["20150830T123601Z"] * 2 + ["20150830T123610Z"]


def test_credentials_that_are_renewed_in_the_middle_of_a_fan_out_sign_what_follows(
    http: Implementation, vault: Vault
) -> None:
    wall_clock = WallClock()
    outcomes: dict[str, SendError | None] = {}

    def on_outcome(connection_id: str, error: SendError | None) -> None:
        outcomes[connection_id] = error
        wall_clock.now += 0.1

    ids = [f"c{number}=" for number in range(40)]
    with FaultServer(answer(200)) as server:
        transport = http.connect(server.url, wall_clock=wall_clock)
        transport.post_many(ids, b"{}", FanOutOptions(max_in_flight=1), on_outcome)
    assert outcomes == dict.fromkeys(ids)
    seen = list(dict.fromkeys(tokens(server)))
    assert seen == [f"token{number}" for number in range(1, len(seen) + 1)]
    assert 4 <= len(seen) <= 6


def test_a_broadcast_whose_deadline_passes_while_credentials_are_loaded_waits_for_its_responses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    with FaultServer(stall) as server, HttpTransport(server.url, clock=lambda: now) as transport:
        engine = transport._core.broadcast(b"{}", FanOutOptions(max_in_flight=1, deadline=1), lambda *_: None)
        engine.pull = partial(engine.fan_out.pull, iter(["a=", "b="]).__next__)
        while not server.received.is_set():
            engine.turn(0.01)
        engine.load = lambda: None
        monkeypatch.setattr(transport._core.requests, "is_current", lambda _template: False)
        monkeypatch.setattr(transport._core.requests, "are_ready", lambda: False)
        now += 1.0
        assert engine.turn(0.0) == 2.0  # the rest of the read timeout, and not 0, which would keep a loop busy
        engine.close()


def test_an_event_loop_goes_on_while_credentials_are_loaded(vault: Vault) -> None:
    async def main(url: str, send: Callable[[AsyncHttpTransport], "asyncio.Future[object]"]) -> None:
        vault.may_open.clear()
        vault.opening.clear()
        given = vault.given
        transport = AsyncHttpTransport(url)
        sending = send(transport)
        assert await asyncio.to_thread(vault.opening.wait, 10)
        assert vault.given == given  # were the loop blocked, it would not come here before it has been given
        vault.may_open.set()
        await sending
        await transport.close()

    def post(transport: AsyncHttpTransport) -> "asyncio.Future[object]":
        return asyncio.ensure_future(transport.post(CONNECTION_ID, b"{}"))

    def post_many(transport: AsyncHttpTransport) -> "asyncio.Future[object]":
        return asyncio.ensure_future(
            transport.post_many(["a=", "b="], b"{}", FanOutOptions(), lambda _id, _error: None)
        )

    with FaultServer(answer(200)) as server:
        asyncio.run(main(server.url, post))
        asyncio.run(main(server.url, post_many))
    assert len(server.requests) == 3


COLD_START = """
import sys
before = set(sys.modules)  # such as those of what measures coverage
from pushwire.transport import HttpTransport
transport = HttpTransport(sys.argv[1])
transport.post("R0oXAdfD0kwCH6w=", b"{}")
transport.close()
print([name for name in sys.argv[2].split() if name in sys.modules.keys() - before])
"""


HEAVY = "boto3 botocore asyncio ssl logging http.client email urllib.request concurrent.futures"


@pytest.mark.parametrize(
    ("environment", "not_imported"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"},
            f"{HEAVY} pathlib urllib.parse ipaddress",
        ),
        ({}, HEAVY),
    ],
    ids=["as in Lambda", "on a laptop without settings"],
)
def test_a_cold_start_imports_nothing_heavy(environment: dict[str, str], not_imported: str) -> None:
    with FaultServer(answer(200)) as server:
        done = subprocess.run(
            [sys.executable, "-c", COLD_START, server.url, not_imported],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.strip() == "[]"
    assert len(server.requests) == 1


def test_a_request_holds_what_api_gateway_needs_and_no_more(http: Implementation) -> None:
    with FaultServer(answer(200)) as server:
        transport = http.connect(server.url)
        transport.post(CONNECTION_ID, b"{}")
    (request,) = server.requests
    assert set(request.headers) == {"host", "user-agent", "x-amz-date", "content-length", "authorization"}


def test_requests_of_one_second_differ_in_id_and_signature_only() -> None:
    def request(connection_id: str) -> list[bytes]:
        return template.request(connection_id).split(b"\r\n")

    requests = requests_to("https://abc123.execute-api.eu-west-1.amazonaws.com/prod")
    template = requests.template("POST", b"{}")
    first, second = request("a="), request("b=")
    different = [(one, other) for one, other in zip(first, second, strict=True) if one != other]
    assert [one.split(b" ")[0] for one, _ in different] == [b"POST", b"Authorization:"]


def requests_to(url: str) -> Requests:
    chain = CredentialChain(lambda: None, default=Credentials("AKIDEXAMPLE", "secret", "token"))
    return Requests(CallbackUrl.parse(url), "eu-west-1", chain, WallClock())


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"])
@pytest.mark.parametrize("value", ["tokené", "a\tb", "a\x7fb"])
def test_a_key_or_token_outside_of_printable_ascii_is_refused_before_it_is_sent(
    variable: str, value: str, http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "t"} | {
        variable: value
    }
    for name, text in settings.items():
        monkeypatch.setenv(name, text)
    with FaultServer(answer(200)) as server:
        with pytest.raises(CredentialsError, match="not printable ASCII") as caught:
            http.connect(server.url).post(CONNECTION_ID, b"{}")
        assert value not in str(caught.value)
    assert server.requests == []
