"""What every way to the management API does with an answer, signs for, and keeps between calls."""

import gc
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.fault_server import Exchange, FaultServer, Request, answer, then_close
from tests.transport.implementations import Implementation

import pushwire
from pushwire.transport import ConnectionInfo
from pushwire.transport.protocol import FanOutOptions

CONNECTION_ID = "R0oXAdfD0kwCH6w="
INFO = b"""{"connectedAt":"2024-02-09T18:11:43.419Z","lastActiveAt":"2024-02-09T19:11:43+01:00",
            "identity":{"sourceIp":"192.0.2.1","userAgent":"Mozilla/5.0"}}"""


def signed_region(request: Request) -> str:
    region: str = request.headers["authorization"].split("/")[2]
    return region


def test_get_gives_times_in_utc_and_where_the_client_is(implementation: Implementation) -> None:
    with FaultServer(answer(200, INFO)) as server:
        info = implementation.connect(server.url).get(CONNECTION_ID)
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


@pytest.mark.parametrize("seconds", ["1707502303", "1707502303.0", '"1707502303"'])
def test_get_reads_times_in_seconds_since_the_epoch(seconds: str, implementation: Implementation) -> None:
    body = f'{{"connectedAt":{seconds},"lastActiveAt":{seconds},"identity":{{"sourceIp":"192.0.2.1"}}}}'
    with FaultServer(answer(200, body.encode())) as server:
        info = implementation.connect(server.url).get(CONNECTION_ID)
    assert info.connected_at == info.last_active_at == datetime(2024, 2, 9, 18, 11, 43, tzinfo=UTC)


@pytest.mark.parametrize("time", ["null", "1e300", '"soon"', '"inf"', "[]"])
def test_get_of_a_time_that_is_none_is_an_error(time: str, implementation: Implementation) -> None:
    body = f'{{"connectedAt":{time},"lastActiveAt":{time},"identity":{{"sourceIp":"192.0.2.1"}}}}'
    with FaultServer(answer(200, body.encode())) as server, pytest.raises(pushwire.UnavailableError):
        implementation.connect(server.url, max_attempts=1).get(CONNECTION_ID)


def test_a_get_whose_answer_lacks_a_field_is_tried_again_and_its_attempts_counted(
    implementation: Implementation,
) -> None:
    failing = pytest.raises(pushwire.UnavailableError, match="GetConnection is missing or malformed")
    with FaultServer(answer(503), answer(200, b"{}")) as server, failing as caught:
        implementation.connect(server.url).get(CONNECTION_ID)
    assert (len(server.requests), caught.value.attempts, caught.value.maybe_accepted) == (3, 3, True)


def test_get_of_a_client_that_sent_no_user_agent(implementation: Implementation) -> None:
    with FaultServer(answer(200, INFO.replace(b',"userAgent":"Mozilla/5.0"', b""))) as server:
        assert implementation.connect(server.url).get(CONNECTION_ID).user_agent is None


def test_delete_closes_a_connection(implementation: Implementation) -> None:
    with FaultServer(answer(204)) as server:
        implementation.connect(server.url).delete(CONNECTION_ID)
    assert server.requests[0].method == "DELETE"


def test_calls_of_all_kinds_share_a_kept_connection(implementation: Implementation) -> None:
    with FaultServer(answer(200), answer(204), answer(200, INFO), answer(410), answer(200)) as server:
        transport = implementation.connect(server.url)
        transport.post(CONNECTION_ID, b"{}")
        transport.delete(CONNECTION_ID)
        transport.get(CONNECTION_ID)
        with pytest.raises(pushwire.ConnectionGoneError):
            transport.post(CONNECTION_ID, b"{}")
        transport.post(CONNECTION_ID, b"{}")
    assert (server.connections, len(server.requests)) == (1, 5)


@pytest.mark.parametrize("data", [b"", "Grüße, 世界".encode(), b"x" * 131_072], ids=["empty", "unicode", "128 KiB"])
def test_a_frame_arrives_as_it_is(data: bytes, implementation: Implementation) -> None:
    with FaultServer(answer(200)) as server:
        implementation.connect(server.url).post(CONNECTION_ID, data)
    assert server.requests[0].body == data


@pytest.mark.parametrize(
    ("connection_id", "quoted"),
    [
        ("R0oXAdfD0kwCH6w=", "R0oXAdfD0kwCH6w%3D"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("a b+c", "a%20b%2Bc"),
        ("%3D", "%253D"),
        ("x\r\nX-Evil: 1", "x%0D%0AX-Evil%3A%201"),
        ("ü", "%C3%BC"),
    ],
)
def test_an_id_never_leaves_its_part_of_the_path(
    connection_id: str, quoted: str, implementation: Implementation
) -> None:
    with FaultServer(answer(200)) as server:
        implementation.connect(server.url).post(connection_id, b"{}")
    (request,) = server.requests
    assert request.target == f"/stage/@connections/{quoted}"
    assert "x-evil" not in request.headers


def test_a_loopback_url_needs_no_credentials_and_no_region(implementation: Implementation) -> None:
    with FaultServer(answer(200)) as server:
        implementation.connect(server.url).post(CONNECTION_ID, b"{}")
    assert "Credential=local/" in server.requests[0].headers["authorization"]
    assert signed_region(server.requests[0]) == "us-east-1"


def test_real_credentials_are_used_on_a_loopback_url_too(
    implementation: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    with FaultServer(answer(200)) as server:
        implementation.connect(server.url).post(CONNECTION_ID, b"{}")
    headers = server.requests[0].headers
    assert "Credential=AKIDEXAMPLE/" in headers["authorization"]
    assert headers["x-amz-security-token"] == "token"


@pytest.mark.extra("boto3")
def test_the_profiles_credentials_are_used_on_a_loopback_url_too(
    implementation: Implementation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("[default]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    with FaultServer(answer(200)) as server:
        implementation.connect(server.url).post(CONNECTION_ID, b"{}")
    assert "Credential=AKIDPROFILE/" in server.requests[0].headers["authorization"]


@pytest.mark.extra("boto3")
def test_the_signing_region_is_the_argument_then_the_environment_then_the_profile(
    implementation: Implementation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def region_used(region: str | None = None) -> str:
        implementation.connect(server.url, region=region).post(CONNECTION_ID, b"{}")
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


def test_a_custom_domain_without_any_region_is_refused(implementation: Implementation) -> None:
    with pytest.raises(pushwire.CallbackUrlError, match="region"):
        implementation.connect("https://ws.example.com/key")


def test_a_url_that_cannot_work_is_refused(implementation: Implementation) -> None:
    with pytest.raises(pushwire.CallbackUrlError, match="that clients connect to"):
        implementation.connect("wss://abc123.execute-api.eu-west-1.amazonaws.com/prod")


def test_another_host_over_http_needs_a_switch(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    with FaultServer(answer(200)) as server:
        url = server.url.replace("127.0.0.1", "0.0.0.0")  # reaches the server without being a loopback host
        with pytest.raises(pushwire.CallbackUrlError, match="allow_http=True"):
            implementation.connect(url, region="eu-west-1")
        implementation.connect(url, region="eu-west-1", allow_http=True).post(CONNECTION_ID, b"{}")
        monkeypatch.setenv("PUSHWIRE_ALLOW_HTTP", "1")
        implementation.connect(url, region="eu-west-1").post(CONNECTION_ID, b"{}")
        with pytest.raises(TypeError, match="allow_http= must be True or False, not 'yes'"):
            implementation.connect(url, region="eu-west-1", allow_http="yes")
    assert len(server.requests) == 2


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_connection_is_kept_and_reused(implementation: Implementation) -> None:
    clock = Clock()
    with FaultServer(answer(200)) as server:
        transport = implementation.connect(server.url, clock=clock)
        for _ in range(3):
            transport.post(CONNECTION_ID, b"{}")
            clock.now += 30
    assert (server.connections, len(server.requests)) == (1, 3)


def test_a_connection_idle_for_over_30_seconds_is_reopened_not_reused(implementation: Implementation) -> None:
    clock = Clock()
    with FaultServer(answer(200)) as server:
        transport = implementation.connect(server.url, clock=clock)
        transport.post(CONNECTION_ID, b"{}")
        clock.now += 30.1
        transport.post(CONNECTION_ID, b"{}")
    assert (server.connections, len(server.requests)) == (2, 2)


def test_a_connection_that_the_server_closed_while_idle_costs_no_attempt(implementation: Implementation) -> None:
    with FaultServer(then_close(answer(200))) as server:
        transport = implementation.connect(server.url, max_attempts=1)
        for _ in range(3):
            transport.post(CONNECTION_ID, b"{}")
            assert server.closed.acquire(timeout=10)
    assert (server.connections, len(server.requests)) == (3, 3)


def test_closing_is_not_final(implementation: Implementation) -> None:
    with FaultServer(answer(200)) as server:
        transport = implementation.connect(server.url)
        transport.post(CONNECTION_ID, b"{}")
        transport.close()
        transport.close()
        transport.post(CONNECTION_ID, b"{}")
    assert (server.connections, len(server.requests)) == (2, 2)


def test_a_status_below_200_is_no_success(http: Implementation) -> None:  # botocore takes it for one
    with FaultServer(then_close(answer(199))) as server, pytest.raises(pushwire.SendError):
        http.connect(server.url, max_attempts=1).post(CONNECTION_ID, b"{}")


@pytest.mark.parametrize(("status", "is_accepted"), [(200, True), (204, True), (299, True), (300, False), (399, False)])
def test_each_status_from_200_to_299_is_a_success(
    status: int, is_accepted: bool, implementation: Implementation
) -> None:
    with FaultServer(answer(status)) as server:
        transport = implementation.connect(server.url, max_attempts=1)
        if is_accepted:
            transport.post(CONNECTION_ID, b"{}")
        else:
            with pytest.raises(pushwire.SendError) as caught:
                transport.post(CONNECTION_ID, b"{}")
            assert (type(caught.value), caught.value.status_code) == (pushwire.SendError, status)


def hang_up(exchange: Exchange) -> None:
    exchange.read()
    raise ConnectionAbortedError


def test_a_new_connection_that_breaks_is_one_failed_attempt(implementation: Implementation) -> None:
    with FaultServer(hang_up) as server, pytest.raises(pushwire.UnavailableError) as caught:
        implementation.connect(server.url, max_attempts=2).post(CONNECTION_ID, b"{}")
    assert (caught.value.attempts, server.connections) == (2, 2)


def test_a_new_connection_of_a_broadcast_that_breaks_is_one_failed_attempt(implementation: Implementation) -> None:
    outcomes: list[pushwire.SendError | None] = []
    with FaultServer(hang_up) as server:
        transport = implementation.connect(server.url, max_attempts=2)
        transport.post_many(["a="], b"{}", FanOutOptions(), lambda _id, error: outcomes.append(error))
    (error,) = outcomes
    assert isinstance(error, pushwire.UnavailableError)
    assert (error.attempts, server.connections) == (2, 2)


def test_small_frames_are_not_delayed_by_nagle_s_algorithm(implementation: Implementation) -> None:
    with FaultServer(answer(200)) as server:
        implementation.connect(server.url).post(CONNECTION_ID, b"{}")
        port = int(server.url.split(":")[2].split("/")[0])
        clients = [each for each in gc.get_objects() if isinstance(each, socket.socket) and is_client(each, port)]
        assert clients
        assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in clients)


def is_client(sock: socket.socket, port: int) -> bool:
    try:
        return bool(sock.getpeername()[1] == port)
    except (OSError, IndexError):
        return False
