"""Requests that botocore signs, as a gateway receives them."""

import calendar
import time
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pushwire.gateway._wire.http11 import HttpRequest

REGION = "eu-west-1"


def signed(
    method: str,
    url: str,
    credentials: Credentials,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    region: str = REGION,
    service: str = "execute-api",
) -> HttpRequest:
    """Sign a request in its headers, and receive it."""
    request = AWSRequest(method, url, headers=dict(headers or {}), data=body)
    SigV4Auth(credentials, service, region).add_auth(request)
    return received(request, body)


def presigned(url: str, credentials: Credentials, *, region: str = REGION, expires: int = 3600) -> HttpRequest:
    """Sign a GET in its query string, and receive it."""
    request = AWSRequest("GET", url)
    SigV4QueryAuth(credentials, "execute-api", region, expires=expires).add_auth(request)
    return received(request)


def received(request: AWSRequest, body: bytes = b"") -> HttpRequest:
    parts = urlsplit(str(request.url))
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = (("Host", parts.netloc), *((name, str(value)) for name, value in request.headers.items()))
    return HttpRequest(str(request.method), target, headers, body, keep_alive=True, websocket=False)


def signed_at(request: HttpRequest) -> int:
    """Return the time of signing in seconds since the epoch, because botocore has no injected clock."""
    text = request.header("x-amz-date") or parse_qs(request.target.partition("?")[2])["X-Amz-Date"][0]
    return calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ"))
