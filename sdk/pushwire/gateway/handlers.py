"""Calling handlers: in threads, so that one that blocks, on a post to this very gateway say, holds up nobody else."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

from pushwire.gateway.context import LambdaContext
from pushwire.gateway.events import Event
from pushwire.gateway.results import MalformedResultError, ProxyResult, read_result

__all__ = ["Failed", "Handler", "HandlerPool", "Outcome"]

logger = logging.getLogger("pushwire.gateway")

Handler: TypeAlias = Callable[[dict[str, Any], Any], object]
"""A Lambda handler: event and context in, the proxy result out."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A handler raised, or returned what API Gateway refuses. Why has been logged: it is the developer's to know."""


Outcome: TypeAlias = ProxyResult | Failed


class HandlerPool:
    """Runs handlers in threads.

    Args:
        threads: The largest number of handlers that run at the same time.
    """

    def __init__(self, *, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="pushwire-handler")

    async def run(self, handler: Handler, event: Event) -> Outcome:
        """Call a handler and return its result as API Gateway reads it; it never raises what the handler raised."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, _call, handler, event)

    def close(self) -> None:
        """Take no more calls. Threads end with the handlers that they run; calls that wait are dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        """Wait until every thread has ended. Blocks."""
        self._executor.shutdown(wait=True)


def _call(handler: Handler, event: Event) -> Outcome:
    route_key = event["requestContext"]["routeKey"]
    name = getattr(handler, "__name__", type(handler).__name__).strip("<>")
    try:
        value = handler(event, LambdaContext(name))
    except BaseException as error:
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        logger.error("%s: the handler raised", route_key, exc_info=(type(error), error, trace))  # noqa: TRY400 - trimmed
        return Failed()
    try:
        return read_result(value)
    except MalformedResultError as error:
        logger.error("%s: API Gateway refuses what the handler returned: %s", route_key, error)  # noqa: TRY400
        return Failed()
