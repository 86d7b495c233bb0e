"""The signer: AWS's examples, and the parts that requests of one second share."""

import threading
from hashlib import sha256

import pytest

import pushwire
from pushwire.sigv4 import Credentials, Signer, SigningContext, canonical_target, signing_key

EMPTY_BODY_HASH = sha256(b"").hexdigest()
EXAMPLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
NOON = 1_440_938_160  # 2015-08-30T12:36:00Z
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

HOST = ("Host", "example.amazonaws.com")


def example_signer(*headers: tuple[str, str], credentials: Credentials = EXAMPLE) -> Signer:
    return Signer(lambda: credentials, region="us-east-1", service="service", headers=[HOST, *headers])


# "Signature Version 4 test suite", AWS General Reference.
@pytest.mark.parametrize(
    ("target", "signature"),
    [
        pytest.param("/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", id="get-vanilla"),
        pytest.param(
            "/?Param1=value1",
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
            id="get-vanilla-query",
        ),
        pytest.param(
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            id="get-vanilla-query-order-key-case",
        ),
        pytest.param(
            "/?Param1=value2&Param1=Value1",
            "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
            id="get-vanilla-query-order-key",
        ),
        pytest.param(
            "/?Param1=value2&Param1=value1",
            "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
            id="get-vanilla-query-order-value",
        ),
        pytest.param(
            f"/?{UNRESERVED}={UNRESERVED}",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
            id="get-vanilla-query-unreserved",
        ),
        pytest.param(
            "/?%E1%88%B4=bar",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
            id="get-vanilla-utf8-query",
        ),
        pytest.param(
            f"/{UNRESERVED}", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f", id="get-unreserved"
        ),
        pytest.param(
            "//example//", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84", id="get-slashes"
        ),
        pytest.param(
            "/example1/example2/../..",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            id="get-relative-relative",
        ),
    ],
)
def test_the_examples_that_aws_published(target: str, signature: str) -> None:
    context = example_signer().context(NOON)
    assert context.signature("GET", canonical_target(target), EMPTY_BODY_HASH) == signature
    assert context.authorization == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature="
    )


@pytest.mark.parametrize(
    ("headers", "signature"),
    [
        pytest.param([], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", id="post-vanilla"),
        pytest.param(
            [("My-Header1", "value1")],
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            id="post-header-key-sort",
        ),
    ],
)
def test_the_examples_of_posts(headers: list[tuple[str, str]], signature: str) -> None:
    context = example_signer(*headers).context(NOON)
    assert context.signature("POST", canonical_target("/"), EMPTY_BODY_HASH) == signature


@pytest.mark.parametrize(
    ("headers", "signature"),
    [
        pytest.param(
            [("My-Header1", " value1"), ("My-Header2", ' "a   b   c"')],
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            id="get-header-value-trim",
        ),
        pytest.param(
            [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            id="get-header-key-duplicate",
        ),
    ],
)
def test_the_examples_of_headers(headers: list[tuple[str, str]], signature: str) -> None:
    context = example_signer(*headers).context(NOON)
    assert context.signature("GET", canonical_target("/"), EMPTY_BODY_HASH) == signature


def test_the_signing_key_that_aws_published() -> None:
    # "Create a signed AWS API request": the example of the derived key.
    key = signing_key(EXAMPLE, "20120215", "us-east-1", "iam")
    assert key.hex() == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"


def test_within_one_second_nothing_is_computed_twice() -> None:
    asked: list[int] = []

    def credentials() -> Credentials:
        asked.append(1)
        return EXAMPLE

    signer = Signer(credentials, region="us-east-1", service="service", headers=[HOST])
    assert signer.context(NOON) is signer.context(NOON + 0.999)
    assert len(asked) == 1
    assert signer.has_context(NOON + 0.5)
    assert not signer.has_context(NOON + 1)


def test_the_key_of_a_day_is_kept_until_the_day_or_the_credentials_change() -> None:
    current = [EXAMPLE]
    signer = Signer(lambda: current[0], region="us-east-1", service="service", headers=[HOST])
    first = signer.context(NOON)
    assert signer.context(NOON + 1).key is first.key
    next_day = signer.context(NOON + 86_400)
    assert next_day.key == signing_key(EXAMPLE, "20150831", "us-east-1", "service") != first.key
    current[0] = Credentials("AKIDOTHER", "other")
    assert signer.context(NOON + 86_401).key == signing_key(current[0], "20150831", "us-east-1", "service")


def test_a_session_token_is_sent_and_signed() -> None:
    temporary = EXAMPLE._replace(token="token==")
    context = example_signer(credentials=temporary).context(NOON)
    assert context.headers == "X-Amz-Date: 20150830T123600Z\r\nX-Amz-Security-Token: token==\r\n"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token" in context.authorization


def test_neither_secret_nor_token_is_shown() -> None:
    shown = repr(Credentials("AKIDEXAMPLE", "the-secret", "the-token"))
    assert shown == "Credentials(access_key='AKIDEXAMPLE')"


def test_a_stamp_shows_neither_its_key_nor_its_token() -> None:
    context = example_signer(credentials=EXAMPLE._replace(token="the-token")).context(NOON)
    assert "the-token" not in repr(context)
    assert repr(context.key) not in repr(context)


@pytest.mark.parametrize("secret", ["secret\n", "\ud800"])
def test_a_secret_that_cannot_be_one_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(pushwire.CredentialsError, match="the secret key contains a line break") as caught:
        example_signer(credentials=EXAMPLE._replace(secret_key=secret)).context(NOON)
    assert secret not in str(caught.value)


@pytest.mark.parametrize("field", ["access_key", "token"])
def test_credentials_that_would_break_out_of_their_header_are_refused(field: str) -> None:
    credentials = EXAMPLE._replace(**{field: "value\r\nX-Evil: 1"})
    with pytest.raises(pushwire.CredentialsError, match="line break") as caught:
        example_signer(credentials=credentials).context(NOON)
    assert "value" not in str(caught.value)


def test_threads_that_pass_midnight_together_never_see_half_a_state() -> None:
    """A signer whose key and date change one after the other signs with a key of yesterday's."""
    accounts = [Credentials(f"AKID{number}", f"secret{number}") for number in range(7)]
    calls = iter(range(10**9))
    signer = Signer(lambda: accounts[next(calls) % 7], region="us-east-1", service="service", headers=[HOST])
    midnight = NOON - NOON % 86_400
    wrong: list[SigningContext] = []

    def sign() -> None:
        for number in range(300):
            context = signer.context(midnight + number % 2 - 1)
            if context.key != signing_key(context.credentials, context.day, "us-east-1", "service"):
                wrong.append(context)
            if f"Credential={context.credentials.access_key}/{context.day}/" not in context.authorization:
                wrong.append(context)

    threads = [threading.Thread(target=sign) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
