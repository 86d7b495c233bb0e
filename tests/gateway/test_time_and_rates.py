"""Time-outs and rates, on the gateway's clock."""

import math
import threading
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus

from pushwire.gateway import GatewaySettings, HandlerTimeout, ManualClock, Quotas, SettingsError
from pushwire.gateway._state.quotas import TokenBucket
from pushwire.gateway.transcript import Ended
from pushwire.testing import RunningGateway, local_gateway
from tests.gateway.conftest import Boto3
from tests.gateway.world import SECONDS, Event, Recorder

GOING_AWAY = (1001, "Going away")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def gateway(recorder: Recorder) -> Iterator[RunningGateway]:
    with local_gateway(recorder, clock=ManualClock()) as running:
        yield running


def test_ten_idle_minutes_end_a_connection(gateway: RunningGateway, recorder: Recorder) -> None:
    client = gateway.connect()
    gateway.advance(599.9)
    assert gateway.connection_ids == (client.connection_id,)
    gateway.advance(0.1)
    assert client.wait_closed() == GOING_AWAY
    assert not gateway.gateway.registry
    recorder.next("CONNECT")
    context = recorder.next("DISCONNECT")["requestContext"]
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == GOING_AWAY
    assert context["requestTimeEpoch"] - context["connectedAt"] == 600_000


def test_a_message_either_way_keeps_a_connection(gateway: RunningGateway, boto3_client: Boto3) -> None:
    client = gateway.connect()
    gateway.advance(500)
    client.send_text("still here")
    gateway.settled()
    gateway.advance(500)
    boto3_client(gateway.gateway).post_to_connection(ConnectionId=client.connection_id, Data=b"hello")
    gateway.advance(599)
    assert client.receive_text() == "hello"
    gateway.advance(1)
    assert client.wait_closed() == GOING_AWAY


def test_a_ping_is_no_message(gateway: RunningGateway) -> None:
    client = gateway.connect()
    gateway.advance(599)
    client.socket.ping().wait(SECONDS)
    gateway.advance(1)
    assert client.wait_closed() == GOING_AWAY


def test_two_hours_end_every_connection(gateway: RunningGateway) -> None:
    client = gateway.connect()
    for _ in range(14):
        gateway.advance(500)
        client.send_text("busy")
        gateway.settled()
    gateway.advance(199)
    assert gateway.connection_ids == (client.connection_id,)
    gateway.advance(1)
    assert client.wait_closed() == GOING_AWAY
    assert gateway.transcript.of(Ended)[0].at - gateway.gateway.clock.time() == 0


def test_a_handler_that_takes_29_seconds_is_given_up_and_the_connection_stays_open() -> None:
    release, started = threading.Event(), threading.Event()

    def slow(event: Event, context: object) -> dict[str, int]:
        if event["requestContext"]["eventType"] == "MESSAGE":
            started.set()
            assert release.wait(SECONDS)
        return {"statusCode": 200}

    with local_gateway(slow, clock=ManualClock()) as gateway, gateway.connect() as client:
        client.send_text("think")
        assert started.wait(SECONDS)
        gateway.advance(29)
        text = client.receive_text()
        release.set()
        gateway.settled()
        assert gateway.connection_ids == (client.connection_id,)
    assert text.startswith(
        f'{{"message": "Endpoint request timed out", "connectionId":"{client.connection_id}", "requestId":"'
    )


def test_a_connect_handler_that_takes_29_seconds_refuses_the_client() -> None:
    with local_gateway(Recorder(), clock=ManualClock()) as gateway:
        gateway.faults.inject(HandlerTimeout(), times=1)
        refused: list[int] = []

        def connect() -> None:
            try:
                gateway.connect()
            except InvalidStatus as error:
                refused.append(error.response.status_code)

        client = threading.Thread(target=connect)
        client.start()
        while not gateway.gateway.clock.sleepers:
            gateway.settled()
        gateway.advance(29)
        client.join(SECONDS)
    assert refused == [504]


def test_the_context_counts_down_on_the_same_clock() -> None:
    left: list[int] = []

    def handler(_event: Event, context: object) -> dict[str, int]:
        left.append(context.get_remaining_time_in_millis())  # type: ignore[attr-defined]
        return {"statusCode": 200}

    with local_gateway(handler, clock=ManualClock()) as gateway:
        gateway.connect()
    assert left[0] == 29_000


def quotas(**changes: float) -> GatewaySettings:
    return GatewaySettings(quotas=Quotas(**changes))


def test_posts_beyond_the_accounts_rate_are_429_until_the_bucket_fills(boto3_client: Boto3) -> None:
    settings = quotas(requests_per_second=10, request_burst=5)
    with local_gateway(Recorder(), settings=settings, clock=ManualClock()) as gateway:
        client = gateway.connect()  # takes a token
        boto3 = boto3_client(gateway.gateway)
        for _ in range(4):
            boto3.post_to_connection(ConnectionId=client.connection_id, Data=b"x")
        with pytest.raises(boto3.exceptions.LimitExceededException):
            boto3.post_to_connection(ConnectionId=client.connection_id, Data=b"x")
        with pytest.raises(boto3.exceptions.LimitExceededException):
            boto3.get_connection(ConnectionId=client.connection_id)
        gateway.advance(0.1)
        boto3.post_to_connection(ConnectionId=client.connection_id, Data=b"x")
        with pytest.raises(ClientError):
            boto3.post_to_connection(ConnectionId=client.connection_id, Data=b"x")


def test_a_message_beyond_the_accounts_rate_is_told_and_reaches_no_handler() -> None:
    recorder = Recorder()
    settings = quotas(requests_per_second=1, request_burst=1)
    with local_gateway(recorder, settings=settings, clock=ManualClock()) as gateway:
        client = gateway.connect()
        client.send_text("one too many")
        assert client.receive_error().message == "Too Many Requests"
        recorder.next("CONNECT")
        assert recorder.nothing_more()


def test_new_connections_beyond_their_rate_are_429() -> None:
    with local_gateway(Recorder(), settings=quotas(connections_per_second=2), clock=ManualClock()) as gateway:
        gateway.connect()
        gateway.connect()
        with pytest.raises(InvalidStatus) as refused:
            gateway.connect()
        assert refused.value.response.status_code == 429
        gateway.advance(0.5)
        gateway.connect()


def test_quotas_can_be_switched_off() -> None:
    bucket = TokenBucket(per_second=math.inf, burst=1, clock=lambda: 0.0)
    assert all(bucket.take() for _ in range(10_000))
    settings = quotas(idle_seconds=math.inf, lifetime_seconds=math.inf, integration_seconds=math.inf)
    with local_gateway(Recorder(), settings=settings, clock=ManualClock()) as gateway:
        client = gateway.connect()
        gateway.advance(1e7)
        assert gateway.connection_ids == (client.connection_id,)


@pytest.mark.parametrize("name", ["requests_per_second", "idle_seconds", "integration_seconds"])
def test_a_quota_is_more_than_nothing(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}= must be above 0"):
        quotas(**{name: 0})


def test_a_clock_that_was_set_back_does_not_empty_the_rates() -> None:
    now = 1_000_000.0
    bucket = TokenBucket(per_second=10, burst=2, clock=lambda: now)
    now -= 3_600
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now += 0.1
    assert [bucket.take() for _ in range(2)] == [True, False]
