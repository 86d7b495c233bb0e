"""HTTP responses and error frames, with the same headers and bodies as API Gateway's. Pure.

botocore reads the type of an error, such as `GoneException`, from the header `x-amzn-ErrorType`.
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
        headers: The headers, without `Content-Length` and `Connection`.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def serialize(self, *, method: str, keep_alive: bool) -> bytes:
        """Return the bytes to send.

        Args:
            method: The method of the request; the response to a `HEAD` has no body.
            keep_alive: Whether the connection stays open; if not, the response has `Connection: close`.
        """
        headers = list(self.headers)
        if self.status not in _NO_BODY:
            headers.append(("Content-Length", str(len(self.body))))
        if not keep_alive:
            headers.append(("Connection", "close"))
        head = _head(self.status, headers)
        return head if method == "HEAD" or self.status in _NO_BODY else head + self.body


def stream_head(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of a response whose body ends when the connection is closed."""
    return _head(200, [*headers, ("Connection", "close")])


def json_response(status: int, value: dict[str, Any], *headers: tuple[str, str]) -> HttpResponse:
    """Return a response with `value` as JSON and further headers."""
    body = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return HttpResponse(status, body, (("Content-Type", "application/json"), *headers))


def http_error(status: int, message: str | None = None) -> HttpResponse:
    """Return an error in the form of API Gateway's HTTP layer.

    Args:
        status: The HTTP status.
        message: The text of the error. Defaults to the standard phrase of the status, such as `Not Found`.
    """
    return json_response(status, {"message": message or _phrase(status)})


def aws_error(status: int, error_type: str, message: str | None = None) -> HttpResponse:
    """Return an error of the management API.

    Args:
        status: The HTTP status.
        error_type: The type of the error, such as `GoneException`.
        message: The text of the error. Defaults to an empty body.
    """
    header = ("x-amzn-ErrorType", error_type)
    return (
        HttpResponse(status, headers=(header,))
        if message is None
        else json_response(status, {"message": message}, header)
    )


def forbidden() -> HttpResponse:
    """Return API Gateway's response to an unknown path or method."""
    return aws_error(403, "ForbiddenException", FORBIDDEN)


def error_frame(message: str, *, connection_id: str, request_id: str) -> str:
    """Return the text frame by which API Gateway reports a failed message to its client.

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
