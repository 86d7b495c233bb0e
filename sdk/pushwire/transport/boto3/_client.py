"""Construction of the boto3 client for a callback URL: region, credentials, time-outs."""

from __future__ import annotations

from typing import Any, Final

from pushwire.callback_url import CallbackUrl
from pushwire.errors import CredentialsError
from pushwire.sigv4.sessions import LOOPBACK_CREDENTIALS, without_instance_role
from pushwire.transport._settings import signing_region

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, PartialCredentialsError, ProfileNotFound
except ImportError as exc:
    raise ImportError("boto3 is not installed: pip install 'pushwire[boto3]' (Lambda's own run time has it)") from exc

__all__ = ["build_client"]

_POOL_SIZE: Final = 128


def build_client(url: CallbackUrl, *, region: str | None, connect_timeout: float, read_timeout: float) -> Any:
    """Build a client without retries, because the transports make their own.

    Args:
        url: The callback URL.
        region: The signing region; `None` to look for one as `Boto3Transport` documents.
        connect_timeout: Seconds for each attempt to connect.
        read_timeout: Seconds that an attempt may wait for the next byte of the response.

    Raises:
        CallbackUrlError: No region is known.
        CredentialsError: The profile that the environment names does not exist, or half of the credentials is missing.
    """
    try:
        session = _session(url)
        return session.client(
            "apigatewaymanagementapi",
            endpoint_url=url.url,
            region_name=signing_region(url, region, lambda: session.region_name),
            config=Config(
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                retries={"total_max_attempts": 1, "mode": "standard"},
                max_pool_connections=_POOL_SIZE,
                # A proxy of the environment cannot reach this machine's loopback hosts.
                proxies={} if url.is_loopback else None,
            ),
            **(_loopback_credentials() if url.is_loopback and not _has_credentials(session) else {}),
        )
    except (ProfileNotFound, PartialCredentialsError) as exc:
        raise CredentialsError(str(exc)) from exc


def _session(url: CallbackUrl) -> Any:
    if not url.is_loopback:
        # Users who called boto3.setup_default_session() expect its settings to apply.
        return boto3.DEFAULT_SESSION or boto3.session.Session()
    session = boto3.session.Session()
    without_instance_role(session._session)  # noqa: SLF001
    return session


def _loopback_credentials() -> dict[str, str]:
    return {
        "aws_access_key_id": LOOPBACK_CREDENTIALS.access_key,
        "aws_secret_access_key": LOOPBACK_CREDENTIALS.secret_key,
    }


def _has_credentials(session: Any) -> bool:
    try:
        return session.get_credentials() is not None
    except BotoCoreError:
        # The credentials are incomplete. The call itself raises a CredentialsError.
        return True
