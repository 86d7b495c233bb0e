"""Interceptors for the Logger, Tracer and Metrics of Powertools for AWS Lambda.

They add the operation, the route and the connection to logs, traces and metrics. Async routers use
`AsyncLoggerInterceptor`, `AsyncTracerInterceptor` and `AsyncMetricsInterceptor`, which do the same.

Example:
    ```python
    handler = ChatRouter(Chat(), interceptors=[LoggerInterceptor(logger), TracerInterceptor(tracer)])
    ```
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
from pushwire.aws_lambda.interceptors import AnyRequest, CallNext, is_decision
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
            except Exception as error:
                if not is_decision(error):  # At WARNING, because Lambda logs the exception at ERROR.
                    self._logger.warning("%s: the handler raised", request.operation or request.route, exc_info=True)
                raise


class LoggerInterceptor(_Logging):
    """Interceptor that adds `operation`, `route` and `connection_id` to the records of a Logger during a request.

    It logs an exception of the handler at WARNING with these keys, and raises it again. It removes the keys after the
    request.

    Args:
        logger: Powertools' Logger.
    """

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        """Run around the inner interceptors and the handler.

        Args:
            request: The request.
            call_next: Calls the next interceptor, or the handler.
        """
        with self._around(request):
            call_next(request)


class AsyncLoggerInterceptor(_Logging):
    """`LoggerInterceptor` for async routers.

    Args:
        logger: Powertools' Logger.
    """

    async def __call__(self, request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        """Run around the inner interceptors and the handler.

        Args:
            request: The request.
            call_next: Calls the next interceptor, or the handler.
        """
        with self._around(request):
            await call_next(request)


class _Tracing:
    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def _around(self, request: AnyRequest) -> Generator[None, None, None]:
        # X-Ray does not allow `$` in a name ("Segment documents", X-Ray developer guide).
        name = request.operation.full_name if request.operation is not None else request.route.removeprefix("$")
        # The subsegment's own context manager records an exception.
        with self._tracer.provider.in_subsegment(name=f"## {name}") as subsegment:
            for key, value in _keys(request).items():
                subsegment.put_annotation(key=key, value=value)
            yield


class TracerInterceptor(_Tracing):
    """Interceptor that traces each request in its own subsegment, which has the name of the operation.

    The subsegment has the annotations `operation`, `route` and `connection_id`, and the exception of the handler.

    Args:
        tracer: Powertools' Tracer.
    """

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        """Run around the inner interceptors and the handler.

        Args:
            request: The request.
            call_next: Calls the next interceptor, or the handler.
        """
        with self._around(request):
            call_next(request)


class AsyncTracerInterceptor(_Tracing):
    """`TracerInterceptor` for async routers.

    Args:
        tracer: Powertools' Tracer.
    """

    async def __call__(self, request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        """Run around the inner interceptors and the handler.

        Args:
            request: The request.
            call_next: Calls the next interceptor, or the handler.
        """
        with self._around(request):
            await call_next(request)


class _Measuring:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @contextmanager
    def _around(self, request: AnyRequest) -> Generator[None, None, None]:
        counter = _SendCounter()
        request._observe(counter)  # noqa: SLF001 - private, because handlers do not need it
        try:
            yield
        finally:
            counts = Counter(counter.outcomes)
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
    """Interceptor that counts the outcomes of the request's sends, and refused messages.

    API Gateway's own metrics do not have these numbers. The metrics are `SendsAccepted`, `SendsGone`, `SendsThrottled`,
    `SendsFailed` and `MessagesRefused`. They have the namespace, the service and the default dimensions of the Metrics
    object, and the dimensions `route` and `operation`. The connection id is metadata, because CloudWatch bills each
    value of a dimension.

    The interceptor writes its metrics once for each request, if a count is not zero. It does not write the metrics of
    the application, for which Powertools has `log_metrics`.

    Args:
        metrics: Powertools' Metrics.
    """

    def __call__(self, request: AnyRequest, call_next: CallNext, /) -> None:
        """Run around the inner interceptors and the handler.

        Args:
            request: The request.
            call_next: Calls the next interceptor, or the handler.
        """
        with self._around(request):
            call_next(request)


class AsyncMetricsInterceptor(_Measuring):
    """`MetricsInterceptor` for async routers.

    Args:
        metrics: Powertools' Metrics.
    """

    async def __call__(self, request: AnyRequest, call_next: AsyncCallNext, /) -> None:
        """Run around the inner interceptors and the handler.

        Args:
            request: The request.
            call_next: Calls the next interceptor, or the handler.
        """
        with self._around(request):
            await call_next(request)


class _SendCounter(SendObserver):
    """Recorder of the outcomes of sends. Several threads may call it.

    Attributes:
        outcomes: The name of the metric of each send.
    """

    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def on_send_complete(
        self, _operation: AnyOperation, _connection_id: str, _data: bytes, error: SendError | None, /
    ) -> None:
        """Record the outcome of a send."""
        self.outcomes.append(_metric_of(error))


def _metric_of(error: SendError | None) -> str:
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
