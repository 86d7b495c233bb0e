"""Errors for responses and for failed exchanges, with their cause and whether the request may have been accepted."""

from __future__ import annotations

from typing import Literal

from pushwire.errors import SendError, UnavailableError
from pushwire.transport._responses import connection_info, error_for_status, parsed_body
from pushwire.transport.http._endpoint import Endpoint
from pushwire.transport.http._requests import Method
from pushwire.transport.http._responses import Response
from pushwire.transport.protocol import ConnectionInfo

__all__ = [
    "Stage",
    "check_tunnel",
    "error_of",
    "failure_of_connecting",
    "failure_of_exchange",
    "result_of",
]

Stage = Literal["resolve", "connect", "tunnel", "handshake"]

_NEEDS_PASSWORD = 407
"""Proxy Authentication Required (RFC 9110, section 15.5.8)."""

_AUTHORITY = "that the certificate authority is trusted here (AWS_CA_BUNDLE, SSL_CERT_FILE)"
_PROXY = "HTTPS_PROXY names the proxy, and NO_PROXY the hosts that need none"


def error_of(method: Method, response: Response, connection_id: str) -> SendError | None:
    """Return the error for a response; `None` if the request was accepted, even if the body was truncated."""
    if not 200 <= response.status < 300:
        return error_for_status(response.status, parsed_body(response.body), connection_id=connection_id)
    if method == "GET" and not response.complete:
        reason = "the response was truncated or is too long"
        return UnavailableError(reason, connection_id=connection_id, attempts=1, status_code=response.status)
    return None


def result_of(method: Method, response: Response, connection_id: str) -> ConnectionInfo | None:
    """Return the result of a call, which only GetConnection has.

    Raises:
        SendError: The request was not accepted, or a field of the result cannot be read.
    """
    error = error_of(method, response, connection_id)
    if error is not None:
        raise error
    return connection_info(parsed_body(response.body), connection_id=connection_id) if method == "GET" else None


def failure_of_connecting(endpoint: Endpoint, stage: Stage, exc: Exception, timeout: float) -> UnavailableError:
    """Return the error for a connection that could not be opened. No request was sent.

    Args:
        endpoint: The host to connect to.
        stage: The stage that failed.
        exc: The cause; a `TimeoutError` if it took too long.
        timeout: The connect timeout in seconds.
    """
    host, port = endpoint.peer
    peer = host if endpoint.proxy is None else f"the proxy {host}"
    is_late = isinstance(exc, TimeoutError)
    why = f"within {timeout:g} s" if is_late else f"({exc})"
    if stage == "resolve":
        reason = f"DNS did not resolve {peer} {why}"
    elif stage == "connect":
        reason = f"no connection to {peer}:{port} {why}"
    elif stage == "tunnel":
        reason = f"{peer}:{port} did not open a tunnel {why}"
    else:
        reason = (
            f"no TLS handshake with {endpoint.host} {why}; check {'the network, and ' if is_late else ''}{_AUTHORITY}"
        )
    if endpoint.proxy is not None:
        reason = f"{reason}; {_PROXY}"
    return UnavailableError(reason, attempts=1)


def check_tunnel(response: Response) -> None:
    """Check a proxy's response to CONNECT.

    Raises:
        OSError: The proxy refused the tunnel.
    """
    if not 200 <= response.status < 300:
        remedy = "; check the user name and the password in HTTPS_PROXY" if response.status == _NEEDS_PASSWORD else ""
        raise OSError(f"HTTP {response.status} in response to CONNECT{remedy}")


def failure_of_exchange(exc: Exception, timeout: float, *, maybe_accepted: bool) -> UnavailableError:
    """Return the error for a request without a response.

    Args:
        exc: The cause; a `TimeoutError` if it took too long.
        timeout: The read timeout in seconds.
        maybe_accepted: Whether the server may have received the whole request.
    """
    reason = f"no response within {timeout:g} s" if isinstance(exc, TimeoutError) else f"no response: {exc}"
    return UnavailableError(reason, attempts=1, maybe_accepted=maybe_accepted)
