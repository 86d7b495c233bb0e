"""A Lambda authorizer on `$connect`: its decision, and its context in events."""

from collections.abc import Iterator

import pytest

from tests.conformance.clients import App, Event, Watchers
from tests.conformance.sources import AUTHORIZER, CONNECT_AND_DISCONNECT, DELETED, MAPPING, source
from tests.conformance.target import Target

ALLOWED = {"token": "Allow"}


@pytest.fixture
def authorized(target: Target, watchers: Watchers) -> Iterator[App]:
    """Return a stage whose watcher is authorized."""
    with App(watchers.of(target.authorized(), ALLOWED)) as app:
        yield app


@source(AUTHORIZER)
def test_allow_lets_a_client_in(authorized: App) -> None:
    assert authorized.client(query=ALLOWED).is_there()


@source(CONNECT_AND_DISCONNECT + ": 401 or 403", AUTHORIZER)
def test_deny_is_403(authorized: App) -> None:
    assert authorized.refusal({"token": "Deny"}).status_code == 403


@source(AUTHORIZER + ": its example function")
def test_an_authorizer_that_raises_unauthorized_is_401(authorized: App) -> None:
    assert authorized.refusal({"token": "Unauthorized"}).status_code == 401


@source(AUTHORIZER + ": identity sources")
def test_a_missing_identity_source_is_401(authorized: App) -> None:
    assert authorized.refusal().status_code == 401


@source(MAPPING, DELETED)
def test_every_event_carries_what_the_authorizer_told_as_strings(authorized: App) -> None:
    client = authorized.client(query=ALLOWED)
    events = [client.connected, client.event_of('{"route":"report"}')]
    client.ws.close()
    events.append(client.disconnected())
    assert [told(event) for event in events] == [
        {"principalId": "somebody", "text": "yes", "number": "1", "flag": "true"}
    ] * 3


def told(event: Event) -> Event:
    authorizer = event["requestContext"]["authorizer"]
    return {name: authorizer[name] for name in ("principalId", "text", "number", "flag")}
