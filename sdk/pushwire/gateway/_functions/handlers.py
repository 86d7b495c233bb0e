"""Calls handlers in threads, so that a handler that blocks (on a post to this gateway, for example) delays no other."""

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeAlias, TypeVar

from pushwire.gateway._functions.context import LambdaContext
from pushwire.gateway._state.events import LambdaEvent
from pushwire.gateway._state.results import Failed, MalformedResultError, TimedOut
from pushwire.gateway.clock import Clock
from pushwire.gateway.settings import GatewaySettings

__all__ = ["Handler", "HandlerPool"]

logger = logging.getLogger("pushwire.gateway")

Handler: TypeAlias = Callable[[dict[str, Any], Any], object]
"""A Lambda handler: event and context in, the proxy result out."""

R = TypeVar("R")

# "Lambda quotas": the maximum time that a function may run.
_MAX_SECONDS = 900.0


class HandlerPool:
    """Runs handlers in threads, the workers: each handles one event at a time.

    Args:
        settings: The number of workers, the time-out of integrations, and the region and account of function ARNs.
        clock: The gateway's clock.
    """

    def __init__(self, settings: GatewaySettings, *, clock: Clock) -> None:
        self._executor = ThreadPoolExecutor(settings.limits.workers, thread_name_prefix="pushwire-handler")
        self._seconds = min(settings.quotas.integration_seconds, _MAX_SECONDS)
        self._functions = f"arn:aws:lambda:{settings.region}:{settings.account_id}:function"
        self._clock = clock
        self._calls: set[asyncio.Future[Any]] = set()

    @property
    def busy(self) -> bool:
        """Whether any handler runs. A handler that has timed out may still run."""
        return bool(self._calls)

    async def run(self, handler: Handler, event: LambdaEvent, read: Callable[[object], R]) -> R | Failed | TimedOut:
        """Call a handler in a worker and return its result as API Gateway reads it.

        Args:
            handler: The handler.
            event: The event. The handler receives a copy.
            read: Parses the handler's return value; it may raise `MalformedResultError`.

        Returns:
            What `read` returned; `Failed` if the handler or `read` raised; `TimedOut` if the handler takes longer than
            the integration time-out or 900 seconds. Exceptions are logged, not raised.
        """
        name = getattr(handler, "__name__", type(handler).__name__).strip("<>")
        context = LambdaContext(
            name,
            invoked_function_arn=f"{self._functions}:{name}",
            deadline=self._clock.time() + self._seconds,
            clock=self._clock.time,
        )
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[R | Failed | TimedOut] = loop.create_future()
        call = loop.run_in_executor(self._executor, _call, handler, event, context, read)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        call.add_done_callback(partial(_pass_on, outcome))
        timer = self._clock.call_later(self._seconds, partial(_give_up, outcome, event))
        try:
            return await outcome
        finally:
            timer.cancel()

    async def run_too_long(self, handler: Handler, event: LambdaEvent, read: Callable[[object], object]) -> TimedOut:
        """Call a handler, wait until the time-out is over, and return `TimedOut` even if it has returned."""
        await asyncio.gather(self.run(handler, event, read), self._clock.sleep(self._seconds))
        return TimedOut()

    def close(self) -> None:
        """Accept no more calls, and drop the waiting ones. Each thread ends when its handler returns."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        """Block until every thread has ended."""
        self._executor.shutdown(wait=True)


def _pass_on(outcome: asyncio.Future[R], call: asyncio.Future[R]) -> None:
    if not outcome.done() and not call.cancelled():
        outcome.set_result(call.result())


def _give_up(outcome: asyncio.Future[R | Failed | TimedOut], event: LambdaEvent) -> None:
    if not outcome.done():
        logger.error("%s: the handler timed out: API Gateway waits no longer", event["requestContext"]["routeKey"])
        outcome.set_result(TimedOut())


def _call(
    handler: Handler, event: LambdaEvent, context: LambdaContext, read: Callable[[object], R]
) -> R | Failed | TimedOut:
    route_key = event["requestContext"]["routeKey"]
    try:
        value = handler(json.loads(json.dumps(event)), context)  # a copy, as Lambda passes one
    except BaseException as error:
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        logger.error("%s: the handler raised", route_key, exc_info=(type(error), error, trace))  # noqa: TRY400 - trimmed
        return Failed(f"it raised {type(error).__name__}")
    try:
        return read(value)
    except MalformedResultError as error:
        logger.error("%s: API Gateway refuses the handler's result: %s", route_key, error)  # noqa: TRY400
        return Failed(str(error))
