"""The order of sends. Sans-I/O.

Sends wait while there is no connection. On a new connection the sends of its `on_reconnect` hooks come first, and the
others wait until the hooks have run.
"""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["SendQueue"]

S = TypeVar("S")


class SendQueue(Generic[S]):
    """Queue of sends, in order, with the sends of hooks first."""

    __slots__ = ("_sends", "_urgent")

    def __init__(self) -> None:
        self._urgent: deque[S] = deque()
        self._sends: deque[S] = deque()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._sends)

    def put(self, send: S, *, urgent: bool) -> None:
        """Append a send.

        Args:
            send: The send.
            urgent: Whether a hook sends it.
        """
        (self._urgent if urgent else self._sends).append(send)

    def put_back(self, send: S) -> None:
        """Put back a send that was taken and not written. It becomes the next one."""
        self._sends.appendleft(send)

    def take_urgent(self) -> S | None:
        """Remove and return the next send of a hook, or `None`."""
        return self._urgent.popleft() if self._urgent else None

    def take(self) -> S | None:
        """Remove and return the next send, or `None`. The sends of hooks come first."""
        if self._urgent:
            return self._urgent.popleft()
        return self._sends.popleft() if self._sends else None

    def remove(self, send: S) -> bool:
        """Remove a send that was cancelled, and return whether it was still in the queue."""
        for sends in (self._urgent, self._sends):
            if send in sends:
                sends.remove(send)
                return True
        return False

    def drain_urgent(self) -> Iterator[S]:
        """Remove and yield the sends of hooks."""
        while self._urgent:
            yield self._urgent.popleft()

    def drain(self) -> Iterator[S]:
        """Remove and yield all sends."""
        while (send := self.take()) is not None:
            yield send
