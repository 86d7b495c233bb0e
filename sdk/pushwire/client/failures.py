"""What an exception of the network, a handshake or an auth says in words: none of them may hold a token."""

import ssl

from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus

from pushwire.client.endings import Failure
from pushwire.errors import PushwireError

__all__ = ["auth_failure", "connect_failure"]


def connect_failure(error: BaseException) -> Failure:
    """Say why a connection could not be opened."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return Failure(f"the server answered the handshake with HTTP {status}", status, error)
    if isinstance(error, TimeoutError):
        return Failure("no answer within connect_timeout", None, error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(f"the server's certificate is not trusted: {error.verify_message}", None, error)
    if isinstance(error, InvalidMessage):
        return Failure("the handshake was not answered, or not in HTTP", None, error)
    if isinstance(error, InvalidHandshake):
        return Failure(f"what answered is no WebSocket server ({type(error).__name__})", None, error)
    if isinstance(error, OSError):
        return Failure(error.strerror or str(error) or type(error).__name__, None, error)
    return Failure(type(error).__name__, None, error)


def auth_failure(error: BaseException) -> Failure:
    """Say why an auth could not complete a handshake. Of errors that are not ours only the type: see there."""
    told = f": {error}" if isinstance(error, PushwireError) else ""
    return Failure(f"the auth raised {type(error).__name__}{told}", None, error)
