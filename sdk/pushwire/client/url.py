"""The URL to connect to, and why not there.

It is `wss://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, or a custom domain with its mapping key; at most
4,096 characters ("Quotas for configuring and running a WebSocket API").
"""

import re
from typing import Final, cast
from urllib.parse import SplitResult, urlsplit

from pushwire.client.errors import ClientUrlError

__all__ = ["check_url", "execute_api_region", "is_loopback"]

_EXAMPLE: Final = "wss://{api-id}.execute-api.{region}.amazonaws.com/{stage}"
_EXECUTE_API: Final = re.compile(r"[a-z0-9-]+\.execute-api\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+")
_LOOPBACK_IPV4: Final = re.compile(r"127(\.\d{1,3}){3}")
_LONGEST: Final = 4_096


def check_url(text: str) -> None:
    """Check a URL to connect to.

    Raises:
        ClientUrlError: It cannot work. The text never holds its query, nor a password.
        TypeError: It is not a string.
    """
    if not isinstance(cast("object", text), str):
        raise TypeError(f"a URL to connect to is a string, not {type(text).__name__}")
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ClientUrlError(f"no URL to connect to: write it as {_EXAMPLE}, in ASCII and without spaces")
    if len(text) > _LONGEST:
        raise ClientUrlError(f"the URL is {len(text):,} characters long, and API Gateway takes {_LONGEST:,}")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ClientUrlError("the host or port of the URL cannot be read") from None
    if parts.scheme in {"http", "https"} and host:
        scheme = {"http": "ws", "https": "wss"}[parts.scheme]
        path = re.sub(r"/(@|%40)connections(/.*)?$", "", parts.path, flags=re.IGNORECASE)
        raise ClientUrlError(f"that is the URL that servers post to; connect to {scheme}://{_place(parts)}{path}")
    if parts.scheme not in {"ws", "wss"} or not host or port == 0:
        raise ClientUrlError(f"write the URL in full, as {_EXAMPLE}")
    if parts.username is not None or parts.password is not None:
        raise ClientUrlError("a URL to connect to holds no user name or password: pass auth=")
    if "#" in text:
        raise ClientUrlError("leave out the URL's fragment, from # on")
    if _EXECUTE_API.fullmatch(host) and not parts.path.strip("/"):
        raise ClientUrlError(f"the stage is missing: write the URL as {_EXAMPLE}")


def execute_api_region(url: str) -> str | None:
    """The region that an execute-api host names; `None` for other hosts."""
    match = _EXECUTE_API.fullmatch(urlsplit(url).hostname or "")
    return match["region"] if match else None


def is_loopback(url: str) -> bool:
    """Whether the host is this machine."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.endswith(".localhost") or _LOOPBACK_IPV4.fullmatch(host) is not None


def _place(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
