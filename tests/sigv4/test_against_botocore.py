"""The signer's signatures equal those of botocore, for all requests."""

from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import example, given
from hypothesis import strategies as st

from pushwire.sigv4 import Credentials, Signer, canonical_target

NAMES = st.from_regex(r"x-[a-z0-9-]{1,12}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
TOKENS = st.none() | st.from_regex(r"[A-Za-z0-9+/]{1,400}={0,2}", fullmatch=True)
URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["127.0.0.1", "abc123.execute-api.eu-west-1.amazonaws.com", "Ws.Example.com", "[::1]"]),
    st.just("") | st.integers(1, 65_535).map(":{}".format),
    st.sampled_from(["", "/prod", "/a/b", "/a//b", "/./a", "/~$+!*'()", "/a/../b"]),
)


def botocore_signs(
    method: str, url: str, headers: list[tuple[str, str]], body: bytes, credentials: Credentials, region: str
) -> tuple[dict[str, str], float]:
    """Return the headers that botocore sends, and the time of signing."""
    request = AWSRequest(method=method, url=url, data=body)
    for name, value in headers:
        request.headers.add_header(name, value)
    SigV4Auth(BotocoreCredentials(*credentials), "execute-api", region).add_auth(request)
    now = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return dict(request.headers.items()), now.timestamp()


@given(
    method=st.sampled_from(["POST", "GET", "DELETE"]),
    url=URLS,
    connection_id=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    body=st.binary(max_size=50),
    token=TOKENS,
    region=st.sampled_from(["us-east-1", "eu-west-1", "cn-north-1"]),
)
@example("POST", "https://[::1]:8443/prod", "R0oXAdfD0kwCH6w=", [], b"{}", None, "us-east-1")
@example("POST", "https://abc.example.com/prod", "..", [("x-a", " b  c ")], b"", "token=", "us-east-1")
def test_every_request_gets_the_signature_that_botocore_gives_it(
    method: str,
    url: str,
    connection_id: str,
    headers: list[tuple[str, str]],
    body: bytes,
    token: str | None,
    region: str,
) -> None:
    credentials = Credentials("AKIDEXAMPLE", "secret", token)
    url = f"{url}/@connections/{quote(connection_id, safe='')}"
    expected, now = botocore_signs(method, url, headers, body, credentials, region)

    parts = urlsplit(url)
    default_port = {"http": 80, "https": 443}[parts.scheme]
    host = parts.netloc.lower().removesuffix(f":{default_port}")
    signer = Signer(lambda: credentials, region=region, service="execute-api", headers=[("Host", host), *headers])
    context = signer.context(now)
    signature = context.signature(method, canonical_target(parts.path), sha256(body).hexdigest())

    assert f"{context.authorization}{signature}" == expected["Authorization"]
    lines = context.headers.removesuffix("\r\n").split("\r\n")
    assert {tuple(line.split(": ", 1)) for line in lines} <= expected.items()


@pytest.mark.parametrize(
    "spelling",
    ["%40connections/R0oXAdfD0kwCH6w%3D", "@connections/R0oXAdfD0kwCH6w%3D", "@connections/R0oXAdfD0kwCH6w="],
)
def test_each_spelling_of_an_id_is_signed_as_botocore_signs_it(spelling: str) -> None:
    credentials = Credentials("AKIDEXAMPLE", "secret")
    url = f"https://abc123.execute-api.eu-west-1.amazonaws.com/prod/{spelling}"
    expected, now = botocore_signs("POST", url, [], b"{}", credentials, "eu-west-1")
    host = ("Host", "abc123.execute-api.eu-west-1.amazonaws.com")
    context = Signer(lambda: credentials, region="eu-west-1", service="execute-api", headers=[host]).context(now)
    signature = context.signature("POST", canonical_target(f"/prod/{spelling}"), sha256(b"{}").hexdigest())
    assert f"{context.authorization}{signature}" == expected["Authorization"]
