"""What both fronts are made with: checked once, shared by all their requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Final

from pushwire.callback_url import CallbackUrl
from pushwire.sigv4 import CredentialChain
from pushwire.sigv4.sessions import LOOPBACK_CREDENTIALS, region_of_profile
from pushwire.transport._retry import DEFAULT_MAX_ATTEMPTS, RetryPolicy
from pushwire.transport._settings import DEFAULT_CONNECT_TIMEOUT, DEFAULT_READ_TIMEOUT, botocore_session, signing_region
from pushwire.transport.http.endpoint import Endpoint
from pushwire.transport.http.requests import Requests

__all__ = ["DEFAULT_MAX_CONNECTIONS", "Settings"]

DEFAULT_MAX_CONNECTIONS: Final = 32
_LONGEST: Final = 86_400.0
"""Seconds: what any way to wait takes."""


class Settings:
    """How to send: what was given and what the environment says, checked.

    Attributes:
        endpoint: Where to connect.
        requests: Writes the requests.
        policy: How often to try, and how long to wait in between.
        connect_timeout: Seconds for each connection, from the look-up of its name to the end of the TLS handshake.
        read_timeout: Seconds for each request, from its first byte to the last of its reply.
        max_connections: How many connections at once.

    Raises:
        CallbackUrlError: The URL cannot work, no region is known, or the proxy cannot be used.
        CredentialsError: The profile that the environment names does not exist.
        UnavailableError: `AWS_CA_BUNDLE` cannot be loaded.
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        callback_url: str,
        *,
        region: str | None,
        connect_timeout: float | None,
        read_timeout: float | None,
        max_attempts: int | None,
        max_connections: int,
        wall_clock: Callable[[], float],
    ) -> None:
        url = CallbackUrl.parse(callback_url)
        session = cache(partial(botocore_session, url))
        credentials = CredentialChain(session, default=LOOPBACK_CREDENTIALS if url.is_loopback else None)
        region = signing_region(url, region, lambda: region_of_profile(session()))
        if max_connections < 1:
            raise ValueError(f"max_connections is at least 1, not {max_connections}")
        self.endpoint: Final = Endpoint.of(url)
        self.requests: Final = Requests(url, region, credentials, wall_clock)
        self.policy: Final = RetryPolicy(max_attempts=DEFAULT_MAX_ATTEMPTS if max_attempts is None else max_attempts)
        self.connect_timeout: Final = _seconds("connect_timeout", connect_timeout, DEFAULT_CONNECT_TIMEOUT)
        self.read_timeout: Final = _seconds("read_timeout", read_timeout, DEFAULT_READ_TIMEOUT)
        self.max_connections: Final = max_connections


def _seconds(name: str, given: float | None, default: float) -> float:
    if given is not None and not 0 < given <= _LONGEST:
        raise ValueError(f"{name} is a number of seconds above zero and no more than a day, not {given}")
    return default if given is None else given
