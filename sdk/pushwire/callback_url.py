"""Parsing and checking of the callback URL, the endpoint of the management API.

The endpoint is the part before `/@connections`: `https://{api-id}.execute-api.{region}.amazonaws.com/{stage}`, or a
custom domain with its mapping key ("Use @connections commands in your backend service", API Gateway developer guide).
"""

import os
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self, cast

from pushwire._checks import check_region, region_of_environment
from pushwire._url import split_url
from pushwire.errors import CallbackUrlError

__all__ = ["ALLOW_HTTP_VARIABLE", "ENVIRONMENT_VARIABLE", "CallbackUrl"]

ENVIRONMENT_VARIABLE: Final = "PUSHWIRE_CALLBACK_URL"
"""The environment variable that the Server SDK and handlers read, and that CDK and the local gateway set."""

ALLOW_HTTP_VARIABLE: Final = "PUSHWIRE_ALLOW_HTTP"
"""The environment variable that allows `http://` to any host if it is `1`.

Without TLS, anyone on the network can read the messages, and repeat a signed request for five minutes. So it is for
private networks only: a service of Docker Compose, `host.docker.internal`, LocalStack's host names."""

_HOST: Final = re.compile(r"[a-z0-9-]+\.execute-api(?:-fips)?\.([a-z0-9-]+)(?:\.[a-z0-9-]+)+")
_DOMAINS: Final = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}
"""The domain of each partition by the prefix of its regions; `amazonaws.com` for the others ("partitions.json" of
botocore, `dnsSuffix`)."""

_EXAMPLE: Final = "https://{api-id}.execute-api.{region}.amazonaws.com/{stage}"


class CallbackUrl(NamedTuple):
    """A valid callback URL, without a trailing slash.

    Attributes:
        url: The URL, in the form of boto3's `endpoint_url`.
        region: The AWS region in an execute-api host. `None` for other hosts.
        is_loopback: Whether the host is this machine. The local gateway runs there and needs no real credentials.
    """

    url: str
    region: str | None
    is_loopback: bool

    @classmethod
    def parse(cls, text: str, *, allow_http: bool = False) -> Self:
        """Parse and check a callback URL.

        Args:
            text: The URL.
            allow_http: Whether `http://` is valid for hosts other than loopback hosts. Defaults to whether the
                environment variable `PUSHWIRE_ALLOW_HTTP` is `1`.

        Returns:
            The URL with its region.

        Raises:
            CallbackUrlError: The URL is invalid. The text has the reason and the correction.
            TypeError: The URL is not a string.
        """
        if not isinstance(text, str):
            raise TypeError(f"a callback URL must be a string, not {type(text).__name__}")
        if _names_a_user(text):
            # The error does not quote the URL, because it may hold a password.
            raise CallbackUrlError(
                "a callback URL must not have a user name or password; credentials come from the AWS credential chain"
            )
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise CallbackUrlError(
                f"the URL is empty, or has spaces or characters outside ASCII; write it as {_EXAMPLE}", url=text
            )
        try:
            parts = split_url(text)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise CallbackUrlError("the host or port is malformed", url=text) from error
        if port == 0:
            raise CallbackUrlError("the host or port is malformed", url=text)
        if parts.scheme in {"ws", "wss"}:
            remedy = (
                f"https://{parts.netloc}{parts.path}" if parts.scheme == "wss" else f"http://{parts.netloc}{parts.path}"
            )
            raise CallbackUrlError(f"this is the URL that clients connect to; post to {remedy}", url=text)
        if parts.scheme not in {"http", "https"} or not host:
            raise CallbackUrlError(f"the scheme or the host is missing or wrong; write it as {_EXAMPLE}", url=text)
        if parts.query or parts.fragment or text.endswith(("?", "#")):
            raise CallbackUrlError("the URL has a query or a fragment; remove it", url=text)
        if "/@connections/" in f"{parts.path.lower().replace('%40', '@')}/":
            raise CallbackUrlError(
                "the URL must end before /@connections, which the SDK appends; remove it and the rest of the path",
                url=text,
            )
        is_loopback = _is_loopback(host)
        if parts.scheme == "http" and not (is_loopback or allow_http or os.environ.get(ALLOW_HTTP_VARIABLE) == "1"):
            raise CallbackUrlError(
                "http:// is allowed for loopback hosts only (the local gateway); use https://, or in a private network "
                f"pass allow_http=True or set {ALLOW_HTTP_VARIABLE}=1",
                url=text,
            )
        if host.startswith(("execute-api.", "execute-api-fips.")):
            # The endpoint that botocore makes up for this service if it gets no endpoint_url.
            raise CallbackUrlError(f"the id of the API is missing; write it as {_EXAMPLE}", url=text)
        path = parts.path.rstrip("/")
        region = _region_of(host)
        if region is not None:
            _check_stage(path, text)
        return cls(f"{parts.scheme}://{parts.netloc}{path}", region, is_loopback)

    @classmethod
    def from_environment(cls, *, allow_http: bool = False) -> Self:
        """Parse and check the callback URL in the environment variable `PUSHWIRE_CALLBACK_URL`.

        Args:
            allow_http: As in `parse`.

        Returns:
            The URL with its region.

        Raises:
            CallbackUrlError: The variable is not set, or its URL is invalid.
        """
        text = os.environ.get(ENVIRONMENT_VARIABLE)
        if not text:
            raise CallbackUrlError(
                f"no callback URL was given: pass callback_url= or set {ENVIRONMENT_VARIABLE} to {_EXAMPLE}"
                " (in CDK: stage.callback_url)"
            )
        return cls.parse(text, allow_http=allow_http)

    @classmethod
    def from_event(cls, event: Mapping[str, Any], region: str | None = None) -> Self:
        """Return the callback URL for the connection of a WebSocket event.

        The environment variable `PUSHWIRE_CALLBACK_URL` overrides the event. For events of the local gateway, the URL
        has the gateway's address. For other events it has the execute-api host in the event, also if it is a FIPS or
        dual-stack endpoint, or else the execute-api host of the API in its region. It never has a custom domain,
        because events do not include the mapping key of a custom domain.

        Args:
            event: A Lambda proxy event of a WebSocket API.
            region: The API's region. Defaults to the event's `domainName` if that is an execute-api host, then to
                `AWS_REGION` (which Lambda sets), then to `AWS_DEFAULT_REGION`.

        Returns:
            The URL with its region.

        Raises:
            CallbackUrlError: The event lacks `requestContext.apiId` or `stage`, no region is known, or the resulting
                URL is invalid.
            TypeError: The region is not a string.
            ValueError: The region has characters that no region has.
        """
        check_region(region)
        if os.environ.get(ENVIRONMENT_VARIABLE):
            return cls.from_environment()
        found: object = event.get("requestContext")
        context: Mapping[str, object] = cast("Mapping[str, object]", found) if isinstance(found, Mapping) else {}
        api_id, stage, domain_name = (context.get(key) for key in ("apiId", "stage", "domainName"))
        if not (isinstance(api_id, str) and api_id and isinstance(stage, str) and stage):
            raise CallbackUrlError(
                "the event lacks requestContext.apiId or stage, so it is not a WebSocket event of API Gateway: "
                f"set {ENVIRONMENT_VARIABLE}"
            )
        if isinstance(domain_name, str) and _is_local_gateway(domain_name):
            return cls.parse(f"http://{domain_name}/{stage}")
        if region is None and isinstance(domain_name, str) and _region_of(domain_name):
            return cls.parse(f"https://{domain_name}/{stage}")
        region = region or region_of_environment()
        if not region:
            raise CallbackUrlError(f"the region of the API is not known: set AWS_REGION or {ENVIRONMENT_VARIABLE}")
        domain = next((domain for prefix, domain in _DOMAINS.items() if region.startswith(prefix)), "amazonaws.com")
        return cls.parse(f"https://{api_id}.execute-api.{region}.{domain}/{stage}")


def _names_a_user(text: str) -> bool:
    authority = text.partition("://")[2] or text
    for end in "/?#":
        authority = authority.partition(end)[0]
    return "@" in authority


def _check_stage(path: str, text: str) -> None:
    stage, _, rest = path.removeprefix("/").partition("/")
    if not stage:
        raise CallbackUrlError(f"the stage is missing; write it as {_EXAMPLE}", url=text)
    if rest:
        raise CallbackUrlError(f"an execute-api URL must end with its stage; remove /{rest}", url=text)


def _is_local_gateway(domain_name: str) -> bool:
    host, separator, port = domain_name.rpartition(":")
    return bool(separator) and port.isdecimal() and _is_loopback(host.strip("[]"))


def _region_of(host: str) -> str | None:
    """Return the region of an execute-api host: `{api-id}.execute-api.{region}.amazonaws.com`, for example."""
    found = _HOST.fullmatch(host)
    return found[1] if found is not None else None


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.endswith(".localhost") or _is_loopback_ipv4(host)


def _is_loopback_ipv4(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdecimal() and len(part) <= 3 for part in parts)
