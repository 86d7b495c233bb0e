"""How connections and attempts end, and what that means for the next one. Pure.

Sources: "Overview of WebSocket APIs in API Gateway" (close codes), RFC 6455 section 7.4.1.
"""

from typing import Final, NamedTuple

__all__ = ["GOODBYE", "RENEWED", "Closed", "Failure", "is_throttled", "says_client_is_wrong"]


class Closed(NamedTuple):
    """How a connection was closed.

    Attributes:
        code: The close code; 1006 where no close frame came.
        reason: The reason that came with it.
    """

    code: int
    reason: str


class Failure(NamedTuple):
    """How an attempt to connect failed.

    Attributes:
        reason: What happened, in words; no URL, header or token.
        status_code: The HTTP status of the answer; `None` where there was none.
        error: The exception.
    """

    reason: str
    status_code: int | None
    error: BaseException


GOODBYE: Final = Closed(1000, "")
"""How a client closes its connection for good."""

RENEWED: Final = Closed(1000, "renewal")
"""How a client closes a connection that is about to reach its two hours."""

_TOO_MANY_REQUESTS: Final = 429
_POLICY_VIOLATION: Final = 1008
_CLIENT_IS_WRONG: Final = frozenset({1002, 1003, 1007, 1009})


def is_throttled(code: int | None) -> bool:
    """Whether a status or a close code says that this client, or its account, is too quick.

    API Gateway closes a client that sends too much with 1008, and answers handshakes over the account's rate with 429.
    """
    return code in {_TOO_MANY_REQUESTS, _POLICY_VIOLATION}


def says_client_is_wrong(code: int) -> bool:
    """Whether a close code refuses what the client sent: protocol error, type, encoding, size."""
    return code in _CLIENT_IS_WRONG
