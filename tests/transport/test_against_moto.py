"""The management API that moto serves, with its own ways of writing times and empty bodies."""

import datetime as dt
from collections.abc import Iterator

import pytest
from moto.apigatewaymanagementapi.models import apigatewaymanagementapi_backends
from moto.server import ThreadedMotoServer
from tests.transport.implementations import Implementation

ACCOUNT = "123456789012"  # of all requests that no role was assumed for
REGION = "eu-west-1"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"  # moto knows requests with a stage for those of another service
    server.stop()


def test_it_takes_posts_and_tells_of_connections(url: str, implementation: Implementation) -> None:
    connections = apigatewaymanagementapi_backends[ACCOUNT][REGION].connections
    connections.clear()
    transport = implementation.connect(url, region=REGION)

    transport.post("R0oXAdfD0kwCH6w=", b"{}")
    info = transport.get("R0oXAdfD0kwCH6w=")
    (kept,) = connections.values()
    transport.delete("R0oXAdfD0kwCH6w=")

    assert kept.data == b"{}"
    age = dt.datetime.now(dt.UTC) - info.connected_at
    assert dt.timedelta() <= age < dt.timedelta(minutes=5)
    assert (info.source_ip, info.user_agent) == ("192.168.0.1", "Moto Mocks")
    assert not connections
