"""What goes wrong on the way: it is logged, and told to `on_error` listeners."""

from collections.abc import Callable
from typing import Final

from pushwire._log import logger
from pushwire.client.errors import ConnectFailedError, EventsLostError, GatewayError, ListenerError
from pushwire.client.listeners import Listener
from pushwire.client.runners import Runners
from pushwire.client.status import Counters
from pushwire.errors import FrameError, PushwireError

__all__ = ["Report", "Reports"]

Report = ConnectFailedError | EventsLostError | FrameError | GatewayError | ListenerError
"""What may go wrong: none of it holds a token, or the content of a frame."""


class Reports:
    """Who is told.

    Args:
        runners: Where async listeners run.
        bound: How many calls of one may wait.
        counters: Counts what was told.

    Attributes:
        runners: Where async listeners run.
    """

    def __init__(self, runners: Runners, bound: int, counters: Counters) -> None:
        self.runners: Final = runners
        self._bound = bound
        self._counters = counters
        self._listeners: tuple[Listener[PushwireError], ...] = ()

    def listen(self, function: Callable[[PushwireError], object]) -> Callable[[], None]:
        """Add a listener, and return what removes it. What it raises itself is only logged."""
        listener = Listener(function, None, bound=self._bound, runners=self.runners, report=_log)
        self._listeners = (*self._listeners, listener)

        def remove() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return remove

    def report(self, error: Report) -> None:
        """Tell everybody."""
        self._counters.errors += 1
        _log(error)
        for listener in self._listeners:
            listener(error)


def _log(error: Report) -> None:
    if isinstance(error, ListenerError):
        logger("client").error("%s", error, exc_info=error.__cause__)
    else:
        logger("client").warning("%s", error)
