"""Calls handlers in threads, so that a handler that blocks (on a post to this gateway, for example) delays no other."""

import asyncio
import json
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeAlias, TypeVar

from pushwire.gateway._functions.context import LambdaContext, function_name
from pushwire.gateway._state.events import LambdaEvent
from pushwire.gateway._state.results import Failed, MalformedResultError, TimedOut
from pushwire.gateway.clock import Clock
from pushwire.gateway.settings import GatewaySettings

__all__ = ["Handler", "HandlerPool", "InstanceError", "call_handler"]

logger = logging.getLogger("pushwire.gateway")

Handler: TypeAlias = Callable[[dict[str, Any], Any], object]
"""A Lambda handler: event and context in, the proxy result out."""

R = TypeVar("R")

# "Lambda quotas": the maximum time that a function may run.
_MAX_SECONDS = 900.0


class InstanceError(Exception):
    """A handler in another process has failed; that process has logged the exception, if there was one."""


class HandlerPool:
    """Runs handlers as Lambda does: a handler has instances, each of which takes one event at a time.

    Args:
        settings: The number of instances, the time-out of integrations, and the region and account of function ARNs.
        clock: The gateway's clock.
    """

    def __init__(self, settings: GatewaySettings, *, clock: Clock) -> None:
        self._limit = settings.limits.instances
        self._seconds = min(settings.quotas.integration_seconds, _MAX_SECONDS)
        self._arn = f"arn:aws:lambda:{settings.region}:{settings.account_id}:function"
        self._clock = clock
        self._functions: dict[int, _Function] = {}
        self._retired: list[_Function] = []

    @property
    def busy(self) -> bool:
        """Whether any handler runs. A handler that has timed out may still run."""
        return any(function.busy for function in [*self._functions.values(), *self._retired])

    async def run(self, handler: Handler, event: LambdaEvent, read: Callable[[object], R]) -> R | Failed | TimedOut:
        """Call a handler in one of its instances and return its result as API Gateway reads it.

        Args:
            handler: The handler.
            event: The event. The handler receives a copy.
            read: Parses the handler's return value; it may raise `MalformedResultError`.

        Returns:
            What `read` returned; `Failed` if the handler or `read` raised; `TimedOut` if the handler takes longer than
            the integration time-out or 900 seconds. Exceptions are logged, not raised.
        """
        name = function_name(handler)
        context = LambdaContext(
            name,
            invoked_function_arn=f"{self._arn}:{name}",
            deadline=self._clock.time() + self._seconds,
            clock=self._clock.time,
        )
        outcome: asyncio.Future[R | Failed | TimedOut] = asyncio.get_running_loop().create_future()
        function = self._functions.get(id(handler))
        if function is None:
            function = self._functions[id(handler)] = _Function(handler, self._limit)
        timer = self._clock.call_later(self._seconds, partial(_give_up, outcome, event))
        function.submit(partial(call_handler, handler, event, context, read), outcome)
        try:
            return await outcome
        finally:
            timer.cancel()

    async def run_too_long(self, handler: Handler, event: LambdaEvent, read: Callable[[object], object]) -> TimedOut:
        """Call a handler, wait until the time-out is over, and return `TimedOut` even if it has returned."""
        await asyncio.gather(self.run(handler, event, read), self._clock.sleep(self._seconds))
        return TimedOut()

    def retire(self, handlers: Iterable[Handler | None]) -> None:
        """End the instances of handlers that were replaced, each when its event is done.

        Args:
            handlers: The handlers.
        """
        for handler in handlers:
            function = self._functions.pop(id(handler), None)
            if function is not None:
                function.close()
                self._retired = [each for each in self._retired if each.busy]
                self._retired.append(function)

    def close(self) -> None:
        """Accept no more calls, and drop the waiting ones. Each instance ends when its handler returns."""
        for function in self._functions.values():
            function.close()

    def join(self) -> None:
        """Block until every instance has ended."""
        for function in [*self._functions.values(), *self._retired]:
            function.join()


class _Function:
    """One handler with its instances, which are created on demand.

    Args:
        handler: The handler. It is kept, so that no other object can have its id.
        limit: The maximum number of instances that run at the same time.
    """

    def __init__(self, handler: Handler, limit: int) -> None:
        self._handler = handler
        self._limit = limit
        self._waiting: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._idle: list[_Instance] = []
        self._instances: set[_Instance] = set()
        self._abandoned: set[asyncio.Future[Any]] = set()
        self._running = 0
        self._closed = False

    @property
    def busy(self) -> bool:
        return bool(self._running or self._abandoned)

    def submit(self, work: Callable[[], R], outcome: "asyncio.Future[R | TimedOut]") -> None:
        self._waiting.append((work, outcome))
        self._start()

    def close(self) -> None:
        """End each instance when its event is done."""
        self._closed = True
        self._idle.clear()
        for instance in self._instances:
            instance.close()

    def join(self) -> None:
        for instance in self._instances:
            instance.join()

    def _start(self) -> None:
        while self._waiting and self._running < self._limit:
            work, outcome = self._waiting.popleft()
            if outcome.done():
                continue  # it has waited for too long
            instance = self._idle.pop() if self._idle else _Instance()
            self._instances.add(instance)
            self._running += 1
            call = instance.run(work)
            call.add_done_callback(partial(self._ended, instance, outcome))
            outcome.add_done_callback(partial(self._abandon, call))

    def _ended(self, instance: "_Instance", outcome: asyncio.Future[Any], call: asyncio.Future[Any]) -> None:
        if call in self._abandoned:
            self._abandoned.discard(call)
            instance.close()
            return
        self._running -= 1
        if self._closed:
            instance.close()
        else:
            self._idle.append(instance)
        if not outcome.done():
            outcome.set_result(call.result())
        self._start()

    def _abandon(self, call: asyncio.Future[Any], _outcome: asyncio.Future[Any]) -> None:
        """Give the place of an instance whose handler has timed out to a new one, as Lambda does."""
        if not call.done():
            self._abandoned.add(call)
            self._running -= 1
            self._start()


class _Instance:
    """A thread that runs a handler, like an execution environment of Lambda."""

    def __init__(self) -> None:
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pushwire-handler", initializer=self._open)

    def run(self, work: Callable[[], R]) -> asyncio.Future[R]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """End the thread when its handler has returned. Calling it again does nothing."""
        if not self._closed:
            self._closed = True
            self._thread.submit(self._close)
            self._thread.shutdown(wait=False)

    def join(self) -> None:
        self._thread.shutdown(wait=True)

    def _open(self) -> None:
        # Why: in Lambda handlers run in the main thread, where `asyncio.get_event_loop()` returns a loop up to 3.13.
        if sys.version_info < (3, 14):
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)

    def _close(self) -> None:
        if self._loop is not None:
            self._loop.close()


def call_handler(
    handler: Handler, event: LambdaEvent, context: LambdaContext, read: Callable[[object], R]
) -> R | Failed:
    """Call a handler in this thread. Exceptions are logged, not raised.

    Args:
        handler: The handler.
        event: The event. The handler receives a copy.
        context: The context.
        read: Parses the handler's return value; it may raise `MalformedResultError`.

    Returns:
        What `read` returned, or `Failed` if the handler or `read` raised.
    """
    route_key = event["requestContext"]["routeKey"]
    try:
        value = handler(json.loads(json.dumps(event)), context)  # a copy, as Lambda passes one
    except InstanceError as error:
        return Failed(str(error))
    except BaseException as error:
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        logger.error("%s: the handler raised", route_key, exc_info=(type(error), error, trace))  # noqa: TRY400 - trimmed
        return Failed(f"it raised {type(error).__name__}")
    try:
        return read(value)
    except MalformedResultError as error:
        logger.error("%s: API Gateway refuses the handler's result: %s", route_key, error)  # noqa: TRY400
        return Failed(str(error))


def _give_up(outcome: asyncio.Future[R | Failed | TimedOut], event: LambdaEvent) -> None:
    if not outcome.done():
        logger.error("%s: the handler timed out: API Gateway waits no longer", event["requestContext"]["routeKey"])
        outcome.set_result(TimedOut())
