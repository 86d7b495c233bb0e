"""Signed requests of the management API, as bytes.

Requests for one body in one second differ only in their connection id and signature. A `Template` holds the other
parts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Final, Literal

from pushwire._url import percent_encoded, split_url
from pushwire._version import __version__
from pushwire.callback_url import CallbackUrl
from pushwire.errors import InvalidConnectionIdError
from pushwire.sigv4 import CredentialChain, Signer, SigningContext, canonical_target

__all__ = ["Method", "Requests", "Template"]

Method = Literal["POST", "GET", "DELETE"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Template:
    """A request without its connection id and signature.

    Args:
        method: The method.
        path: The path up to the connection id, as it is sent.
        canonical_path: The path up to the connection id, as it is signed.
        fixed_headers: The header lines of every request.
        body: The body; empty for none.
        stamp: The parts of the signature that all requests of one second share.

    Attributes:
        second: The time of the signature, in whole seconds since the epoch.
    """

    __slots__ = ("_body_hash", "_canonical_path", "_end", "_method", "_middle", "_stamp", "_start", "second")

    def __init__(
        self, method: Method, path: str, canonical_path: str, fixed_headers: str, body: bytes, stamp: SigningContext
    ) -> None:
        length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
        self.second = stamp.second
        self._method = method
        self._start = f"{method} {path}"
        self._middle = f" HTTP/1.1\r\n{fixed_headers}{stamp.headers}{length}Authorization: {stamp.authorization}"
        self._end = b"\r\n\r\n" + body
        self._canonical_path = canonical_path
        self._body_hash = sha256(body).hexdigest()
        self._stamp = stamp

    def request(self, connection_id: str) -> bytes:
        """Return the request for a connection.

        Raises:
            InvalidConnectionIdError: A URL cannot contain the id.
        """
        quoted = connection_id.replace("=", "%3D") if _is_plain(connection_id) else _quoted(connection_id)
        target = f"{self._canonical_path}{quoted.replace('%', '%25')}\n"
        signature = self._stamp.signature(self._method, target, self._body_hash)
        return f"{self._start}{quoted}{self._middle}{signature}".encode() + self._end


class Requests:
    """Builds the requests to one callback URL. Safe to share between threads.

    Args:
        url: The callback URL.
        region: The region to sign for.
        credentials: Loads the credentials to sign with, once a second.
        clock: Returns the time in seconds since the epoch. Defaults to `time.time`.
    """

    def __init__(
        self, url: CallbackUrl, region: str, credentials: CredentialChain, clock: Callable[[], float] = time.time
    ) -> None:
        parts = split_url(url.url)
        host = _host(parts.scheme, parts.hostname or "", parts.port)
        self._path = f"{parts.path}/@connections/"
        self._canonical_path = canonical_target(self._path).removesuffix("\n")
        self._fixed_headers = f"Host: {host}\r\nUser-Agent: pushwire/{__version__}\r\n"
        self._credentials = credentials
        self._signer = Signer(credentials.load, region=region, service="execute-api", headers=[("Host", host)])
        self._clock = clock

    def are_ready(self) -> bool:
        """Return whether `template` returns at once, because no credentials have to be loaded."""
        return self._signer.has_context(self._clock()) or self._credentials.is_ready()

    def template(self, method: Method, body: bytes) -> Template:
        """Return the template of requests for this second.

        Args:
            method: The method.
            body: The body; empty for none.

        Raises:
            pushwire.CredentialsError: No credentials were found, or they could not be loaded.
        """
        stamp = self._signer.context(self._clock())
        return Template(method, self._path, self._canonical_path, self._fixed_headers, body, stamp)

    def is_current(self, template: Template) -> bool:
        """Return whether a template is for this second."""
        return template.second == int(self._clock())


def _host(scheme: str, name: str, port: int | None) -> str:
    name = f"[{name}]" if ":" in name else name
    return name if port in {None, _DEFAULT_PORTS[scheme]} else f"{name}:{port}"


def _is_plain(connection_id: str) -> bool:
    """Return whether an id has the form of API Gateway's ids, in which only the `=` has to be encoded."""
    return connection_id.isascii() and connection_id.replace("=", "").replace("-", "").replace("_", "").isalnum()


def _quoted(connection_id: str) -> str:
    if connection_id not in {"", ".", ".."}:  # as a segment of a path, these address another resource
        with suppress(UnicodeEncodeError):
            return percent_encoded(connection_id)
    reason = "a URL cannot contain it; pass the connectionId of an event"
    raise InvalidConnectionIdError(reason, connection_id=connection_id)
