"""Async interceptors, which run around async handlers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from pushwire.aws_lambda.interceptors import AnyRequest, is_decision, log_failure, reject_unawaited

__all__ = ["AsyncCallNext", "AsyncInterceptor", "async_chain", "async_logging_interceptor"]

AsyncCallNext: TypeAlias = Callable[[AnyRequest], Coroutine[Any, Any, None]]
"""Calls the next interceptor, or the handler. Its argument is the request, and its result must be awaited."""


class AsyncInterceptor(Protocol):
    """Async function that runs around every operation and hook of an async router, like `Interceptor` in a sync one.

    An interceptor must await `call_next`. One that does not await it does not call the handler.

    Example:
        ```python
        async def timed(request: AnyRequest, call_next: AsyncCallNext, /) -> None:
            start = time.perf_counter()
            await call_next(request)
            print(request.route, time.perf_counter() - start)
        ```
    """

    async def __call__(self, request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        """Run around the inner interceptors and the handler.

        Args:
            request: The request.
            call_next: Calls the next interceptor, or the handler. Its result must be awaited.
        """


async def async_logging_interceptor(request: AnyRequest, call_next: AsyncCallNext, /) -> None:
    """Log an exception of a handler with its operation, route and connection, and raise it again.

    The invocation then fails: Lambda's metric `Errors` counts it, and API Gateway sends "Internal server error" to the
    client. The record has level WARNING, because Lambda logs the exception at ERROR. `ConnectionDenied` and
    `pushwire.OperationError` are not logged.

    Args:
        request: The request.
        call_next: Calls the next interceptor, or the handler.

    Raises:
        Exception: The exception of the handler.
    """
    try:
        await call_next(request)
    except Exception as error:
        if not is_decision(error):
            log_failure(request)
        raise


def async_chain(interceptors: Sequence[AsyncInterceptor], handle: AsyncCallNext) -> AsyncCallNext:
    """Return a function that runs the interceptors around `handle`, the first outermost."""
    for interceptor in reversed(interceptors):
        handle = partial(_step, interceptor, handle)
    return handle


async def _step(interceptor: AsyncInterceptor, call_next: AsyncCallNext, request: AnyRequest) -> None:
    untyped: Callable[..., Any] = interceptor
    reject_unawaited(interceptor, await untyped(request, call_next))
