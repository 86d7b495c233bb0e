"""botocore sessions: for the region of a profile, and for credentials that are not in the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pushwire._checks import check_region
from pushwire.errors import CredentialsError
from pushwire.sigv4.credentials import Credentials

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = [
    "LOOPBACK_CREDENTIALS",
    "any_session",
    "region_of_profile",
    "session_for_loopback",
    "without_instance_role",
]

LOOPBACK_CREDENTIALS: Final = Credentials("local", "local")
"""Signs requests to loopback hosts if no credentials are found; by default, the local gateway checks no signatures."""

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
"""With the files above, all settings that botocore's chain of credentials starts from, except for instance roles."""


def any_session() -> Session | None:
    """Return a new session, or `None` if botocore is not installed."""
    try:
        from botocore.session import Session
    except ImportError:
        return None
    return Session()


def session_for_loopback() -> Session | None:
    """Return a session for requests to loopback hosts, which never requests an instance role.

    Returns:
        The session; `None` if botocore is not installed, or if the machine has no settings that it could read. Then
        botocore is not imported.
    """
    session = any_session() if _has_aws_settings() else None
    return None if session is None else without_instance_role(session)


def without_instance_role(session: Session) -> Session:
    """Remove the instance role from a session's chain. Why: outside EC2, that request only times out after seconds."""
    session.get_component("credential_provider").remove("iam-role")
    return session


def region_of_profile(session: Callable[[], Session | None]) -> str | None:
    """Return the region of a session's profile, or `None`.

    Args:
        session: Returns the session, or `None` if botocore is not installed.

    Raises:
        CredentialsError: The profile in the environment does not exist, or its files cannot be read.
        ValueError: The region has characters that no region has.
    """
    try:
        found = session()
        region: str | None = None if found is None else found.get_config_variable("region")
    except Exception as exc:  # any type: botocore's errors have no base class that all of them share
        raise CredentialsError(f"{type(exc).__name__}: {exc}") from exc
    check_region(region, "the region of the profile")
    return region


def _has_aws_settings() -> bool:
    from pathlib import Path

    files = (Path(os.environ.get(variable, default)).expanduser() for variable, default in _SETTINGS_FILES.items())
    return any(os.environ.get(name) for name in _SETTINGS_VARIABLES) or any(file.is_file() for file in files)
