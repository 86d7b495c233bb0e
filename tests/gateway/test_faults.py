"""Injected faults: errors of real networks and of the real service."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from hypothesis import given
from hypothesis import strategies as st

from pushwire.gateway import (
    AnswerWith,
    Delay,
    DropRequest,
    Duplicate,
    Faults,
    HandlerTimeout,
    ManualClock,
    Reorder,
    TruncateResponse,
)
from pushwire.gateway.transcript import Called, Delivered, Ended
from pushwire.testing import GatewayClient, RunningGateway, local_gateway
from tests.gateway.conftest import Boto3
from tests.gateway.world import SECONDS, Recorder


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def gateway(recorder: Recorder) -> Iterator[RunningGateway]:
    with local_gateway(recorder, clock=ManualClock()) as running:
        yield running


@pytest.fixture
def boto3(gateway: RunningGateway, boto3_client: Boto3) -> Any:
    return boto3_client(gateway.gateway)


def post(boto3: Any, client: GatewayClient, text: str) -> None:
    boto3.post_to_connection(ConnectionId=client.connection_id, Data=text.encode())


def sleeping(gateway: RunningGateway, count: int = 1) -> None:
    """Wait until a number of requests sleep on the clock."""
    while gateway.gateway.clock.sleepers < count:
        gateway.settled()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, "ForbiddenException"),
        (410, "GoneException"),
        (413, "PayloadTooLargeException"),
        (429, "LimitExceededException"),
    ],
)
def test_an_answer_that_is_an_error(gateway: RunningGateway, boto3: Any, status: int, error: str) -> None:
    client = gateway.connect()
    gateway.faults.inject(AnswerWith(status))
    with pytest.raises(getattr(boto3.exceptions, error)):
        post(boto3, client, "lost")
    gateway.faults.clear()
    post(boto3, client, "found")
    assert client.receive_text() == "found"
    assert [called.status for called in gateway.transcript.of(Called)] == [status, 200]


def test_a_500_and_then_success(gateway: RunningGateway, boto3: Any) -> None:
    client = gateway.connect()
    injection = gateway.faults.inject(AnswerWith(500), times=1)
    with pytest.raises(ClientError) as failed:
        post(boto3, client, "first")
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    post(boto3, client, "second")
    assert client.receive_text() == "second"
    assert (injection.count, gateway.faults.injections) == (1, ())


def test_one_connection_fails_and_the_others_do_not(gateway: RunningGateway, boto3: Any) -> None:
    gone, here = gateway.connect(), gateway.connect()
    with gateway.faults.inject(AnswerWith(410), connection_id=gone.connection_id):
        post(boto3, here, "hello")
        with pytest.raises(boto3.exceptions.GoneException):
            post(boto3, gone, "hello")
    post(boto3, gone, "hello")
    assert (here.receive_text(), gone.receive_text()) == ("hello", "hello")


def test_faults_concern_posts_unless_told_otherwise(gateway: RunningGateway, boto3: Any) -> None:
    client = gateway.connect()
    with gateway.faults.inject(AnswerWith(410)):
        boto3.get_connection(ConnectionId=client.connection_id)
    with (
        gateway.faults.inject(AnswerWith(410), methods=["GET", "DELETE"]),
        pytest.raises(boto3.exceptions.GoneException),
    ):
        boto3.delete_connection(ConnectionId=client.connection_id)
    assert gateway.connection_ids == (client.connection_id,)


def test_a_delay_lasts_on_the_gateways_clock(gateway: RunningGateway, boto3: Any) -> None:
    client = gateway.connect()
    gateway.faults.inject(Delay(5.0, jitter=1.0), times=1)
    with ThreadPoolExecutor(1) as threads:
        sent = threads.submit(post, boto3, client, "late")
        sleeping(gateway)
        gateway.advance(4.9)
        assert not gateway.transcript.of(Delivered)
        gateway.advance(1.1)
        sent.result(SECONDS)
    assert client.receive_text() == "late"


def test_answers_of_one_tcp_connection_stay_in_order_though_one_is_late(gateway: RunningGateway) -> None:
    client = gateway.connect()
    gateway.faults.inject(Delay(5.0), times=1)
    path = f"{gateway.gateway.settings.stage}/@connections/{client.connection_id}"
    request = "POST /{} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n{}\r\n{}"
    with socket.create_connection(("127.0.0.1", gateway.gateway.port), timeout=SECONDS) as sock:
        sock.sendall((request.format(path, "", "1") + request.format(path, "Connection: close\r\n", "2")).encode())
        sleeping(gateway)
        gateway.advance(5)
        answers = b"".join(iter(lambda: sock.recv(65_536), b""))
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert [client.receive_text(), client.receive_text()] == ["1", "2"]


def test_a_request_that_is_cut_is_never_seen(gateway: RunningGateway, boto3: Any) -> None:
    client = gateway.connect()
    gateway.faults.inject(DropRequest(), times=1)
    with pytest.raises(HTTPClientError):
        post(boto3, client, "lost")
    post(boto3, client, "next")
    assert client.receive_text() == "next"


def test_an_answer_that_is_cut_belongs_to_a_post_that_arrived(gateway: RunningGateway, boto3: Any) -> None:
    client = gateway.connect()
    gateway.faults.inject(TruncateResponse(), times=1)
    with pytest.raises(HTTPClientError):
        post(boto3, client, "there")
    assert client.receive_text() == "there"


def test_a_duplicate(gateway: RunningGateway, boto3: Any) -> None:
    client = gateway.connect()
    gateway.faults.inject(Duplicate(), times=1)
    post(boto3, client, "twice")
    post(boto3, client, "once")
    assert [client.receive_text() for _ in range(3)] == ["twice", "twice", "once"]


def test_a_concurrent_post_overtakes_another(gateway: RunningGateway, boto3: Any) -> None:
    client, other = gateway.connect(), gateway.connect()
    gateway.faults.inject(Reorder(), connection_id=client.connection_id, times=1)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(post, boto3, client, "first")
        sleeping(gateway)
        post(boto3, other, "of no concern")
        assert not first.done()
        post(boto3, client, "second")
        first.result(SECONDS)
    assert [client.receive_text(), client.receive_text()] == ["second", "first"]


def test_a_post_that_nobody_overtakes_waits_only_so_long(gateway: RunningGateway, boto3: Any) -> None:
    client = gateway.connect()
    gateway.faults.inject(Reorder(seconds=2.0), times=1)
    with ThreadPoolExecutor(1) as threads:
        sent = threads.submit(post, boto3, client, "alone")
        sleeping(gateway)
        gateway.advance(2)
        sent.result(SECONDS)
    assert client.receive_text() == "alone"


def test_a_handler_that_times_out_was_called_all_the_same(gateway: RunningGateway, recorder: Recorder) -> None:
    client = gateway.connect()
    gateway.faults.inject(HandlerTimeout(), connection_id=client.connection_id, times=1)
    client.send_text("think")
    sleeping(gateway)
    gateway.advance(29)
    assert client.receive_error().message == "Endpoint request timed out"
    recorder.next("CONNECT")
    recorder.next("MESSAGE")


def test_a_silent_death_swallows_posts_and_disconnect_comes_late(
    gateway: RunningGateway, recorder: Recorder, boto3: Any
) -> None:
    client = gateway.connect()
    recorder.next("CONNECT")
    gateway.silence(client.connection_id, disconnect_after=60)
    post(boto3, client, "into darkness")
    client.send_text("into darkness, too")
    gateway.advance(59)
    assert gateway.connection_ids == (client.connection_id,)
    assert recorder.nothing_more()
    gateway.advance(1)
    assert recorder.next("DISCONNECT")["requestContext"]["disconnectStatusCode"] == 1006
    with pytest.raises(boto3.exceptions.GoneException):
        post(boto3, client, "gone at last")
    assert client.wait_closed().code == 1006


def test_a_silent_death_that_nobody_notices(gateway: RunningGateway, recorder: Recorder, boto3: Any) -> None:
    client = gateway.connect()
    recorder.next("CONNECT")
    gateway.silence()
    post(boto3, client, "into darkness")
    gateway.advance(7_200)
    assert gateway.connection_ids == ()
    assert recorder.nothing_more()
    assert [ended.code for ended in gateway.transcript.of(Ended)] == [1001]


def test_a_client_that_dies_silently_and_hangs_up_is_still_there_for_the_gateway(
    gateway: RunningGateway, recorder: Recorder
) -> None:
    client = gateway.connect()
    gateway.silence(client.connection_id)
    client.socket.socket.shutdown(socket.SHUT_RDWR)
    gateway.settled()
    assert gateway.connection_ids == (client.connection_id,)


def test_dropped_and_closed_clients(gateway: RunningGateway, recorder: Recorder) -> None:
    dropped, closed, others = gateway.connect(), gateway.connect(), [gateway.connect() for _ in range(3)]
    gateway.drop(dropped.connection_id)
    assert dropped.wait_closed().code == 1006
    gateway.close(closed.connection_id, code=1011, reason="oh")
    assert closed.wait_closed() == (1011, "oh")
    gateway.close()
    assert {other.wait_closed() for other in others} == {(1012, "Service restart")}
    gateway.drop("nobody")
    gateway.settled()
    assert [ended.code for ended in gateway.transcript.of(Ended)] == [1006, 1011, 1012, 1012, 1012]


def test_silent_clients_do_not_hold_up_the_end_of_a_test(recorder: Recorder) -> None:
    with local_gateway(recorder, clock=ManualClock()) as gateway:
        silent, late = gateway.connect(), gateway.connect()
        gateway.silence(late.connection_id, disconnect_after=1e6)
        gateway.silence()
        assert gateway.connection_ids == (silent.connection_id, late.connection_id)
    assert {silent.wait_closed().code, late.wait_closed().code} == {1006}


@given(st.floats(0, 1), st.integers(0, 2**32))
def test_a_share_of_requests_fails_and_the_same_ones_in_each_run(probability: float, seed: int) -> None:
    def run() -> list[bool]:
        faults = Faults(seed=seed)
        faults.inject(AnswerWith(429), probability=probability)
        return [bool(faults.of_request("POST", "any")) for _ in range(200)]

    first = run()
    assert first == run()
    assert sum(first) in range(int(200 * probability) - 80, int(200 * probability) + 81)


def test_injections_from_many_threads_are_all_counted() -> None:
    faults = Faults()
    threads = [threading.Thread(target=faults.inject, args=[Duplicate()]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faults.of_request("POST", "any")) == 20


@pytest.mark.parametrize("status", [200, 204, 404, 418, 600])
def test_an_error_is_one_that_the_management_api_has(status: int) -> None:
    with pytest.raises(ValueError, match=f"not {status}"):
        AnswerWith(status)


@pytest.mark.parametrize("options", [{"times": 0}, {"probability": 1.5}, {"probability": -1}])
def test_senseless_injections_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Faults().inject(Duplicate(), **options)
