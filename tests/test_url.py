"""URL splitting and percent encoding equal `urllib.parse`, which plain URLs do not import."""

import subprocess
import sys
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pushwire._url import PlainUrl, percent_encoded, split_url

PARTS = ("scheme", "netloc", "path", "query", "fragment", "hostname", "port", "username", "password")

PIECES = st.sampled_from(
    [
        *":/?#@[]%.-_aB\\~٣ä \t\n",
        "//",
        "::1",
        "127.0.0.1",
        "localhost",
        "0",
        "80",
        "65535",
        "65536",
        "http",
        "https",
        "HTTPS",
    ]
)


@given(
    st.lists(PIECES, max_size=12).map("".join) | st.lists(PIECES, max_size=8).map(lambda it: f"https://{''.join(it)}")
)
@example("https://abc123.execute-api.us-east-1.amazonaws.com/prod")
@example("http://LocalHost:3000")
@example("https://a:")
@example("https://a:00080/")
@example("https://a:+80/")
@example("https://.../")
def test_a_url_is_split_as_urllib_splits_it(text: str) -> None:
    assert _parts(split_url, text) == _parts(urlsplit, text)


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        ("https://abc123.execute-api.us-east-1.amazonaws.com/prod", True),
        ("https://ws.example.com/key", True),
        ("http://127.0.0.1:3000/local", True),
        ("http://[::1]:3000/local", False),
        ("https://user@ws.example.com/", False),
        ("https://ws.example.com/?x=1", False),
        ("wss://ws.example.com/", False),
    ],
)
def test_the_urls_that_people_have_are_plain(text: str, is_plain: bool) -> None:
    assert isinstance(split_url(text), PlainUrl) == is_plain


@given(st.text(), st.sampled_from(["", "/", "/:"]))
@example("@connections/abc=", "")
def test_text_is_encoded_as_urllib_encodes_it(text: str, safe: str) -> None:
    assert percent_encoded(text, safe=safe) == quote(text, safe=safe)


def test_half_a_surrogate_pair_has_no_encoding() -> None:
    with pytest.raises(UnicodeEncodeError):
        percent_encoded("\ud800")


def test_a_plain_url_is_split_without_urllib() -> None:
    code = (
        "import sys; before = set(sys.modules); from pushwire._url import split_url\n"
        "assert split_url('https://ws.example.com/key').path == '/key'\n"
        "print(sorted({'urllib.parse', 'ipaddress'} & (sys.modules.keys() - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _parts(split: object, text: str) -> list[object]:
    found: list[object] = []
    try:
        parts = split(text)  # type: ignore[operator] # either function
        for name in PARTS:
            found.append(getattr(parts, name))
    except ValueError:
        found.append(ValueError)
    return found
