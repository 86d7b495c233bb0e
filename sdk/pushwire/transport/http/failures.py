"""What it means when no answer comes: where it failed, what may have caused it, and whether the request was sent."""

from __future__ import annotations

from typing import Literal

from pushwire.errors import UnavailableError
from pushwire.transport.http.endpoint import Endpoint
from pushwire.transport.http.replies import Reply

__all__ = ["Stage", "check_tunnel", "failure_of_connecting", "failure_of_exchange"]

Stage = Literal["resolve", "connect", "tunnel", "handshake"]

_AUTHORITY = "is its certificate authority trusted here (AWS_CA_BUNDLE, SSL_CERT_FILE)?"


def failure_of_connecting(endpoint: Endpoint, stage: Stage, exc: Exception, timeout: float) -> UnavailableError:
    """The error where no connection could be opened, with its cause: nothing was sent.

    Args:
        endpoint: Where to.
        stage: What was being done.
        exc: Why it failed; a `TimeoutError` where it took too long.
        timeout: How many seconds it might take.
    """
    host, port = endpoint.peer
    in_time = f"within {timeout:g} s"
    is_late = isinstance(exc, TimeoutError)
    if stage == "resolve":
        reason = f"no address of {host} from DNS {in_time}" if is_late else f"{host}: {exc}"
    elif stage == "connect":
        reason = f"no connection to {host}:{port} {in_time}" if is_late else f"{host}:{port}: {exc}"
    elif stage == "tunnel":
        reason = f"no tunnel by the proxy {host}:{port} {in_time}" if is_late else f"the proxy {host}:{port}: {exc}"
    elif is_late:
        reason = f"no TLS handshake with {endpoint.host} {in_time}: a network that stalls, or else {_AUTHORITY}"
    else:
        reason = f"no TLS with {endpoint.host}: {exc}: {_AUTHORITY}"
    error = UnavailableError(reason, attempts=1)
    error.__cause__ = exc
    return error


def check_tunnel(reply: Reply) -> None:
    """Check what a proxy answered to CONNECT.

    Raises:
        OSError: It does not tunnel.
    """
    if not 200 <= reply.status < 300:
        raise OSError(f"it answers {reply.status} to CONNECT")


def failure_of_exchange(exc: Exception, timeout: float, *, maybe_accepted: bool) -> UnavailableError:
    """The error where a request got no answer, with its cause.

    Args:
        exc: Why; a `TimeoutError` where it took too long.
        timeout: How many seconds it might take.
        maybe_accepted: Whether the whole request may have arrived.
    """
    reason = f"no answer within {timeout:g} s" if isinstance(exc, TimeoutError) else f"no answer: {exc}"
    error = UnavailableError(reason, attempts=1, maybe_accepted=maybe_accepted)
    error.__cause__ = exc
    return error
