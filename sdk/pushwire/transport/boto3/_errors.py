"""Meaning of botocore's errors."""

from __future__ import annotations

from typing import Any, Final, cast

from pushwire.errors import CredentialsError, InvalidConnectionIdError, SendError, UnavailableError
from pushwire.transport._responses import error_for_status

from botocore import exceptions as botocore_errors  # isort: skip

__all__ = ["error_of"]

_CREDENTIALS_ERRORS: Final = (
    botocore_errors.NoCredentialsError,
    botocore_errors.PartialCredentialsError,
    botocore_errors.CredentialRetrievalError,
    botocore_errors.NoAuthTokenError,
    botocore_errors.TokenRetrievalError,
    botocore_errors.SSOError,
    botocore_errors.ProfileNotFound,
    botocore_errors.ConfigParseError,
)

_AUTHORITY: Final = "that the certificate authority is trusted here (AWS_CA_BUNDLE)"
_REMEDIES: Final = (
    (botocore_errors.SSLError, f"; check {_AUTHORITY}"),
    (botocore_errors.ConnectTimeoutError, f"; check the network, and {_AUTHORITY}"),
)


def error_of(exc: Exception, connection_id: str) -> SendError:
    """Return the Pushwire error for an exception of a boto3 client, as the outcome of one attempt.

    Args:
        exc: The exception. On a malformed response, botocore's parser raises exceptions of any type.
        connection_id: The connection that was addressed.
    """
    if isinstance(exc, botocore_errors.ClientError):
        response = cast("dict[str, Any]", exc.response)
        metadata = response.get("ResponseMetadata", {})
        status_code = int(metadata.get("HTTPStatusCode", 0))
        error = error_for_status(status_code, response.get("Error", {}), connection_id=connection_id)
        error.attempts = 1 + int(metadata.get("RetryAttempts", 0))
        return error
    if isinstance(exc, _CREDENTIALS_ERRORS):
        return CredentialsError(str(exc), connection_id=connection_id)
    if isinstance(exc, botocore_errors.ParamValidationError | UnicodeEncodeError):
        return InvalidConnectionIdError("botocore rejected it before sending a request", connection_id=connection_id)
    if isinstance(exc, botocore_errors.ConnectionError):  # DNS, refused, proxy, TLS: nothing was sent
        remedy = next((remedy for kind, remedy in _REMEDIES if isinstance(exc, kind)), "")
        return UnavailableError(f"{exc}{remedy}", connection_id=connection_id, attempts=1)
    if isinstance(exc, botocore_errors.HTTPClientError):  # the request was sent, and its response is incomplete
        return UnavailableError(str(exc), connection_id=connection_id, attempts=1, maybe_accepted=True)
    if isinstance(exc, botocore_errors.BotoCoreError):
        return SendError(f"{type(exc).__name__}: {exc}", connection_id=connection_id, attempts=1, maybe_accepted=True)
    reason = f"botocore could not parse the response ({type(exc).__name__})"
    return UnavailableError(reason, connection_id=connection_id, attempts=1, maybe_accepted=True)
