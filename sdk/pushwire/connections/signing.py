"""What requests to a callback URL are signed for and with, whichever way they are sent."""

import os
from collections.abc import Callable
from typing import Any, Final

from pushwire.callback_url import CallbackUrl
from pushwire.errors import CallbackUrlError
from pushwire.sigv4.credentials import Credentials

__all__ = ["LOOPBACK_CREDENTIALS", "signing_region", "without_instance_role"]

LOOPBACK_CREDENTIALS: Final = Credentials("local", "local")
"""What signs for a loopback host where no credentials are found: the local gateway checks none."""

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
        or os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or profile_region()
        or (_LOOPBACK_REGION if url.is_loopback else None)
    )
    if not found:
        raise CallbackUrlError("no region to sign for: pass region= or set AWS_REGION", url=url.url)
    return str(found)


def without_instance_role(session: Any) -> Any:
    """Keep a botocore session from asking for an instance role: on a laptop that takes seconds and finds nothing."""
    session.get_component("credential_provider").remove("iam-role")
    return session
