"""IAM authorization: the URL is signed with AWS credentials for each connection."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from pushwire._checks import check_function, check_region, region_of_environment
from pushwire.client.auth import Handshake, execute_api_region, is_loopback
from pushwire.client.errors import AuthError
from pushwire.sigv4 import CredentialChain, presigned_url
from pushwire.sigv4.sessions import (
    LOOPBACK_CREDENTIALS,
    any_session,
    region_of_profile,
    session_for_loopback,
)

__all__ = ["IamAuth"]

_SERVICE = "execute-api"
_LOOPBACK_REGION = "us-east-1"
_EXPIRES = 300
"""Seconds that the signature is valid. The client sends the request within seconds of signing it."""


class IamAuth:
    """Signature of the URL with AWS credentials, for an API whose `$connect` has IAM authorization.

    The credentials come from environment variables, or else from botocore's other sources (a profile, a role, a
    container). They are loaded and refreshed in a thread, so that the event loop does not wait.

    They need the permission `execute-api:Invoke` on
    `arn:aws:execute-api:{region}:{account}:{api-id}/{stage}/$connect` ("Control access to a WebSocket API with AWS IAM
    authorization").

    Args:
        region: The region to sign for. Defaults to the region in the URL, then `AWS_REGION`, `AWS_DEFAULT_REGION` and
            the region of the profile.
        clock: Returns the time in seconds since the epoch, which API Gateway accepts with a difference of up to five
            minutes. Defaults to `time.time`.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The region has characters that no region has.
    """

    def __init__(self, region: str | None = None, *, clock: Callable[[], float] = time.time) -> None:
        check_region(region)
        check_function("clock", clock)
        self._region = region
        self._clock = clock
        self._chains: dict[bool, CredentialChain] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(region={self._region!r})"

    async def __call__(self, handshake: Handshake, /) -> Handshake:
        """Return the handshake with a signed URL.

        Args:
            handshake: The handshake of the client.

        Raises:
            AuthError: The region is not known, or has characters that no region has.
            pushwire.CredentialsError: Credentials were not found, or loading them failed.
        """
        chain = self._chain(handshake.url)
        try:
            region = self._region or execute_api_region(handshake.url) or region_of_environment()
        except ValueError as exc:
            raise AuthError(str(exc)) from exc
        if region is not None and chain.is_ready():
            url = self._signed(handshake.url, chain, region)
        else:  # loading reads files, or sends requests
            url = await asyncio.to_thread(self._signed, handshake.url, chain, region)
        return replace(handshake, url=url)

    def _chain(self, url: str) -> CredentialChain:
        loopback = is_loopback(url)
        if loopback not in self._chains:
            self._chains[loopback] = (
                CredentialChain(session_for_loopback, default=LOOPBACK_CREDENTIALS)
                if loopback
                else CredentialChain(any_session, default=None)
            )
        return self._chains[loopback]

    def _signed(self, url: str, chain: CredentialChain, region: str | None) -> str:
        region = region or _region_of_profile(url)
        now = self._clock()
        return presigned_url(url, chain.load(), region=region, service=_SERVICE, now=now, expires=_EXPIRES)


def _region_of_profile(url: str) -> str:
    loopback = is_loopback(url)
    try:
        region = region_of_profile(session_for_loopback if loopback else any_session)
    except ValueError as exc:
        raise AuthError(str(exc)) from exc
    if region is None and not loopback:
        raise AuthError("the region to sign for is not known; pass IamAuth(region=…), or set AWS_REGION")
    return region or _LOOPBACK_REGION
