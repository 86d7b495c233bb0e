"""How many posts a broadcast has in flight, and the measurements that decide it."""

import selectors
import socket
import threading

import pytest
from tests.support.fault_server import Exchange, FaultServer, answer
from tests.transport.implementations import Implementation

from pushwire import RateLimit, SendError
from pushwire.transport import AsyncHttpTransport, HttpTransport
from pushwire.transport.http._in_flight import InFlightLimit
from pushwire.transport.protocol import FanOutOptions


def limit_after_its_first_round(start: int, most: int) -> InFlightLimit:
    limit = InFlightLimit(start, most)
    limit.measured(waited=1.0, worked=0.0, ended=start)  # says nothing, so it does not count
    return limit


def measure(limit: InFlightLimit, waited: float, worked: float) -> None:
    """Add two rounds of responses, which is one measurement; the seconds are those of one round."""
    for _ in range(2):
        limit.measured(waited, worked, ended=limit.value)


def test_it_doubles_while_waiting_dominates_up_to_the_highest_number() -> None:
    limit = limit_after_its_first_round(32, 200)
    seen = [limit.value]
    for _ in range(6):
        measure(limit, waited=0.02, worked=0.0005 * limit.value / 32)
        seen.append(limit.value)
    assert seen == [32, 64, 128, 200, 200, 200, 200]


def test_a_last_step_that_is_no_doubling_needs_less_gain() -> None:
    limit = limit_after_its_first_round(32, 40)
    for _ in range(100):
        measure(limit, waited=0.02, worked=0.0)  # 40 connections are a quarter faster than 32
    assert limit.value == 40


def test_only_what_was_measured_is_proven() -> None:
    limit = limit_after_its_first_round(32, 256)
    measure(limit, waited=0.02, worked=0.001)
    assert (limit.value, limit.proven) == (64, 32)
    measure(limit, waited=0.02, worked=0.001)
    assert (limit.value, limit.proven) == (128, 64)
    measure(limit, waited=0.04, worked=0.002)
    assert (limit.value, limit.proven) == (64, 64)


def test_it_stays_while_work_dominates() -> None:
    limit = limit_after_its_first_round(32, 256)
    for _ in range(1_000):
        measure(limit, waited=0.0004, worked=0.0006)
    assert limit.value == 32


def test_it_stays_while_a_server_that_shares_the_processor_answers_in_bursts() -> None:
    limit = limit_after_its_first_round(32, 256)
    for _ in range(1_000):
        limit.measured(waited=0.0018, worked=0.0013, ended=32)
        limit.measured(waited=0.0, worked=0.0026, ended=62)
    assert limit.value == 32


@pytest.mark.parametrize("gain", [1.0, 1.2])
def test_it_goes_back_when_more_connections_are_hardly_faster(gain: float) -> None:
    limit = limit_after_its_first_round(32, 256)
    measure(limit, waited=0.02, worked=0.001)
    assert limit.value == 64
    held: list[int] = []
    for _ in range(7):
        measure(limit, waited=0.04 / gain, worked=0.002 / gain)  # the server is busy
        assert limit.value == 32
        measurements = 0
        while limit.value == 32:
            measure(limit, waited=0.02, worked=0.001)
            measurements += 1
        held.append(measurements - 1)
    assert held == [2, 4, 8, 16, 32, 64, 64], "it tries again, less and less often"


def test_a_maximum_below_the_start_holds() -> None:
    assert InFlightLimit(32, 5).value == 5


def test_a_broadcast_opens_more_connections_while_it_waits(
    http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server answers 33 requests together, so that a broadcast with 32 connections would never end.

    The seconds are those of a network whose responses take 20 ms, so the result does not depend on this machine.
    """
    add = InFlightLimit.measured

    def as_on_a_network(self: InFlightLimit, waited: float, worked: float, ended: int) -> None:
        add(self, 0.02 * ended / self.value, 0.0, ended)

    monkeypatch.setattr(InFlightLimit, "measured", as_on_a_network)
    barrier = threading.Barrier(33)
    waiting = iter(range(33))
    lock = threading.Lock()

    def behave(exchange: Exchange) -> None:
        exchange.peek()
        with lock:
            rest = len(server.requests) >= 320
            mine = next(waiting, None) if rest else None
        if mine is not None:
            barrier.wait(30)
        answer(200)(exchange)

    outcomes: dict[str, SendError | None] = {}
    ids = [f"c{number}" for number in range(1_500)]
    with FaultServer(behave) as server:
        transport = http.connect(server.url, read_timeout=60)
        transport.post_many(ids, b"{}", FanOutOptions(), outcomes.__setitem__)
    assert outcomes == dict.fromkeys(ids)
    assert 32 < server.connections <= 256


def test_connections_that_were_opened_in_vain_are_not_those_that_the_next_broadcast_starts_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The seconds are those of a server that is busy: the rate does not depend on the number of connections."""
    add = InFlightLimit.measured
    tried: set[int] = set()

    def as_on_a_busy_server(self: InFlightLimit, waited: float, worked: float, ended: int) -> None:
        add(self, 0.001 * ended, 0.0, ended)
        tried.add(self.value)

    monkeypatch.setattr(InFlightLimit, "measured", as_on_a_busy_server)
    with FaultServer(answer(200)) as server, HttpTransport(server.url, read_timeout=60) as transport:
        for _ in range(3):
            transport.post_many((f"c{number}" for number in range(300)), b"{}", FanOutOptions(), lambda *_: None)
            assert len(transport._core.pool()) == 32
    assert tried == {32, 64}


def test_a_broadcast_after_a_long_pause_starts_small_again() -> None:
    now = 1_000.0
    ids = [f"c{number}" for number in range(200)]
    with FaultServer(answer(200)) as server, HttpTransport(server.url, read_timeout=60, clock=lambda: now) as transport:
        transport.post_many(ids, b"{}", FanOutOptions(max_in_flight=64), lambda *_: None)
        before = server.connections
        assert before == 64
        now += 3_600
        transport.post_many(ids, b"{}", FanOutOptions(), lambda *_: None)
        assert server.connections - before == 32


@pytest.mark.parametrize("constructor", [HttpTransport, AsyncHttpTransport])
@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"max_connections": 1.5}, TypeError, "max_connections= must be a whole number"),
        ({"max_connections": True}, TypeError, "max_connections= must be a whole number"),
        ({"max_attempts": 2.5}, TypeError, "max_attempts= must be a whole number"),
        ({"max_attempts": 0}, ValueError, "max_attempts= must be at least 1"),
        ({"read_timeout": "3"}, TypeError, "read_timeout= must be a number of seconds"),
        ({"region": "x\r\nH: 1"}, ValueError, "region= must be a name"),
        ({"region": 1}, TypeError, "region= must be a string"),
    ],
)
def test_an_argument_of_another_kind_is_an_error_that_names_it(
    constructor: type, settings: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        constructor("http://127.0.0.1:1/stage", **settings)


def test_more_in_flight_than_connections_is_an_error(http: Implementation) -> None:
    with FaultServer(answer(200)) as server:
        transport = http.connect(server.url, max_connections=8)
        with pytest.raises(ValueError, match=r"max_in_flight=9 is above max_connections=8"):
            transport.post_many(["a"], b"{}", FanOutOptions(max_in_flight=9), print)
    assert server.requests == []


def test_what_still_connects_at_the_deadline_is_unsent(http: Implementation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing of TLS
        transport = http.connect(f"https://127.0.0.1:{silent.getsockname()[1]}/stage", connect_timeout=60)
        outcomes: dict[str, SendError | None] = {}
        unsent = transport.post_many(["a", "b"], b"{}", FanOutOptions(deadline=1), outcomes.__setitem__)
    assert (sorted(unsent), outcomes) == (["a", "b"], {})


def test_a_selector_without_a_descriptor_is_polled(http: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.setattr(selectors, "DefaultSelector", selectors.SelectSelector)
    outcomes: dict[str, SendError | None] = {}
    ids = [f"c{number}" for number in range(40)]
    with FaultServer(answer(200)) as server:
        transport = http.connect(server.url)
        transport.post_many(ids, b"{}", FanOutOptions(), outcomes.__setitem__)
    assert outcomes == dict.fromkeys(ids)


def test_a_new_connection_that_breaks_at_once_is_one_failed_attempt(http: Implementation) -> None:
    def reset(exchange: Exchange) -> None:
        exchange.reset()

    outcomes: dict[str, SendError | None] = {}
    with FaultServer(reset) as server:
        transport = http.connect(server.url, max_attempts=2)
        transport.post_many(["a"], b"{}", FanOutOptions(), outcomes.__setitem__)
    error = outcomes["a"]
    assert error is not None
    assert error.attempts == 2
    assert server.connections == 2


def test_a_rate_limit_that_is_held_at_a_fork_does_not_block_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = RateLimit(per_second=1000)
    with limit._lock:  # as another thread of the parent may hold it
        monkeypatch.setattr("os.getpid", lambda: -1)
        assert limit.take(1.0) == 0


def test_posts_over_one_connection_follow_each_other_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    waited_in_vain: list[float | None] = []

    class Selector(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            ready = super().select(5.0 if timeout is None else timeout)
            if not ready and timeout != 0.0:
                waited_in_vain.append(timeout)
            return ready

    monkeypatch.setattr("pushwire.transport.http._engine.selectors.DefaultSelector", Selector)
    outcomes: dict[str, SendError | None] = {}
    with FaultServer(answer(200)) as server, HttpTransport(server.url, read_timeout=60) as transport:
        ids = [f"c{number}" for number in range(40)]
        transport.post_many(ids, b"{}", FanOutOptions(max_in_flight=1), outcomes.__setitem__)
        assert server.connections == 1
    assert outcomes == dict.fromkeys(ids)
    assert waited_in_vain == []
