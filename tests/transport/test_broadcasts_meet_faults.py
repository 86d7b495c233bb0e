"""Broadcasts over real sockets to a server that throttles, fails, cuts its answers and has lost clients."""

import random
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

import pytest
from tests.support.fault_server import FaultServer, by_connection, stall
from tests.transport.implementations import Implementation, OnLoop

from pushwire import ConnectionGoneError, RateLimit, SendError, ThrottledError, UnavailableError
from pushwire.transport.protocol import FanOutOptions

DATA = b'{"route":"A","payload":{}}'


def post_many(
    implementation: Implementation,
    url: str,
    ids: Iterable[str],
    options: FanOutOptions,
    on_outcome: Callable[[str, SendError | None], object],
) -> tuple[str, ...]:
    """Post through an implementation; those of asyncio draw the ids from an async iterable."""
    transport = implementation.connect(url, read_timeout=1)
    if isinstance(transport, OnLoop):
        return transport.post_many(_later(ids), DATA, options, on_outcome)
    return transport.post_many(ids, DATA, options, on_outcome)


async def _later(ids: Iterable[str]) -> AsyncIterator[str]:
    for connection_id in ids:
        yield connection_id


class Fates:
    """3% of the clients are gone; of the requests to the others 5% are throttled, 2% fail, 1% get half an answer.

    Each takes up to 20 ms.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[int | None]] = {}
        self._random = random.Random(2024)
        self._lock = threading.Lock()

    def __call__(self, connection_id: str, _attempt: int) -> int | None:
        with self._lock:
            share, jitter = self._random.random(), self._random.random()
            answer = 410 if gone(connection_id) else 429 if share < 0.05 else 500 if share < 0.07 else 200
            cut = answer == 200 and share < 0.08
            self.answers.setdefault(connection_id, []).append(None if cut else answer)
        time.sleep(jitter * 0.02)
        return None if cut else answer


def well(_connection_id: str, _attempt: int) -> int:
    return 200


def gone(connection_id: str) -> bool:
    return int(connection_id[1:-1]) % 33 == 7


@pytest.mark.parametrize("clients", [500, pytest.param(20_000, marks=pytest.mark.at_length)])
def test_every_id_gets_one_outcome_and_it_is_the_true_one(clients: int, implementation: Implementation) -> None:
    ids = [f"c{number:06}=" for number in range(clients)]
    fates = Fates()
    outcomes: list[tuple[str, SendError | None]] = []
    with FaultServer(by_connection(fates)) as server:
        unsent = post_many(
            implementation, server.url, iter(ids), FanOutOptions(), lambda *outcome: outcomes.append(outcome)
        )
    assert unsent == ()
    assert Counter(connection_id for connection_id, _ in outcomes) == Counter(ids)
    assert {id_ for id_, error in outcomes if isinstance(error, ConnectionGoneError)} == {*filter(gone, ids)}
    for connection_id, error in outcomes:
        answers = fates.answers[connection_id]
        assert len(answers) == (1 if error is None else error.attempts) or answers[-1] == 200
        last = {200: type(None), 410: ConnectionGoneError, 429: ThrottledError, 500: UnavailableError}
        assert type(error) is last.get(answers[-1] or 0, UnavailableError)
        if error is not None:
            assert error.maybe_accepted == any(answer in (None, 500) for answer in answers)
    assert sum(error is None for _, error in outcomes) > 0.95 * len(ids)


def test_no_more_are_in_flight_than_asked_for(implementation: Implementation) -> None:
    now, most, lock = 0, 0, threading.Lock()

    def fate(_connection_id: str, _attempt: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.002)
        with lock:
            now -= 1
        return 200

    with FaultServer(by_connection(fate)) as server:
        post_many(
            implementation, server.url, (f"c{number}" for number in range(60)), FanOutOptions(max_in_flight=3), print
        )
        assert server.connections <= 3
    assert 1 < most <= 3


def test_a_client_that_is_named_twice_has_one_post_at_a_time(implementation: Implementation) -> None:
    busy, lock = set[str](), threading.Lock()

    def fate(connection_id: str, attempt: int) -> int:
        with lock:
            assert connection_id not in busy
            busy.add(connection_id)
        time.sleep(0.001)
        with lock:
            busy.remove(connection_id)
        return 429 if attempt == 2 else 200

    outcomes: list[tuple[str, SendError | None]] = []
    with FaultServer(by_connection(fate)) as server:
        post_many(
            implementation, server.url, ["a", "b", "a"] * 10, FanOutOptions(), lambda *outcome: outcomes.append(outcome)
        )
    assert Counter(outcomes) == {("a", None): 20, ("b", None): 10}
    assert Counter(request.target[-1] for request in server.requests) == {"a": 21, "b": 11}


def test_the_rate_is_kept(implementation: Implementation) -> None:
    times: list[float] = []

    def fate(_connection_id: str, _attempt: int) -> int:
        times.append(time.monotonic())
        return 200

    options = FanOutOptions(rate_limit=RateLimit(per_second=200, burst=5))
    started = time.monotonic()
    with FaultServer(by_connection(fate)) as server:
        post_many(implementation, server.url, (f"c{number}" for number in range(45)), options, print)
    # 5 at once, then 40 at 200 a second: however slow the machine is, the last one arrives no earlier
    assert times[-1] - started > 0.19


def test_at_the_deadline_what_is_in_flight_ends_and_the_caller_keeps_the_rest(implementation: Implementation) -> None:
    outcomes: list[tuple[str, SendError | None]] = []
    ids = (f"c{number}" for number in range(10))
    with FaultServer(stall) as server:
        unsent = post_many(
            implementation,
            server.url,
            ids,
            FanOutOptions(max_in_flight=4, deadline=1),
            lambda *told: outcomes.append(told),
        )
    assert unsent == ()
    assert sorted(connection_id for connection_id, _ in outcomes) == ["c0", "c1", "c2", "c3"]
    assert all(isinstance(error, UnavailableError) and error.attempts == 1 for _, error in outcomes)
    assert next(ids) == "c4"


def test_an_iterable_that_fails_does_so_when_what_is_in_flight_has_ended(implementation: Implementation) -> None:
    def ids() -> Iterator[str]:
        yield from ("a", "b")
        raise LookupError("no table")

    outcomes: list[tuple[str, SendError | None]] = []
    with FaultServer(by_connection(well)) as server, pytest.raises(LookupError, match="no table"):
        post_many(implementation, server.url, ids(), FanOutOptions(), lambda *outcome: outcomes.append(outcome))
    assert sorted(outcomes) == [("a", None), ("b", None)]


def test_a_callback_that_fails_ends_the_broadcast(implementation: Implementation) -> None:
    told: list[str] = []

    def on_outcome(connection_id: str, _error: SendError | None) -> None:
        told.append(connection_id)
        raise LookupError(connection_id)

    ids = (f"c{number}" for number in range(100))
    with FaultServer(by_connection(well)) as server, pytest.raises(LookupError, match=r"c\d+"):
        post_many(implementation, server.url, ids, FanOutOptions(max_in_flight=2), on_outcome)
    assert sorted(told) == sorted(request.target.rpartition("/")[2] for request in server.requests)
    assert len(list(ids)) > 90
