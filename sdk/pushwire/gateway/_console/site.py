"""The console as a whole: the response to each request, and the files of the page. No sockets."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Final, TypeAlias

from pushwire.gateway._console.commands import CommandResult, Commands, ControlledGateway
from pushwire.gateway._console.contract import ConsoleContract, JsonObject
from pushwire.gateway._console.fault_commands import serialize_kinds
from pushwire.gateway._console.feed import EventStream, Feed
from pushwire.gateway._console.guard import HEADERS, refusal
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import HttpResponse, http_error
from pushwire.operation import AnyOperation

__all__ = ["Console", "ConsoleResponse"]

ConsoleResponse: TypeAlias = CommandResult | EventStream
"""A response of the console: complete, as a coroutine that returns it, or as a stream."""

_BELOW: Final = "/$console/"
_CONTENT_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class Console:
    """The console of one gateway.

    Args:
        gateway: The gateway to show and control.
        stage: The stage of its API.
        operations: The operations of its handlers.
    """

    def __init__(self, gateway: ControlledGateway, *, stage: str, operations: Iterable[AnyOperation]) -> None:
        contract = ConsoleContract(operations)
        self._stage = stage
        self._page = _load_page()
        self._commands = Commands(gateway, contract)
        self._feed = Feed(contract, registry=gateway.registry, faults=gateway.faults, about=self._about)
        self.publish = self._feed.publish

    def use_operations(self, operations: Iterable[AnyOperation]) -> None:
        """Replace the operations."""
        contract = ConsoleContract(operations)
        self._commands.contract = contract
        self._feed.use_contract(contract)

    def answer(self, request: HttpRequest) -> ConsoleResponse:
        """Return the response to a request whose target is `/`, or below `/$console/`."""
        refused = refusal(request)
        if refused is not None:
            return refused
        path = request.target.partition("?")[0]
        if request.method == "POST":
            result = self._commands.execute(path.removeprefix(_BELOW), request.body or b"")
            self._feed.publish_faults()
            return http_error(404) if result is None else result
        if path == f"{_BELOW}feed" and request.method == "GET":
            return EventStream((("Content-Type", "text/event-stream"), *HEADERS), self._feed.open)
        return self._page.get(path) or http_error(404)

    def _about(self) -> JsonObject:
        return {"stage": self._stage, "kindsOfFaults": serialize_kinds()}


def _load_page() -> dict[str, HttpResponse]:
    """Return the page's files as responses, by path."""
    found: dict[str, HttpResponse] = {}
    for file in (files("pushwire.gateway._console") / "page").iterdir():
        _, _, extension = file.name.rpartition(".")
        path = "/" if file.name == "index.html" else _BELOW + file.name
        found[path] = HttpResponse(200, file.read_bytes(), (("Content-Type", _CONTENT_TYPES[extension]), *HEADERS))
    return found
