"""What replies mean."""

from __future__ import annotations

from pushwire.errors import SendError, UnavailableError
from pushwire.transport._responses import connection_info, error_for_status, parsed_body
from pushwire.transport.http.replies import Reply
from pushwire.transport.http.requests import Method
from pushwire.transport.protocol import ConnectionInfo

__all__ = ["connection_info_of", "error_of"]


def error_of(method: Method, reply: Reply, connection_id: str) -> SendError | None:
    """The error that a reply stands for; `None` where the request was accepted, whatever became of the reply's body."""
    if not 200 <= reply.status < 300:
        return error_for_status(reply.status, parsed_body(reply.body), connection_id=connection_id)
    if method == "GET" and not reply.is_whole:
        reason = "the answer was cut or is too long"
        return UnavailableError(reason, connection_id=connection_id, attempts=1, status_code=reply.status)
    return None


def connection_info_of(reply: Reply, connection_id: str) -> ConnectionInfo:
    """Read GetConnection's answer.

    Raises:
        UnavailableError: It lacks a field or cannot be read.
    """
    return connection_info(parsed_body(reply.body), connection_id=connection_id)
