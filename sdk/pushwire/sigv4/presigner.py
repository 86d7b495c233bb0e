"""Presigned URLs, sans-I/O ("Create a signed AWS API request", AWS IAM user guide).

A WebSocket handshake is a GET, so a presigned URL authorizes clients that cannot set headers, such as browsers.
"""

from __future__ import annotations

import hmac
import time
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from pushwire.sigv4.credentials import Credentials
from pushwire.sigv4.signer import ALGORITHM, canonical_target, signing_key

__all__ = ["presigned_url"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_NO_BODY: Final = sha256(b"").hexdigest()


def presigned_url(
    url: str, credentials: Credentials, *, region: str, service: str, now: float, expires: int = 3_600
) -> str:
    """Return a URL for a GET with the signature in its query.

    The `Host` header is signed as clients send it: in lower case, and with the port if it is not the scheme's default.

    Args:
        url: The URL. Its query is kept, and encoded canonically; a fragment is dropped.
        credentials: The credentials to sign with.
        region: The region to sign for.
        service: The service's signing name; `execute-api` for API Gateway.
        now: The time of signing, in seconds since the epoch.
        expires: Seconds for which the URL is valid. Defaults to 3,600. AWS accepts at most 604,800.
    """
    parts = urlsplit(url)
    timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    day = timestamp[:8]
    scope = f"{day}/{region}/{service}/aws4_request"
    parameters = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", f"{credentials.access_key}/{scope}"),
        ("X-Amz-Date", timestamp),
        ("X-Amz-Expires", str(expires)),
        ("X-Amz-SignedHeaders", "host"),
    ]
    if credentials.token:
        parameters.append(("X-Amz-Security-Token", credentials.token))
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in parameters)
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(f":{_DEFAULT_PORTS.get(parts.scheme)}")
    request = f"GET\n{canonical_target(f'{parts.path}?{query}')}\nhost:{host}\n\nhost\n{_NO_BODY}"
    text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(signing_key(credentials, day, region, service), text.encode(), "sha256").hex()
    return urlunsplit(parts._replace(query=f"{query}&X-Amz-Signature={signature}", fragment=""))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
