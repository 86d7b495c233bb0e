"""What requests to a callback URL are signed for and with, whichever way they are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pushwire.callback_url import CallbackUrl
from pushwire.errors import CallbackUrlError
from pushwire.sigv4.sessions import any_session, region_of_environment, session_for_loopback

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["botocore_session", "signing_region"]

_LOOPBACK_REGION: Final = "us-east-1"


def signing_region(url: CallbackUrl, region: str | None, profile_region: Callable[[], str | None]) -> str:
    """Find the region to sign for: `region`, the URL's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.

    Args:
        url: Where to post.
        region: The region that was given.
        profile_region: Gives the profile's region; called when nothing else names one.

    Raises:
        CallbackUrlError: No region is known, and the host is not this machine.
    """
    found = (
        region
        or url.region
        or region_of_environment()
        or profile_region()
        or (_LOOPBACK_REGION if url.is_loopback else None)
    )
    if not found:
        raise CallbackUrlError("no region to sign for: pass region= or set AWS_REGION", url=url.url)
    return str(found)


def botocore_session(url: CallbackUrl) -> Session | None:
    """Make the botocore session to ask for a profile's region and for credentials that the environment does not have.

    Returns:
        `None` where botocore is not installed, or not needed.
    """
    return session_for_loopback() if url.is_loopback else any_session()
