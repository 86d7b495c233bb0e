"""What replies mean."""

from __future__ import annotations

import json
from typing import Any, cast

from pushwire.errors import SendError, UnavailableError
from pushwire.transport.answers import connection_info, error_for_status
from pushwire.transport.http.replies import Reply
from pushwire.transport.http.requests import Method
from pushwire.transport.protocol import ConnectionInfo

__all__ = ["connection_info_of", "error_of"]


def error_of(method: Method, reply: Reply, connection_id: str) -> SendError | None:
    """The error that a reply stands for; `None` where the request was accepted, whatever became of the reply's body."""
    if not 200 <= reply.status < 300:
        return error_for_status(reply.status, _reason_of(reply.body), connection_id=connection_id)
    if method == "GET" and not reply.is_whole:
        reason = "the answer was cut or is too long"
        return UnavailableError(reason, connection_id=connection_id, attempts=1, status_code=reply.status)
    return None


def connection_info_of(reply: Reply, connection_id: str) -> ConnectionInfo:
    """Read GetConnection's answer.

    Raises:
        UnavailableError: It lacks a field or cannot be read.
    """
    answer = _capitalized(_json(reply.body))
    return connection_info({**answer, "Identity": _capitalized(answer.get("Identity"))}, connection_id=connection_id)


def _reason_of(body: bytes) -> str:
    answer = _capitalized(_json(body))
    message = answer.get("Message")
    return message if isinstance(message, str) else ""


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _capitalized(answer: object) -> dict[str, Any]:
    """An object with its names as botocore spells them; an empty one for anything else."""
    if not isinstance(answer, dict):
        return {}
    return {name[:1].upper() + name[1:]: value for name, value in cast("dict[str, Any]", answer).items()}
