"""The management API with the injected faults. Sans-I/O, except that it waits."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pushwire.gateway._management.faults import (
    AnswerWith,
    Delay,
    DropPost,
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

__all__ = ["FaultyManagementApi", "ManagementResponse", "TruncatedResponse"]


@dataclass(frozen=True, slots=True)
class TruncatedResponse:
    """A response of which only the first bytes are sent before the TCP connection is closed.

    Attributes:
        response: The whole response.
        bytes_sent: The number of bytes to send; 0 aborts the TCP connection.
    """

    response: HttpResponse
    bytes_sent: int


ManagementResponse: TypeAlias = HttpResponse | TruncatedResponse
"""The response to a request of the management API."""


class FaultyManagementApi:
    """Answers requests of the management API, and applies the injected faults.

    Args:
        management: The management API without faults.
        faults: The injected faults.
        clock: The gateway's clock.
    """

    def __init__(self, management: ManagementApi, *, faults: Faults, clock: Clock) -> None:
        self._management = management
        self._faults = faults
        self._clock = clock
        self._reordered: dict[str, list[asyncio.Future[None]]] = {}

    def answer(
        self, method: str, connection_id: str, body: bytes | None
    ) -> HttpResponse | Coroutine[object, object, ManagementResponse]:
        """Handle a request and return the response, or a coroutine that returns it if faults apply.

        Args:
            method: The HTTP method.
            connection_id: The decoded id.
            body: The body, or `None` if it was too large.
        """
        faults = self._faults.of_request(method, connection_id, body)
        if faults:
            return self._answer(faults, method, connection_id, body)
        response = self._management.answer(method, connection_id, body)
        if self._reordered:
            self._release(connection_id)
        return response

    async def _answer(
        self, faults: Sequence[RequestFault], method: str, connection_id: str, body: bytes | None
    ) -> ManagementResponse:
        for fault in faults:
            match fault:
                case Delay():
                    await self._clock.sleep(self._faults.jitter(fault))
                case Reorder(seconds):
                    await self._wait_for_next_post(connection_id, seconds)
                case AnswerWith(status):
                    return self._management.fail(method, connection_id, body, status=status)
                case DropRequest():
                    self._management.report(method, connection_id, body, 0)
                    return TruncatedResponse(HttpResponse(500), 0)
                case DropPost():
                    self._management.report(method, connection_id, body, 200)
                    return HttpResponse(200)
                case Duplicate() | TruncateResponse():
                    pass  # applied below, to the request and to the response
        response = self._management.answer(method, connection_id, body)
        for fault in faults:
            if isinstance(fault, Duplicate):
                response = self._management.answer(method, connection_id, body)
        self._release(connection_id)
        cut = next((fault for fault in faults if isinstance(fault, TruncateResponse)), None)
        return response if cut is None else TruncatedResponse(response, cut.bytes_sent)

    async def _wait_for_next_post(self, connection_id: str, seconds: float) -> None:
        next_post = asyncio.get_running_loop().create_future()
        waiting = self._reordered.setdefault(connection_id, [])
        waiting.append(next_post)
        try:
            await self._clock.wait(next_post, seconds)
        finally:
            waiting.remove(next_post)
            if not waiting:
                self._reordered.pop(connection_id, None)

    def _release(self, connection_id: str) -> None:
        """Resume the posts that were waiting for the one that has just been handled."""
        for next_post in self._reordered.get(connection_id, ()):
            if not next_post.done():
                next_post.set_result(None)
