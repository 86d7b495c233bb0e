"""The callback URL: valid and invalid URLs, the correction in each error, and the URL of a Lambda event."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire import CallbackUrlError
from pushwire.callback_url import CallbackUrl


@pytest.mark.parametrize(
    ("text", "url", "region", "is_loopback"),
    [
        (
            "https://abc123.execute-api.us-east-1.amazonaws.com/prod/",
            "https://abc123.execute-api.us-east-1.amazonaws.com/prod",
            "us-east-1",
            False,
        ),
        (
            "https://abc123.execute-api.cn-north-1.amazonaws.com.cn/prod",
            "https://abc123.execute-api.cn-north-1.amazonaws.com.cn/prod",
            "cn-north-1",
            False,
        ),
        ("https://ws.example.com/mapping-key", "https://ws.example.com/mapping-key", None, False),
        ("https://ws.example.com", "https://ws.example.com", None, False),
        ("http://127.0.0.1:3000/local", "http://127.0.0.1:3000/local", None, True),
        ("http://localhost:3000/local", "http://localhost:3000/local", None, True),
        ("http://[::1]:3000/local", "http://[::1]:3000/local", None, True),
        ("https://gateway.localhost/x", "https://gateway.localhost/x", None, True),
    ],
)
def test_a_url_that_can_work(text: str, url: str, region: str | None, is_loopback: bool) -> None:
    assert CallbackUrl.parse(text) == CallbackUrl(url=url, region=region, is_loopback=is_loopback)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        (
            "wss://abc123.execute-api.us-east-1.amazonaws.com/prod",
            "post to https://abc123.execute-api.us-east-1.amazonaws.com/prod",
        ),
        ("ws://127.0.0.1:3000/local", "post to http://127.0.0.1:3000/local"),
        ("https://abc123.execute-api.us-east-1.amazonaws.com", "the stage is missing"),
        ("https://abc123.execute-api.us-east-1.amazonaws.com/", "the stage is missing"),
        ("https://abc123.execute-api.us-east-1.amazonaws.com/prod/more", "remove /more"),
        ("https://abc123.execute-api.us-east-1.amazonaws.com/prod/@connections", "must end before /@connections"),
        (
            "https://abc123.execute-api.us-east-1.amazonaws.com/prod/@connections/abc%3D",
            "must end before /@connections",
        ),
        ("https://ws.example.com/%40connections/abc", "must end before /@connections"),
        ("https://execute-api.us-east-1.amazonaws.com", "the id of the API is missing"),
        ("http://ws.example.com/prod", "pass allow_http=True or set PUSHWIRE_ALLOW_HTTP=1"),
        ("http://127.0.0.1.example.com/prod", "use https://"),
        ("https://ws.example.com/prod?x=1", "a query or a fragment; remove it"),
        ("https://ws.example.com/prod#x", "a query or a fragment; remove it"),
        ("ws.example.com/prod", "scheme or the host is missing or wrong; write it as https://"),
        ("https:///prod", "scheme or the host is missing or wrong; write it as https://"),
        ("ftp://ws.example.com/prod", "scheme or the host is missing or wrong; write it as https://"),
        ("", "write it as https://"),
        ("https://ws.example.com/a b", "has spaces"),
        ("https://ws.exämple.com/a", "characters outside ASCII"),
        ("https://ws.example.com/a\n", "has spaces"),
        ("https://ws.example.com:99999/a", "the host or port is malformed"),
        ("https://[::1/a", "the host or port is malformed"),
    ],
)
def test_a_url_that_cannot_work_is_refused_with_the_remedy(text: str, remedy: str) -> None:
    with pytest.raises(CallbackUrlError) as caught:
        CallbackUrl.parse(text)
    assert remedy in str(caught.value)
    assert caught.value.url == text


IN_A_PRIVATE_NETWORK = ["http://gateway:3001/dev", "http://host.docker.internal:3001/dev", "http://10.0.0.5/prod"]


@pytest.mark.parametrize("text", IN_A_PRIVATE_NETWORK)
def test_http_to_another_host_needs_a_switch(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CallbackUrl.parse(text, allow_http=True) == CallbackUrl(url=text, region=None, is_loopback=False)
    for value in ("", "0", "true"):
        monkeypatch.setenv("PUSHWIRE_ALLOW_HTTP", value)
        with pytest.raises(CallbackUrlError, match="allow_http=True"):
            CallbackUrl.parse(text)
    monkeypatch.setenv("PUSHWIRE_ALLOW_HTTP", "1")
    monkeypatch.setenv("PUSHWIRE_CALLBACK_URL", text)
    assert CallbackUrl.from_event({}).url == CallbackUrl.from_environment().url == CallbackUrl.parse(text).url == text


@pytest.mark.parametrize(
    "text",
    [
        "https://user:hunter2@ws.example.com/prod",
        "wss://user:hunter2@ws.example.com/prod",
        "https://user:hunter2@ws.example.com:99999/prod",
        "https://user:hunter2@ws.example.com/a b",
        "https://user:hunter2@ws.example.com?x",
        "ftp://user:hunter2@ws.example.com/prod",
        "user:hunter2@ws.example.com/prod",
    ],
)
def test_a_password_in_a_url_is_refused_and_never_repeated(text: str) -> None:
    with pytest.raises(CallbackUrlError) as caught:
        CallbackUrl.parse(text)
    assert "hunter2" not in str(caught.value)
    assert caught.value.url is None


def test_a_url_that_is_not_a_string_is_a_type_error() -> None:
    url: Any = None
    with pytest.raises(TypeError, match="NoneType"):
        CallbackUrl.parse(url)


@given(st.text(max_size=60) | st.from_regex(r"(https?|wss?)://[\[\]:@/?#%a-z0-9.-]{0,40}", fullmatch=True))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        url = CallbackUrl.parse(text)
    except CallbackUrlError:
        return
    assert CallbackUrl.parse(url.url) == url


def event(**context: object) -> dict[str, Any]:
    return {"requestContext": context}


def test_an_event_gives_the_execute_api_host_never_the_custom_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    url = CallbackUrl.from_event(event(apiId="abc123", stage="prod", domainName="ws.example.com"))
    assert url.url == "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"


def partitions() -> Iterator[tuple[str, str, str]]:
    """Yield a region of each partition that botocore knows, and the domains of its endpoints, plain and dual-stack."""
    data = json.loads((files("botocore") / "data" / "partitions.json").read_text())
    for partition in data["partitions"]:
        outputs = partition["outputs"]
        for region in partition["regions"]:
            if re.match(partition["regionRegex"], region):
                yield region, outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]


@pytest.mark.extra("boto3")
def test_events_of_each_region_of_each_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    for region, plain, dual_stack in partitions():
        monkeypatch.setenv("AWS_REGION", region)
        custom = CallbackUrl.from_event(event(apiId="abc123", stage="prod", domainName="ws.example.org"))
        assert custom == (f"https://abc123.execute-api.{region}.{plain}/prod", region, False)
        monkeypatch.setenv("AWS_REGION", "eu-north-9")
        for service in ("execute-api", "execute-api-fips"):
            for domain in (plain, dual_stack):
                host = f"abc123.{service}.{region}.{domain}"
                own = CallbackUrl.from_event(event(apiId="abc123", stage="prod", domainName=host))
                assert own == (f"https://{host}/prod", region, False)
                with pytest.raises(CallbackUrlError, match="the id of the API is missing"):
                    CallbackUrl.parse(f"https://{service}.{region}.{domain}")


def test_a_region_that_is_passed_decides_the_host() -> None:
    host = "abc123.execute-api-fips.us-east-1.amazonaws.com"
    url = CallbackUrl.from_event(event(apiId="abc123", stage="prod", domainName=host), region="us-west-2")
    assert url.url == "https://abc123.execute-api.us-west-2.amazonaws.com/prod"


@pytest.mark.parametrize("domain_name", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000"])
def test_an_event_of_the_local_gateway_gives_its_own_address(domain_name: str) -> None:
    url = CallbackUrl.from_event(event(apiId="local", stage="dev", domainName=domain_name))
    assert url.url == f"http://{domain_name}/dev"


def test_the_environment_overrides_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUSHWIRE_CALLBACK_URL", "https://ws.example.com/key")
    assert CallbackUrl.from_event(event(apiId="a", stage="b")).url == "https://ws.example.com/key"


@pytest.mark.parametrize("bad", [{}, {"requestContext": None}, event(apiId=1, stage="x"), event(apiId="a"), event()])
def test_an_event_of_something_else_is_refused_with_the_remedy(bad: dict[str, Any]) -> None:
    with pytest.raises(CallbackUrlError, match="PUSHWIRE_CALLBACK_URL"):
        CallbackUrl.from_event(bad, region="eu-west-1")


def test_an_event_without_any_region_is_refused() -> None:
    with pytest.raises(CallbackUrlError, match="AWS_REGION"):
        CallbackUrl.from_event(event(apiId="a", stage="b"))


def test_no_url_anywhere_names_the_variable() -> None:
    with pytest.raises(CallbackUrlError, match="PUSHWIRE_CALLBACK_URL"):
        CallbackUrl.from_environment()
