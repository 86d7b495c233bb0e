"""Verifies Signature Version 4 of received requests, with botocore's signer. Sans-I/O.

Source: "Create a signed AWS API request". The checks have AWS's order, and the errors have AWS's texts.
"""

import calendar
import hmac
import re
import time
from collections.abc import Iterable
from urllib.parse import quote

from pushwire.gateway._access.principals import Principal
from pushwire.gateway._access.signature_claims import (
    BASIC_FORMAT,
    SKEW_SECONDS,
    AccessRefusedError,
    SignatureClaim,
    read_claim,
)
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway.clock import TimeOfDay
from pushwire.gateway.settings import SettingsError

__all__ = ["SignatureVerifier"]

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "execute-api"
_TERMINATOR = "aws4_request"
_SCOPE_PARTS = 5
_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_INCOMPLETE = "IncompleteSignatureException"
_INVALID = "InvalidSignatureException"


class SignatureVerifier:
    """Verifies signatures and finds the principals that made them.

    Args:
        principals: The users that may sign requests.
        region: The region in the scope of signatures.
        clock: Returns the time of day.

    Raises:
        SettingsError: Two principals have the same access key.
        ImportError: botocore is not installed.
    """

    def __init__(self, principals: Iterable[Principal], *, region: str, clock: TimeOfDay) -> None:
        # Why here: a gateway without principals needs no botocore.
        from pushwire.gateway._access.botocore_signer import expected_signature

        self._expected_signature = expected_signature
        self._principals: dict[str, Principal] = {}
        for principal in principals:
            if self._principals.setdefault(principal.access_key_id, principal) is not principal:
                raise SettingsError(f"two principals have the access key {principal.access_key_id!r}")
        self._region = region
        self._clock = clock

    def verify(self, request: HttpRequest) -> Principal:
        """Verify a request's signature and return the principal that signed it.

        Args:
            request: The request, with its whole body.

        Raises:
            AccessRefusedError: The request is not signed, or the signature is invalid or expired.
        """
        claim = read_claim(request)
        self._check_time(claim)
        if "host" not in claim.signed_headers:
            text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
            raise AccessRefusedError(_INVALID, text)
        if claim.algorithm != _ALGORITHM:
            raise AccessRefusedError(_INCOMPLETE, f"Unsupported AWS 'algorithm': '{claim.algorithm}'.")
        principal = self._principal(claim)
        self._check_signature(claim, principal, request)
        return principal

    def _check_time(self, claim: SignatureClaim) -> None:
        timestamp, lifetime = claim.timestamp, claim.lifetime
        signed_at = _seconds(timestamp)
        if signed_at is None:
            text = f"Date must be in ISO-8601 'basic format'. Got '{timestamp}'."
            raise AccessRefusedError(_INCOMPLETE, f"{text} See http://en.wikipedia.org/wiki/ISO_8601")
        now = int(self._clock())
        if signed_at < now - lifetime:
            text = f"Signature expired: {timestamp} is now earlier than {_basic(now - lifetime)}"
            raise AccessRefusedError(_INVALID, f"{text} ({_basic(now)} - {lifetime / 60:g} min.)")
        if signed_at > now + SKEW_SECONDS:
            text = f"Signature not yet current: {timestamp} is still later than {_basic(now + SKEW_SECONDS)}"
            raise AccessRefusedError(_INVALID, f"{text} ({_basic(now)} + {SKEW_SECONDS / 60:g} min.)")

    def _principal(self, claim: SignatureClaim) -> Principal:
        parts = claim.credential.split("/")
        if len(parts) != _SCOPE_PARTS:
            text = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
            raise AccessRefusedError(_INCOMPLETE, f"{text}, got '{claim.credential}'")
        self._check_scope(*parts[1:], timestamp=claim.timestamp)
        principal = self._principals.get(parts[0])
        if principal is None or not _equal(principal.session_token or "", claim.token or ""):
            text = "The security token included in the request is invalid."
            raise AccessRefusedError("UnrecognizedClientException", text)
        return principal

    def _check_scope(self, date: str, region: str, service: str, terminator: str, *, timestamp: str) -> None:
        wrong = ""
        if region != self._region:
            wrong += f"Credential should be scoped to a valid region, not '{region}'. "
        if service != _SERVICE:
            wrong += f"Credential should be scoped to correct service: '{_SERVICE}'. "
        if terminator != _TERMINATOR:
            wrong += f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{terminator}'. "
        if date != timestamp[:8]:
            wrong += (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{date}' != '{timestamp[:8]}', from '{timestamp}'. "
            )
        if wrong:
            raise AccessRefusedError(_INVALID, wrong)

    def _check_signature(self, claim: SignatureClaim, principal: Principal, request: HttpRequest) -> None:
        expected = self._expected_signature(
            secret_access_key=principal.secret_access_key,
            region=self._region,
            service=_SERVICE,
            timestamp=claim.timestamp,
            method=request.method,
            path=request.target.partition("?")[0],
            query="&".join(f"{name}={value}" for name, value in claim.query),
            headers=_signed(request, claim.signed_headers),
            body=request.body or b"",
        )
        if not _equal(expected.signature, claim.signature):
            text = (
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details.\n\n"
                f"The Canonical String for this request should have been\n'{expected.canonical_request}'\n\n"
                f"The String-to-Sign should have been\n'{expected.string_to_sign}'\n"
            )
            raise AccessRefusedError(_INVALID, _without_token(text, claim.token))


def _signed(request: HttpRequest, names: frozenset[str]) -> list[tuple[str, str]]:
    found = [(name.lower(), value) for name, value in request.headers if name.lower() in names]
    return found + [(name, "") for name in names - {name for name, _ in found}]


def _seconds(timestamp: str) -> int | None:
    if _TIMESTAMP.fullmatch(timestamp) is None:
        return None
    try:
        return calendar.timegm(time.strptime(timestamp, BASIC_FORMAT))
    except ValueError:
        return None


def _basic(seconds: int) -> str:
    return time.strftime(BASIC_FORMAT, time.gmtime(seconds))


def _equal(expected: str, found: str) -> bool:
    return hmac.compare_digest(expected.encode("utf-8"), found.encode("utf-8"))


def _without_token(text: str, token: str | None) -> str:
    # Why: clients log the errors that they receive.
    return text.replace(token, "***").replace(quote(token, safe="-_.~"), "***") if token else text
