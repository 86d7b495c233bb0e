"""Interceptors, which run around handlers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from pushwire._functions import name_of
from pushwire._log import logger
from pushwire.aws_lambda.connect import ConnectionDenied
from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.request import ConnectRequest, DisconnectRequest, Request

__all__ = ["AnyRequest", "CallNext", "Interceptor", "chain", "log_failure", "logging_interceptor"]

AnyRequest: TypeAlias = Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any]
"""A request of any kind: a message, a `$connect` or a `$disconnect`."""

CallNext: TypeAlias = Callable[[AnyRequest], None]
"""Calls the next interceptor, or the handler. Its argument is the request."""


class Interceptor(Protocol):
    """Runs around every operation, `on_connect`, `on_disconnect` and `on_default`: a function of two arguments.

        def timed(request: AnyRequest, call_next: CallNext, /) -> None:
            start = time.perf_counter()
            call_next(request)
            print(request.route, time.perf_counter() - start)

    The first in a list is the outermost; a router's are outside those of an operation. An
    exception passes outwards through it, and out of the Lambda. A message for which it does not call `call_next` counts
    as handled; a connection for which it does not is denied with 403, and one for which anything has raised stays
    denied, even if an interceptor swallows the exception.
    """

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        """Run around the rest of the chain."""


def logging_interceptor(request: AnyRequest, call_next: CallNext, /) -> None:
    """Log an exception of a handler with its operation, route and connection, and raise it again.

    It is then an error of the Lambda, counted by its metrics, and API Gateway tells the client "Internal server error".
    """
    try:
        call_next(request)
    except ConnectionDenied:
        raise  # a decision, not a failure
    except Exception:
        log_failure(request)
        raise


def log_failure(request: AnyRequest) -> None:
    """Log the exception that is being handled, with the operation, route and connection of the request."""
    facts = {
        "operation": str(request.operation) if request.operation is not None else None,
        "route": request.route,
        "connection_id": request.connection_id,
    }
    logger("aws_lambda").exception(
        "%s: the handler raised (connection %s)",
        request.operation or request.route,
        request.connection_id,
        extra=facts,
    )


def chain(interceptors: Sequence[Interceptor], handle: CallNext) -> CallNext:
    """Return a function that runs the interceptors around `handle`, the first outermost."""
    for interceptor in reversed(interceptors):
        handle = partial(_step, interceptor, handle)
    return handle


def _step(interceptor: Interceptor, call_next: CallNext, request: AnyRequest) -> None:
    untyped: Callable[..., Any] = interceptor
    reject_unawaited(interceptor, untyped(request, call_next))


def reject_unawaited(function: object, result: object) -> None:
    """Raise if a function returned a coroutine or a generator, which the router would never run.

    Why here: registration refuses async functions, but a decorator may hide that a function is async.

    Raises:
        RouterError: The result is a coroutine or a generator.
    """
    if result is None or not any(hasattr(result, name) for name in ("__await__", "send", "asend")):
        return
    close = getattr(result, "close", None)
    if close is not None:
        close()
    raise RouterError(
        f"{name_of(function)} returned a {type(result).__name__}, which a router never runs; use `def` on sync routers "
        "and `async def` on async ones"
    )
