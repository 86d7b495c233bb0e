"""Messages on their way to the server: who is next, and who has to wait. Sans-I/O.

While there is no connection, sends wait, up to a bound. When there is one again, what its `on_reconnect` hooks send
goes first: the rest waits until they have run.
"""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["Outbox"]

S = TypeVar("S")


class Outbox(Generic[S]):
    """Sends in order."""

    __slots__ = ("_sends", "_urgent")

    def __init__(self) -> None:
        self._urgent: deque[S] = deque()
        self._sends: deque[S] = deque()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._sends)

    def put(self, send: S) -> None:
        """Add a send to the end."""
        self._sends.append(send)

    def put_urgent(self, send: S) -> None:
        """Add a send of a hook's."""
        self._urgent.append(send)

    def put_back(self, send: S) -> None:
        """Put a send back that was taken and not written: it is the next one again."""
        self._sends.appendleft(send)

    def take_urgent(self) -> S | None:
        """Take the next send of a hook's; `None` if there is none."""
        return self._urgent.popleft() if self._urgent else None

    def take(self) -> S | None:
        """Take the next send, a hook's before others; `None` if there is none."""
        if self._urgent:
            return self._urgent.popleft()
        return self._sends.popleft() if self._sends else None

    def remove(self, send: S) -> None:
        """Remove a send that nobody waits for any more, if it is still here."""
        for sends in (self._urgent, self._sends):
            if send in sends:
                sends.remove(send)

    def clear_urgent(self) -> Iterator[S]:
        """Remove the sends of hooks, one by one."""
        while self._urgent:
            yield self._urgent.popleft()

    def clear(self) -> Iterator[S]:
        """Remove all sends, one by one."""
        while (send := self.take()) is not None:
            yield send
