"""A local gateway in a background thread, for code that has no event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Generator
from concurrent.futures import Future

from pushwire.gateway._server.server import LocalGateway

__all__ = ["serve_in_thread"]


@contextlib.contextmanager
def serve_in_thread(gateway: LocalGateway) -> Generator[LocalGateway]:
    """Run a gateway in its own thread while the block runs.

    Args:
        gateway: A gateway that was not started.

    Yields:
        The same gateway, listening.

    Raises:
        OSError: The address cannot be bound.
    """
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=asyncio.run, args=[_serve(gateway, started)], name="pushwire-gateway", daemon=True)
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
        thread.join()


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
