"""`on_reconnect` hooks: they run on each connection but the first, before anything that waits is sent."""

import asyncio
from collections.abc import Callable

from pushwire._functions import name_of
from pushwire.client.awaiting import result_of
from pushwire.client.errors import ConnectionLostError, ListenerError
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

    def begin(self, writer: Writer, when_done: Callable[[], object]) -> None:
        """Run them one after another; what they send goes first."""
        self._task = asyncio.create_task(self._run(writer, when_done))

    async def end(self) -> None:
        """Stop them: their connection has ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self, writer: Writer, when_done: Callable[[], object]) -> None:
        writer.prefer_this_context()
        for (hook,) in self._hooks:
            try:
                await result_of(hook())
            except ConnectionLostError:
                return  # they run again on the next one
            except Exception as error:  # noqa: BLE001 - the others run all the same
                report = ListenerError(name_of(hook), None)
                report.__cause__ = error
                self._reports.report(report)
        when_done()
