"""Construction of the boto3 client for a callback URL: region, credentials, time-outs."""

from __future__ import annotations

import zlib
from functools import cache, partial
from http import HTTPStatus
from typing import Any, Final

from pushwire.callback_url import CallbackUrl
from pushwire.errors import CredentialsError
from pushwire.sigv4.sessions import LOOPBACK_CREDENTIALS, without_instance_role
from pushwire.transport._responses import parsed_body
from pushwire.transport._settings import signing_region

try:
    import boto3
    from botocore.config import Config
except ImportError as exc:
    raise ImportError("boto3 is not installed: pip install 'pushwire[boto3]' (Lambda's own run time has it)") from exc

__all__ = ["build_client"]

_LOOPBACK_CREDENTIALS: Final = {
    "aws_access_key_id": LOOPBACK_CREDENTIALS.access_key,
    "aws_secret_access_key": LOOPBACK_CREDENTIALS.secret_key,
}
_POOL_SIZE: Final = 128
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_MAX_BODY: Final = 65_536
"""The largest body that is decompressed, in bytes. Answers of the management API have a few hundred."""


def build_client(url: CallbackUrl, *, region: str | None, connect_timeout: float, read_timeout: float) -> Any:
    """Build a client without retries, because the transports make their own.

    Args:
        url: The callback URL.
        region: The signing region; `None` to look for one as `Boto3Transport` documents.
        connect_timeout: Seconds for each attempt to connect.
        read_timeout: Seconds that an attempt may wait for the next byte of the response.

    Raises:
        CallbackUrlError: No region is known.
        CredentialsError: The profile that the environment names does not exist, its files cannot be read, botocore
            found credentials that it could not load, or another setting of boto3 is invalid.
        ValueError: The region that was found has characters that no region has.
    """
    session = cache(partial(_session, url))
    region = signing_region(url, region, lambda: session()._session)  # noqa: SLF001
    try:
        needs_credentials = url.is_loopback and session().get_credentials() is None
        client = session().client(
            "apigatewaymanagementapi",
            endpoint_url=url.url,
            region_name=region,
            config=Config(
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                retries={"total_max_attempts": 1, "mode": "standard"},
                max_pool_connections=_POOL_SIZE,
                # A proxy of the environment cannot reach this machine's loopback hosts.
                proxies={} if url.is_loopback else None,
            ),
            **(_LOOPBACK_CREDENTIALS if needs_credentials else {}),
        )
    except Exception as exc:  # any type: a provider may be a request, a process or a module of the user
        raise CredentialsError(f"{type(exc).__name__}: {exc}") from exc
    client.meta.events.register("before-parse.apigatewaymanagementapi", _make_readable)
    return client


def _session(url: CallbackUrl) -> Any:
    if not url.is_loopback:
        # Users who called boto3.setup_default_session() expect its settings to apply.
        return boto3.DEFAULT_SESSION or boto3.session.Session()
    session = boto3.session.Session()
    without_instance_role(session._session)  # noqa: SLF001
    return session


def _make_readable(response_dict: dict[str, Any], **_others: object) -> None:
    """Replace a body that botocore cannot parse: in gzip, which proxies send unasked, or not JSON.

    Why: botocore's parser raises an exception for it, and the status, which decides, would be lost.
    """
    body = response_dict.get("body")
    if not isinstance(body, bytes):
        return
    if body.startswith(_GZIP):
        try:
            body = zlib.decompressobj(_GZIP_WINDOW).decompress(body, _MAX_BODY)
        except zlib.error:
            body = b""
    if response_dict["status_code"] >= HTTPStatus.MULTIPLE_CHOICES and not parsed_body(body):
        body = b"{}"
    response_dict["body"] = body
