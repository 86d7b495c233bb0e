"""Authorizers on `$connect`, over real sockets: accepted clients, and the statuses of refused ones."""

import asyncio
import contextlib
import json
import threading
from typing import Any

import aiohttp
import pytest
import yarl
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.exceptions import InvalidStatus

from pushwire.gateway import (
    Clock,
    GatewaySettings,
    IamAuthorizer,
    LocalGateway,
    ManualClock,
    Principal,
    RequestAuthorizer,
    SettingsError,
)
from tests.gateway.world import SECONDS, Event, Recorder, client, serving

SETTINGS = GatewaySettings(stage="prod", api_id="abcd1234", region="eu-west-1", account_id="123456789012")
ARN = "arn:aws:execute-api:eu-west-1:123456789012:abcd1234/prod/$connect"
TOKEN_IN_QUERY = ("route.request.querystring.token",)
USER = Principal("AKIDUSER", "user-secret", session_token="user/token=")
GUEST = Principal("AKIDGUEST", "guest-secret", name="guest", allow=())


def policy(effect: str, resource: str = ARN, **more: object) -> dict[str, object]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, **more}


class Authorizer:
    """An authorizer's function that records its events and allows certain clients."""

    def __init__(self, answer: object = None) -> None:
        self.answer = policy("Allow") if answer is None else answer
        self.events: list[Event] = []

    def __call__(self, event: Event, _context: Any) -> object:
        self.events.append(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def refused(gateway: LocalGateway, path: str = "", **options: Any) -> tuple[int, dict[str, str], str]:
    """Connect, and return status, body and error type of the refusal."""
    with pytest.raises(InvalidStatus) as caught, client(gateway, path, **options):
        pass
    response = caught.value.response
    return response.status_code, json.loads(response.body or b"{}"), response.headers["x-amzn-ErrorType"]


# Lambda authorizers


def test_the_authorizer_is_asked_before_connect_about_the_same_request() -> None:
    recorder, authorizer = Recorder(), Authorizer()
    gate = RequestAuthorizer(authorizer, TOKEN_IN_QUERY)
    with (
        serving(recorder, settings=SETTINGS, authorizer=gate) as gateway,
        client(gateway, "?token=t", additional_headers={"X-One": "1"}),
    ):
        connect = recorder.next("CONNECT")
    (event,) = authorizer.events
    assert list(event) == [
        "type",
        "methodArn",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "stageVariables",
        "requestContext",
    ]
    assert (event["type"], event["methodArn"]) == ("REQUEST", ARN)
    assert event["queryStringParameters"] == {"token": "t"}
    assert event["headers"]["X-One"] == "1"
    assert event["headers"]["Upgrade"] == "websocket"
    assert "Upgrade" not in connect["headers"]
    assert event["requestContext"] | {"authorizer": {"principalId": "me"}} == connect["requestContext"]


def test_what_it_says_of_a_client_is_in_every_later_event() -> None:
    authorizer = Authorizer(policy("Allow", context={"number": 1, "flag": True, "text": "x"}))
    recorder = Recorder()
    with serving(recorder, authorizer=RequestAuthorizer(authorizer), settings=SETTINGS) as gateway:
        with client(gateway) as ws:
            ws.send("hi")
            events = [recorder.next("CONNECT"), recorder.next("MESSAGE")]
        events.append(recorder.next("DISCONNECT"))
    expected = {"number": "1", "flag": "true", "text": "x", "principalId": "me"}
    assert [event["requestContext"]["authorizer"] for event in events] == [expected] * 3
    assert len(authorizer.events) == 1


def test_every_connection_is_asked_about_for_nothing_is_cached() -> None:
    authorizer = Authorizer()
    with serving(Recorder(), settings=SETTINGS, authorizer=RequestAuthorizer(authorizer, TOKEN_IN_QUERY)) as gateway:
        for _ in range(3):
            with client(gateway, "?token=t"):
                pass
    assert len({event["requestContext"]["connectionId"] for event in authorizer.events}) == 3


@pytest.mark.parametrize("path", ["", "?other=t", "?token="])
def test_a_missing_identity_source_is_401_and_nobody_is_called(path: str) -> None:
    recorder, authorizer = Recorder(), Authorizer()
    with serving(recorder, settings=SETTINGS, authorizer=RequestAuthorizer(authorizer, TOKEN_IN_QUERY)) as gateway:
        status, body, error_type = refused(gateway, path)
    assert (status, body["message"], error_type) == (401, "Unauthorized", "UnauthorizedException")
    assert authorizer.events == []
    assert recorder.nothing_more()


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (Exception("Unauthorized"), 401, "Unauthorized"),
        (policy("Deny"), 403, "Forbidden"),
        (policy("Allow", ARN.replace("$connect", "*/*")), 403, "Forbidden"),
        (ValueError("secret detail"), 500, "Internal server error"),
        ({"isAuthorized": True}, 500, "Internal server error"),
        (policy("Allow", context={"nested": {}}), 500, "Internal server error"),
    ],
    ids=["unauthorized", "deny", "another resource", "raises", "simple response", "nested context"],
)
def test_everything_else_keeps_the_client_out_before_connect(
    answer: object, status: int, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    with serving(recorder, settings=SETTINGS, authorizer=RequestAuthorizer(Authorizer(answer))) as gateway:
        found, body, _ = refused(gateway)
    assert (found, body["message"]) == (status, message)
    assert recorder.nothing_more()
    assert ("Traceback" in caplog.text) is isinstance(answer, ValueError)


def test_the_developer_is_told_why_a_result_is_a_configuration_error(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Recorder(), settings=SETTINGS, authorizer=RequestAuthorizer(Authorizer({"ok": True}))) as gateway:
        refused(gateway)
    assert "the authorizer's result has keys that API Gateway refuses: ok" in caplog.text


def test_an_authorizer_that_takes_too_long_is_500() -> None:
    leave, entered = threading.Event(), threading.Event()

    def slow(event: Event, context: Any) -> object:
        entered.set()
        assert leave.wait(SECONDS)
        return policy("Allow")

    clock = ManualClock()
    with serving(Recorder(), settings=SETTINGS, authorizer=RequestAuthorizer(slow), clock=clock) as gateway:
        threading.Thread(
            target=lambda: (entered.wait(SECONDS), gateway.loop.call_soon_threadsafe(clock.advance, 29.0))
        ).start()
        status, _, _ = refused(gateway)
        leave.set()
    assert status == 500


def test_an_authorizer_that_destroys_its_event_harms_nobody_but_itself() -> None:
    def vandal(event: Event, context: Any) -> object:
        event["requestContext"].clear()
        event.clear()
        raise ValueError

    with serving(Recorder(), settings=SETTINGS, authorizer=RequestAuthorizer(vandal)) as gateway:
        assert refused(gateway)[0] == 500


def test_what_the_authorizer_allows_connect_may_still_deny() -> None:
    recorder = Recorder(CONNECT={"statusCode": 402})
    with (
        serving(recorder, settings=SETTINGS, authorizer=RequestAuthorizer(Authorizer())) as gateway,
        pytest.raises(InvalidStatus, match="402"),
        client(gateway),
    ):
        pass
    assert recorder.next("CONNECT")["requestContext"]["authorizer"] == {"principalId": "me"}
    assert recorder.nothing_more()


def test_stage_variables_reach_authorizer_and_handler() -> None:
    settings = GatewaySettings(stage_variables={"tenant": "t1"})
    recorder, authorizer = Recorder(), Authorizer(policy("Allow", "*"))
    gate = RequestAuthorizer(authorizer, ("stageVariables.tenant",))
    with serving(recorder, settings=settings, authorizer=gate) as gateway, client(gateway):
        assert recorder.next("CONNECT")["stageVariables"] == {"tenant": "t1"}
    assert authorizer.events[0]["stageVariables"] == {"tenant": "t1"}


# IAM


def keys(principal: Principal, **changed: str) -> Credentials:
    return Credentials(
        principal.access_key_id, changed.get("secret", principal.secret_access_key), principal.session_token
    )


def presigned(gateway: LocalGateway, credentials: Credentials, region: str = "eu-west-1") -> str:
    """Return the query string of a presigned URL, such as for a browser."""
    request = AWSRequest("GET", gateway.url.replace("ws:", "http:") + "?room=a%20b")
    SigV4QueryAuth(credentials, "execute-api", region, expires=60).add_auth(request)
    return "?" + str(request.url).partition("?")[2]


def signed_headers(gateway: LocalGateway, credentials: Credentials) -> dict[str, str]:
    request = AWSRequest("GET", gateway.url.replace("ws:", "http:"))
    SigV4Auth(credentials, "execute-api", "eu-west-1").add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


def iam(recorder: Recorder, clock: Clock | None = None) -> contextlib.AbstractContextManager[LocalGateway]:
    return serving(recorder, settings=SETTINGS, authorizer=IamAuthorizer(), principals=[USER, GUEST], clock=clock)


def test_a_client_with_a_presigned_url_or_signed_headers_gets_in() -> None:
    recorder = Recorder()
    with iam(recorder) as gateway:
        with client(gateway, presigned(gateway, keys(USER))):
            event = recorder.next("CONNECT")
        recorder.next("DISCONNECT")
        with client(gateway, additional_headers=signed_headers(gateway, keys(USER))):
            recorder.next("CONNECT")
    assert event["queryStringParameters"]["room"] == "a b"
    assert event["requestContext"]["identity"].keys() == {"sourceIp", "userAgent"}
    assert "authorizer" not in event["requestContext"]


def test_a_client_library_that_decodes_what_it_may_of_a_presigned_url_gets_in() -> None:
    async def visit(url: str) -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(url):
            pass

    recorder = Recorder()
    with iam(recorder) as gateway:
        url = gateway.url + presigned(gateway, keys(USER))
        assert str(yarl.URL(url)) != url
        asyncio.run(visit(url))
        recorder.next("CONNECT")


def test_others_do_not_and_are_told_as_on_aws() -> None:
    recorder = Recorder()
    with iam(recorder) as gateway:
        assert refused(gateway) == (
            403,
            {"message": "Missing Authentication Token"},
            "MissingAuthenticationTokenException",
        )
        status, _, error_type = refused(gateway, presigned(gateway, keys(USER, secret="wrong")))
        assert (status, error_type) == (403, "InvalidSignatureException")
        status, body, error_type = refused(gateway, presigned(gateway, keys(USER), region="us-east-1"))
        assert body["message"] == "Credential should be scoped to a valid region, not 'us-east-1'. "
        status, _, error_type = refused(gateway, presigned(gateway, keys(USER)).replace("a%20b", "a%20c"))
        assert (status, error_type) == (403, "InvalidSignatureException")
        status, body, error_type = refused(gateway, additional_headers=signed_headers(gateway, keys(GUEST)))
        assert (status, error_type) == (403, "AccessDeniedException")
        assert body["Message"] == (
            "User: arn:aws:iam::123456789012:user/guest is not authorized to perform: execute-api:Invoke on resource: "
            "arn:aws:execute-api:eu-west-1:********9012:abcd1234/prod/$connect"
        )
    assert recorder.nothing_more()


def test_signatures_go_by_the_machines_clock_whatever_the_gateways_shows() -> None:
    recorder = Recorder()
    with (
        iam(recorder, clock=ManualClock()) as gateway,
        client(gateway, presigned(gateway, keys(USER))),
    ):
        recorder.next("CONNECT")


# Invalid settings


def test_an_iam_authorizer_without_principals_is_refused() -> None:
    with pytest.raises(SettingsError, match="an IamAuthorizer requires principals"):
        LocalGateway(print, authorizer=IamAuthorizer())


def test_an_authorizer_without_a_connect_route_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"belongs to the route \$connect"):
        LocalGateway(print, omit_routes=("$connect",), authorizer=RequestAuthorizer(print))


@pytest.mark.parametrize(("name", "value"), [("a-b", "x"), ("", "x"), ("a", ""), ("a", "p@ss word")])
def test_a_stage_variable_of_another_form_is_refused_without_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match="stage variable") as caught:
        GatewaySettings(stage_variables={name: value})
    assert "p@ss" not in str(caught.value)
    assert caught.value.args
