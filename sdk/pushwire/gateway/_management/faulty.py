"""The management API with the faults that have been injected into it. Sans-I/O but for the time that it takes."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pushwire.gateway._management.faults import (
    AnswerWith,
    Delay,
    DropRequest,
    Duplicate,
    Faults,
    Reorder,
    RequestFault,
    TruncateResponse,
)
from pushwire.gateway._management.management import ManagementApi
from pushwire.gateway._wire.responses import HttpResponse
from pushwire.gateway.clock import Clock

__all__ = ["Answer", "Cut", "UnreliableManagementApi"]


@dataclass(frozen=True, slots=True)
class Cut:
    """The TCP connection is cut instead of an answer, or in the middle of one.

    Attributes:
        response: The answer.
        bytes_sent: How much of it is sent.
    """

    response: HttpResponse
    bytes_sent: int


Answer: TypeAlias = HttpResponse | Cut
"""What becomes of a request."""


class UnreliableManagementApi:
    """Answers requests, by way of the faults that concern them.

    Args:
        management: What answers.
        faults: What has been injected.
        clock: The gateway's clock.
    """

    def __init__(self, management: ManagementApi, *, faults: Faults, clock: Clock) -> None:
        self._management = management
        self._faults = faults
        self._clock = clock
        self._held_back: dict[str, list[asyncio.Future[None]]] = {}

    def answer(
        self, method: str, connection_id: str, body: bytes | None
    ) -> HttpResponse | Coroutine[object, object, Answer]:
        """Do what a request asks and return the response: at once where nothing goes wrong, which is most of the time.

        Args:
            method: The HTTP method.
            connection_id: The decoded id.
            body: The body, or `None` if it was too large to be kept.
        """
        faults = self._faults.of_request(method, connection_id)
        if faults:
            return self._answer(faults, method, connection_id, body)
        response = self._management.answer(method, connection_id, body)
        if self._held_back:
            self._let_go(connection_id)
        return response

    async def _answer(
        self, faults: Sequence[RequestFault], method: str, connection_id: str, body: bytes | None
    ) -> Answer:
        for fault in faults:
            match fault:
                case Delay():
                    await self._clock.sleep(self._faults.jitter(fault))
                case Reorder(seconds):
                    await self._hold_back(connection_id, seconds)
                case AnswerWith(status):
                    return self._management.fail(method, connection_id, body, status=status)
                case DropRequest():
                    self._management.note(method, connection_id, body, 0)
                    return Cut(HttpResponse(500), 0)
                case Duplicate() | TruncateResponse():
                    pass  # they concern what is done, and the answer
        response = self._management.answer(method, connection_id, body)
        for fault in faults:
            if isinstance(fault, Duplicate):
                response = self._management.answer(method, connection_id, body)
        self._let_go(connection_id)
        cut = next((fault for fault in faults if isinstance(fault, TruncateResponse)), None)
        return response if cut is None else Cut(response, cut.bytes_sent)

    async def _hold_back(self, connection_id: str, seconds: float) -> None:
        overtaken = asyncio.get_running_loop().create_future()
        waiting = self._held_back.setdefault(connection_id, [])
        waiting.append(overtaken)
        try:
            await self._clock.wait(overtaken, seconds)
        finally:
            waiting.remove(overtaken)
            if not waiting:
                self._held_back.pop(connection_id, None)

    def _let_go(self, connection_id: str) -> None:
        """Let the posts go on that were to be overtaken by the one that has just been answered."""
        for overtaken in self._held_back.get(connection_id, ()):
            if not overtaken.done():
                overtaken.set_result(None)
