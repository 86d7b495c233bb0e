"""Who may use the console: the page that it serves itself, in a browser on this machine. Pure.

The browser keeps other sites from reading answers, and does not keep them from asking. So each request has to name a
loopback host, which a site behind a rebound DNS name does not, and what changes anything has to come from the console's
own origin, as JSON, which no form of another site can send.
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
"""The headers of every answer."""


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a request that may not be served, or `None` if it may."""
    host = request.header("host") or ""
    if _LOOPBACK.fullmatch(host) is None:
        return http_error(403, "The console is for this machine: open it as localhost, 127.0.0.1 or [::1]")
    if request.method in {"GET", "HEAD"}:
        return None
    if request.method != "POST":
        return http_error(405)
    if (request.header("origin") or "").lower() != f"http://{host}".lower():
        return http_error(403, "The console takes orders from its own page only")
    if (request.header("content-type") or "").partition(";")[0].strip().lower() != "application/json":
        return http_error(415, "The console takes application/json")
    return http_error(413, f"The console takes {MAX_MESSAGE_BYTES:,} bytes") if request.body is None else None
