"""The event loop of async Lambda handlers. The first call makes it, and it stays open until the process exits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from asyncio import Runner
    from concurrent.futures import Future

__all__ = ["LOOP", "WarmLoop"]

T = TypeVar("T")


class WarmLoop:
    """Runner of coroutines on one event loop, which stays open between the calls.

    Why: Lambda reuses the process, and an async SDK keeps its pooled connections only while its event loop is open.

    In Lambda there is one call at a time, which runs in the calling thread. If several threads call at the same time,
    as in the local gateway, one of them runs the loop for all. When its own coroutine has ended, another one continues.
    """

    def __init__(self) -> None:
        self._runner: Runner | None = None
        self._runs = False
        self._turn = threading.Condition()

    def run(self, coroutine: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine until it ends.

        Args:
            coroutine: A function that returns the coroutine.

        Returns:
            The result of the coroutine.

        Raises:
            RuntimeError: An event loop is running in this thread.
            BaseException: The exception of the coroutine.
        """
        with self._turn:
            runner = self._opened()
            if self._runs:
                ended = self._hand_over(coroutine, runner)
                self._turn.wait_for(lambda: ended.done() or not self._runs)
                if ended.done():
                    return ended.result()
                main = _result(ended)
            else:
                main = coroutine()
            self._runs = True
        try:
            return runner.run(main)
        finally:
            with self._turn:
                self._runs = False
                self._turn.notify_all()

    def _opened(self) -> Runner:
        import asyncio  # slow to import, and sync handlers do not need it

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            raise RuntimeError(
                "an async handler cannot be called while an event loop runs in this thread: in a coroutine, "
                "await asyncio.to_thread(handler, event, context)"
            )
        if self._runner is None:
            import atexit

            self._runner = asyncio.Runner()
            atexit.register(self._runner.close)
        return self._runner

    def _hand_over(self, coroutine: Callable[[], Coroutine[Any, Any, T]], runner: Runner) -> Future[T]:
        """Schedule a coroutine on the loop that another thread runs."""
        import asyncio

        ended = asyncio.run_coroutine_threadsafe(coroutine(), runner.get_loop())
        ended.add_done_callback(self._wake)
        return ended

    def _wake(self, _ended: Future[T]) -> None:
        with self._turn:
            self._turn.notify_all()


async def _result(ended: Future[T]) -> T:
    import asyncio

    return await asyncio.wrap_future(ended)


LOOP = WarmLoop()
