"""Signatures and permissions on `@connections`, with boto3 and other signers."""

import asyncio
import dataclasses
import json
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import aiobotocore.session
import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from pushwire.gateway import CustomDomain, GatewaySettings, LocalGateway, Principal, SettingsError
from tests.gateway.world import SECONDS, Event, Recorder, client, connection_id, exchange, serving

if TYPE_CHECKING:
    from types_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

GONE = "R0oXAdfD0kwCH6w="  # well-formed, but unknown
SETTINGS = GatewaySettings(stage="prod", api_id="abcd1234", region="eu-west-1", account_id="123456789012")
STAGE = "arn:aws:execute-api:eu-west-1:123456789012:abcd1234/prod"
ADMIN = Principal("AKIDADMIN", "admin-secret")
SENDER = Principal("AKIDSENDER", "sender-secret", name="sender", allow=(f"{STAGE}/POST/@connections/*",))
ROLE = Principal("ASIAROLE", "role-secret", session_token="role-token")


@pytest.fixture
def gateway() -> Iterator[LocalGateway]:
    with serving(Recorder(), settings=SETTINGS, principals=(ADMIN, SENDER, ROLE)) as running:
        yield running


def boto3_of(
    gateway: LocalGateway, principal: Principal, *, region: str = "eu-west-1"
) -> "ApiGatewayManagementApiClient":
    return boto3.Session().client(
        "apigatewaymanagementapi",
        endpoint_url=gateway.callback_url,
        region_name=region,
        aws_access_key_id=principal.access_key_id,
        aws_secret_access_key=principal.secret_access_key,
        aws_session_token=principal.session_token,
        config=Config(retries={"total_max_attempts": 1}),
    )


def refusal(gateway: LocalGateway, principal: Principal, *, region: str = "eu-west-1") -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        boto3_of(gateway, principal, region=region).post_to_connection(ConnectionId=GONE, Data=b"x")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def signed(gateway: LocalGateway, method: str, path: str, body: bytes, principal: Principal = ADMIN) -> bytes:
    """Sign a path with its spelling, and send it unchanged."""
    request = AWSRequest(method, f"http://127.0.0.1:{gateway.port}{path}", data=body)
    credentials = Credentials(principal.access_key_id, principal.secret_access_key)
    SigV4Auth(credentials, "execute-api", "eu-west-1").add_auth(request)
    headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return exchange(gateway, head.encode() + body)


@pytest.mark.parametrize("principal", [ADMIN, ROLE], ids=["user", "role"])
def test_boto3_with_the_right_keys_posts_gets_and_deletes(principal: Principal) -> None:
    recorder = Recorder()
    with serving(recorder, settings=SETTINGS, principals=[principal]) as gateway, client(gateway) as ws:
        identifier = connection_id(recorder.next("CONNECT"))
        boto3_client = boto3_of(gateway, principal)
        boto3_client.post_to_connection(ConnectionId=identifier, Data="grüße".encode())
        assert ws.recv(SECONDS) == "grüße"
        assert boto3_client.get_connection(ConnectionId=identifier)["Identity"]["SourceIp"] == "127.0.0.1"
        boto3_client.delete_connection(ConnectionId=identifier)
        assert recorder.next("DISCONNECT")["requestContext"]["disconnectStatusCode"] == 1000
        with pytest.raises(boto3_client.exceptions.GoneException):
            boto3_client.post_to_connection(ConnectionId=identifier, Data=b"x")


def test_aiobotocore_does_too_and_raises_the_same() -> None:
    async def post(gateway: LocalGateway, identifier: str, principal: Principal) -> None:
        options = {
            "endpoint_url": gateway.callback_url,
            "region_name": "eu-west-1",
            "aws_access_key_id": principal.access_key_id,
            "aws_secret_access_key": principal.secret_access_key,
        }
        async with aiobotocore.session.get_session().create_client("apigatewaymanagementapi", **options) as management:
            await management.post_to_connection(ConnectionId=identifier, Data=b"hello")

    recorder = Recorder()
    with serving(recorder, settings=SETTINGS, principals=[ADMIN]) as gateway, client(gateway) as ws:
        identifier = connection_id(recorder.next("CONNECT"))
        asyncio.run(post(gateway, identifier, ADMIN))
        assert ws.recv(SECONDS) == "hello"
        with pytest.raises(ClientError, match=r"\(InvalidSignatureException\)"):
            asyncio.run(post(gateway, identifier, Principal("AKIDADMIN", "wrong")))


def test_on_a_custom_domain_the_path_is_signed_as_it_is_and_the_stage_is_asked_about() -> None:
    settings = dataclasses.replace(SETTINGS, custom_domain=CustomDomain("ws.example.com", "chat"))
    recorder = Recorder()
    with serving(recorder, settings=settings, principals=[SENDER]) as gateway, client(gateway) as ws:
        sender = boto3_of(gateway, SENDER)
        identifier = connection_id(recorder.next("CONNECT"))
        sender.post_to_connection(ConnectionId=identifier, Data=b"x")
        assert ws.recv(SECONDS) == "x"
        with pytest.raises(ClientError, match="abcd1234/prod/GET/@connections"):
            sender.get_connection(ConnectionId=identifier)


@pytest.mark.parametrize("at", ["@", "%40"])
@pytest.mark.parametrize("equals", ["=", "%3D", "%3d"])
def test_every_spelling_of_the_path_verifies_as_it_was_signed(at: str, equals: str) -> None:
    recorder = Recorder()
    with serving(recorder, settings=SETTINGS, principals=[ADMIN]) as gateway, client(gateway) as ws:
        identifier = connection_id(recorder.next("CONNECT")).replace("=", equals)
        answer = signed(gateway, "POST", f"/prod/{at}connections/{identifier}", b"found")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert ws.recv(SECONDS) == "found"


def test_without_a_signature_nothing_is_done(gateway: LocalGateway) -> None:
    answer = exchange(gateway, f"DELETE /prod/@connections/{GONE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"x-amzn-ErrorType: MissingAuthenticationTokenException\r\n" in answer
    assert answer.endswith(b'{"message":"Missing Authentication Token"}')


def test_boto3_raises_what_it_raises_on_aws(gateway: LocalGateway) -> None:
    unknown = Principal("AKIDUNKNOWN", "secret")
    assert refusal(gateway, unknown) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )
    code, message = refusal(gateway, Principal("AKIDADMIN", "wrong"))
    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match the signature you provided. ")
    assert refusal(gateway, ADMIN, region="us-east-1") == (
        "InvalidSignatureException",
        "Credential should be scoped to a valid region, not 'us-east-1'. ",
    )


def test_who_may_post_may_not_delete(gateway: LocalGateway) -> None:
    sender = boto3_of(gateway, SENDER)
    with pytest.raises(sender.exceptions.GoneException):
        sender.post_to_connection(ConnectionId=GONE, Data=b"x")
    for call in (sender.delete_connection, sender.get_connection):
        with pytest.raises(ClientError) as caught:
            call(ConnectionId=GONE)
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError) as caught:
        sender.delete_connection(ConnectionId=GONE)
    assert caught.value.response["Error"]["Message"] == (
        "User: arn:aws:iam::123456789012:user/sender is not authorized to perform: execute-api:ManageConnections on "
        "resource: arn:aws:execute-api:eu-west-1:********9012:abcd1234/prod/DELETE/@connections/{connectionId}"
    )


def test_a_stage_that_does_not_exist_is_forbidden_and_not_a_matter_of_signatures(gateway: LocalGateway) -> None:
    boto3_client = boto3_of(gateway, ADMIN)
    boto3_client.meta.events.register(
        "before-send", lambda request, **_: setattr(request, "url", request.url.replace("prod", "dev"))
    )
    with pytest.raises(boto3_client.exceptions.ForbiddenException):
        boto3_client.get_connection(ConnectionId=GONE)


def test_a_body_that_is_too_large_is_413_whoever_signed_it(gateway: LocalGateway) -> None:
    boto3_client = boto3_of(gateway, ADMIN)
    with pytest.raises(boto3_client.exceptions.PayloadTooLargeException):
        boto3_client.post_to_connection(ConnectionId=GONE, Data=bytes(200_000))
    head = f"DELETE /prod/@connections/{GONE} HTTP/1.1\r\nHost: x\r\nContent-Length: 140000\r\n\r\n".encode()
    assert exchange(gateway, head + bytes(140_000)).startswith(b"HTTP/1.1 413 ")


def test_a_handler_posts_with_its_own_keys() -> None:
    recorder = Recorder()
    with serving(recorder, settings=SETTINGS, principals=[ADMIN]) as gateway:
        boto3_client = boto3_of(gateway, ADMIN)

        def answer(event: Event) -> dict[str, int]:
            boto3_client.post_to_connection(ConnectionId=connection_id(event), Data=b"hello")
            return {"statusCode": 200}

        recorder.answers["MESSAGE"] = answer
        with client(gateway) as ws:
            ws.send("hi")
            assert ws.recv(SECONDS) == "hello"


def test_refusals_are_logged_without_secrets(gateway: LocalGateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    refusal(gateway, Principal("ASIAROLE", "wrong-secret", session_token="role-token"))
    refusal(gateway, Principal("AKIDSENDER", "sender-secret", session_token="stray-token"))
    own = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("pushwire"))
    assert "POST execute-api:ManageConnections: InvalidSignatureException" in own
    assert not [secret for secret in ("role-secret", "role-token", "stray-token", "wrong-secret") if secret in own]


def test_two_principals_of_one_access_key_are_refused() -> None:
    with pytest.raises(SettingsError, match="two principals have the access key 'AKIDADMIN'"):
        LocalGateway(print, principals=[ADMIN, Principal("AKIDADMIN", "other")])


def test_the_answer_of_a_wrong_signature_is_json_that_names_its_type(gateway: LocalGateway) -> None:
    wrong = Principal("AKIDADMIN", "wrong")
    head, _, body = signed(gateway, "POST", f"/prod/@connections/{GONE}", b"x", wrong).partition(b"\r\n\r\n")
    assert b"x-amzn-ErrorType: InvalidSignatureException" in head
    assert (
        "The Canonical String for this request should have been\n'POST\n/prod/%40connections/"
        in json.loads(body)["message"]
    )
