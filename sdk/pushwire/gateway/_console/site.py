"""The console as a whole: which request gets which answer. No sockets."""

from collections.abc import Iterable
from typing import TypeAlias

from pushwire.gateway._console.contract import Contract, Told
from pushwire.gateway._console.fault_orders import tell_kinds
from pushwire.gateway._console.feed import EventStream, Feed
from pushwire.gateway._console.guard import HEADERS, refusal
from pushwire.gateway._console.orders import Done, Gateway, Orders
from pushwire.gateway._console.page import BELOW, load_page
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import http_error
from pushwire.gateway.transcript import Entry
from pushwire.operation import AnyOperation

__all__ = ["Console", "ConsoleAnswer"]

ConsoleAnswer: TypeAlias = Done | EventStream
"""What becomes of a request to the console."""


class Console:
    """The console of one gateway.

    Args:
        gateway: The gateway.
        stage: Its stage.
        operations: The operations of its handlers.
    """

    def __init__(self, gateway: Gateway, *, stage: str, operations: Iterable[AnyOperation]) -> None:
        contract = Contract(operations)
        self._stage = stage
        self._page = load_page()
        self._orders = Orders(gateway, contract)
        self._feed = Feed(contract, registry=gateway.registry, faults=gateway.faults, about=self._about)

    def note(self, entry: Entry) -> None:
        """Take an entry of the gateway's transcript."""
        self._feed.note(entry)

    def use_operations(self, operations: Iterable[AnyOperation]) -> None:
        """Speak another contract from now on."""
        contract = Contract(operations)
        self._orders.contract = contract
        self._feed.use_contract(contract)

    def answer(self, request: HttpRequest) -> ConsoleAnswer:
        """Return the answer to a request whose target is `/`, or below `/$console/`."""
        refused = refusal(request)
        if refused is not None:
            return refused
        path = request.target.partition("?")[0]
        if request.method == "POST":
            done = self._orders.carry_out(path.removeprefix(BELOW), request.body or b"")
            self._feed.note_faults()
            return http_error(404) if done is None else done
        if path == f"{BELOW}feed" and request.method == "GET":
            return EventStream((("Content-Type", "text/event-stream"), *HEADERS), self._feed.open)
        return self._page.get(path) or http_error(404)

    def _about(self) -> Told:
        return {"stage": self._stage, "kindsOfFaults": tell_kinds()}
