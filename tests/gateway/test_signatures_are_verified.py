"""Requests that botocore has signed are accepted; all others are refused with AWS's errors."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import assume, given
from hypothesis import strategies as st

from pushwire.gateway import Principal, SettingsError
from pushwire.gateway._access.signature_claims import AccessRefusedError
from pushwire.gateway._access.signatures import SignatureVerifier
from pushwire.gateway._wire.http11 import HttpRequest
from tests.gateway.signing import REGION, presigned, received, signed, signed_at

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2lu/X2Vj+EJr="
USER = Principal(KEY, SECRET)
ROLE = Principal(KEY, SECRET, session_token=TOKEN)
OWN_KEYS, ROLE_KEYS = Credentials(KEY, SECRET), Credentials(KEY, SECRET, TOKEN)
ID = "R0oXAdfD0kwCH6w="
URL = "http://127.0.0.1:3001/local/@connections/R0oXAdfD0kwCH6w%3D"

VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
NAMES = st.from_regex(r"x-[a-z0-9-]{1,12}", fullmatch=True).filter(lambda name: not name.startswith("x-amz"))
VALUES = st.lists(st.text(VISIBLE, min_size=1, max_size=12), min_size=1, max_size=3).map("  ".join)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=3)
REGIONS = st.sampled_from(["us-east-1", "eu-central-2", "cn-north-1", "us-gov-west-1"])
TOKENS = st.none() | st.text(VISIBLE, min_size=1, max_size=40)
IDS = st.from_regex(r"[A-Za-z0-9_-]{15}=", fullmatch=True)
PATHS = st.sampled_from(["/local/@connections/{}", "/local/%40connections/{}", "/prod/@connections/{}"])
ESCAPES = st.sampled_from(["=", "%3D", "%3d"])


def verifier(*principals: Principal, region: str = REGION, clock: Callable[[], float] = time.time) -> SignatureVerifier:
    return SignatureVerifier(principals or (USER,), region=region, clock=clock)


def refusal(request: HttpRequest, *principals: Principal, late: float = 0) -> tuple[str, str]:
    """Verify a request that must be refused, `late` seconds after it was signed."""
    at = signed_at(request) + late
    with pytest.raises(AccessRefusedError) as caught:
        verifier(*principals, clock=lambda: at).verify(request)
    return caught.value.error_type, caught.value.message


def with_header(request: HttpRequest, name: str, change: Callable[[str], str] | None) -> HttpRequest:
    """Return the same request with another value of a header, or without the header."""
    headers = [
        (found, change(value) if change and found.lower() == name.lower() else value)
        for found, value in request.headers
        if change or found.lower() != name.lower()
    ]
    return dataclasses.replace(request, headers=tuple(headers))


# Accepted requests


@given(
    st.sampled_from(["POST", "GET", "DELETE"]), PATHS, ESCAPES, IDS, HEADERS, st.binary(max_size=64), TOKENS, REGIONS
)
def test_every_request_that_botocore_signs_is_its_signers(
    method: str,
    path: str,
    escape: str,
    identifier: str,
    headers: dict[str, str],
    body: bytes,
    token: str | None,
    region: str,
) -> None:
    url = "http://localhost:3001" + path.format(identifier.replace("=", escape))
    request = signed(method, url, Credentials(KEY, SECRET, token), body=body, headers=headers, region=region)
    principal = Principal(KEY, SECRET, session_token=token)
    assert verifier(principal, region=region).verify(request) is principal


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8), max_size=3), TOKENS, REGIONS)
def test_every_url_that_botocore_presigns_is_its_signers(
    parameters: dict[str, str], token: str | None, region: str
) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items())
    request = presigned(f"http://localhost:3001/local?{query}", Credentials(KEY, SECRET, token), region=region)
    principal = Principal(KEY, SECRET, session_token=token)
    assert verifier(principal, region=region).verify(request) is principal


def means_the_same(before: str, after: str) -> bool:
    """Header names and `%3A` in a query string are case-insensitive, and kinds of white space are distinct."""
    return before.lower() == after.lower() or (before.isspace() and after.isspace())


@given(st.data(), st.sampled_from([OWN_KEYS, ROLE_KEYS]))
def test_a_signed_request_with_one_byte_changed_is_nobodys(data: st.DataObject, credentials: Credentials) -> None:
    request = signed("POST", URL, credentials, body=b"payload", headers={"X-One": "1  2"})
    place = data.draw(st.sampled_from(["target", "body", *(name for name, _ in request.headers)]))
    byte = data.draw(st.characters(min_codepoint=0x20, max_codepoint=0xFF))

    def change(text: str) -> str:
        index = data.draw(st.integers(0, len(text) - 1))
        assume(not means_the_same(text[index], byte))
        return text[:index] + byte + text[index + 1 :]

    if place == "target":
        changed = dataclasses.replace(request, target=change(request.target))
    elif place == "body":
        changed = dataclasses.replace(request, body=change("payload").encode("latin-1"))
    else:
        changed = with_header(request, place, change)
    with pytest.raises(AccessRefusedError):
        verifier(ROLE if credentials is ROLE_KEYS else USER).verify(changed)


@given(st.data())
def test_a_presigned_url_with_one_byte_changed_is_nobodys(data: st.DataObject) -> None:
    request = presigned("http://localhost:3001/local?room=a%20b%2Fc", ROLE_KEYS)
    index = data.draw(st.integers(0, len(request.target) - 1))
    byte = data.draw(st.characters(min_codepoint=0x21, max_codepoint=0xFF))
    assume(not means_the_same(request.target[index], byte))
    target = request.target[:index] + byte + request.target[index + 1 :]
    with pytest.raises(AccessRefusedError):
        verifier(ROLE).verify(dataclasses.replace(request, target=target))


@given(st.text(st.characters(max_codepoint=0xFF), max_size=60), st.text(st.characters(max_codepoint=0xFF), max_size=60))
def test_any_authorization_and_any_target_is_refused_and_never_an_error(authorization: str, target: str) -> None:
    headers = (("Host", "x"), ("X-Amz-Date", "20260101T000000Z"), ("Authorization", authorization))
    with pytest.raises(AccessRefusedError):
        verifier().verify(HttpRequest("GET", target, headers, b"", keep_alive=True, websocket=False))


def test_another_spelling_of_the_same_path_is_another_path_to_a_signature() -> None:
    request = signed("POST", URL, OWN_KEYS)
    for target in (f"/local/@connections/{ID}", "/local/@connections/R0oXAdfD0kwCH6w%3d"):
        assert refusal(dataclasses.replace(request, target=target))[0] == "InvalidSignatureException"


def test_what_a_library_decodes_in_a_presigned_url_changes_nothing() -> None:
    request = presigned("http://localhost:3001/local", ROLE_KEYS)
    target = request.target.replace("%2F", "/").replace("%3B", ";")
    assert target != request.target
    assert verifier(ROLE).verify(dataclasses.replace(request, target=target)) is ROLE


def test_headers_that_botocore_never_signs_are_verified_where_another_signer_signed_them() -> None:
    class SignsEverything(SigV4Auth):
        def headers_to_sign(self, request):  # type: ignore[no-untyped-def]
            headers = super().headers_to_sign(request)
            headers["user-agent"] = request.headers["User-Agent"]
            return headers

    aws_request = AWSRequest("POST", URL, headers={"User-Agent": "curl/8"}, data=b"x")
    SignsEverything(OWN_KEYS, "execute-api", REGION).add_auth(aws_request)
    request = received(aws_request, b"x")
    assert verifier().verify(request) is USER
    assert refusal(with_header(request, "User-Agent", lambda _: "curl/9"))[0] == "InvalidSignatureException"


def test_a_date_header_stands_for_x_amz_date() -> None:
    request = signed("POST", URL, OWN_KEYS, headers={"Date": formatdate(0)})
    assert request.header("x-amz-date") is None
    assert verifier().verify(request) is USER


def test_a_header_that_says_the_body_is_not_signed_does_not_make_it_so() -> None:
    request = signed("POST", URL, OWN_KEYS, body=b"x", headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert refusal(request)[0] == "InvalidSignatureException"


# Refused requests


def test_no_signature() -> None:
    request = HttpRequest("POST", "/local", (("Host", "x"),), b"", keep_alive=True, websocket=False)
    with pytest.raises(AccessRefusedError) as caught:
        verifier().verify(request)
    assert caught.value.error_type == "MissingAuthenticationTokenException"
    assert caught.value.message == "Missing Authentication Token"


def test_a_bearer_token_is_answered_with_its_hash_and_not_with_itself() -> None:
    request = with_header(signed("POST", URL, OWN_KEYS), "Authorization", lambda _: "Bearer eyJhbGciOi")
    error_type, message = refusal(request)
    assert error_type == "IncompleteSignatureException"
    assert message == (
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with "
        "Base64): 'mP8JI67aQ5sXpQJE9LZ8HIJ+CmxR/hP/Cr6Lo1rpcxI='."
    )


def test_what_is_missing_in_the_header_is_named() -> None:
    request = with_header(signed("POST", URL, OWN_KEYS), "Authorization", lambda _: "AWS4-HMAC-SHA256 Signature=a")
    error_type, message = refusal(request)
    assert error_type == "IncompleteSignatureException"
    assert message.startswith(
        "Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' "
        "parameter. (Hashed with SHA-256 and encoded with Base64) Authorization="
    )


def test_without_a_date_it_is_incomplete() -> None:
    request = with_header(signed("POST", URL, OWN_KEYS), "X-Amz-Date", None)
    with pytest.raises(AccessRefusedError, match="requires existence of either a 'X-Amz-Date' or a 'Date' header"):
        verifier().verify(request)


@pytest.mark.parametrize("date", ["2026-01-01T00:00:00Z", "20261301T000000Z", "20260101T0000 0Z", "0", ""])
def test_a_date_of_another_form_is_refused(date: str) -> None:
    request = with_header(signed("POST", URL, OWN_KEYS), "X-Amz-Date", lambda _: date)
    with pytest.raises(AccessRefusedError) as caught:
        verifier().verify(request)
    assert caught.value.error_type == "IncompleteSignatureException"
    assert caught.value.message == (
        f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
    )


def test_what_is_missing_in_the_query_string_is_named() -> None:
    request = presigned("http://localhost:3001/local", OWN_KEYS)
    request = dataclasses.replace(request, target=request.target.replace("X-Amz-Signature", "Signature"))
    assert refusal(request) == (
        "IncompleteSignatureException",
        "AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string parameters.",
    )


def test_signatures_in_both_places_are_refused() -> None:
    request = presigned("http://localhost:3001/local", OWN_KEYS)
    both = dataclasses.replace(request, headers=(*request.headers, ("Authorization", "Bearer x")))
    assert refusal(both) == (
        "InvalidSignatureException",
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )


def test_a_signature_holds_for_five_minutes_both_ways() -> None:
    request = signed("POST", URL, OWN_KEYS)
    for seconds in (300.9, -300):
        at = signed_at(request) + seconds
        assert verifier(clock=lambda at=at: at).verify(request) is USER  # type: ignore[misc]
    date = request.header("x-amz-date")
    expired = refusal(request, late=301)
    assert expired[0] == "InvalidSignatureException"
    assert expired[1].startswith(f"Signature expired: {date} is now earlier than ")
    assert expired[1].endswith(" - 5 min.)")
    early = refusal(request, late=-301)
    assert early[1].startswith(f"Signature not yet current: {date} is still later than ")
    assert early[1].endswith(" + 5 min.)")


def test_a_presigned_url_holds_as_long_as_it_says() -> None:
    request = presigned("http://localhost:3001/local", OWN_KEYS, expires=3600)
    at = signed_at(request) + 3600
    assert verifier(clock=lambda: at).verify(request) is USER
    assert refusal(request, late=3601)[1].endswith(" - 60 min.)")


@pytest.mark.parametrize("expires", ["0", "-1", "604801", "9999999", "1.5", "x"])
def test_a_lifetime_that_is_none_is_refused(expires: str) -> None:
    request = presigned("http://localhost:3001/local", OWN_KEYS, expires=60)
    changed = dataclasses.replace(request, target=request.target.replace("Expires=60", f"Expires={expires}"))
    assert refusal(changed) == ("IncompleteSignatureException", "X-Amz-Expires must be a number from 1 to 604800.")


def test_the_wrong_region_and_service_are_named_as_api_gateway_does() -> None:
    assert refusal(signed("POST", URL, OWN_KEYS, region="us-east-1")) == (
        "InvalidSignatureException",
        "Credential should be scoped to a valid region, not 'us-east-1'. ",
    )
    assert refusal(signed("POST", URL, OWN_KEYS, region="us-east-1", service="s3"))[1] == (
        "Credential should be scoped to a valid region, not 'us-east-1'. "
        "Credential should be scoped to correct service: 'execute-api'. "
    )


@pytest.mark.parametrize(
    ("before", "after", "error_type", "words"),
    [
        ("aws4_request", "aws4", "InvalidSignature", "scoped with a valid terminator: 'aws4_request', not 'aws4'. "),
        ("/20", "/19", "InvalidSignature", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version"),
        ("/execute-api", "", "IncompleteSignature", "Credential must have exactly 5 slash-delimited elements"),
        ("AWS4-HMAC-SHA256", "AWS4-X", "IncompleteSignature", "Unsupported AWS 'algorithm': 'AWS4-X'."),
        ("=host;", "=", "InvalidSignature", "'Host' or ':authority' must be a 'SignedHeader'"),
    ],
)
def test_a_malformed_scope_or_algorithm_is_named(before: str, after: str, error_type: str, words: str) -> None:
    request = signed("POST", URL, OWN_KEYS)
    changed = with_header(request, "Authorization", lambda value: value.replace(before, after))
    found = refusal(changed)
    assert found[0] == f"{error_type}Exception"
    assert words in found[1]


@pytest.mark.parametrize(
    ("principal", "credentials"),
    [
        (USER, Credentials("AKIDUNKNOWN", SECRET)),
        (USER, ROLE_KEYS),
        (ROLE, OWN_KEYS),
        (ROLE, Credentials(KEY, SECRET, "another")),
    ],
    ids=["unknown key", "token of nobody", "no token", "another token"],
)
def test_an_unknown_key_or_token(principal: Principal, credentials: Credentials) -> None:
    assert refusal(signed("POST", URL, credentials), principal) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )


def test_a_token_added_after_signing_is_none() -> None:
    request = signed("POST", URL, OWN_KEYS)
    added = dataclasses.replace(request, headers=(*request.headers, ("X-Amz-Security-Token", TOKEN)))
    assert refusal(added, ROLE)[0] == "UnrecognizedClientException"
    in_url = presigned("http://localhost:3001/local", OWN_KEYS)
    appended = dataclasses.replace(in_url, target=f"{in_url.target}&X-Amz-Security-Token={quote(TOKEN, safe='')}")
    assert refusal(appended, ROLE)[0] == "InvalidSignatureException"


def test_the_wrong_secret_is_told_what_should_have_been_signed_without_secrets() -> None:
    request = signed("POST", URL, Credentials(KEY, "wrong", TOKEN), body=b"x")
    error_type, message = refusal(request, ROLE)
    assert error_type == "InvalidSignatureException"
    date = request.header("x-amz-date")
    assert message.startswith(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.\n\n"
        "The Canonical String for this request should have been\n"
        "'POST\n/local/%40connections/R0oXAdfD0kwCH6w%253D\n\nhost:127.0.0.1:3001\n"
        f"x-amz-date:{date}\nx-amz-security-token:***\n\nhost;x-amz-date;x-amz-security-token\n"
    )
    assert "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n" in message
    assert SECRET not in message
    presigned_message = refusal(presigned("http://localhost:3001/local", Credentials(KEY, "wrong", TOKEN)), ROLE)[1]
    assert "X-Amz-Security-Token=***&" in presigned_message


# Principals


def test_secrets_are_in_no_repr() -> None:
    assert SECRET not in repr(ROLE)
    assert TOKEN not in repr(ROLE)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Principal("", "s3cret"), "access key id"),
        (lambda: Principal("s3cret/a+b", KEY), "access key id"),
        (lambda: Principal(KEY, ""), "empty secret access key"),
        (lambda: Principal(KEY, "s3cret", session_token=""), "empty session token"),
        (lambda: Principal(KEY, "s3cret", name="a b"), "name 'a b' of a principal"),
        (lambda: Principal(KEY, "s3cret", allow="arn:aws:*"), "must be a tuple of patterns, not 'arn:aws:"),
    ],
)
def test_a_principal_that_cannot_work_is_refused_without_its_secrets(make: Callable[[], Principal], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        make()
    assert "s3cret" not in str(caught.value)


def test_botocore_is_loaded_by_those_who_verify_and_its_absence_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['botocore'] = None\n"
        "from pushwire.gateway._access.signatures import SignatureVerifier\n"
        "try: SignatureVerifier([], region='x', clock=lambda: 0)\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "verifying signatures needs boto3: pip install 'pushwire[boto3]'\n"
