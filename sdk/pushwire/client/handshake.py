"""The opening handshake, as auths see and complete it."""

from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pushwire.client.errors import AuthError

__all__ = ["Handshake", "is_token"]

_TOKEN_CHARACTERS: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""What a header's name and a subprotocol may hold: a token of RFC 9110."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client will ask for a connection with. Its `repr` leaves out what may be secret.

    Attributes:
        url: The URL, its query included.
        headers: Headers to send, besides those that every handshake has.
        subprotocols: The subprotocols to offer, the preferred one first.
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
        """Return the same handshake with a parameter more in the URL's query."""
        parts = urlsplit(self.url)
        pair = f"{quote(name, safe='')}={quote(value, safe='')}"
        return replace(self, url=urlunsplit(parts._replace(query=f"{parts.query}&{pair}" if parts.query else pair)))

    def with_header(self, name: str, value: str) -> Self:
        """Return the same handshake with a header more.

        Raises:
            AuthError: No header can have this name or this value.
        """
        if not is_token(name):
            raise AuthError(f"no header can have the name {name!r}")
        if not (value.isascii() and value.isprintable()):
            raise AuthError(f"the value of the header {name} holds a line break or another odd character")
        return replace(self, headers=(*self.headers, (name, value)))

    def with_subprotocol(self, name: str) -> Self:
        """Return the same handshake, offering one subprotocol more.

        Raises:
            AuthError: No subprotocol can have this name.
        """
        if not is_token(name):
            raise AuthError(
                "a subprotocol holds letters, digits and !#$%&'*+-.^_`|~ only: encode what you offer in base64url "
                "without padding, say"
            )
        return replace(self, subprotocols=(*self.subprotocols, name))


def is_token(text: str) -> bool:
    """Whether a text can be the name of a header or of a subprotocol."""
    return bool(text) and _TOKEN_CHARACTERS.issuperset(text)
