"""Settings that the boto3 and HTTP transports share: time-outs, and what requests are signed for and with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pushwire._checks import check_function, region_of_environment
from pushwire._functions import is_async
from pushwire.callback_url import CallbackUrl
from pushwire.errors import CallbackUrlError
from pushwire.sigv4.sessions import region_of_profile

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = [
    "DEFAULT_CONNECT_TIMEOUT",
    "DEFAULT_READ_TIMEOUT",
    "MAX_IDLE",
    "check_functions",
    "signing_region",
]

DEFAULT_CONNECT_TIMEOUT: Final = 1.0
DEFAULT_READ_TIMEOUT: Final = 3.0

MAX_IDLE: Final = 30.0
"""Seconds after which a pooled connection is reopened: while a Lambda is frozen, the peer may close it."""

_LOOPBACK_REGION: Final = "us-east-1"


def check_functions(*, has_async_sleep: bool, **functions: object) -> None:
    """Check the arguments `sleep`, `clock` and `wall_clock` of a transport.

    Args:
        has_async_sleep: Whether `sleep` must be an async function. The others must not be.
        functions: The functions, by the name of their argument.

    Raises:
        TypeError: One is not a function, is async and must not be, or is not async and must be.
    """
    for name, function in functions.items():
        check_function(name, function)
        if is_async(function) != (has_async_sleep and name == "sleep"):
            raise TypeError(f"{name}= must {'not ' if is_async(function) else ''}be an async function")


def signing_region(url: CallbackUrl, region: str | None, session: Callable[[], Session | None]) -> str:
    """Return the region to sign for: `region`, the URL's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.

    Args:
        url: The callback URL.
        region: The region that the user gave; `None` to look for one.
        session: Returns the botocore session of the profile, or `None`. Called only when nothing else names a region,
            because it may import botocore.

    Raises:
        CallbackUrlError: No region is known, and the host is not this machine.
        CredentialsError: The profile that the environment names does not exist.
        ValueError: The region that was found has characters that no region has.
    """
    found = (
        region
        or url.region
        or region_of_environment()
        or region_of_profile(session)
        or (_LOOPBACK_REGION if url.is_loopback else None)
    )
    if not found:
        raise CallbackUrlError("the signing region is unknown; pass region= or set AWS_REGION", url=url.url)
    return found
