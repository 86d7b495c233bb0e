"""What is boto3's own: its errors as causes, its clients, its ways with answers."""

import asyncio
import gzip
import inspect
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import botocore.endpoint
import botocore.exceptions
import pytest
from botocore.config import Config
from tests.support.async_tests import on_a_loop
from tests.support.fault_server import FaultServer, answer, reset_after_reading, stall
from tests.transport.implementations import Implementation

import pushwire
from pushwire.transport import AsyncBoto3Transport, Boto3Transport, FanOutOptions

CONNECTION_ID = "R0oXAdfD0kwCH6w="


def post_and_fail(url: str, *, read_timeout: float = 3.0) -> pushwire.SendError:
    transport = Boto3Transport(url, read_timeout=read_timeout, max_attempts=1)
    with pytest.raises(pushwire.SendError) as caught:
        transport.post(CONNECTION_ID, b"{}")
    transport.close()
    return caught.value


def test_gone_has_botos_own_exception_as_its_cause() -> None:
    with FaultServer(answer(410, x_amzn_ErrorType="GoneException")) as server:
        error = post_and_fail(server.url)
    assert isinstance(error.__cause__, botocore.exceptions.ClientError)
    assert type(error.__cause__).__name__ == "GoneException"


def test_botocores_errors_are_causes() -> None:
    with FaultServer(reset_after_reading) as server:
        reset = post_and_fail(server.url)
    with FaultServer(stall) as server:
        late = post_and_fail(server.url, read_timeout=0.2)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    refused = post_and_fail(f"http://127.0.0.1:{port}/stage")
    unsigned = post_and_fail("https://abc123.execute-api.eu-west-1.amazonaws.com/prod")
    assert isinstance(reset.__cause__, botocore.exceptions.ConnectionClosedError)
    assert isinstance(late.__cause__, botocore.exceptions.ReadTimeoutError)
    assert isinstance(refused.__cause__, botocore.exceptions.EndpointConnectionError)
    assert isinstance(unsigned.__cause__, botocore.exceptions.NoCredentialsError)


needs_before_parse = pytest.mark.skipif(
    "before-parse" not in inspect.getsource(botocore.endpoint), reason="this botocore has no event before-parse"
)
UNREADABLE = [
    b"[1]",
    b"\xff\xfe",
    b"null",
    b"<html>",
    gzip.compress(b"<html>", mtime=0),
    gzip.compress(b"{}", mtime=0)[:12],
]


@needs_before_parse
@pytest.mark.parametrize("body", UNREADABLE)
def test_the_status_decides_whatever_the_body_is(body: bytes) -> None:
    errors: list[pushwire.SendError] = []
    for status in (403, 410):
        with FaultServer(answer(status, body, Content_Type="application/json")) as server:
            errors.append(post_and_fail(server.url))
    assert [type(error) for error in errors] == [pushwire.ForbiddenError, pushwire.ConnectionGoneError]
    assert [error.status_code for error in errors] == [403, 410]


@needs_before_parse
def test_a_body_in_gzip_is_read() -> None:
    body = gzip.compress(b'{"message":"User is not authorized"}')
    with FaultServer(answer(403, body, Content_Encoding="gzip")) as server:
        error = post_and_fail(server.url)
    assert type(error) is pushwire.ForbiddenError
    assert error.reason == "User is not authorized"


def test_a_profile_that_does_not_exist_is_told_at_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(pushwire.CredentialsError, match="nobody"):
        Boto3Transport("https://abc123.execute-api.eu-west-1.amazonaws.com/prod")


BROKEN_PROFILES = {
    "a process that fails": "credential_process = false",
    "a process that prints no JSON": "credential_process = echo no",
    "a role without a source": "role_arn = arn:aws:iam::123456789012:role/r\nsource_profile = nobody",
    "a source that does not exist": "role_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Moon",
    "half a key": "aws_access_key_id = AKID",
}


@pytest.mark.parametrize("profile", BROKEN_PROFILES.values(), ids=BROKEN_PROFILES)
@pytest.mark.parametrize("url", ["https://abc123.execute-api.eu-west-1.amazonaws.com/prod", "http://localhost:1/dev"])
def test_what_botocore_raises_for_credentials_is_a_credentials_error(
    url: str, profile: str, implementation: Implementation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(f"[default]\n{profile}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with pytest.raises(pushwire.CredentialsError) as caught:
        implementation.connect(url).post(CONNECTION_ID, b"{}")
    assert caught.value.__cause__ is not None


BROKEN_SETTINGS = {
    "a profile that does not exist": ("AWS_PROFILE", "nobody"),
    "an unknown mode of defaults": ("AWS_DEFAULTS_MODE", "x"),
    "a size that is not a number": ("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "x"),
}


@pytest.mark.parametrize(("variable", "value"), BROKEN_SETTINGS.values(), ids=BROKEN_SETTINGS)
@pytest.mark.parametrize("url", ["https://ws.example.com/prod", "http://localhost:1/dev"])
def test_what_botocore_raises_for_settings_is_a_credentials_error(
    url: str, variable: str, value: str, implementation: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    if implementation.is_http and variable != "AWS_PROFILE":
        return  # the HTTP transports do not read it
    monkeypatch.setenv(variable, value)
    if not url.startswith("http://"):
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with pytest.raises(pushwire.CredentialsError, match=value) as caught:
        implementation.connect(url).post(CONNECTION_ID, b"{}")
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("url", ["https://ws.example.com/prod", "http://localhost:1/dev"])
def test_a_settings_file_that_cannot_be_read_is_a_credentials_error(
    url: str, implementation: Implementation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[default\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with pytest.raises(pushwire.CredentialsError, match="config"):
        implementation.connect(url)


def test_an_execute_api_host_names_its_own_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    url = "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"
    transport = Boto3Transport(url)
    client = transport._once.client
    assert getattr(client, "meta").region_name == "eu-west-1"  # noqa: B009 - behind the seam's protocol
    transport.close()


@pytest.fixture
def own_client_server() -> Iterator[FaultServer]:
    with FaultServer(answer(500)) as server:
        yield server


def test_a_client_of_ones_own_keeps_its_retries_and_none_are_added(own_client_server: FaultServer) -> None:
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=own_client_server.url,
        region_name="eu-west-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 2, "mode": "standard"}),
    )
    with pytest.raises(pushwire.UnavailableError) as caught:
        Boto3Transport(client=client).post(CONNECTION_ID, b"{}")
    client.close()
    assert caught.value.attempts == len(own_client_server.requests) == 2


def test_a_client_of_ones_own_stays_open() -> None:
    with FaultServer(answer(200)) as server:
        client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id="id",
            aws_secret_access_key="secret",
        )
        transport = Boto3Transport(client=client)
        transport.post(CONNECTION_ID, b"{}")
        transport.close()
        transport.post(CONNECTION_ID, b"{}")
        client.close()
    assert (server.connections, len(server.requests)) == (1, 2)


def test_a_client_without_its_endpoint_is_refused_with_the_remedy() -> None:
    client = boto3.client(
        "apigatewaymanagementapi", region_name="eu-west-1", aws_access_key_id="id", aws_secret_access_key="secret"
    )
    with pytest.raises(pushwire.CallbackUrlError, match="id of the API is missing"):
        Boto3Transport(client=client)
    client.close()


@pytest.mark.parametrize("family", [Boto3Transport, AsyncBoto3Transport])
def test_what_is_not_a_client_of_the_management_api_is_refused(family: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match="client= is a client for s3: pass "):
        family(client=boto3.client("s3", region_name="eu-west-1"))
    for other in ("https://abc123.execute-api.eu-west-1.amazonaws.com/prod", object(), boto3.client):
        with pytest.raises(TypeError, match=r"client= must be boto3.client\('apigatewaymanagementapi', …\), not "):
            family(client=other)


@pytest.mark.extra("aiobotocore")
@pytest.mark.parametrize("family", [Boto3Transport, AsyncBoto3Transport])
def test_a_client_of_aiobotocore_is_refused_before_it_loses_a_message(family: Callable[..., object]) -> None:
    import aiobotocore.session

    async def construct() -> None:
        session = aiobotocore.session.get_session()
        options = {"region_name": "eu-west-1", "endpoint_url": "http://127.0.0.1:1/stage"}
        async with session.create_client("apigatewaymanagementapi", **options) as client:
            with pytest.raises(TypeError, match=r"async \(aiobotocore.client\), and its calls would never run"):
                family(client=client)

    asyncio.run(construct())


class Wrapping:
    """A client whose plain methods return the coroutines of an async one."""

    async def _call(self, **_parameters: Any) -> None:
        raise AssertionError("not called")

    def post_to_connection(self, **parameters: Any) -> Any:
        return self._call(**parameters)

    get_connection = delete_connection = post_to_connection


@pytest.mark.parametrize("kind", [mock.Mock, mock.MagicMock])
def test_a_mock_is_a_client(kind: type[mock.Mock]) -> None:
    client = kind()
    outcomes: dict[str, pushwire.SendError | None] = {}
    transport = Boto3Transport(client=client)
    transport.post(CONNECTION_ID, b"{}")
    transport.post_many(["a=", "b="], b"{}", FanOutOptions(max_in_flight=10), outcomes.__setitem__)
    assert outcomes == dict.fromkeys(["a=", "b="])
    assert client.post_to_connection.call_count == 3


@pytest.mark.parametrize("name", ["boto3", "async boto3"])
def test_a_client_that_returns_coroutines_sends_nothing_and_is_an_error(name: str) -> None:
    implementation = Implementation(name)
    transport = implementation.connect(None, client=Wrapping())
    outcomes: dict[str, pushwire.SendError | None] = {}
    calls: list[Callable[[], object]] = [
        lambda: transport.post(CONNECTION_ID, b"{}"),
        lambda: transport.get(CONNECTION_ID),
        lambda: transport.delete(CONNECTION_ID),
    ]
    for call in calls:
        with pytest.raises(pushwire.SendError, match="no request was made: client= is async; pass a client of boto3"):
            call()
    transport.post_many(["a=", "b="], b"{}", FanOutOptions(), outcomes.__setitem__)
    implementation.close()
    assert outcomes.keys() == {"a=", "b="}
    assert all("client= is async" in str(error) for error in outcomes.values())


def test_settings_beside_a_client_of_ones_own_are_refused() -> None:
    client = boto3.client("apigatewaymanagementapi", endpoint_url="http://127.0.0.1:1/stage", region_name="eu-west-1")
    with pytest.raises(TypeError, match="client= cannot be combined"):
        Boto3Transport(client=client, max_attempts=2)
    client.close()


def test_nowhere_to_post_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="callback URL"):
        Boto3Transport()


def test_the_end_of_a_with_block_closes_the_pooled_connections() -> None:
    with FaultServer(answer(200)) as server, Boto3Transport(server.url) as transport:
        with transport:
            transport.post(CONNECTION_ID, b"{}")
            transport.post(CONNECTION_ID, b"{}")
        assert server.connections == 1
        transport.post(CONNECTION_ID, b"{}")
        assert server.connections == 2


@on_a_loop
async def test_the_end_of_an_async_with_block_closes_the_pooled_connections() -> None:
    with FaultServer(answer(200)) as server:
        async with AsyncBoto3Transport(server.url) as transport:
            await transport.post(CONNECTION_ID, b"{}")
        await transport.post(CONNECTION_ID, b"{}")
        await transport.close()
        assert server.connections == 2
