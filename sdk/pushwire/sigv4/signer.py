"""AWS Signature Version 4, sans-I/O ("Create a signed AWS API request", AWS IAM user guide).

Of the requests of one second, only method, target and body differ; all else that a signature covers is computed once,
as a `Stamp`. The signing key, four of the five HMACs, lasts for a day.
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

__all__ = ["ALGORITHM", "Signer", "Stamp", "canonical_target", "signing_key"]

ALGORITHM: Final = "AWS4-HMAC-SHA256"


def signing_key(credentials: Credentials, day: str, region: str, service: str) -> bytes:
    """Derive the key that signs one day's requests; `day` is written as `20150830`."""
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def canonical_target(target: str) -> str:
    """The two lines of a canonical request that stand for path and query.

    A path is encoded a second time, as for every service but S3, and loses empty and dot segments.

    Args:
        target: Path and query, percent-encoded as in the request line.
    """
    path, _, query = target.partition("?")
    parameters = sorted(pair.partition("=")[::2] for pair in query.split("&")) if query else []
    return (
        f"{percent_encoded(_normalized(path), safe='/')}\n{'&'.join(f'{name}={value}' for name, value in parameters)}"
    )


class Stamp:
    """What signs every request of one second.

    Attributes:
        second: Since the epoch.
        day: As `20150830`.
        credentials: Whose signature it is.
        key: The day's signing key.
        headers: To be sent beside those that the signer was given: the time and, with session credentials, the token.
        authorization: The `Authorization` header up to its signature.
        canonical_headers: The lines of a canonical request that stand for its headers.
        string_to_sign: All of it but the hash of the canonical request.
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
        headers: tuple[tuple[str, str], ...],
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
        """Sign a request.

        Args:
            method: Such as `POST`.
            target: The request's target as `canonical_target` gives it.
            body_hash: The SHA-256 of the body, in hexadecimal.
        """
        request = f"{method}\n{target}\n{self.canonical_headers}{body_hash}"
        text = f"{self.string_to_sign}{sha256(request.encode()).hexdigest()}"
        return hmac.digest(self.key, text.encode(), "sha256").hex()


class Signer:
    """Gives the stamp of a second. Safe to share between threads: its state is one stamp, replaced as a whole.

    Args:
        credentials: Gives the credentials to sign with; asked once a second.
        region: The region to sign for.
        service: The service's signing name; `execute-api` for the management API.
        headers: What all requests send and is to be signed; `Host` at least.
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
        self._stamp: Stamp | None = None

    def has_stamp(self, now: float) -> bool:
        """Whether `stamp` answers without asking for credentials."""
        return self._stamp is not None and self._stamp.second == int(now)

    def stamp(self, now: float) -> Stamp:
        """The stamp of a second.

        Args:
            now: Seconds since the epoch.

        Raises:
            pushwire.CredentialsError: There are no credentials, or no header can carry them.
        """
        stamp = self._stamp
        if stamp is None or stamp.second != int(now):
            self._stamp = stamp = self._next(int(now), stamp)
        return stamp

    def _next(self, second: int, last: Stamp | None) -> Stamp:
        credentials = self._credentials()
        shown = f"{credentials.access_key}{credentials.token or ''}"
        if not (shown.isascii() and shown.isprintable()):
            raise CredentialsError("the access key or the session token holds a line break or another odd character")
        if not credentials.secret_key.isprintable():
            raise CredentialsError("the secret key holds a line break or another odd character")
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
        return Stamp(
            second=second,
            day=day,
            credentials=credentials,
            key=key,
            headers=tuple(headers),
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
