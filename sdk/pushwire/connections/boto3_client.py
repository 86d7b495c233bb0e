"""A boto3 client for one callback URL: region, credentials, time-outs."""

import os
from typing import Any, Final, Protocol

from pushwire.callback_url import CallbackUrl
from pushwire.errors import CallbackUrlError, CredentialsError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ProfileNotFound
except ImportError as exc:
    raise ImportError("boto3 is not installed: pip install 'pushwire[boto3]' (Lambda's own run time has it)") from exc

__all__ = ["ManagementApiClient", "build_client"]

_POOL_SIZE: Final = 128
_LOOPBACK_REGION: Final = "us-east-1"
_LOOPBACK_CREDENTIALS: Final = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


class ManagementApiClient(Protocol):
    """What Pushwire calls of `boto3.client("apigatewaymanagementapi")`."""

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> Any:  # noqa: N803
        """Send a frame."""

    def get_connection(self, *, ConnectionId: str) -> Any:  # noqa: N803
        """Ask what is known of a connection."""

    def delete_connection(self, *, ConnectionId: str) -> Any:  # noqa: N803
        """Close a connection."""


def build_client(url: CallbackUrl, *, region: str | None, connect_timeout: float, read_timeout: float) -> Any:
    """Build a client whose retries are off, because `Boto3Connections` makes its own.

    Args:
        url: Where to post.
        region: The signing region; found by the rules of `Boto3Connections` when `None`.
        connect_timeout: Seconds.
        read_timeout: Seconds.

    Raises:
        CallbackUrlError: No region is known.
        CredentialsError: The profile that the environment names does not exist.
    """
    try:
        session = _session(url)
        return session.client(
            "apigatewaymanagementapi",
            endpoint_url=url.url,
            region_name=_region(url, region, session),
            config=Config(
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                retries={"total_max_attempts": 1, "mode": "standard"},
                max_pool_connections=_POOL_SIZE,
                # A proxy of the environment cannot reach this machine's loopback hosts.
                proxies={} if url.is_loopback else None,
            ),
            **(_LOOPBACK_CREDENTIALS if url.is_loopback and not _has_credentials(session) else {}),
        )
    except ProfileNotFound as exc:
        raise CredentialsError(str(exc)) from exc


def _session(url: CallbackUrl) -> Any:
    if not url.is_loopback:
        # Users who called boto3.setup_default_session() expect it to count.
        return boto3.DEFAULT_SESSION or boto3.session.Session()
    session = boto3.session.Session()
    # On a laptop, asking for an instance role takes seconds and finds nothing.
    session._session.get_component("credential_provider").remove("iam-role")  # noqa: SLF001
    return session


def _region(url: CallbackUrl, region: str | None, session: Any) -> str:
    found = (
        region
        or url.region
        or os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or session.region_name
        or (_LOOPBACK_REGION if url.is_loopback else None)
    )
    if not found:
        raise CallbackUrlError("no region to sign for: pass region= or set AWS_REGION", url=url.url)
    return str(found)


def _has_credentials(session: Any) -> bool:
    try:
        return session.get_credentials() is not None
    except BotoCoreError:
        # Half-configured credentials: the call itself will tell, as a CredentialsError.
        return True
