"""Meaning of the management API's responses ("PostToConnection", API Gateway management API reference).

The status decides, because a proxy may drop the `x-amzn-ErrorType` header.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, cast

from pushwire.errors import (
    ConnectionGoneError,
    ForbiddenError,
    InvalidConnectionIdError,
    PayloadTooLargeError,
    SendError,
    ThrottledError,
    UnavailableError,
)
from pushwire.transport.protocol import ConnectionInfo

__all__ = ["connection_info", "error_for_status", "parsed_body"]

_ERRORS: Final[Mapping[int, type[SendError]]] = MappingProxyType(
    {
        400: InvalidConnectionIdError,
        403: ForbiddenError,
        410: ConnectionGoneError,
        413: PayloadTooLargeError,
        429: ThrottledError,
    }
)
_MAX_REASON: Final = 300


def error_for_status(status_code: int, body: Mapping[str, Any], *, connection_id: str) -> SendError:
    """Return the error for a response whose status is not 2xx.

    Args:
        status_code: The HTTP status.
        body: The parsed body, with its names as botocore spells them. The error quotes up to 300 characters of its
            `Message`.
        connection_id: The connection that was addressed.
    """
    message = body.get("Message")
    reason = _elide(message) if isinstance(message, str) else ""
    if status_code >= 500:
        # A gateway that failed may have passed the message on before it failed.
        return UnavailableError(
            reason or "the response has no message",
            connection_id=connection_id,
            status_code=status_code,
            attempts=1,
            maybe_accepted=True,
        )
    error = _ERRORS.get(status_code, SendError)
    text = reason if error is not SendError else f"HTTP {status_code} {reason}".rstrip()
    return error(text, connection_id=connection_id, status_code=status_code, attempts=1)


def connection_info(body: Mapping[str, Any], *, connection_id: str) -> ConnectionInfo:
    """Read the parsed body of GetConnection's response.

    Args:
        body: The parsed body, with its names as botocore spells them. Times are datetimes, ISO 8601 texts, or seconds
            since the epoch as botocore accepts them: numbers, or texts of numbers.
        connection_id: The connection that was asked about.

    Raises:
        UnavailableError: A field is missing or cannot be read.
    """
    try:
        identity = body.get("Identity", {})
        user_agent = identity.get("UserAgent")
        return ConnectionInfo(
            connected_at=_time(body["ConnectedAt"]),
            last_active_at=_time(body["LastActiveAt"]),
            source_ip=str(identity["SourceIp"]),
            user_agent=None if user_agent is None else str(user_agent),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as exc:
        raise UnavailableError(
            "a field in the response of GetConnection is missing or malformed",
            connection_id=connection_id,
            attempts=1,
            status_code=200,
        ) from exc


def parsed_body(body: bytes) -> dict[str, Any]:
    """Parse a JSON body, with its names as botocore spells them; return an empty object for anything else.

    API Gateway's names begin with a small letter, botocore's with a capital one.
    """
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return _capitalized(value)


def _capitalized(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    named = {name[:1].upper() + name[1:]: item for name, item in cast("dict[str, Any]", value).items()}
    if "Identity" in named:
        named["Identity"] = _capitalized(named["Identity"])
    return named


def _time(value: object) -> datetime:
    if isinstance(value, datetime):
        time = value
    else:
        try:
            return datetime.fromtimestamp(float(str(value)), UTC)
        except ValueError:
            time = datetime.fromisoformat(str(value))
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _elide(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_REASON else f"{text[:_MAX_REASON]}…"
