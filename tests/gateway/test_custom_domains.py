"""An API on a custom domain: paths contain the mapping key, not the stage; events have no callback URL."""

import os
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pushwire.gateway import CustomDomain, GatewaySettings, SettingsError
from pushwire.testing import RunningGateway, local_gateway
from tests.gateway.conftest import Boto3
from tests.gateway.world import SECONDS, Recorder, connection_id, exchange


def on(domain: CustomDomain) -> Any:
    settings = GatewaySettings(stage="prod", api_id="abcd1234", custom_domain=domain)
    recorder = Recorder()
    return recorder, local_gateway(recorder, settings=settings)


def request(gateway: RunningGateway, path: str, *, method: str = "POST", host: str = "ws.example.com") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
    return exchange(gateway.gateway, head.encode())


@pytest.mark.parametrize("mapping_key", ["", "chat", "v1.2-x_(y)!"])
def test_clients_and_posts_come_by_the_mapping_key(mapping_key: str, boto3_client: Boto3) -> None:
    recorder, running = on(CustomDomain("ws.example.com", mapping_key))
    with running as gateway:
        suffix = f"/{mapping_key}" if mapping_key else ""
        assert gateway.url == f"ws://127.0.0.1:{gateway.gateway.port}{suffix}"
        client = gateway.connect()
        context = recorder.next("CONNECT")["requestContext"]
        assert (context["domainName"], context["stage"]) == ("ws.example.com", "prod")
        boto3_client(gateway.gateway).post_to_connection(ConnectionId=client.connection_id, Data=b"hello")
        assert client.receive_text() == "hello"


def test_handlers_learn_the_callback_url_from_the_environment() -> None:
    seen: list[str | None] = []

    def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
        seen.append(os.environ.get("PUSHWIRE_CALLBACK_URL"))
        return {"statusCode": 200}

    settings = GatewaySettings(custom_domain=CustomDomain("ws.example.com", "chat"))
    with local_gateway(handler, settings=settings) as gateway:
        gateway.connect()
        assert seen == [gateway.callback_url]
    assert "PUSHWIRE_CALLBACK_URL" not in os.environ


def test_the_stage_is_no_part_of_the_path() -> None:
    recorder, running = on(CustomDomain("ws.example.com"))
    with running as gateway:
        gateway.connect()
        found = connection_id(recorder.next("CONNECT"))
        answer = request(gateway, f"/prod/@connections/{found}")
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"x-amzn-ErrorType: ForbiddenException" in answer
        message = f"No method found matching route prod/@connections/{found} for http method POST."
        assert answer.endswith(f'{{"message":"{message}"}}'.encode())
        with pytest.raises(InvalidStatus) as refused:
            connect(f"{gateway.url}/prod", open_timeout=SECONDS, proxy=None).__enter__()
        assert refused.value.response.status_code == 403


def test_another_mapping_key_is_forbidden() -> None:
    _, running = on(CustomDomain("ws.example.com", "chat"))
    with running as gateway:
        client = gateway.connect()
        answer = request(gateway, f"/other/@connections/{client.connection_id}")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b'{"message":"Forbidden"}')


OWN_HOST = "abcd1234.execute-api.us-east-1.amazonaws.com"


def test_the_apis_own_host_still_goes_by_the_stage() -> None:
    _, running = on(CustomDomain("ws.example.com", "chat"))
    with running as gateway:
        client = gateway.connect()
        assert request(gateway, f"/prod/@connections/{client.connection_id}", host=OWN_HOST).startswith(
            b"HTTP/1.1 200 "
        )
        assert client.receive_text() == "hi"
        assert request(gateway, f"/chat/@connections/{client.connection_id}", host=OWN_HOST).startswith(
            b"HTTP/1.1 403 "
        )


def test_a_disabled_endpoint_is_forbidden(boto3_client: Boto3) -> None:
    _, running = on(CustomDomain("ws.example.com", disable_execute_api_endpoint=True))
    with running as gateway:
        client = gateway.connect()
        answer = request(gateway, f"/prod/@connections/{client.connection_id}", host=OWN_HOST)
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert answer.endswith(b'{"message":"Forbidden"}')
        boto3_client(gateway.gateway).post_to_connection(ConnectionId=client.connection_id, Data=b"by the domain")
        with pytest.raises(ClientError):
            boto3_client(gateway.gateway).post_to_connection(ConnectionId="AAAAAAAAAAAAAAA=", Data=b"nobody")


@pytest.mark.parametrize(
    ("name", "mapping_key", "what"),
    [
        ("localhost", "", "custom domain 'localhost'"),
        ("ws.example.com/chat", "", "custom domain"),
        ("ws.example.com", "a/b", "mapping key 'a/b'"),
        ("ws.example.com", "x" * 301, "mapping key"),
    ],
)
def test_a_domain_that_cannot_work(name: str, mapping_key: str, what: str) -> None:
    with pytest.raises(SettingsError, match=what):
        CustomDomain(name, mapping_key)
