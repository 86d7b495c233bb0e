"""What requests to a callback URL are signed for and with, whichever way they are sent."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pushwire.callback_url import CallbackUrl
from pushwire.errors import CallbackUrlError, CredentialsError
from pushwire.sigv4.credentials import Credentials

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["LOOPBACK_CREDENTIALS", "botocore_session", "region_of_profile", "signing_region", "without_instance_role"]

LOOPBACK_CREDENTIALS: Final = Credentials("local", "local")
"""What signs for a loopback host where no credentials are found: the local gateway checks none."""

_LOOPBACK_REGION: Final = "us-east-1"

_SETTINGS_FILES: Final = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
}
_SETTINGS_VARIABLES: Final = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""What else botocore's chain starts from, but for an instance role."""


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


def botocore_session(url: CallbackUrl) -> "Session | None":
    """Make the botocore session to ask for a profile's region and for credentials that the environment does not have.

    Returns:
        `None` where botocore is not installed. For a loopback host also where the machine has no settings that it could
        read, so that it is not imported for nothing.
    """
    if url.is_loopback and not _has_aws_settings():
        return None
    try:
        from botocore.session import Session
    except ImportError:
        return None
    session = Session()
    return without_instance_role(session) if url.is_loopback else session


def region_of_profile(session: "Session | None") -> str | None:
    """The region that a botocore session's profile names.

    Raises:
        CredentialsError: The profile that the environment names does not exist, or its files cannot be read.
    """
    if session is None:
        return None
    from botocore.exceptions import BotoCoreError

    try:
        region: str | None = session.get_config_variable("region")
    except BotoCoreError as exc:
        raise CredentialsError(str(exc)) from exc
    return region


def without_instance_role(session: "Session") -> "Session":
    """Keep a botocore session from asking for an instance role: on a laptop that takes seconds and finds nothing."""
    session.get_component("credential_provider").remove("iam-role")
    return session


def _has_aws_settings() -> bool:
    from pathlib import Path

    files = (Path(os.environ.get(variable, default)).expanduser() for variable, default in _SETTINGS_FILES.items())
    return any(os.environ.get(name) for name in _SETTINGS_VARIABLES) or any(file.is_file() for file in files)
