"""IAM authorization: a URL that is signed with AWS credentials, anew for each connection."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from pushwire.client.errors import AuthError
from pushwire.client.handshake import Handshake
from pushwire.client.url import execute_api_region, is_loopback
from pushwire.sigv4 import CredentialChain, presigned_url
from pushwire.sigv4.sessions import (
    LOOPBACK_CREDENTIALS,
    any_session,
    region_of_environment,
    region_of_profile,
    session_for_loopback,
)

__all__ = ["IamAuth"]

_SERVICE = "execute-api"
_LOOPBACK_REGION = "us-east-1"
_GOOD_FOR = 300
"""Seconds; the URL is used at once."""


class IamAuth:
    """Signs the URL with AWS credentials, for an API whose `$connect` has IAM authorization.

    The credentials are the environment's, else those that botocore finds (a profile, a role, a container's), and are
    looked for and refreshed outside the event loop. They need the permission `execute-api:Invoke` on
    `arn:aws:execute-api:{region}:{account}:{api-id}/{stage}/$connect` ("Control access to a WebSocket API with AWS IAM
    authorization").

    Args:
        region: The region to sign for; unless given the URL's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.
        clock: The time of day in seconds since the epoch: API Gateway allows five minutes of difference.
    """

    def __init__(self, region: str | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._region = region
        self._clock = clock
        self._chains: dict[bool, CredentialChain] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(region={self._region!r})"

    async def __call__(self, handshake: Handshake, /) -> Handshake:
        """Return the handshake with a signed URL.

        Raises:
            AuthError: No region is known.
            pushwire.CredentialsError: There are no credentials, or they cannot be loaded.
        """
        chain = self._chain(handshake.url)
        region = self._region or execute_api_region(handshake.url) or region_of_environment()
        if region is not None and chain.is_ready():
            url = self._signed(handshake.url, chain, region)
        else:  # there are files to read, or the network to ask
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
        return presigned_url(url, chain.load(), region=region, service=_SERVICE, now=now, expires=_GOOD_FOR)


def _region_of_profile(url: str) -> str:
    loopback = is_loopback(url)
    region = region_of_profile(session_for_loopback() if loopback else any_session())
    if region is None and not loopback:
        raise AuthError("no region to sign for: IamAuth(region=…), or set AWS_REGION")
    return region or _LOOPBACK_REGION
