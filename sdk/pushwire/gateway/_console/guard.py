"""Checks that requests to the console come from its own page, in a browser on this machine. Pure.

A browser stops other sites from reading responses, but not from sending requests. So the `Host` of each request must be
a loopback name, which excludes sites that rebind DNS. A request that changes state must be JSON from the console's own
origin, which the forms of other sites cannot send.
"""

import re

from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import HttpResponse, http_error
from pushwire.gateway.settings import MAX_MESSAGE_BYTES

__all__ = ["HEADERS", "refusal"]

_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
"""The headers of every response."""


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the response to a request that is refused, or `None` if the request may be served."""
    host = request.header("host") or ""
    if _LOOPBACK.fullmatch(host) is None:
        return http_error(403, "The console is for this machine: open it as localhost, 127.0.0.1 or [::1]")
    if request.method in {"GET", "HEAD"}:
        return None
    if request.method != "POST":
        return http_error(405)
    if (request.header("origin") or "").lower() != f"http://{host}".lower():
        return http_error(403, "The console accepts commands only from its own page")
    if (request.header("content-type") or "").partition(";")[0].strip().lower() != "application/json":
        return http_error(415, "The console accepts only application/json")
    return http_error(413, f"The console accepts at most {MAX_MESSAGE_BYTES:,} bytes") if request.body is None else None
