"""Time-outs: of idle connections, old connections, and handlers."""

from collections.abc import Iterator

import pytest

from tests.conformance.clients import ANSWER, App, Watcher
from tests.conformance.management import Boto3
from tests.conformance.sources import BOTH_WAYS, IDLE_EVENT, OVERVIEW, QUOTAS, TIMED_OUT_FRAME, source
from tests.conformance.target import LetPass, Target

MINUTE = 60.0
Timed = tuple[App, LetPass, Boto3]


@pytest.fixture
def timed(target: Target) -> Iterator[Timed]:
    """The app, a function that lets time pass, and the management API."""
    with (
        target.timed() as (stage, let_pass),
        Watcher(stage, target.patience) as watcher,
        App(watcher) as app,
        Boto3(stage, target) as management,
    ):
        watcher.answered()
        yield app, let_pass, management


@source(OVERVIEW, QUOTAS, IDLE_EVENT)
def test_a_connection_idle_for_ten_minutes_is_closed_with_1001(timed: Timed) -> None:
    app, let_pass, _ = timed
    client = app.client()
    let_pass(9 * MINUTE)
    app.watcher.answered()
    let_pass(MINUTE + 1)
    assert client.close_code() == 1001
    context = client.disconnected()["requestContext"]
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (1001, "Going away")


@source(QUOTAS)
def test_a_message_ends_the_idling(timed: Timed) -> None:
    app, let_pass, _ = timed
    client = app.client()
    for _ in range(2):
        let_pass(9 * MINUTE)
        app.watcher.answered()
        client.answered()


@source(QUOTAS, BOTH_WAYS)
def test_a_post_ends_the_idling_too(timed: Timed) -> None:
    app, let_pass, management = timed
    client = app.client()
    let_pass(9 * MINUTE)
    app.watcher.answered()
    management.post(client.id, b"still there?")
    assert client.receive() == "still there?"
    let_pass(9 * MINUTE)
    client.answered()


@source(OVERVIEW, QUOTAS)
def test_after_two_hours_a_connection_is_closed_with_1001_whatever_it_does(timed: Timed) -> None:
    app, let_pass, _ = timed
    client = app.client()
    for _ in range(13):
        let_pass(9 * MINUTE)
        app.watcher.answered()
        client.answered()
    with Watcher(app.stage, app.patience) as younger:  # the first one is as old as the client
        younger.answered()
        client.send(**ANSWER, watcher=younger.id)
        client.receive()
        let_pass(3 * MINUTE + 1)
        assert client.close_code() == 1001
        context = younger.report_of("DISCONNECT", client.id)["event"]["requestContext"]
        assert context["disconnectStatusCode"] == 1001


@source(QUOTAS + ": integration time-out", TIMED_OUT_FRAME)
def test_a_handler_that_takes_longer_than_29_seconds_gives_this_frame_and_the_connection_stays(timed: Timed) -> None:
    app, let_pass, _ = timed
    client = app.client()
    client.send(route="report", hold=client.id, seconds=40)
    request_id = client.reported()["event"]["requestContext"]["requestId"]
    let_pass(30)
    assert client.receive() == (
        f'{{"message": "Endpoint request timed out", "connectionId":"{client.id}", "requestId":"{request_id}"}}'
    )
    app.release(client.id)
    client.answered()


@source("service model of apigatewaymanagementapi: LastActiveAt is when the connection was last active")
def test_get_tells_when_a_client_was_last_active(timed: Timed) -> None:
    app, let_pass, management = timed
    client = app.client()
    let_pass(MINUTE)
    client.answered()
    answer = management.get(client.id)
    assert MINUTE - 1 <= (answer["LastActiveAt"] - answer["ConnectedAt"]).total_seconds() <= MINUTE + 5
