"""Boto3Connections: where it posts, what it signs for, how it keeps connections."""

from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from tests.support.fault_server import FaultServer, Request, answer

import pushwire
from pushwire.connections import Boto3Connections, ConnectionInfo

CONNECTION_ID = "R0oXAdfD0kwCH6w="
INFO = b"""{"connectedAt":"2024-02-09T18:11:43.419Z","lastActiveAt":"2024-02-09T19:11:43+01:00",
            "identity":{"sourceIp":"192.0.2.1","userAgent":"Mozilla/5.0"}}"""


def signed_region(request: Request) -> str:
    region: str = request.headers["authorization"].split("/")[2]
    return region


def test_get_gives_times_in_utc_and_where_the_client_is() -> None:
    with FaultServer(answer(200, INFO)) as server:
        connections = Boto3Connections(server.url)
        info = connections.get(CONNECTION_ID)
        connections.close()
    assert info == ConnectionInfo(
        connected_at=datetime(2024, 2, 9, 18, 11, 43, 419000, tzinfo=UTC),
        last_active_at=datetime(2024, 2, 9, 18, 11, 43, tzinfo=UTC),
        source_ip="192.0.2.1",
        user_agent="Mozilla/5.0",
    )
    assert (server.requests[0].method, server.requests[0].target) == (
        "GET",
        f"/stage/@connections/{CONNECTION_ID[:-1]}%3D",
    )


def test_get_of_a_client_that_sent_no_user_agent() -> None:
    with FaultServer(answer(200, INFO.replace(b',"userAgent":"Mozilla/5.0"', b""))) as server:
        connections = Boto3Connections(server.url)
        assert connections.get(CONNECTION_ID).user_agent is None
        connections.close()


def test_delete_closes_a_connection() -> None:
    with FaultServer(answer(204)) as server:
        connections = Boto3Connections(server.url)
        connections.delete(CONNECTION_ID)
        connections.close()
    assert server.requests[0].method == "DELETE"


def test_a_loopback_url_needs_no_credentials_and_no_region() -> None:
    with FaultServer(answer(200)) as server:
        connections = Boto3Connections(server.url)
        connections.post(CONNECTION_ID, b"{}")
        connections.close()
    assert "Credential=local/" in server.requests[0].headers["authorization"]


def test_real_credentials_are_used_on_a_loopback_url_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with FaultServer(answer(200)) as server:
        connections = Boto3Connections(server.url)
        connections.post(CONNECTION_ID, b"{}")
        connections.close()
    assert "Credential=AKIDEXAMPLE/" in server.requests[0].headers["authorization"]


def test_the_signing_region_is_the_argument_then_the_environment_then_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def region_used(region: str | None = None) -> str:
        connections = Boto3Connections(server.url, region=region)
        connections.post(CONNECTION_ID, b"{}")
        connections.close()
        return signed_region(server.requests[-1])

    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-north-1\n")
    with FaultServer(answer(200)) as server:
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        assert region_used() == "eu-north-1"
        monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
        assert region_used() == "ap-south-1"
        monkeypatch.setenv("AWS_REGION", "sa-east-1")
        assert region_used() == "sa-east-1"
        assert region_used("us-west-2") == "us-west-2"


def test_an_execute_api_host_names_its_own_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    url = "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"
    connections = Boto3Connections(url)
    client = connections._once.client
    assert getattr(client, "meta").region_name == "eu-west-1"  # noqa: B009 - behind the seam's protocol
    connections.close()


def test_a_custom_domain_without_any_region_is_refused() -> None:
    with pytest.raises(pushwire.CallbackUrlError, match="region"):
        Boto3Connections("https://ws.example.com/key")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_connection_is_kept_and_reused() -> None:
    clock = Clock()
    with FaultServer(answer(200)) as server:
        connections = Boto3Connections(server.url, clock=clock)
        for _ in range(3):
            connections.post(CONNECTION_ID, b"{}")
            clock.now += 30
        connections.close()
    assert (server.connections, len(server.requests)) == (1, 3)


def test_a_connection_idle_for_over_30_seconds_is_reopened_not_reused() -> None:
    clock = Clock()
    with FaultServer(answer(200)) as server:
        connections = Boto3Connections(server.url, clock=clock)
        connections.post(CONNECTION_ID, b"{}")
        clock.now += 30.1
        connections.post(CONNECTION_ID, b"{}")
        connections.close()
    assert (server.connections, len(server.requests)) == (2, 2)


def test_a_client_of_ones_own_stays_open() -> None:
    with FaultServer(answer(200)) as server:
        client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id="id",
            aws_secret_access_key="secret",
        )
        connections = Boto3Connections(client=client)
        connections.post(CONNECTION_ID, b"{}")
        connections.close()
        connections.post(CONNECTION_ID, b"{}")
        client.close()
    assert (server.connections, len(server.requests)) == (1, 2)


def test_a_client_without_its_endpoint_is_refused_with_the_remedy() -> None:
    client = boto3.client(
        "apigatewaymanagementapi", region_name="eu-west-1", aws_access_key_id="id", aws_secret_access_key="secret"
    )
    with pytest.raises(pushwire.CallbackUrlError, match="API's id is missing"):
        Boto3Connections(client=client)
    client.close()


def test_settings_beside_a_client_of_ones_own_are_refused() -> None:
    client = boto3.client("apigatewaymanagementapi", endpoint_url="http://127.0.0.1:1/stage", region_name="eu-west-1")
    with pytest.raises(TypeError, match="stands alone"):
        Boto3Connections(client=client, max_attempts=2)
    client.close()


def test_nowhere_to_post_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="callback URL"):
        Boto3Connections()


@pytest.mark.parametrize("attempts", [0, -1])
def test_less_than_one_attempt_is_refused(attempts: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Boto3Connections("http://127.0.0.1:1/stage", max_attempts=attempts)
