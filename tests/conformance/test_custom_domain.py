"""A custom domain with a mapping key: paths do not contain the stage."""

import json
from collections.abc import Iterator

import pytest

from tests.conformance.clients import App, Watcher
from tests.conformance.management import Boto3, Http, connection_url
from tests.conformance.sources import CUSTOM_DOMAIN, DEFAULT_HOST, MAPPED, MAPPED_EVENTS, MODEL, source
from tests.conformance.target import CustomDomain, Target

Mapped = tuple[CustomDomain, App]


@pytest.fixture
def mapped(target: Target) -> Iterator[Mapped]:
    with target.custom_domain() as domain, Watcher(domain.stage, target.patience) as watcher, App(watcher) as app:
        yield domain, app


@source(CUSTOM_DOMAIN)
def test_clients_connect_to_the_mapping_key(mapped: Mapped) -> None:
    _, app = mapped
    assert app.client().is_there()


@source(CUSTOM_DOMAIN, MODEL + ": an endpoint is the custom domain and base path")
def test_servers_post_to_the_mapping_key(mapped: Mapped, target: Target) -> None:
    domain, app = mapped
    client = app.client()
    with Boto3(domain.stage, target) as management:
        management.post(client.id, b"by the custom domain")
    assert client.receive() == "by the custom domain"


@source(MAPPED_EVENTS)
def test_events_name_the_custom_domain_and_the_stage_but_not_the_mapping_key(mapped: Mapped) -> None:
    domain, app = mapped
    context = app.client().connected["requestContext"]
    assert context["domainName"] == domain.name
    assert context["stage"] != domain.mapping_key
    assert domain.mapping_key not in context.values()


@source(MAPPED)
def test_a_stage_in_the_path_of_a_custom_domain_is_refused_with_this_message(mapped: Mapped, http: Http) -> None:
    domain, app = mapped
    client = app.client()
    stage = client.connected["requestContext"]["stage"]
    response = http.request("POST", connection_url(f"{domain.stage.callback_url}/{stage}", client.id), b"x")
    assert response.status_code >= 400
    message = json.loads(response.content)["message"]
    assert message.startswith(f"No method found matching route {stage}/")
    assert message.endswith(" for http method POST.")


@source(DEFAULT_HOST)
def test_a_client_of_a_custom_domain_can_be_posted_to_by_the_default_host(mapped: Mapped, http: Http) -> None:
    domain, app = mapped
    client = app.client()
    url = connection_url(domain.default_callback_url, client.id)
    assert http.request("POST", url, b"by the default host", host=domain.default_host).status_code == 200
    assert client.receive() == "by the default host"
