"""The callback URL: where to post, and why not there.

The endpoint of the management API is everything before `/@connections`: `https://{api-id}.execute-api.{region}.
amazonaws.com/{stage}`, or a custom domain with its mapping key ("Use @connections commands in your backend service",
API Gateway developer guide).
"""

import os
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self, cast

from pushwire._url import split_url
from pushwire.errors import CallbackUrlError

__all__ = ["ENVIRONMENT_VARIABLE", "CallbackUrl"]

ENVIRONMENT_VARIABLE: Final = "PUSHWIRE_CALLBACK_URL"
"""The one variable that the Server SDK, handlers, CDK and the local gateway share."""

_EXAMPLE: Final = "https://{api-id}.execute-api.{region}.amazonaws.com/{stage}"


class CallbackUrl(NamedTuple):
    """A callback URL that can work, checked and normalized (no trailing slash).

    Attributes:
        url: The URL, as boto3's `endpoint_url` takes it.
        region: The region that an execute-api host names; `None` for other hosts.
        is_loopback: Whether the host is this machine: the local gateway, which needs no real credentials.
    """

    url: str
    region: str | None
    is_loopback: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check a callback URL.

        Raises:
            CallbackUrlError: It cannot work; the text says why and what to write instead.
            TypeError: It is not a string.
        """
        if not isinstance(text, str):
            raise TypeError(f"a callback URL is a string, not {type(text).__name__}")
        if _names_a_user(text):
            # Never repeated: it may hold a password.
            raise CallbackUrlError(
                "a callback URL holds no user name or password; credentials come from AWS's own chain"
            )
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise CallbackUrlError(f"write it as {_EXAMPLE}, in ASCII and without spaces", url=text)
        try:
            parts = split_url(text)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise CallbackUrlError("the host or port cannot be read", url=text) from error
        if port == 0:
            raise CallbackUrlError("the host or port cannot be read", url=text)
        if parts.scheme in {"ws", "wss"}:
            remedy = (
                f"https://{parts.netloc}{parts.path}" if parts.scheme == "wss" else f"http://{parts.netloc}{parts.path}"
            )
            raise CallbackUrlError(f"that is the URL that clients connect to; post to {remedy}", url=text)
        if parts.scheme not in {"http", "https"} or not host:
            raise CallbackUrlError(f"write it in full, as {_EXAMPLE}", url=text)
        if parts.query or parts.fragment or text.endswith(("?", "#")):
            raise CallbackUrlError("leave out the query and fragment", url=text)
        if "/@connections/" in f"{parts.path.lower().replace('%40', '@')}/":
            raise CallbackUrlError("leave out /@connections and what follows; the SDK adds it", url=text)
        is_loopback = _is_loopback(host)
        if parts.scheme == "http" and not is_loopback:
            raise CallbackUrlError("http:// is for loopback hosts only (the local gateway); use https://", url=text)
        if host.startswith("execute-api."):
            raise CallbackUrlError(f"the API's id is missing (boto3's own default): write it as {_EXAMPLE}", url=text)
        path = parts.path.rstrip("/")
        region = _region_of(host)
        if region is not None:
            _check_stage(path, text)
        return cls(f"{parts.scheme}://{parts.netloc}{path}", region, is_loopback)

    @classmethod
    def from_environment(cls) -> Self:
        """Check the callback URL in `PUSHWIRE_CALLBACK_URL`.

        Raises:
            CallbackUrlError: The variable is not set, or its URL cannot work.
        """
        text = os.environ.get(ENVIRONMENT_VARIABLE)
        if not text:
            raise CallbackUrlError(
                f"no callback URL: pass callback_url= or set {ENVIRONMENT_VARIABLE} to {_EXAMPLE}"
                " (in CDK: stage.callback_url)"
            )
        return cls.parse(text)

    @classmethod
    def from_event(cls, event: Mapping[str, Any], region: str | None = None) -> Self:
        """Find the callback URL of the connection that a WebSocket event came from.

        `PUSHWIRE_CALLBACK_URL` overrides it. It is the API's own execute-api host and never the custom domain the
        client came by, whose mapping key no event holds. The local gateway's events give its own address.

        Args:
            event: A Lambda proxy event of a WebSocket API.
            region: The API's region; unless given, that of its execute-api host where the client came by that, else
                `AWS_REGION`, which Lambda sets.

        Raises:
            CallbackUrlError: The event lacks `requestContext.apiId` or `stage`, or no region is known.
        """
        if os.environ.get(ENVIRONMENT_VARIABLE):
            return cls.from_environment()
        found: object = event.get("requestContext")
        context: Mapping[str, object] = cast("Mapping[str, object]", found) if isinstance(found, Mapping) else {}
        api_id, stage, domain_name = (context.get(key) for key in ("apiId", "stage", "domainName"))
        if not (isinstance(api_id, str) and api_id and isinstance(stage, str) and stage):
            raise CallbackUrlError(
                "the event has no requestContext.apiId and stage, so it is no WebSocket event of API Gateway's: "
                f"set {ENVIRONMENT_VARIABLE}"
            )
        if isinstance(domain_name, str) and _is_local_gateway(domain_name):
            return cls.parse(f"http://{domain_name}/{stage}")
        region = region or (_region_of(domain_name) if isinstance(domain_name, str) else None)
        region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not region:
            raise CallbackUrlError(f"no region: set AWS_REGION, or {ENVIRONMENT_VARIABLE}")
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return cls.parse(f"https://{api_id}.execute-api.{region}.{suffix}/{stage}")


def _names_a_user(text: str) -> bool:
    authority = text.partition("://")[2] or text
    for end in "/?#":
        authority = authority.partition(end)[0]
    return "@" in authority


def _check_stage(path: str, text: str) -> None:
    stage, _, rest = path.removeprefix("/").partition("/")
    if not stage:
        raise CallbackUrlError(f"the stage is missing: write it as {_EXAMPLE}", url=text)
    if rest:
        raise CallbackUrlError(f"an execute-api URL ends with its stage; leave out /{rest}", url=text)


def _is_local_gateway(domain_name: str) -> bool:
    host, separator, port = domain_name.rpartition(":")
    return bool(separator) and port.isdecimal() and _is_loopback(host.strip("[]"))


def _region_of(host: str) -> str | None:
    """The region that an execute-api host names: `{api-id}.execute-api.{region}.amazonaws.com`."""
    api_id, _, rest = host.partition(".execute-api.")
    region, _, suffix = rest.partition(".")
    parts = (api_id, region, suffix.replace(".", ""))
    is_one = host.isascii() and host == host.lower() and all(part.replace("-", "").isalnum() for part in parts)
    return region if is_one else None


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.endswith(".localhost") or _is_loopback_ipv4(host)


def _is_loopback_ipv4(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdecimal() and len(part) <= 3 for part in parts)
