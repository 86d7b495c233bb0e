"""Authentication: none, IAM, a token in the query, a header or a subprotocol, or a function of the user."""

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from pushwire import PushwireError
from pushwire.client import (
    Auth,
    AuthError,
    ClientUrlError,
    ConnectFailedError,
    Connection,
    Handshake,
    HeaderAuth,
    IamAuth,
    QueryAuth,
    SubprotocolAuth,
)
from pushwire.client.options import settings_of
from pushwire.gateway import GatewaySettings, IamAuthorizer, Principal
from pushwire.testing import async_local_gateway
from tests.client.world import Desk, desk_client, run, said, until, until_open

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "c2VjcmV0-that_nobody.may~see"


def seen(auth: Auth | None, **options: Any) -> list[dict[str, Any]]:
    """Return the events of two handshakes: the first one, and that of a reconnection."""

    async def story() -> list[dict[str, Any]]:
        async with async_local_gateway(desk := Desk()) as gateway:
            async with desk_client(gateway.url, auth=auth, **options) as client:
                gateway.drop()
                await until_open(client, 2)
            return desk.handshakes

    return run(story())


def test_without_an_auth_nothing_is_added() -> None:
    for event in seen(None):
        assert "queryStringParameters" not in event
        assert not {"Authorization", "Sec-WebSocket-Protocol"} & event["headers"].keys()


def test_a_token_in_the_query_is_encoded_and_leaves_the_rest_alone() -> None:
    awkward = "a b+c&d=é/?#%"
    for event in seen(QueryAuth("token", awkward)):
        assert event["queryStringParameters"] == {"token": awkward}


def test_a_token_in_a_header() -> None:
    for event in seen(HeaderAuth("Authorization", f"Bearer {TOKEN}")):
        assert event["headers"]["Authorization"] == f"Bearer {TOKEN}"


def test_a_token_as_a_subprotocol_stands_behind_those_of_the_client() -> None:
    for event in seen(SubprotocolAuth(TOKEN), subprotocols=["chat.v2", "chat.v1"]):
        assert event["headers"]["Sec-WebSocket-Protocol"] == f"chat.v2, chat.v1, {TOKEN}"


def test_a_token_may_come_from_a_function_which_is_asked_each_time() -> None:
    tokens = iter(["first", "second"])
    first, second = seen(QueryAuth("token", lambda: next(tokens)))
    assert [event["queryStringParameters"]["token"] for event in (first, second)] == ["first", "second"]

    later = iter(["third", "fourth"])

    async def fetch() -> str:
        await asyncio.sleep(0)
        return next(later)

    events = seen(HeaderAuth("X-Token", fetch))
    assert [event["headers"]["X-Token"] for event in events] == ["third", "fourth"]


def test_an_auth_of_one_s_own_is_a_function_sync_or_async() -> None:
    def by_hand(handshake: Handshake) -> Handshake:
        assert (handshake.headers, handshake.subprotocols) == ((), ())
        return handshake.with_query("user", "ada").with_query("user", "bob").with_header("X-Device", "d1")

    class Signs:
        async def __call__(self, handshake: Handshake, /) -> Handshake:
            return by_hand(handshake)

    for auth in (by_hand, Signs()):
        for event in seen(auth):
            assert event["multiValueQueryStringParameters"] == {"user": ["ada", "bob"]}
            assert event["headers"]["X-Device"] == "d1"


def test_the_query_of_the_url_itself_is_kept() -> None:
    async def story() -> None:
        async with (
            async_local_gateway(desk := Desk()) as gateway,
            desk_client(f"{gateway.url}?room=lobby", auth=QueryAuth("token", "t")),
        ):
            assert desk.handshakes[0]["queryStringParameters"] == {"room": "lobby", "token": "t"}

    run(story())


BROKEN: dict[str, Any] = {
    "a header with a line break": HeaderAuth("X-Token", f"{TOKEN}\r\nX-Admin: yes"),
    "a header's name with a space": lambda handshake: handshake.with_header("X Token", TOKEN),
    "a subprotocol with a space": SubprotocolAuth(f"{TOKEN} {TOKEN}"),
    "an empty subprotocol": SubprotocolAuth(""),
    "a token that is no string": QueryAuth("token", lambda: None),  # type: ignore[arg-type,return-value] # the mistake
    "a function that raises": QueryAuth("token", lambda: str(1 / 0) + TOKEN),
    "an auth that returns nothing": lambda _handshake: None,
    "an auth that returns a URL": lambda handshake: handshake.url,
    "a URL that is none": lambda _handshake: Handshake(f"ftp://{TOKEN}.example.com"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_an_auth_without_a_valid_handshake_is_an_error_without_its_token(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        with pytest.raises(ConnectFailedError) as caught:
            await desk_client("ws://127.0.0.1:9/local", auth=BROKEN[kind], connect_attempts=2)
        assert "the auth raised" in str(caught.value)
        assert TOKEN not in str(caught.value)
        assert TOKEN not in repr(caught.value)
        assert TOKEN not in f"{caught.value.__cause__!r}"

    run(story())
    assert TOKEN not in caplog.text


def test_an_auth_that_fails_once_does_not_end_a_client() -> None:
    async def story() -> None:
        answers = iter(["first", None, "third"])

        def token() -> str:
            answer = next(answers)
            if answer is None:
                raise ConnectionError("the vault is closed for a moment")
            return answer

        async with (
            async_local_gateway(desk := Desk()) as gateway,
            desk_client(gateway.url, auth=QueryAuth("token", token)) as client,
        ):
            gateway.drop()
            await until_open(client, 2)
        assert [event["queryStringParameters"]["token"] for event in desk.handshakes] == ["first", "third"]

    run(story())


@pytest.mark.parametrize(
    "auth",
    [QueryAuth("token", TOKEN), HeaderAuth("Authorization", TOKEN), SubprotocolAuth(TOKEN)],
    ids=["query", "header", "subprotocol"],
)
def test_tokens_are_in_no_log_and_in_no_repr(auth: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        visits = iter([200, 200, 500, 403])
        async with async_local_gateway(Desk(lambda _event: next(visits))) as gateway:
            client = await desk_client(f"{gateway.url}?also={TOKEN}", auth=auth, subprotocols=["chat"])
            shown = [repr(client), repr(client.status), repr(settings_of(auth=auth, subprotocols=["chat"]))]
            gateway.drop()
            await until_open(client, 2)
            await client.say(said("hello"))
            gateway.drop()
            await until(lambda: client.status.state.value == "closed")
            await client.close()
        assert not any(TOKEN in text for text in shown)

    with caplog.at_level(logging.DEBUG):
        logging.getLogger("pushwire.gateway").setLevel(logging.ERROR)
        logging.getLogger("websockets.server").setLevel(logging.ERROR)
        try:
            run(story())
        finally:
            logging.getLogger("pushwire.gateway").setLevel(logging.NOTSET)
            logging.getLogger("websockets.server").setLevel(logging.NOTSET)
    assert "connected to ws://127.0.0.1:" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(auth)
    handshake = Handshake(f"wss://ws.example.com/prod?token={TOKEN}").with_header("X", TOKEN).with_subprotocol(TOKEN)
    assert TOKEN not in repr(handshake)


ROLE = Principal("AKIDROLE", SECRET, session_token="IQoJb3JpZ2lu/X2Vj+EJr=")
USER = Principal("AKIDUSER", SECRET)
SIGNED = GatewaySettings(region="eu-west-1")


@pytest.mark.extra("botocore")
@pytest.mark.parametrize("principal", [USER, ROLE], ids=["without a session token", "with one"])
def test_botocore_accepts_the_handshakes_of_iam_auth_signed_anew_each_time(
    principal: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", principal.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", principal.secret_access_key)
    if principal.session_token is not None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", principal.session_token)

    async def story() -> None:
        async with async_local_gateway(
            desk := Desk(), settings=SIGNED, authorizer=IamAuthorizer(), principals=[principal]
        ) as gateway:
            auth = IamAuth(region="eu-west-1")
            async with desk_client(f"{gateway.url}?user=ada%20lovelace", auth=auth) as client:
                gateway.drop()
                await until_open(client, 2)
                await client.say(said("signed"))
                await desk.has_heard(1)
            first, second = (event["queryStringParameters"] for event in desk.handshakes)
            assert first["user"] == second["user"] == "ada lovelace"
            assert SECRET not in repr(auth)

    run(story())


@pytest.mark.extra("botocore")
def test_a_wrong_secret_is_refused_for_good(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", USER.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")

    async def story() -> None:
        async with async_local_gateway(
            Desk(), settings=SIGNED, authorizer=IamAuthorizer(), principals=[USER]
        ) as gateway:
            with pytest.raises(ConnectFailedError) as caught:
                await desk_client(gateway.url, auth=IamAuth("eu-west-1"), connect_attempts=None)
            assert caught.value.status_code == 403

    run(story())
    assert "X-Amz" not in caplog.text


def region_of(auth: IamAuth, url: str) -> str:
    handshake = asyncio.run(auth(Handshake(url)))
    return handshake.url.partition("X-Amz-Credential=")[2].split("%2F")[2]


def test_the_region_is_the_given_one_the_url_s_or_the_environment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    aws = "wss://abc123.execute-api.eu-west-1.amazonaws.com/prod"
    assert region_of(IamAuth("us-west-2"), aws) == "us-west-2"
    assert region_of(IamAuth(), aws) == "eu-west-1"
    assert region_of(IamAuth(), "ws://127.0.0.1:3000/local") == "us-east-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-1")
    assert region_of(IamAuth(), "wss://ws.example.com") == "eu-south-1"
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert region_of(IamAuth(), "wss://ws.example.com") == "eu-north-1"


@pytest.mark.extra("botocore")
def test_region_and_credentials_are_found_in_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = eu-central-1\naws_access_key_id = AKID\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert region_of(IamAuth(), "wss://ws.example.com") == "eu-central-1"
    assert region_of(IamAuth(), "ws://127.0.0.1:3000/local") == "eu-central-1"


def test_without_a_region_or_credentials_the_error_says_what_to_set() -> None:
    async def story() -> None:
        with pytest.raises(
            ConnectFailedError, match=r"AuthError: the region to sign for is not known; pass IamAuth\(region=…\)"
        ):
            await desk_client("wss://ws.example.com", auth=IamAuth())
        with pytest.raises(ConnectFailedError, match=r"CredentialsError: .*set AWS_ACCESS_KEY_ID"):
            await desk_client("wss://ws.example.com", auth=IamAuth("eu-west-1"))

    assert "AWS_ACCESS_KEY_ID" not in os.environ
    run(story())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is empty, or has spaces or characters outside ASCII"),
        ("ws.example.com/prod", "is missing or wrong; write the URL as wss://"),
        ("ftp://ws.example.com", "is missing or wrong; write the URL as wss://"),
        ("wss://", "is missing or wrong; write the URL as wss://"),
        ("wss://ws.example.com:0/prod", "is missing or wrong; write the URL as wss://"),
        ("wss://ws.example.com:port/prod", "is malformed"),
        ("wss://[::1/prod", "is malformed"),
        ("wss://ws.example.com/a b", "has spaces"),
        ("wss://ws.exämple.com/", "characters outside ASCII"),
        ("wss://ws.example.com/prod#top", "must not have a fragment"),
        (f"wss://ada:{TOKEN}@ws.example.com/prod", "must not have a user name or a password"),
        ("wss://abc.execute-api.eu-west-1.amazonaws.com", "the stage is missing"),
        ("wss://abc.execute-api.eu-west-1.amazonaws.com/", "the stage is missing"),
        ("https://abc.execute-api.eu-west-1.amazonaws.com/prod", "connect to wss://abc.execute-api.eu-west-1.amazonaws.com/prod"),
        ("https://ws.example.com/prod/@connections/abc%3D", "connect to wss://ws.example.com/prod$"),
        ("http://127.0.0.1:3000/local", "connect to ws://127.0.0.1:3000/local"),
        (f"wss://ws.example.com/{'x' * 4_100}", "4,096"),
    ],
)  # fmt: skip
def test_a_url_that_cannot_work_is_refused_at_once_with_the_remedy(url: str, reason: str) -> None:
    with pytest.raises(ClientUrlError, match=reason) as caught:
        Connection(url)
    assert TOKEN not in str(caught.value)


def test_a_url_is_a_string() -> None:
    with pytest.raises(TypeError, match="must be a string, not bytes"):
        Connection(b"wss://ws.example.com")  # type: ignore[arg-type] # the mistake


def test_an_auth_error_is_a_value_error() -> None:
    with pytest.raises(AuthError):
        Handshake("wss://ws.example.com").with_header("X", "é")
    assert issubclass(AuthError, ValueError)


def test_an_auth_that_awaits_what_is_cancelled_is_a_failed_attempt_like_any_other() -> None:
    async def story() -> None:
        asked: list[Handshake] = []

        async def auth(handshake: Handshake) -> Handshake:
            asked.append(handshake)
            if len(asked) == 2:
                future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                future.cancel()
                await future
            return handshake

        async with async_local_gateway(Desk()) as gateway, desk_client(gateway.url, auth=auth) as client:
            errors: list[PushwireError] = []
            client.on_error(errors.append)
            gateway.drop()
            await until_open(client, 2)
            (error,) = errors
            assert isinstance(error, ConnectFailedError)
            assert error.reason == "the auth raised CancelledError"

    run(story())
