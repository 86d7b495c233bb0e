"""Quotas: requests above them are answered 429."""

from tests.conformance.clients import App, Watcher
from tests.conformance.management import Boto3, error_of, refusal_of
from tests.conformance.sources import ACCOUNT_QUOTAS, MODEL, QUOTAS, capture, source
from tests.conformance.target import Quotas, Target


@source(ACCOUNT_QUOTAS, MODEL + ": LimitExceededException")
def test_posts_over_the_rate_are_429_until_time_has_passed(target: Target) -> None:
    quotas = Quotas(requests_per_second=100, burst=50)
    with (
        target.limited(quotas) as (stage, let_pass),
        Watcher(stage, target.patience) as watcher,
        App(watcher) as app,
        Boto3(stage, target) as management,
    ):
        client = app.client()

        def flood() -> None:
            for _ in range(quotas.burst):
                management.post(client.id, b"x")

        assert refusal_of(error_of(flood)) == (429, "LimitExceededException")
        let_pass(1)
        management.post(client.id, b"again")


@source(ACCOUNT_QUOTAS, "the callback API takes from the rate that messages take from")
def test_messages_and_posts_share_one_rate(target: Target) -> None:
    quotas = Quotas(requests_per_second=100, burst=50)
    with (
        target.limited(quotas) as (stage, let_pass),
        Watcher(stage, target.patience) as watcher,
        App(watcher) as app,
        Boto3(stage, target) as management,
    ):
        client = app.client()
        let_pass(1)
        for _ in range(quotas.burst // 2):
            client.send(route="report", silent=True)
        client.answered()

        def flood() -> None:
            for _ in range(quotas.burst // 2):
                management.post(client.id, b"x")

        assert refusal_of(error_of(flood)) == (429, "LimitExceededException")
        let_pass(1)


@source(QUOTAS + ": new connections per second", capture("server rejected WebSocket connection: HTTP 429"))
def test_connections_over_the_rate_are_429_until_time_has_passed(target: Target) -> None:
    quotas = Quotas(connections_per_second=3)
    with target.limited(quotas) as (stage, let_pass), Watcher(stage, target.patience) as watcher, App(watcher) as app:
        let_pass(1)
        for _ in range(quotas.connections_per_second):
            app.open()
        assert app.refusal().status_code == 429
        let_pass(1)
        assert app.open().response is not None
