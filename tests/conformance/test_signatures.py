"""Access to the management API: requests must be signed with Signature Version 4."""

import json
from collections.abc import Iterator

import pytest

from tests.conformance.clients import App, Watchers
from tests.conformance.management import NOBODY, Boto3, Http, connection_url, error_of, refusal_of
from tests.conformance.sources import CONNECTIONS, IAM, capture, source
from tests.conformance.target import Target


@pytest.fixture
def signed(target: Target, watchers: Watchers) -> Iterator[App]:
    with App(watchers.of(target.signed())) as app:
        yield app


@source(CONNECTIONS + ": a signed request", IAM)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_request_without_a_signature_is_403(signed: App, http: Http, method: str) -> None:
    client = signed.client()
    assert http.unsigned(method, connection_url(signed.stage.callback_url, client.id)).status_code == 403
    assert client.is_there()


@source(IAM)
def test_a_signature_comes_before_the_question_who_is_there(signed: App, http: Http) -> None:
    assert http.unsigned("POST", connection_url(signed.stage.callback_url, NOBODY)).status_code == 403


@source(capture("Credential should be scoped to a valid region, for a custom domain whose region an SDK guessed"))
def test_a_signature_for_another_region_is_403(signed: App, target: Target) -> None:
    elsewhere = "eu-west-3" if target.region != "eu-west-3" else "us-east-1"
    client = signed.client()
    with Boto3(signed.stage, target, region=elsewhere) as management:
        error = error_of(lambda: management.post(client.id, b"x"))
    assert refusal_of(error)[0] == 403
    assert "Credential should be scoped to a valid region" in json.dumps(error.response["Error"])
