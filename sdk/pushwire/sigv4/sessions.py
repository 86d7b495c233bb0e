"""The botocore session to ask for a profile's region, and for credentials that the environment does not have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pushwire.errors import CredentialsError
from pushwire.sigv4.credentials import Credentials

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = [
    "LOOPBACK_CREDENTIALS",
    "any_session",
    "region_of_environment",
    "region_of_profile",
    "session_for_loopback",
    "without_instance_role",
]

LOOPBACK_CREDENTIALS: Final = Credentials("local", "local")
"""What signs for a loopback host where no credentials are found: the local gateway checks none unless asked to."""

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


def any_session() -> Session | None:
    """Make a session; `None` where botocore is not installed."""
    try:
        from botocore.session import Session
    except ImportError:
        return None
    return Session()


def session_for_loopback() -> Session | None:
    """Make a session for requests to this machine: one that never asks for an instance role.

    Returns:
        `None` where botocore is not installed, or the machine has no settings that it could read, so that it is not
        imported for nothing.
    """
    session = any_session() if _has_aws_settings() else None
    return None if session is None else without_instance_role(session)


def without_instance_role(session: Session) -> Session:
    """Keep a session from asking for an instance role: on a laptop that takes seconds and finds nothing."""
    session.get_component("credential_provider").remove("iam-role")
    return session


def region_of_environment() -> str | None:
    """The region that `AWS_REGION` or `AWS_DEFAULT_REGION` names."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or None


def region_of_profile(session: Session | None) -> str | None:
    """The region that a session's profile names.

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


def _has_aws_settings() -> bool:
    from pathlib import Path

    files = (Path(os.environ.get(variable, default)).expanduser() for variable, default in _SETTINGS_FILES.items())
    return any(os.environ.get(name) for name in _SETTINGS_VARIABLES) or any(file.is_file() for file in files)
