"""HTTP responses and error frames, in API Gateway's shapes. Pure.

The error type travels in the header `x-amzn-ErrorType`: from it botocore raises `GoneException` and its siblings.
"""

import http
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "CONTINUE",
    "ENDPOINT_REQUEST_TIMED_OUT",
    "FORBIDDEN",
    "INTERNAL_SERVER_ERROR",
    "TOO_MANY_REQUESTS",
    "UNAUTHORIZED",
    "HttpResponse",
    "aws_error",
    "error_frame",
    "forbidden",
    "http_error",
    "json_response",
    "stream_head",
]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ENDPOINT_REQUEST_TIMED_OUT = "Endpoint request timed out"
FORBIDDEN = "Forbidden"
INTERNAL_SERVER_ERROR = "Internal server error"
TOO_MANY_REQUESTS = "Too Many Requests"
UNAUTHORIZED = "Unauthorized"
_NO_BODY = {204, 304}


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP response.

    Attributes:
        status: The status code.
        body: The body.
        headers: Headers other than those about the body and the connection.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def serialize(self, *, method: str, keep_alive: bool) -> bytes:
        """Return the bytes to send.

        Args:
            method: The method of the request: a HEAD is answered without the body.
            keep_alive: Whether the connection stays open.
        """
        headers = list(self.headers)
        if self.status not in _NO_BODY:
            headers.append(("Content-Length", str(len(self.body))))
        if not keep_alive:
            headers.append(("Connection", "close"))
        head = _head(self.status, headers)
        return head if method == "HEAD" or self.status in _NO_BODY else head + self.body


def stream_head(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of a response whose body goes on until the connection is closed."""
    return _head(200, [*headers, ("Connection", "close")])


def json_response(status: int, value: dict[str, Any], *headers: tuple[str, str]) -> HttpResponse:
    """Return a response that holds `value` as JSON."""
    body = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return HttpResponse(status, body, (("Content-Type", "application/json"), *headers))


def http_error(status: int, message: str | None = None) -> HttpResponse:
    """Return an error that API Gateway's HTTP front gives; the message is the status's own phrase unless given."""
    return json_response(status, {"message": message or _phrase(status)})


def aws_error(status: int, error_type: str, message: str | None = None) -> HttpResponse:
    """Return an error of the management API, such as `GoneException`; without a message its body is empty."""
    header = ("x-amzn-ErrorType", error_type)
    return (
        HttpResponse(status, headers=(header,))
        if message is None
        else json_response(status, {"message": message}, header)
    )


def forbidden() -> HttpResponse:
    """Return what API Gateway answers where it has nothing."""
    return aws_error(403, "ForbiddenException", FORBIDDEN)


def error_frame(message: str, *, connection_id: str, request_id: str) -> str:
    """Return the text frame that tells a client of a failed message.

    The spacing is API Gateway's own, as seen in transcripts: one space, after the first colon.
    """
    return f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'


def _head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""
