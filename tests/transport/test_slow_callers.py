"""Broadcasts whose caller is slow: its iterator, its credentials, or its whole process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.support.fault_server import Exchange, FaultServer, answer, by_connection, then_close
from tests.transport.implementations import NAMES, Implementation

from pushwire import CredentialsError, SendError, UnavailableError
from pushwire.sigv4 import Credentials
from pushwire.transport.http._channel import Channel
from pushwire.transport.protocol import FanOutOptions

DATA = b"{}"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def posted(server: FaultServer) -> Counter[str]:
    """The connections that the server has received posts for, in any order."""
    return Counter(request.target.rpartition("/")[2] for request in server.requests)


def test_an_iterator_that_is_slow_for_each_id_delays_no_post_beyond_the_deadline(
    implementation: Implementation,
) -> None:
    clock = Clock()
    outcomes: dict[str, SendError | None] = {}

    def ids() -> Iterator[str]:
        for number in range(40):
            clock.now += 0.5
            yield f"c{number}"

    with FaultServer(answer(200)) as server:
        transport = implementation.connect(server.url, clock=clock, read_timeout=60)
        unsent = transport.post_many(ids(), DATA, FanOutOptions(deadline=3), outcomes.__setitem__)
    # An id whose connection was not open yet when the clock jumped beyond the deadline is unsent.
    assert sorted([*outcomes, *unsent]) == [f"c{number}" for number in range(6)]
    assert "c5" in unsent
    assert set(outcomes.values()) == {None}
    assert posted(server) == Counter(outcomes.keys())


@pytest.mark.at_length
def test_ids_that_come_in_pages_far_apart_are_sent_once(implementation: Implementation) -> None:
    outcomes: list[tuple[str, SendError | None]] = []

    def ids() -> Iterator[str]:
        for page in range(3):
            for number in range(64):
                yield f"c{page}-{number}"
            time.sleep(3.5)

    with FaultServer(answer(200)) as server:
        transport = implementation.connect(server.url)
        transport.post_many(ids(), DATA, FanOutOptions(), lambda *outcome: outcomes.append(outcome))
    assert Counter(error for _, error in outcomes) == {None: 192}
    assert set(posted(server).values()) == {1}


def test_connections_that_the_server_closes_while_ids_are_awaited_are_not_used(
    implementation: Implementation,
) -> None:
    outcomes: dict[str, SendError | None] = {}

    def ids() -> Iterator[str]:
        for number in range(20):
            yield f"c{number}"
            assert server.closed.acquire(timeout=30)

    with FaultServer(then_close(answer(200))) as server:
        transport = implementation.connect(server.url, max_attempts=1)
        transport.post_many(ids(), DATA, FanOutOptions(max_in_flight=1), outcomes.__setitem__)
    assert outcomes == {f"c{number}": None for number in range(20)}
    assert set(posted(server).values()) == {1}


class Vault:
    """A botocore session whose credentials take long to refresh: for ever ahead of their expiry, or once after it."""

    def __init__(self, seconds: float, *, still_valid: bool) -> None:
        self._seconds = seconds
        self._still_valid = still_valid
        self._given = 0

    def get_credentials(self) -> "Vault":
        return self

    def refresh_needed(self, within: int | None = None) -> bool:
        return within is None if self._still_valid else self._given < 2

    def get_frozen_credentials(self) -> Credentials:
        if self._given and self.refresh_needed():
            time.sleep(self._seconds)
        self._given += 1
        return Credentials("ASIAEXAMPLE", "secret", f"token{self._given}")


@pytest.mark.at_length
@pytest.mark.parametrize("still_valid", [True, False])
def test_a_refresh_of_credentials_in_the_middle_doubles_nothing(
    still_valid: bool, http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    vault = Vault(3.3, still_valid=still_valid)
    monkeypatch.setattr("pushwire.transport.http._core.session_for_loopback", lambda: vault)
    outcomes: list[tuple[str, SendError | None]] = []

    def ids() -> Iterator[str]:
        for number in range(600):
            time.sleep(0.002)
            yield f"c{number}"

    with FaultServer(answer(200)) as server:
        transport = http.connect(server.url)
        transport.post_many(ids(), DATA, FanOutOptions(), lambda *outcome: outcomes.append(outcome))
    assert Counter(error for _, error in outcomes) == {None: 600}
    assert set(posted(server).values()) == {1}


def test_posts_go_on_while_credentials_that_are_still_valid_are_refreshed(
    http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    class Pending(Vault):
        def get_frozen_credentials(self) -> Credentials:
            self._given += 1
            if self._given > 1:
                released.wait(30)
            return Credentials("ASIAEXAMPLE", "secret", f"token{self._given}")

    vault, wall_clock = Pending(0, still_valid=True), Clock()
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setattr("pushwire.transport.http._core.session_for_loopback", lambda: vault)
    outcomes: dict[str, SendError | None] = {}

    def on_outcome(connection_id: str, error: SendError | None) -> None:
        outcomes[connection_id] = error
        wall_clock.now += 1

    with FaultServer(answer(200)) as server:
        transport = http.connect(server.url, wall_clock=wall_clock)
        transport.post_many([f"c{n}" for n in range(9)], DATA, FanOutOptions(max_in_flight=1), on_outcome)
        released.set()
    assert outcomes == {f"c{number}": None for number in range(9)}
    assert {request.headers["x-amz-security-token"] for request in server.requests} == {"token1"}


def test_an_outcome_that_is_reported_slowly_delays_no_retry_beyond_the_deadline(
    http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two retries are due. The first cannot be signed, and when its callback returns, the deadline has passed."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    clock, wall_clock = Clock(), Clock()
    failures = threading.Semaphore(0)
    outcomes: dict[str, SendError | None] = {}

    def half_of_the_backoff() -> float:
        failures.release()
        return 0.5

    def fate(connection_id: str, attempt: int) -> int:
        if connection_id == "third":  # whose response comes when both retries are scheduled
            assert failures.acquire(timeout=30)
            assert failures.acquire(timeout=30)
            return 200
        return 503 if attempt == 1 else 200

    def on_outcome(connection_id: str, error: SendError | None) -> None:
        outcomes[connection_id] = error
        if connection_id == "third":
            clock.now += 1  # both retries are due
            wall_clock.now += 1  # and need another signature
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        else:
            clock.now += 60
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    monkeypatch.setattr("random.random", half_of_the_backoff)
    with FaultServer(by_connection(fate)) as server:
        transport = http.connect(server.url, clock=clock, wall_clock=wall_clock, read_timeout=3_600)
        options = FanOutOptions(max_in_flight=3, deadline=30)
        transport.post_many(["first", "second", "third"], DATA, options, on_outcome)
    assert {name: type(error) for name, error in outcomes.items()} == {
        "third": type(None),
        "first": CredentialsError,
        "second": UnavailableError,
    }
    assert posted(server) == {"first": 1, "second": 1, "third": 1}


@pytest.mark.parametrize("as_broadcast", [False, True])
def test_a_process_that_is_stopped_just_before_a_request_leaves_waits_for_its_response(
    as_broadcast: bool, http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, start = 0.0, Channel.start

    def start_after_a_stop(channel: Channel, request: bytes) -> None:
        nonlocal stopped
        stopped += 4.5
        start(channel, request)

    def not_at_once(exchange: Exchange) -> None:
        time.sleep(0.05)
        answer(200)(exchange)

    monkeypatch.setattr(Channel, "start", start_after_a_stop)
    with FaultServer(not_at_once) as server:
        transport = http.connect(server.url, clock=lambda: time.monotonic() + stopped)
        if as_broadcast:
            transport.post_many(["c"], DATA, FanOutOptions(), lambda *_outcome: None)
        else:
            transport.post("c", DATA)
    assert posted(server) == {"c": 1}


STOPPED = """
import asyncio, sys
import pushwire.transport as ways
from pushwire.transport.protocol import FanOutOptions

def ids():
    return [f"c{number}" for number in range(400)]

def on_outcome(_connection_id, error):
    if error is not None:
        print(error)

async def main(transport):
    async with transport:
        await transport.post_many(ids(), b"{}", FanOutOptions(max_in_flight=32), on_outcome)

transport = getattr(ways, sys.argv[1])(sys.argv[2])
if "Async" in sys.argv[1]:
    asyncio.run(main(transport))
else:
    with transport:
        transport.post_many(ids(), b"{}", FanOutOptions(max_in_flight=32), on_outcome)
"""


@pytest.mark.at_length
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped on this system")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.extra("boto3")] if "Boto3" in name else []) for name in NAMES.values()],
)
def test_a_process_that_is_stopped_in_the_middle_sends_nothing_twice(name: str) -> None:
    """As by `docker pause`, the sleep of a laptop, or the freeze of a Lambda function."""
    enough = threading.Event()

    def slow(exchange: Exchange) -> None:
        exchange.peek()
        if len(server.requests) >= 100:
            enough.set()
        time.sleep(0.05)
        answer(200)(exchange)

    with FaultServer(slow) as server:
        child = subprocess.Popen([sys.executable, "-c", STOPPED, name, server.url], stdout=subprocess.PIPE, text=True)
        assert enough.wait(60)
        os.kill(child.pid, signal.SIGSTOP)
        time.sleep(4.5)
        os.kill(child.pid, signal.SIGCONT)
        errors, _ = child.communicate(timeout=60)
    assert errors == ""
    assert len(posted(server)) == 400
    assert set(posted(server).values()) == {1}
