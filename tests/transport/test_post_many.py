"""One frame to many connections over real sockets, whichever way is taken."""

import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, answer, by_connection, then_close
from tests.transport.implementations import Implementation

import pushwire
from pushwire import RateLimit, SendError
from pushwire.transport.protocol import FanOutOptions


class Outcomes:
    """What `on_outcome` was called with."""

    def __init__(self) -> None:
        self.errors: dict[str, SendError | None] = {}
        self.told: Counter[str] = Counter()

    def __call__(self, connection_id: str, error: SendError | None) -> None:
        self.told[connection_id] += 1
        self.errors[connection_id] = error

    @property
    def accepted(self) -> set[str]:
        return {connection_id for connection_id, error in self.errors.items() if error is None}

    @property
    def failed(self) -> dict[str, type[SendError]]:
        return {connection_id: type(error) for connection_id, error in self.errors.items() if error is not None}


def ids(count: int) -> list[str]:
    return [f"c{number}=" for number in range(count)]


def posted(server: FaultServer) -> Counter[str]:
    return Counter(request.target.rpartition("/")[2].replace("%3D", "=") for request in server.requests)


def test_every_connection_gets_the_frame_once(implementation: Implementation) -> None:
    outcomes = Outcomes()
    with FaultServer(answer(200)) as server:
        unsent = implementation.connect(server.url).post_many(ids(50), b"hello", FanOutOptions(), outcomes)
    assert unsent == ()
    assert outcomes.accepted == set(ids(50))
    assert outcomes.told == posted(server) == Counter(ids(50))
    assert {request.body for request in server.requests} == {b"hello"}
    assert server.connections <= 32


def test_one_failure_never_stops_the_rest(implementation: Implementation) -> None:
    statuses = {"c1=": 410, "c2=": 403, "c3=": 400, "c4=": 413, "c5=": 404}
    outcomes = Outcomes()
    with FaultServer(by_connection(lambda connection_id, _: statuses.get(connection_id, 200))) as server:
        implementation.connect(server.url).post_many(ids(20), b"{}", FanOutOptions(max_in_flight=3), outcomes)
    assert outcomes.failed == {
        "c1=": pushwire.ConnectionGoneError,
        "c2=": pushwire.ForbiddenError,
        "c3=": pushwire.InvalidConnectionIdError,
        "c4=": pushwire.PayloadTooLargeError,
        "c5=": pushwire.SendError,
    }
    assert outcomes.accepted == set(ids(20)) - set(outcomes.failed)
    assert {error.connection_id for error in outcomes.errors.values() if error is not None} == set(outcomes.failed)
    assert server.connections <= 3


def test_what_may_pass_is_tried_again(implementation: Implementation) -> None:
    outcomes = Outcomes()
    with FaultServer(by_connection(lambda _, attempt: {1: 500, 2: None}.get(attempt, 200))) as server:
        implementation.connect(server.url).post_many(ids(5), b"{}", FanOutOptions(max_in_flight=2), outcomes)
    assert outcomes.accepted == set(ids(5))
    assert posted(server) == Counter(ids(5) * 3)


def test_what_stays_unavailable_says_after_how_many_attempts(implementation: Implementation) -> None:
    outcomes = Outcomes()
    with FaultServer(by_connection(lambda *_: None)) as server:
        implementation.connect(server.url, max_attempts=2).post_many(["c=", "d="], b"{}", FanOutOptions(), outcomes)
    for error in outcomes.errors.values():
        assert isinstance(error, pushwire.UnavailableError)
        assert (error.attempts, error.maybe_accepted) == (2, True)
        assert error.__cause__ is not None
    assert len(server.requests) == 4


def test_a_refused_connection_is_told_for_each_id(implementation: Implementation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    outcomes = Outcomes()
    transport = implementation.connect(f"http://127.0.0.1:{port}/stage", max_attempts=1)
    transport.post_many(ids(40), b"{}", FanOutOptions(max_in_flight=4), outcomes)
    assert outcomes.failed == dict.fromkeys(ids(40), pushwire.UnavailableError)
    assert not any(error.maybe_accepted for error in outcomes.errors.values() if error is not None)


def test_without_credentials_each_id_is_told_of_it(implementation: Implementation) -> None:
    outcomes = Outcomes()
    transport = implementation.connect("https://abc123.execute-api.eu-west-1.amazonaws.com/prod")
    transport.post_many(ids(40), b"{}", FanOutOptions(max_in_flight=4), outcomes)
    assert outcomes.failed == dict.fromkeys(ids(40), pushwire.CredentialsError)


def test_connections_are_kept_for_the_next_call(implementation: Implementation) -> None:
    with FaultServer(answer(200)) as server:
        transport = implementation.connect(server.url)
        for _ in range(3):
            transport.post_many(ids(8), b"{}", FanOutOptions(max_in_flight=1), Outcomes())
            transport.post("c=", b"{}")
    assert (server.connections, len(server.requests)) == (1, 27)


def test_connections_that_the_server_ends_with_each_answer_cost_no_attempt(implementation: Implementation) -> None:
    outcomes = Outcomes()
    with FaultServer(then_close(answer(200, Connection="close"))) as server:
        transport = implementation.connect(server.url, max_attempts=1)
        transport.post_many(ids(20), b"{}", FanOutOptions(max_in_flight=4), outcomes)
    assert outcomes.accepted == set(ids(20))
    assert server.connections == 20


def test_at_the_deadline_what_was_drawn_and_not_sent_is_returned(implementation: Implementation) -> None:
    def rest() -> Iterator[str]:
        yield from ids(1_000)

    drawn = rest()
    outcomes = Outcomes()
    options = FanOutOptions(max_in_flight=2, rate_limit=RateLimit(per_second=20, burst=1), deadline=0.5)
    with FaultServer(answer(200)) as server:
        unsent = implementation.connect(server.url).post_many(drawn, b"{}", options, outcomes)
    left = list(drawn)
    assert 1 <= len(outcomes.accepted) <= 12
    assert [*sorted(outcomes.accepted, key=ids(1_000).index), *unsent, *left] == ids(1_000)
    assert set(posted(server)) == outcomes.accepted


def test_an_id_that_no_url_can_name_is_an_outcome(http: Implementation) -> None:
    outcomes = Outcomes()
    with FaultServer(answer(200)) as server:
        transport = http.connect(server.url)
        transport.post_many(["a=", "", "b=", "..", "\ud800"], b"{}", FanOutOptions(), outcomes)
    assert outcomes.accepted == {"a=", "b="}
    assert outcomes.failed == dict.fromkeys(["", "..", "\ud800"], pushwire.InvalidConnectionIdError)


def test_an_id_that_cannot_be_encoded_gets_its_error_and_the_others_are_sent(implementation: Implementation) -> None:
    outcomes = Outcomes()
    with FaultServer(answer(200)) as server:
        implementation.connect(server.url).post_many(["a=", "\ud800", "b="], b"{}", FanOutOptions(), outcomes)
    assert outcomes.accepted == {"a=", "b="}
    assert outcomes.failed == {"\ud800": pushwire.InvalidConnectionIdError}
    assert len(server.requests) == 2


@pytest.mark.parametrize("wrong", [None, 5, b"c="])
def test_an_id_that_is_no_string_ends_it_with_a_type_error(wrong: Any, implementation: Implementation) -> None:
    outcomes = Outcomes()
    with FaultServer(answer(200)) as server:
        transport = implementation.connect(server.url)
        with pytest.raises(TypeError, match="a connection id must be a string"):
            transport.post_many(["a=", wrong, "b="], b"{}", FanOutOptions(max_in_flight=1), outcomes)
    assert outcomes.accepted == {"a="}
