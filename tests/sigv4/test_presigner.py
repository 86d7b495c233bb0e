"""Presigned URLs equal those of botocore, and botocore verifies them."""

import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import example, given
from hypothesis import strategies as st
from tests.gateway.signing import received

from pushwire.gateway import Principal
from pushwire.gateway._access.signature_claims import AccessRefusedError
from pushwire.gateway._access.signatures import SignatureVerifier
from pushwire.sigv4 import Credentials, presigned_url

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKENS = st.none() | st.from_regex(r"[A-Za-z0-9+/]{1,400}={0,2}", fullmatch=True)
REGIONS = st.sampled_from(["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
HOSTS = st.sampled_from(["127.0.0.1", "abc123.execute-api.eu-west-1.amazonaws.com", "Ws.Example.com", "[::1]"])
PORTS = st.just("") | st.integers(1, 65_535).map(":{}".format)
PATHS = st.sampled_from(["", "/", "/prod", "/prod/", "/a b", "/a%20b", "/a//b", "/./a/../b", "/~$+!*'()", "/%C3%A9"])
NAMES = st.text("abcXYZ019-_.~ +/é=&%", min_size=1, max_size=8)
QUERIES = st.dictionaries(NAMES, st.text("abc019-_.~ +/é=&%", max_size=8), max_size=3)


def encoded(query: dict[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())


def by_botocore(url: str, credentials: Credentials, region: str, expires: int) -> tuple[str, float]:
    """Return botocore's presigned URL, and the time of signing."""
    request = AWSRequest("GET", url)
    SigV4QueryAuth(BotocoreCredentials(*credentials), "execute-api", region, expires=expires).add_auth(request)
    stamp = parse_qs(urlsplit(str(request.url)).query)["X-Amz-Date"][0]
    return str(request.url), datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


@given(st.sampled_from(["http", "https"]), HOSTS, PORTS, PATHS, QUERIES, TOKENS, REGIONS, st.integers(1, 604_800))
@example("https", "abc123.execute-api.eu-west-1.amazonaws.com", ":8443", "/prod", {}, "token+/=", "eu-west-1", 300)
@example("http", "127.0.0.1", ":80", "/local", {"user": "ada"}, None, "us-east-1", 300)
def test_a_url_is_signed_as_botocore_signs_it(
    scheme: str,
    host: str,
    port: str,
    path: str,
    query: dict[str, str],
    token: str | None,
    region: str,
    expires: int,
) -> None:
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    url = f"{scheme}://{host}{port}{path}{'?' if query else ''}{encoded(query)}"
    expected, now = by_botocore(url, credentials, region, expires)
    signed = presigned_url(url, credentials, region=region, service="execute-api", now=now, expires=expires)
    assert signed == expected


@pytest.mark.parametrize("token", [None, "IQoJb3JpZ2lu/X2Vj+EJr="])
@pytest.mark.parametrize("port", ["", ":8443"])
def test_a_websocket_s_url_is_signed_as_that_of_its_handshake(port: str, token: str | None) -> None:
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    place = f"abc123.execute-api.eu-west-1.amazonaws.com{port}/prod?user=ada"
    expected, now = by_botocore(f"https://{place}", credentials, "eu-west-1", 300)
    signed = presigned_url(
        f"wss://{place}", credentials, region="eu-west-1", service="execute-api", now=now, expires=300
    )
    assert signed == expected.replace("https://", "wss://", 1)


@given(HOSTS.map(str.lower), st.sampled_from(["", ":8080"]), st.sampled_from(["/local", "/prod/", ""]), QUERIES, TOKENS)
def test_what_is_signed_verifies_and_nothing_else_does(
    host: str, port: str, path: str, query: dict[str, str], token: str | None
) -> None:
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    verifier = SignatureVerifier(
        [Principal("AKIDEXAMPLE", SECRET, session_token=token)], region="eu-west-1", clock=time.time
    )
    url = f"http://{host}{port}{path}{'?' if query else ''}{encoded(query)}"
    signed = presigned_url(url, credentials, region="eu-west-1", service="execute-api", now=time.time(), expires=300)
    assert verifier.verify(received(AWSRequest("GET", signed))).access_key_id == "AKIDEXAMPLE"
    with pytest.raises(AccessRefusedError, match="InvalidSignatureException"):
        verifier.verify(received(AWSRequest("GET", signed.replace("X-Amz-Expires=300", "X-Amz-Expires=301"))))
