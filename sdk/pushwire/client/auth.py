"""Who a client is: what completes its handshake, each time that it connects."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from pushwire.client.awaiting import result_of
from pushwire.client.errors import AuthError
from pushwire.client.handshake import Handshake

__all__ = ["Auth", "HeaderAuth", "QueryAuth", "SubprotocolAuth", "Token"]

Token: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""A token; or a function, sync or async, that returns the one to use now. It is called for each connection."""


class Auth(Protocol):
    """Completes handshakes: any function, sync or async, from one to another.

    async def auth(handshake: Handshake) -> Handshake:
        return handshake.with_header("X-Device", await device.sign(handshake.url))
    """

    def __call__(self, handshake: Handshake, /) -> Handshake | Awaitable[Handshake]:
        """Return the handshake to ask with.

        Args:
            handshake: One for the client's URL, without anything secret in it.

        Raises:
            Exception: Whatever it raises is a failed attempt to connect; its text is not repeated.
        """
        ...


@dataclass(frozen=True, slots=True)
class QueryAuth:
    """Puts a token into the URL's query: what a Lambda authorizer finds in `queryStringParameters`.

    Attributes:
        name: The parameter's name, such as `token`.
        token: The token, or a function that returns it.
    """

    name: str
    token: Token = field(repr=False)

    async def __call__(self, handshake: Handshake, /) -> Handshake:
        """Return the handshake with the token."""
        return handshake.with_query(self.name, await _current(self.token))


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """Puts a token into a header. Browsers cannot do this; programs can.

    Attributes:
        name: The header's name, such as `Authorization`.
        token: The header's whole value, or a function that returns it.
    """

    name: str
    token: Token = field(repr=False)

    async def __call__(self, handshake: Handshake, /) -> Handshake:
        """Return the handshake with the token."""
        return handshake.with_header(self.name, await _current(self.token))


@dataclass(frozen=True, slots=True)
class SubprotocolAuth:
    """Offers a token as a subprotocol, behind those of the client, as browsers do that can send no header.

    `$connect` must answer with one of the others, or with none: what it chooses is sent back.

    Attributes:
        token: The token, in the characters of a subprotocol; or a function that returns it.
    """

    token: Token = field(repr=False)

    async def __call__(self, handshake: Handshake, /) -> Handshake:
        """Return the handshake with the token."""
        return handshake.with_subprotocol(await _current(self.token))


async def _current(token: Token) -> str:
    current = await result_of(token() if callable(token) else token)
    if not isinstance(current, str):
        raise AuthError(f"a token is a string, not {type(current).__name__}")
    return current
