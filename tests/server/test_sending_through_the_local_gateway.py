"""The Server SDK, boto3 and a real WebSocket client, with the local gateway."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from tests.support.compiled import messages
from websockets.sync.client import ClientConnection, connect

import pushwire
from pushwire import Direction, Format, Operation
from pushwire.frame import decode
from pushwire.gateway import GatewaySettings, LocalGateway, serve_in_thread
from pushwire.server import ServerSdk

LEAF = messages()["wire.v1.Leaf"]
SEND_LEAF: Operation[Any] = Operation(
    service="wire.v1.WireService",
    name="SendLeaf",
    route="SendLeaf",
    direction=Direction.SERVER_TO_CLIENT,
    message_type=LEAF,
)
PATIENCE = 10


class WireServerSdk(ServerSdk[Any, Any]):
    def send_leaf(self, connection_id: str, message: Any) -> None:
        self._send(SEND_LEAF, connection_id, message)


class Ids:
    """A handler that records the ids of clients that connect and disconnect."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.disconnected: list[str] = []

    def __call__(self, event: dict[str, Any], _context: object) -> dict[str, int]:
        request = event["requestContext"]
        if request["eventType"] == "CONNECT":
            self.connected.append(request["connectionId"])
        if request["eventType"] == "DISCONNECT":
            self.disconnected.append(request["connectionId"])
        return {"statusCode": 200}


@pytest.fixture
def ids() -> Ids:
    return Ids()


@pytest.fixture
def gateway(ids: Ids) -> Iterator[LocalGateway]:
    with serve_in_thread(LocalGateway(ids, settings=GatewaySettings(port=0))) as gateway:
        yield gateway


@pytest.fixture
def client(gateway: LocalGateway) -> Iterator[ClientConnection]:
    with connect(gateway.url, proxy=None) as client:
        yield client


@pytest.mark.parametrize("frame_format", Format)
def test_a_typed_message_arrives_at_a_real_client(
    gateway: LocalGateway, client: ClientConnection, ids: Ids, frame_format: Format
) -> None:
    with WireServerSdk(gateway.callback_url, frame_format=frame_format) as sdk:
        sdk.send_leaf(ids.connected[0], LEAF(leaf_name="Hello!"))
    frame = client.recv(timeout=PATIENCE)
    assert decode(frame, {"SendLeaf": SEND_LEAF}) == (SEND_LEAF, LEAF(leaf_name="Hello!"))


def test_an_unmodified_boto3_client_gets_the_bytes_through_and_hears_of_a_closed_id(
    gateway: LocalGateway, client: ClientConnection, ids: Ids
) -> None:
    boto3_client: Any = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=gateway.callback_url,
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
    )
    connection_id = ids.connected[0]
    boto3_client.post_to_connection(ConnectionId=connection_id, Data=b"as it is")
    assert client.recv(timeout=PATIENCE) == "as it is"
    client.close()
    with pytest.raises(boto3_client.exceptions.GoneException):
        boto3_client.post_to_connection(ConnectionId=connection_id, Data=b"too late")
    boto3_client.close()


def test_a_closed_connection_raises_gone_with_botocores_exception_as_cause_and_calls_on_gone_once(
    gateway: LocalGateway, client: ClientConnection, ids: Ids
) -> None:
    client.close()
    gone: list[str] = []
    connection_id = ids.connected[0]
    sdk = WireServerSdk(gateway.callback_url, on_gone=gone.append)
    with sdk, pytest.raises(pushwire.ConnectionGoneError) as caught:
        sdk.send_leaf(connection_id, LEAF())
    assert gone == [connection_id]
    assert type(caught.value.__cause__).__name__ == "GoneException"
    assert (caught.value.attempts, caught.value.operation) == (1, SEND_LEAF)


def test_the_largest_frame_arrives_whole(gateway: LocalGateway, client: ClientConnection, ids: Ids) -> None:
    name = "x" * (131_072 - len('{"route":"SendLeaf","payload":{"leafName":""}}'))
    with WireServerSdk(gateway.callback_url) as sdk:
        sdk.send_leaf(ids.connected[0], LEAF(leaf_name=name))
    assert decode(client.recv(timeout=PATIENCE), {"SendLeaf": SEND_LEAF})[1] == LEAF(leaf_name=name)


def test_get_and_disconnect_reach_the_connection(gateway: LocalGateway, client: ClientConnection, ids: Ids) -> None:
    with WireServerSdk(gateway.callback_url) as sdk:
        info = sdk.connections.get(ids.connected[0])
        assert info.source_ip == "127.0.0.1"
        assert info.user_agent is not None
        assert info.user_agent.startswith("Python/")
        sdk.connections.disconnect(ids.connected[0])
    for _ in client:  # ends when the gateway has closed it
        pass
    assert client.close_code == 1000


def test_an_id_that_api_gateway_never_made_is_refused(gateway: LocalGateway) -> None:
    with WireServerSdk(gateway.callback_url) as sdk, pytest.raises(pushwire.InvalidConnectionIdError):
        sdk.send_leaf("not-an-id", LEAF())


def test_another_stage_is_forbidden(gateway: LocalGateway) -> None:
    url = gateway.callback_url.replace("/local", "/elsewhere")
    with WireServerSdk(url) as sdk, pytest.raises(pushwire.ForbiddenError):
        sdk.send_leaf("R0oXAdfD0kwCH6w=", LEAF())
