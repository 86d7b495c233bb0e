"""Reads the signature of a received request from the `Authorization` header or the query string. Sans-I/O.

The texts of refusals are AWS's: those of API Gateway that users reported, and those of services with the same check.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote_to_bytes

from pushwire.gateway._wire.http11 import HttpRequest

__all__ = ["BASIC_FORMAT", "SKEW_SECONDS", "AccessRefusedError", "SignatureClaim", "read_claim"]

BASIC_FORMAT = "%Y%m%dT%H%M%SZ"
"""ISO 8601's basic format, for `strftime`."""

SKEW_SECONDS = 300
"""The maximum age of a signature in seconds, and the maximum by which the signer's clock may be ahead."""

_MAX_LIFETIME_SECONDS = 604_800
_INCOMPLETE = "IncompleteSignatureException"
_QUERY_PARAMETERS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")

_Pairs = tuple[tuple[str, str], ...]


class AccessRefusedError(Exception):
    """A request is refused.

    Attributes:
        error_type: The type of AWS's error, such as `InvalidSignatureException`.
        message: The text of AWS's error.
    """

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(error_type, message)
        self.error_type = error_type
        self.message = message


@dataclass(frozen=True, slots=True)
class SignatureClaim:
    """The signature of a request with its parameters, not yet verified.

    Attributes:
        algorithm: The algorithm.
        credential: Access key id, date, region, service and terminator, separated by slashes.
        signed_headers: The names of the signed headers, in lower case.
        signature: The signature, in hexadecimal.
        timestamp: The time of signing, as sent.
        lifetime: Seconds after `timestamp` until the signature expires.
        token: The session token; `None` if the request has no token, or if it is not signed.
        query: The signed pairs of the query string, canonically encoded.
    """

    algorithm: str
    credential: str
    signed_headers: frozenset[str]
    signature: str
    timestamp: str
    lifetime: int
    token: str | None
    query: _Pairs


def read_claim(request: HttpRequest) -> SignatureClaim:
    """Return the signature of a request with its parameters.

    Raises:
        AccessRefusedError: The request has no signature, an incomplete one, or one in both places.
    """
    authorization = request.header("authorization")
    query = tuple(_canonical_pairs(request.target.partition("?")[2]))
    in_query = any(name == "X-Amz-Algorithm" for name, _ in query)
    if authorization is not None and in_query:
        raise AccessRefusedError(
            "InvalidSignatureException",
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
        )
    if authorization is not None:
        return _in_header(request, authorization, query)
    if in_query:
        return _in_query(query)
    raise AccessRefusedError("MissingAuthenticationTokenException", "Missing Authentication Token")


def _in_header(request: HttpRequest, authorization: str, query: _Pairs) -> SignatureClaim:
    algorithm, _, rest = authorization.strip().partition(" ")
    parameters: dict[str, str] = {}
    for part in filter(None, map(str.strip, rest.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            raise AccessRefusedError(
                _INCOMPLETE,
                "Invalid key=value pair (missing equal-sign) in Authorization header "
                f"(hashed with SHA-256 and encoded with Base64): '{_hashed(authorization)}'.",
            )
        parameters[name] = value
    timestamp = _timestamp(request)
    missing = [
        f"Authorization header requires '{name}' parameter. "
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parameters.get(name)
    ]
    if timestamp is None:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
    if missing or timestamp is None:
        hashed = f"(Hashed with SHA-256 and encoded with Base64) Authorization={_hashed(authorization)}"
        raise AccessRefusedError(_INCOMPLETE, "".join([*missing, hashed]))
    signed_headers = _names(parameters["SignedHeaders"])
    return SignatureClaim(
        algorithm=algorithm,
        credential=parameters["Credential"],
        signed_headers=signed_headers,
        signature=parameters["Signature"],
        timestamp=timestamp,
        lifetime=SKEW_SECONDS,
        # Why a token that is not signed is ignored: a third party may have added it.
        token=request.header("x-amz-security-token") if "x-amz-security-token" in signed_headers else None,
        query=query,
    )


def _in_query(query: _Pairs) -> SignatureClaim:
    parameters = {name: unquote_to_bytes(value).decode("utf-8", "replace") for name, value in query}
    missing = [
        f"AWS query-string parameters must include '{name}'. " for name in _QUERY_PARAMETERS if not parameters.get(name)
    ]
    if missing:
        raise AccessRefusedError(_INCOMPLETE, "".join([*missing, "Re-examine the query-string parameters."]))
    return SignatureClaim(
        algorithm=parameters["X-Amz-Algorithm"],
        credential=parameters["X-Amz-Credential"],
        signed_headers=_names(parameters["X-Amz-SignedHeaders"]),
        signature=parameters["X-Amz-Signature"],
        timestamp=parameters["X-Amz-Date"],
        lifetime=_lifetime(parameters.get("X-Amz-Expires", str(SKEW_SECONDS))),
        token=parameters.get("X-Amz-Security-Token"),
        query=tuple((name, value) for name, value in query if name != "X-Amz-Signature"),
    )


def _canonical_pairs(query: str) -> Iterable[tuple[str, str]]:
    """Decode the pairs and encode them again, because clients and libraries leave different characters unencoded."""
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        yield _encoded(name), _encoded(value)


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text.encode("latin-1")), safe="-_.~")


def _names(signed_headers: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip().lower() for name in signed_headers.split(";"))))


def _timestamp(request: HttpRequest) -> str | None:
    timestamp = request.header("x-amz-date")
    date = request.header("date")
    if timestamp is not None or date is None:
        return timestamp
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return date
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).strftime(BASIC_FORMAT)


def _lifetime(seconds: str) -> int:
    lifetime = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) <= 6 else 0
    if not 1 <= lifetime <= _MAX_LIFETIME_SECONDS:
        raise AccessRefusedError(_INCOMPLETE, f"X-Amz-Expires must be a number from 1 to {_MAX_LIFETIME_SECONDS}.")
    return lifetime


def _hashed(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("latin-1")).digest()).decode("ascii")
