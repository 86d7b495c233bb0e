"""What the management API's answers mean ("PostToConnection", API Gateway management API reference)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

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

__all__ = ["connection_info", "error_for_status"]

_ERRORS: Final[Mapping[int, type[SendError]]] = MappingProxyType(
    {
        400: InvalidConnectionIdError,
        403: ForbiddenError,
        410: ConnectionGoneError,
        413: PayloadTooLargeError,
        429: ThrottledError,
    }
)
_MOST_OF_A_REASON: Final = 300


def error_for_status(status_code: int, reason: str, *, connection_id: str) -> SendError:
    """The error that an answer's status stands for. The status decides, because a proxy may drop the type header.

    Args:
        status_code: The HTTP status, which is not 2xx.
        reason: What the answer says, shown elided; may be empty.
        connection_id: The connection in question.
    """
    if status_code >= 500:
        # A gateway that failed may have handed the message on before it did.
        return UnavailableError(
            _elide(reason) or "no reason given",
            connection_id=connection_id,
            status_code=status_code,
            attempts=1,
            maybe_accepted=True,
        )
    error = _ERRORS.get(status_code, SendError)
    text = _elide(reason) if error is not SendError else f"HTTP {status_code} {_elide(reason)}".rstrip()
    return error(text, connection_id=connection_id, status_code=status_code, attempts=1)


def connection_info(answer: Mapping[str, Any], *, connection_id: str) -> ConnectionInfo:
    """Read GetConnection's answer, whose times are ISO 8601 texts or, as botocore gives them, datetimes.

    Raises:
        UnavailableError: A field is missing or cannot be read.
    """
    try:
        identity = answer.get("Identity", {})
        user_agent = identity.get("UserAgent")
        return ConnectionInfo(
            connected_at=_time(answer["ConnectedAt"]),
            last_active_at=_time(answer["LastActiveAt"]),
            source_ip=str(identity["SourceIp"]),
            user_agent=None if user_agent is None else str(user_agent),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise UnavailableError(
            "GetConnection's answer lacks a field or cannot be read",
            connection_id=connection_id,
            attempts=1,
            status_code=200,
        ) from exc


def _time(value: object) -> datetime:
    time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _elide(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MOST_OF_A_REASON else f"{text[:_MOST_OF_A_REASON]}…"
