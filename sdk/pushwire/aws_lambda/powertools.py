"""Interceptors for Powertools for AWS Lambda: its Logger, Tracer and Metrics, with the operation, route and connection.

handler = ChatRouter(Chat(), interceptors=[LoggerInterceptor(logger), TracerInterceptor(tracer)])

Async routers take `AsyncLoggerInterceptor`, `AsyncTracerInterceptor` and `AsyncMetricsInterceptor`, which do the same.
"""

from __future__ import annotations

try:
    from aws_lambda_powertools import Logger, Metrics, Tracer
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
except ImportError as error:
    raise ImportError(
        f"pushwire.aws_lambda.powertools needs {error.name or 'aws_lambda_powertools'}: "
        "pip install 'pushwire[powertools]'",
        name=error.name,
    ) from error

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from pushwire.aws_lambda.async_interceptors import AsyncCallNext
from pushwire.aws_lambda.connect import ConnectionDenied
from pushwire.aws_lambda.interceptors import AnyRequest, CallNext
from pushwire.aws_lambda.request import Request
from pushwire.errors import ConnectionGoneError, ConnectionPendingError, SendError, ThrottledError
from pushwire.operation import AnyOperation
from pushwire.server import SendObserver

__all__ = [
    "AsyncLoggerInterceptor",
    "AsyncMetricsInterceptor",
    "AsyncTracerInterceptor",
    "LoggerInterceptor",
    "MetricsInterceptor",
    "TracerInterceptor",
]


class _Logging:
    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    @contextmanager
    def _around(self, request: AnyRequest) -> Generator[None, None, None]:
        with self._logger.append_context_keys(**_keys(request)):
            try:
                yield
            except ConnectionDenied:
                raise  # a decision, not a failure
            except Exception:
                self._logger.exception("%s: the handler raised", request.operation or request.route)
                raise


class LoggerInterceptor(_Logging):
    """Adds `operation`, `route` and `connection_id` to all that a Logger logs while a request is handled.

    It logs an exception of a handler with these keys, lets it pass, and removes the keys afterwards.

    Args:
        logger: Powertools' Logger.
    """

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        """Run around the rest of the chain."""
        with self._around(request):
            call_next(request)


class AsyncLoggerInterceptor(_Logging):
    """`LoggerInterceptor` for async routers."""

    async def __call__(self, request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        """Run around the rest of the chain."""
        with self._around(request):
            await call_next(request)


class _Tracing:
    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def _around(self, request: AnyRequest) -> Generator[None, None, None]:
        # X-Ray takes no `$` in a name ("Segment documents", X-Ray developer guide).
        name = request.operation.full_name if request.operation is not None else request.route.removeprefix("$")
        # The subsegment takes note of an exception by itself.
        with self._tracer.provider.in_subsegment(name=f"## {name}") as subsegment:
            for key, value in _keys(request).items():
                subsegment.put_annotation(key=key, value=value)
            yield


class TracerInterceptor(_Tracing):
    """Traces the handling of a request in a subsegment of its own, named by the operation.

    It is annotated with `operation`, `route` and `connection_id`, and has the exception if there was one.

    Args:
        tracer: Powertools' Tracer.
    """

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        """Run around the rest of the chain."""
        with self._around(request):
            call_next(request)


class AsyncTracerInterceptor(_Tracing):
    """`TracerInterceptor` for async routers."""

    async def __call__(self, request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        """Run around the rest of the chain."""
        with self._around(request):
            await call_next(request)


class _Measuring:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @contextmanager
    def _around(self, request: AnyRequest) -> Generator[None, None, None]:
        counter = _SendCounter()
        request._observe(counter)  # noqa: SLF001 - an observer is no business of handlers
        try:
            yield
        finally:
            counts = Counter(counter.ended_as)
            if isinstance(request, Request) and request.refusal is not None:
                counts["MessagesRefused"] = 1
            if counts:
                self._write(request, counts)

    def _write(self, request: AnyRequest, counts: Counter[str]) -> None:
        metrics = EphemeralMetrics(namespace=self._metrics.namespace, service=self._metrics.service)
        keys = _keys(request)
        metrics.add_metadata(key="connection_id", value=keys.pop("connection_id"))
        for name, value in {**self._metrics.provider.default_dimensions, **keys}.items():
            metrics.add_dimension(name=name, value=value)
        for name, count in counts.items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
        metrics.flush_metrics()


class MetricsInterceptor(_Measuring):
    """Counts what API Gateway's own metrics do not: how the sends of the request's SDK end, and what was refused.

    `SendsAccepted`, `SendsGone`, `SendsThrottled`, `SendsFailed` and `MessagesRefused`, in the Metrics' namespace, with
    its service and default dimensions, by `route` and `operation`; the connection is metadata, because CloudWatch bills
    each value of a dimension. Written once per request, and only where there is something to count. Your own metrics
    are left to yourself and `log_metrics`.

    Args:
        metrics: Powertools' Metrics.
    """

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        """Run around the rest of the chain."""
        with self._around(request):
            call_next(request)


class AsyncMetricsInterceptor(_Measuring):
    """`MetricsInterceptor` for async routers."""

    async def __call__(self, request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        """Run around the rest of the chain."""
        with self._around(request):
            await call_next(request)


class _SendCounter(SendObserver):
    """Collects how sends ended. Several threads may call it."""

    def __init__(self) -> None:
        self.ended_as: list[str] = []

    def on_send_complete(
        self, _operation: AnyOperation, _connection_id: str, _data: bytes, error: SendError | None, /
    ) -> None:
        """Add how a send ended."""
        self.ended_as.append(_how(error))


def _how(error: SendError | None) -> str:
    match error:
        case None:
            return "SendsAccepted"
        case ConnectionPendingError():
            return "SendsFailed"
        case ConnectionGoneError():
            return "SendsGone"
        case ThrottledError():
            return "SendsThrottled"
        case _:
            return "SendsFailed"


def _keys(request: AnyRequest) -> dict[str, Any]:
    keys = {"route": request.route, "connection_id": request.connection_id}
    if request.operation is not None:
        keys["operation"] = str(request.operation)
    return keys
