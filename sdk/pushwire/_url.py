"""URL splitting. Only unusual URLs need `urllib.parse`, whose import takes 2 ms of a cold start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["PlainUrl", "percent_encoded", "split_url"]

_SCHEMES: Final = frozenset({"http", "https"})
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class PlainUrl:
    """A URL without user, query and fragment, with the attributes of `urllib.parse.SplitResult`.

    Attributes:
        scheme: `http` or `https`.
        netloc: Host and port as written in the URL.
        path: The path, with its leading slash.
        hostname: The host in lower case.
        port: The port; `None` if the URL does not name one.
        query: Empty.
        fragment: Empty.
        username: `None`.
        password: `None`.
    """

    __slots__ = ("hostname", "netloc", "path", "port", "scheme")

    query = fragment = ""
    username = password = None

    def __init__(self, scheme: str, netloc: str, path: str, hostname: str, port: int | None) -> None:
        self.scheme = scheme
        self.netloc = netloc
        self.path = path
        self.hostname = hostname
        self.port = port


def split_url(text: str) -> PlainUrl | SplitResult:
    """Split a URL as `urllib.parse.urlsplit` does.

    Args:
        text: The URL.

    Returns:
        The parts of the URL, with the attributes of `urllib.parse.SplitResult`.

    Raises:
        ValueError: The URL cannot be split. For an unreadable port, the attribute `port` raises it instead.
    """
    plain = _plain(text)
    if plain is not None:
        return plain
    from urllib.parse import urlsplit

    return urlsplit(text)


def percent_encoded(text: str, *, safe: str = "") -> str:
    """Encode all but letters, digits and `-._~` (RFC 3986, section 2.3), as `urllib.parse.quote` does.

    Args:
        text: The text to encode, as UTF-8.
        safe: More ASCII characters to keep. Defaults to the empty string.

    Returns:
        The encoded text.

    Raises:
        UnicodeEncodeError: The text has a lone surrogate.
    """
    kept = _UNRESERVED | frozenset(safe.encode())
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text.encode())


def _plain(text: str) -> PlainUrl | None:
    scheme, _, rest = text.partition("://")
    if scheme not in _SCHEMES or not text.isascii() or not text.isprintable() or "?" in text or "#" in text:
        return None
    netloc, slash, path = rest.partition("/")
    name, colon, digits = netloc.partition(":")
    if not name.replace(".", "").replace("-", "").isalnum():
        return None
    port = None
    if colon:
        if not digits.isdecimal() or len(digits) > 5 or int(digits) > 65_535:
            return None
        port = int(digits)
    return PlainUrl(scheme, netloc, f"{slash}{path}", name.lower(), port)
