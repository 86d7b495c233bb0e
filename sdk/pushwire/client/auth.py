"""Authentication: the opening handshake, the functions that complete it, and the checks of the URL.

The URL is `wss://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, or a custom domain with its mapping key; it has
at most 4,096 characters ("Quotas for configuring and running a WebSocket API").
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, Self, TypeAlias, cast
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from pushwire._checks import check_text
from pushwire.client.errors import AuthError, ClientUrlError

__all__ = [
    "Auth",
    "Handshake",
    "HeaderAuth",
    "QueryAuth",
    "SubprotocolAuth",
    "Token",
    "check_url",
    "execute_api_region",
    "is_loopback",
    "is_token",
    "result_of",
]

_TOKEN_CHARACTERS: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""The characters that RFC 9110 allows in a token: the name of a header or of a subprotocol."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """Opening handshake that a client is about to send. Its `repr` omits the query and the values of headers.

    Attributes:
        url: The URL, including its query.
        headers: Headers to send in addition to those of every WebSocket handshake. Defaults to no headers.
        subprotocols: The subprotocols to offer, the preferred one first. Defaults to no subprotocols.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    subprotocols: tuple[str, ...] = ()

    def __repr__(self) -> str:
        names = [name for name, _ in self.headers]
        return f"{type(self).__name__}({self.address!r}, headers={names}, {len(self.subprotocols)} subprotocols)"

    @property
    def address(self) -> str:
        """The URL without its query, which may hold a token or a signature."""
        return urlunsplit(urlsplit(self.url)._replace(query="", fragment=""))

    def with_query(self, name: str, value: str) -> Self:
        """Return a copy with one more parameter in the URL's query.

        Args:
            name: The parameter's name, without percent encoding.
            value: The parameter's value, without percent encoding.
        """
        parts = urlsplit(self.url)
        pair = f"{quote(name, safe='')}={quote(value, safe='')}"
        return replace(self, url=urlunsplit(parts._replace(query=f"{parts.query}&{pair}" if parts.query else pair)))

    def with_header(self, name: str, value: str) -> Self:
        """Return a copy with one more header.

        Args:
            name: The header's name.
            value: The header's value, in printable ASCII.

        Raises:
            AuthError: The name or the value is not valid in a header.
        """
        if not is_token(name):
            raise AuthError(f"{name!r} is not a valid header name")
        if not (value.isascii() and value.isprintable()):
            raise AuthError(
                f"the value of the header {name} has a line break or a character that is not printable ASCII"
            )
        return replace(self, headers=(*self.headers, (name, value)))

    def with_subprotocol(self, name: str) -> Self:
        """Return a copy that offers one more subprotocol.

        Args:
            name: The subprotocol's name.

        Raises:
            AuthError: The name is not valid for a subprotocol.
        """
        if not is_token(name):
            raise AuthError(
                "a subprotocol may have letters, digits and !#$%&'*+-.^_`|~ only; encode other values, for example in "
                "base64url without padding"
            )
        return replace(self, subprotocols=(*self.subprotocols, name))


Token: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""A token, or a sync or async function that returns the current token. It is called for each connection."""


class Auth(Protocol):
    """Sync or async function that completes a handshake.

    Example:
        ```python
        async def auth(handshake: Handshake) -> Handshake:
            return handshake.with_header("X-Device", await device.sign(handshake.url))
        ```
    """

    def __call__(self, handshake: Handshake, /) -> Handshake | Awaitable[Handshake]:
        """Return the handshake to send.

        Args:
            handshake: A handshake for the client's URL, without credentials.

        Raises:
            Exception: Any exception is a failed attempt to connect. Its text is not shown, because it may have a token.
        """
        ...


@dataclass(frozen=True, slots=True)
class QueryAuth:
    """Token in the URL's query. A Lambda authorizer finds it in `queryStringParameters`.

    Attributes:
        name: The parameter's name, such as `token`.
        token: The token, or a function that returns it.

    Raises:
        TypeError: The name is not a string.
        ValueError: The name has control characters.
    """

    name: str
    token: Token = field(repr=False)

    def __post_init__(self) -> None:
        check_text("name", self.name)

    async def __call__(self, handshake: Handshake, /) -> Handshake:
        """Return the handshake with the token.

        Args:
            handshake: The handshake of the client.

        Raises:
            AuthError: The token is not a string.
        """
        return handshake.with_query(self.name, await _current(self.token))


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """Token in a header. Browsers cannot send headers with a WebSocket handshake.

    Attributes:
        name: The header's name, such as `Authorization`.
        token: The header's whole value, or a function that returns it.

    Raises:
        AuthError: The name is not valid for a header.
        TypeError: The name is not a string.
        ValueError: The name has control characters.
    """

    name: str
    token: Token = field(repr=False)

    def __post_init__(self) -> None:
        if not is_token(check_text("name", self.name)):
            raise AuthError(f"name= must be a valid header name, not {self.name!r:.100}")

    async def __call__(self, handshake: Handshake, /) -> Handshake:
        """Return the handshake with the token.

        Args:
            handshake: The handshake of the client.

        Raises:
            AuthError: The token is not a string, or has characters that are not allowed there.
        """
        return handshake.with_header(self.name, await _current(self.token))


@dataclass(frozen=True, slots=True)
class SubprotocolAuth:
    """Token as a subprotocol, offered after the client's own. Browsers do this, because they cannot send a header.

    `$connect` must not select the token, because the selected subprotocol is sent back to the client. It selects one of
    the other subprotocols, or none.

    Attributes:
        token: The token, in the characters of a subprotocol; or a function that returns it.
    """

    token: Token = field(repr=False)

    async def __call__(self, handshake: Handshake, /) -> Handshake:
        """Return the handshake with the token.

        Args:
            handshake: The handshake of the client.

        Raises:
            AuthError: The token is not a string, or has characters that are not allowed there.
        """
        return handshake.with_subprotocol(await _current(self.token))


async def result_of(returned: object) -> object:
    """Return the result of a sync or async function: await the returned value if it is awaitable."""
    if isinstance(returned, Awaitable):
        return await cast("Awaitable[object]", returned)
    return returned


async def _current(token: Token) -> str:
    current = await result_of(token() if callable(token) else token)
    if not isinstance(current, str):
        raise AuthError(f"a token must be a string, not {type(current).__name__}")
    return current


def is_token(text: str) -> bool:
    """Return whether a text is valid as the name of a header or of a subprotocol."""
    return bool(text) and _TOKEN_CHARACTERS.issuperset(text)


_EXAMPLE: Final = "wss://{api-id}.execute-api.{region}.amazonaws.com/{stage}"
_EXECUTE_API: Final = re.compile(r"[a-z0-9-]+\.execute-api\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+")
_LOOPBACK_IPV4: Final = re.compile(r"127(\.\d{1,3}){3}")
_MAX_URL_LENGTH: Final = 4_096


def check_url(text: str) -> None:
    """Check the URL of a WebSocket API.

    Raises:
        ClientUrlError: The URL is not usable. The text never has its query or a password.
        TypeError: The URL is not a string.
    """
    if not isinstance(cast("object", text), str):
        raise TypeError(f"the URL must be a string, not {type(text).__name__}")
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ClientUrlError(f"the URL is empty, or has spaces or characters outside ASCII; write it as {_EXAMPLE}")
    if len(text) > _MAX_URL_LENGTH:
        raise ClientUrlError(f"the URL has {len(text):,} characters, and API Gateway's limit is {_MAX_URL_LENGTH:,}")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ClientUrlError("the host or port of the URL is malformed") from None
    if parts.scheme in {"http", "https"} and host:
        scheme = {"http": "ws", "https": "wss"}[parts.scheme]
        path = re.sub(r"/(@|%40)connections(/.*)?$", "", parts.path, flags=re.IGNORECASE)
        raise ClientUrlError(f"this is the URL that servers post to; connect to {scheme}://{_place(parts)}{path}")
    if parts.scheme not in {"ws", "wss"} or not host or port == 0:
        raise ClientUrlError(f"the scheme, the host or the port is missing or wrong; write the URL as {_EXAMPLE}")
    if parts.username is not None or parts.password is not None:
        raise ClientUrlError("the URL must not have a user name or a password; pass auth= instead")
    if "#" in text:
        raise ClientUrlError("the URL must not have a fragment; remove the # and the text after it")
    if _EXECUTE_API.fullmatch(host) and not parts.path.strip("/"):
        raise ClientUrlError(f"the stage is missing; write the URL as {_EXAMPLE}")


def execute_api_region(url: str) -> str | None:
    """Return the AWS region in the name of an execute-api host; `None` for other hosts."""
    match = _EXECUTE_API.fullmatch(urlsplit(url).hostname or "")
    return match["region"] if match else None


def is_loopback(url: str) -> bool:
    """Return whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.endswith(".localhost") or _LOOPBACK_IPV4.fullmatch(host) is not None


def _place(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
