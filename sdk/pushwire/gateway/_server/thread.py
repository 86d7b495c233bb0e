"""A local gateway in a background thread, for code that has no event loop."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future

from pushwire.gateway._server.server import LocalGateway

__all__ = ["serve_in_thread"]

_EXTRA_SECONDS = 10.0
"""Seconds to wait for the end of the thread in addition to the gateway's own limits."""


class _RealTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers run while a test has frozen the time.

    freezegun and time-machine replace `time.monotonic`, which asyncio's loops call. The default of an argument keeps
    the function of the import.
    """

    def time(self, _monotonic: Callable[[], float] = time.monotonic) -> float:
        return _monotonic()


@contextlib.contextmanager
def serve_in_thread(gateway: LocalGateway) -> Generator[LocalGateway]:
    """Run a gateway in its own thread while the block runs.

    Args:
        gateway: A gateway that was not started.

    Yields:
        The same gateway, listening.

    Raises:
        OSError: The address cannot be bound.
        RuntimeError: The thread has not ended in time. The text has the reason, if it is known.
    """
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=_run, args=[gateway, started], name="pushwire-gateway", daemon=True)
    thread.start()
    try:
        loop, stop = started.result()
    except BaseException:
        thread.join()
        raise
    try:
        yield gateway
    finally:
        loop.call_soon_threadsafe(stop.set)
        _join(thread, gateway)


def _join(thread: threading.Thread, gateway: LocalGateway) -> None:
    limits = gateway.settings.limits
    seconds = limits.shutdown_seconds + limits.close_seconds + _EXTRA_SECONDS
    before = time.monotonic()
    thread.join(seconds)
    if thread.is_alive():
        why = "its event loop is blocked"
        if time.monotonic() - before < seconds / 2:
            why = (
                "time.monotonic() does not advance. If a test freezes the time (freezegun, time-machine), import "
                "pushwire.testing before that, or exclude asyncio"
            )
        raise RuntimeError(f"the local gateway has not stopped within {seconds:g} seconds: {why}")


def _run(gateway: LocalGateway, started: "Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]") -> None:
    with asyncio.Runner(loop_factory=_RealTimeLoop) as runner:
        runner.run(_serve(gateway, started))


async def _serve(gateway: LocalGateway, started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    stop = asyncio.Event()
    try:
        await gateway.start()
    except BaseException as error:  # noqa: BLE001 - re-raised in the waiting thread
        started.set_exception(error)
        return
    started.set_result((asyncio.get_running_loop(), stop))
    await stop.wait()
    await gateway.stop()
