"""AWS Signature Version 4, sans-I/O ("Create a signed AWS API request", AWS IAM user guide).

The requests of one second differ only in method, target and body. The other parts of their signatures are computed
once, as a `SigningContext`. The signing key takes four of the five HMACs and is valid for a day.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final

from pushwire._url import percent_encoded
from pushwire.errors import CredentialsError
from pushwire.sigv4.credentials import Credentials

__all__ = ["ALGORITHM", "Signer", "SigningContext", "canonical_target", "signing_key"]

ALGORITHM: Final = "AWS4-HMAC-SHA256"


def signing_key(credentials: Credentials, day: str, region: str, service: str) -> bytes:
    """Derive the key that signs the requests of one day.

    Args:
        credentials: The credentials to sign with.
        day: The day in UTC, such as `20150830`.
        region: The region to sign for.
        service: The service's signing name; `execute-api` for API Gateway.
    """
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def canonical_target(target: str) -> str:
    """Return the two lines of a canonical request for path and query.

    The path is percent-encoded a second time, as for every service except S3, and loses empty and dot segments.

    Args:
        target: Path and query, percent-encoded as in the request line.
    """
    path, _, query = target.partition("?")
    parameters = sorted(pair.partition("=")[::2] for pair in query.split("&")) if query else []
    return (
        f"{percent_encoded(_normalized(path), safe='/')}\n{'&'.join(f'{name}={value}' for name, value in parameters)}"
    )


class SigningContext:
    """The parts of a signature that all requests of one second share.

    Attributes:
        second: The second, since the epoch.
        day: The day in UTC, such as `20150830`.
        credentials: The credentials to sign with.
        key: The signing key of the day.
        headers: The lines of the headers to send in addition to the signer's: the time and, for temporary credentials,
            the token.
        authorization: The `Authorization` header up to its signature.
        canonical_headers: The lines of a canonical request for its headers.
        string_to_sign: The string to sign without its last line, the hash of the canonical request.
    """

    __slots__ = (
        "authorization",
        "canonical_headers",
        "credentials",
        "day",
        "headers",
        "key",
        "second",
        "string_to_sign",
    )

    def __init__(
        self,
        *,
        second: int,
        day: str,
        credentials: Credentials,
        key: bytes,
        headers: str,
        authorization: str,
        canonical_headers: str,
        string_to_sign: str,
    ) -> None:
        self.second = second
        self.day = day
        self.credentials = credentials
        self.key = key
        self.headers = headers
        self.authorization = authorization
        self.canonical_headers = canonical_headers
        self.string_to_sign = string_to_sign

    def signature(self, method: str, target: str, body_hash: str) -> str:
        """Return the signature of a request, in hexadecimal.

        Args:
            method: The HTTP method, in upper case.
            target: The request's target, as `canonical_target` returns it.
            body_hash: The SHA-256 of the body, in hexadecimal.
        """
        request = f"{method}\n{target}\n{self.canonical_headers}{body_hash}"
        text = f"{self.string_to_sign}{sha256(request.encode()).hexdigest()}"
        return hmac.digest(self.key, text.encode(), "sha256").hex()


class Signer:
    """Caches the per-second parts of signatures. Safe to share between threads: its state is one reference.

    Args:
        credentials: Returns the credentials to sign with. Called at most once for each second.
        region: The region to sign for.
        service: The service's signing name; `execute-api` for the management API.
        headers: The headers that all requests send and sign, as pairs of name and value; at least `Host`.
    """

    def __init__(
        self,
        credentials: Callable[[], Credentials],
        *,
        region: str,
        service: str,
        headers: Iterable[tuple[str, str]],
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._headers = tuple(headers)
        self._context: SigningContext | None = None

    def has_context(self, now: float) -> bool:
        """Return whether `context(now)` returns without loading credentials.

        Args:
            now: The time in seconds since the epoch.
        """
        return self._context is not None and self._context.second == int(now)

    def context(self, now: float) -> SigningContext:
        """Return the signing context of a second.

        Args:
            now: The time of signing, in seconds since the epoch.

        Raises:
            CredentialsError: There are no credentials, or they contain characters that headers cannot carry.
        """
        context = self._context
        if context is None or context.second != int(now):
            self._context = context = self._next(int(now), context)
        return context

    def _next(self, second: int, last: SigningContext | None) -> SigningContext:
        credentials = self._credentials()
        shown = f"{credentials.access_key}{credentials.token or ''}"
        if not (shown.isascii() and shown.isprintable()):
            raise CredentialsError(
                "the access key or the session token contains a line break or another character that is not printable "
                "ASCII; check how they are set"
            )
        if not credentials.secret_key.isprintable():
            raise CredentialsError(
                "the secret key contains a line break or another character that is not printable; check how it is set"
            )
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        day = timestamp[:8]
        if last is not None and (last.day, last.credentials) == (day, credentials):
            key = last.key
        else:
            key = signing_key(credentials, day, self._region, self._service)
        headers = [("X-Amz-Date", timestamp)]
        if credentials.token:
            headers.append(("X-Amz-Security-Token", credentials.token))
        canonical_headers, signed_headers = _canonical_headers([*self._headers, *headers])
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        return SigningContext(
            second=second,
            day=day,
            credentials=credentials,
            key=key,
            headers="".join(f"{name}: {value}\r\n" for name, value in headers),
            authorization=(
                f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={signed_headers}, Signature="
            ),
            canonical_headers=f"{canonical_headers}\n{signed_headers}\n",
            string_to_sign=f"{ALGORITHM}\n{timestamp}\n{scope}\n",
        )


def _canonical_headers(headers: Iterable[tuple[str, str]]) -> tuple[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    names = sorted(values)
    return "".join(f"{name}:{','.join(values[name])}\n" for name in names), ";".join(names)


def _normalized(path: str) -> str:
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in {"", "."}:
            segments.append(segment)
    trailing = "/" if segments and path.endswith("/") else ""
    return f"/{'/'.join(segments)}{trailing}"
