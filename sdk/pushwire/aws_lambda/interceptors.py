"""Interceptors, which run around handlers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeGuard

from pushwire._functions import is_unawaited, name_of
from pushwire._log import logger
from pushwire.aws_lambda.connect import ConnectionDenied
from pushwire.aws_lambda.errors import RouterError
from pushwire.aws_lambda.request import ConnectRequest, DisconnectRequest, Request
from pushwire.errors import OperationError, RemoteOperationError

__all__ = [
    "AnyRequest",
    "CallNext",
    "Interceptor",
    "chain",
    "is_decision",
    "is_refusal",
    "log_failure",
    "log_fields",
    "logging_interceptor",
]

AnyRequest: TypeAlias = Request[Any, Any] | ConnectRequest[Any] | DisconnectRequest[Any]
"""A request of any kind: a message, a `$connect` or a `$disconnect`."""

CallNext: TypeAlias = Callable[[AnyRequest], None]
"""Calls the next interceptor, or the handler. Its argument is the request."""


class Interceptor(Protocol):
    """Function that runs around every operation, `on_connect`, `on_disconnect` and `on_default`.

    The first interceptor of a list is the outermost. The interceptors of a router are outside those of an operation. An
    exception of the handler passes through the interceptors and fails the invocation.

    After `call_next`, `request.reply` is the reply of the handler, and an interceptor can replace it. A handler or an
    interceptor that raises `pushwire.OperationError` refuses the message, which does not fail the invocation.

    If an interceptor does not call `call_next`, or catches an exception of the handler, a message without an `id`
    counts as handled. With an `id`, the client gets `internal` and the invocation fails, unless the interceptor raises
    `OperationError` or sets `request.reply`.

    If an interceptor does not call `call_next`, a connection is denied with 403. A connection stays denied after any
    exception of `on_connect` or an interceptor, even if another interceptor catches it.

    Example:
        ```python
        def timed(request: AnyRequest, call_next: CallNext, /) -> None:
            start = time.perf_counter()
            call_next(request)
            print(request.route, time.perf_counter() - start)
        ```
    """

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        """Run around the inner interceptors and the handler.

        Args:
            request: The request.
            call_next: Calls the next interceptor, or the handler.
        """


def logging_interceptor(request: AnyRequest, call_next: CallNext, /) -> None:
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
        call_next(request)
    except Exception as error:
        if not is_decision(error):
            log_failure(request)
        raise


def is_refusal(error: BaseException) -> TypeGuard[OperationError]:
    """Return whether an exception refuses a message. An error that another server has sent is a failure here."""
    return isinstance(error, OperationError) and not isinstance(error, RemoteOperationError)


def is_decision(error: Exception) -> bool:
    """Return whether an exception is a decision of the application, and not a failure."""
    return isinstance(error, ConnectionDenied) or is_refusal(error)


def log_failure(request: AnyRequest) -> None:
    """Log the current exception with the operation, route and connection of the request."""
    logger("aws_lambda").warning(
        "%s: the handler raised (connection %s)",
        request.operation or request.route,
        request.connection_id,
        exc_info=True,
        extra=log_fields(request),
    )


def log_fields(request: AnyRequest) -> dict[str, str | None]:
    """Return the fields that every record about a request has."""
    return {
        "operation": str(request.operation) if request.operation is not None else None,
        "route": request.route,
        "connection_id": request.connection_id,
    }


def chain(interceptors: Sequence[Interceptor], handle: CallNext) -> CallNext:
    """Return a function that runs the interceptors around `handle`, the first outermost."""
    for interceptor in reversed(interceptors):
        handle = partial(_step, interceptor, handle)
    return handle


def _step(interceptor: Interceptor, call_next: CallNext, request: AnyRequest) -> None:
    untyped: Callable[..., Any] = interceptor
    reject_unawaited(interceptor, untyped(request, call_next))


def reject_unawaited(function: object, result: object) -> None:
    """Raise an error if a function returned a coroutine or a generator, which the router would never run.

    Why: registration refuses async functions, but a decorator may hide that a function is async.

    Args:
        function: The function, for the error text.
        result: The function's result.

    Raises:
        RouterError: The result is a coroutine or a generator.
    """
    if result is not None and is_unawaited(result):
        raise RouterError(
            f"{name_of(function)} returned a {type(result).__name__}, which a router never runs: use `def` on sync"
            " routers and `async def` on async ones"
        )
