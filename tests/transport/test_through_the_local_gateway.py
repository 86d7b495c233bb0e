"""Every way to the management API, to a gateway that judges signatures by botocore, and on to real clients."""

from collections.abc import Iterator

import pytest
from tests.gateway.world import SECONDS, Recorder, client, connection_id, serving
from tests.transport.implementations import Implementation
from websockets.exceptions import ConnectionClosed

import pushwire
from pushwire import SendError
from pushwire.gateway import GatewaySettings, LocalGateway, Principal
from pushwire.transport.protocol import FanOutOptions

ROLE = Principal("ASIAROLE", "role-secret", session_token="role-token==")
SETTINGS = GatewaySettings(stage="prod", api_id="abcd1234", region="eu-west-1", account_id="123456789012")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def gateway(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalGateway]:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ROLE.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ROLE.secret_access_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "role-token==")
    with serving(recorder, settings=SETTINGS, principals=(ROLE,)) as running:
        yield running


def test_each_call_is_let_in_and_does_what_it_says(
    implementation: Implementation, gateway: LocalGateway, recorder: Recorder
) -> None:
    with client(gateway) as socket:
        name = connection_id(recorder.next("CONNECT"))
        transport = implementation.connect(gateway.callback_url)
        transport.post(name, "grüß dich ☺".encode())
        assert socket.recv(timeout=SECONDS) == "grüß dich ☺"
        assert transport.get(name).source_ip == "127.0.0.1"
        transport.delete(name)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=SECONDS)
        with pytest.raises(pushwire.ConnectionGoneError):
            transport.post(name, b"{}")


def test_a_fan_out_reaches_those_who_are_there(
    implementation: Implementation, gateway: LocalGateway, recorder: Recorder
) -> None:
    outcomes: dict[str, SendError | None] = {}
    with client(gateway) as first, client(gateway) as second:
        there = [connection_id(recorder.next("CONNECT")) for _ in range(2)]
        gone = "R0oXAdfD0kwCH6w="
        transport = implementation.connect(gateway.callback_url)
        transport.post_many([there[0], gone, there[1]], b"hello", FanOutOptions(), outcomes.__setitem__)
        assert [socket.recv(timeout=SECONDS) for socket in (first, second)] == ["hello", "hello"]
    assert {name: type(error) for name, error in outcomes.items() if error} == {gone: pushwire.ConnectionGoneError}
    assert set(outcomes) == {gone, *there}


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AWS_SECRET_ACCESS_KEY", "another"), ("AWS_SESSION_TOKEN", "another"), ("AWS_REGION", "us-east-1")],
)
def test_a_wrong_signature_is_forbidden(
    variable: str, value: str, implementation: Implementation, gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(pushwire.ForbiddenError) as caught:
        implementation.connect(gateway.callback_url).post("R0oXAdfD0kwCH6w=", b"{}")
    assert (caught.value.attempts, caught.value.status_code) == (1, 403)
