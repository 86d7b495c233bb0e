"""The requests and confirmed sends that wait for their replies. Sans-I/O.

A reply goes to the connection of its request. So a request that was written to a connection fails when the connection
ends. A request that is not written yet waits for the next connection.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from google.protobuf.message import Message

from pushwire.client.errors import RequestLimitError
from pushwire.errors import FrameError, OperationError
from pushwire.frame import MAX_ID_LENGTH, Envelope
from pushwire.operation import AnyOperation

__all__ = ["PendingRequest", "PendingRequests", "outcome"]

R = TypeVar("R")


@dataclass(eq=False, slots=True)
class PendingRequest(Generic[R]):
    """A request, or a confirmed send.

    Attributes:
        operation: The operation.
        id: The id in its frame.
        reply: The object of the I/O code that gets the reply.
        is_written: Whether the frame was written to the current connection.
    """

    operation: AnyOperation
    id: str
    reply: R
    is_written: bool = False


class PendingRequests(Generic[R]):
    """The requests that wait for a reply, by id.

    Args:
        max_requests: The maximum number of requests.

    Attributes:
        dropped: The number of replies that no request waited for: late, repeated or unknown ones.
    """

    def __init__(self, max_requests: int) -> None:
        self._max_requests = max_requests
        self._by_id: dict[str, PendingRequest[R]] = {}
        # Why random: API Gateway may deliver a reply of another client after an error in a handler.
        self._prefix: Final = os.urandom(8).hex()
        self._count = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, operation: AnyOperation, request_id: str | None, reply: R) -> PendingRequest[R]:
        """Add a request.

        Args:
            operation: The operation.
            request_id: The id that the caller gives. `None` for a new one.
            reply: The object of the I/O code that gets the reply.

        Raises:
            RequestLimitError: The maximum number of requests wait already.
            TypeError: The id is not a string.
            ValueError: The id is empty or too long, or another request with it waits.
        """
        if len(self._by_id) >= self._max_requests:
            raise RequestLimitError(operation, self._max_requests)
        if request_id is None:
            self._count += 1
            request_id = f"{self._prefix}{self._count:x}"
        elif not isinstance(request_id, str):
            raise TypeError(f"id= must be a string, not {type(request_id).__name__}")
        elif not 0 < len(request_id) <= MAX_ID_LENGTH:
            raise ValueError(f"id= must have 1 to {MAX_ID_LENGTH} characters, not {len(request_id):,}")
        elif request_id in self._by_id:
            raise ValueError(f"id={request_id!r} belongs to a request that still waits for its reply")
        request = self._by_id[request_id] = PendingRequest(operation, request_id, reply)
        return request

    def remove(self, request: PendingRequest[R]) -> None:
        """Remove a request that no longer waits."""
        if self._by_id.get(request.id) is request:
            del self._by_id[request.id]

    def take(self, reply: Envelope) -> PendingRequest[R] | None:
        """Remove and return the request of a reply. Return `None`, and count the reply, if no request waits for it."""
        request = self._by_id.get(reply.reply_to or "")
        if request is None or request.operation.route != reply.route:
            self.dropped += 1
            return None
        del self._by_id[request.id]
        return request

    def written(self) -> list[PendingRequest[R]]:
        """Return the requests whose frames were written to the current connection."""
        return [request for request in self._by_id.values() if request.is_written]

    def lost(self) -> Iterator[PendingRequest[R]]:
        """Remove and yield the requests that were written to a connection that has ended."""
        for request in self.written():
            del self._by_id[request.id]
            yield request


def outcome(operation: AnyOperation, reply: Envelope) -> Message | OperationError | FrameError | None:
    """Return the reply's message or error, or `None` for the confirmation of a one-way message."""
    if reply.error is not None:
        return reply.error
    expected = operation.reply
    if expected is None:
        return None
    try:
        message: Message = reply.message(expected)
    except FrameError as error:
        return error
    return message
