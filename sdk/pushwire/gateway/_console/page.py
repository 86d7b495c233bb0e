"""The files of the page, read once."""

from importlib.resources import files
from typing import Final

from pushwire.gateway._console.guard import HEADERS
from pushwire.gateway._wire.responses import HttpResponse

__all__ = ["BELOW", "load_page"]

BELOW: Final = "/$console/"
"""What every path of the console but the page's own begins with."""

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


def load_page() -> dict[str, HttpResponse]:
    """Return the answer to each path at which there is a file: `/` for the page itself."""
    found: dict[str, HttpResponse] = {}
    for file in (files("pushwire.gateway._console") / "page").iterdir():
        _, _, extension = file.name.rpartition(".")
        path = "/" if file.name == "index.html" else BELOW + file.name
        found[path] = HttpResponse(200, file.read_bytes(), (("Content-Type", _TYPES[extension]), *HEADERS))
    return found
