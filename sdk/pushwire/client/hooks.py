"""`on_reconnect` hooks: they run on each connection but the first, before anything that waits is sent."""

import asyncio
from collections.abc import Callable

from pushwire._functions import name_of
from pushwire.client.awaiting import is_cancelled, result_of
from pushwire.client.errors import ClientClosedError, ConnectionLostError, ListenerError
from pushwire.client.reports import Reports
from pushwire.client.writer import Writer

__all__ = ["Hooks"]


class Hooks:
    """The hooks of one client, in order.

    Args:
        reports: Is told what they raise.
    """

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._hooks: tuple[tuple[Callable[[], object]], ...] = ()
        self._task: asyncio.Task[None] | None = None

    def add(self, hook: Callable[[], object]) -> Callable[[], None]:
        """Add a hook, and return what removes it."""
        if not callable(hook):
            raise TypeError(f"a hook is a function, not {type(hook).__name__}")
        added = (hook,)  # the same function may be added twice
        self._hooks = (*self._hooks, added)

        def remove() -> None:
            self._hooks = tuple(other for other in self._hooks if other is not added)

        return remove

    def begin(self, writer: Writer, is_usable: Callable[[], bool], when_done: Callable[[], object]) -> None:
        """Run them one after another; what they send goes first.

        Args:
            writer: Writes what they send.
            is_usable: Whether their connection still is: on one that is not they have nothing to do.
            when_done: Is called when all have run.
        """
        self._task = asyncio.create_task(self._run(writer, is_usable, when_done))

    def end(self) -> set[asyncio.Task[None]]:
        """Stop them, as their connection has ended; return what has still to end."""
        task, self._task = self._task, None
        if task is None or task.done():
            return set()
        task.cancel()
        return {task}

    async def _run(self, writer: Writer, is_usable: Callable[[], bool], when_done: Callable[[], object]) -> None:
        writer.prefer_this_context()
        for (hook,) in self._hooks:
            if not is_usable():
                return  # they run again on the next one
            try:
                await result_of(hook())
            except asyncio.CancelledError as error:
                if is_cancelled():
                    raise
                self._raised(hook, error)
            except (ClientClosedError, ConnectionLostError) as error:
                if is_usable():
                    self._raised(hook, error)  # it is of another connection, or of another client
            except Exception as error:  # noqa: BLE001 - the others run all the same
                self._raised(hook, error)
        when_done()

    def _raised(self, hook: Callable[[], object], error: BaseException) -> None:
        report = ListenerError(name_of(hook), None)
        report.__cause__ = error
        self._reports.report(report)
