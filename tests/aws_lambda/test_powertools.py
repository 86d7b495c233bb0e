"""The interceptors for Powertools, with the real library: Logger, Tracer and Metrics."""

import asyncio
import importlib
import io
import json
import subprocess
import sys
import threading
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from pushwire import (
    Code,
    ConnectionGoneError,
    OperationError,
    RemoteOperationError,
    ThrottledError,
    UnavailableError,
)
from pushwire.aws_lambda import ConnectionDenied
from pushwire.testing import AsyncRecordingTransport, RecordingTransport, connect_event, message_event
from tests.aws_lambda.contract.desk_pb2 import Greeting
from tests.aws_lambda.contract.desk_pushwire import AsyncDeskRequest, AsyncDeskRouter, AsyncDeskServerSdk, DeskRouter
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.aws_lambda.world import OK, Desk, OpenDesk, by_class, saying

SAY = message_event(DeskOperations.say, Greeting(text="Hi"), connection_id="a")
OPERATION = "desk.v1.DeskService.Say"

# Versions before 3.37 warn of a default dimension that they add twice themselves.
pytestmark = pytest.mark.filterwarnings("ignore:Dimension .* has already been added")


def test_without_the_extra_the_import_error_names_it() -> None:
    code = "import sys; sys.modules['aws_lambda_powertools'] = None; import pushwire.aws_lambda.powertools"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    error = done.stderr.splitlines()[-1]
    assert error == (
        "ImportError: pushwire.aws_lambda.powertools needs aws_lambda_powertools: pip install 'pushwire[powertools]'"
    )


@pytest.fixture
def powertools() -> Any:
    pytest.importorskip(
        "aws_lambda_powertools", reason="Powertools is not installed: pip install 'pushwire[powertools]'"
    )
    from pushwire.aws_lambda import powertools as interceptors

    return interceptors


def failing(_request: object) -> None:
    raise LookupError("nobody")


def denying(_request: object) -> None:
    raise ConnectionDenied(401)


class TestLogger:
    @pytest.fixture
    def stream(self) -> io.StringIO:
        return io.StringIO()

    @pytest.fixture
    def logger(self, powertools: Any, stream: io.StringIO) -> Any:
        from aws_lambda_powertools import Logger

        return Logger(service=f"desk-{uuid.uuid4()}", stream=stream)  # Loggers of one service share their keys

    def lines(self, stream: io.StringIO) -> list[dict[str, Any]]:
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    def test_what_is_logged_meanwhile_has_the_keys(self, powertools: Any, logger: Any, stream: io.StringIO) -> None:
        desk = Desk(say=lambda _request: logger.info("inside"))
        assert by_class(desk, RecordingTransport(), [powertools.LoggerInterceptor(logger)])(SAY, None) == OK
        logger.info("outside")
        inside, outside = self.lines(stream)
        assert (inside["operation"], inside["route"], inside["connection_id"]) == (OPERATION, "say", "a")
        assert outside.keys() & {"operation", "route", "connection_id"} == set()

    def test_an_exception_is_logged_with_the_keys_and_passes(
        self, powertools: Any, logger: Any, stream: io.StringIO
    ) -> None:
        router = by_class(Desk(say=failing), RecordingTransport(), [powertools.LoggerInterceptor(logger)])
        with pytest.raises(LookupError):
            router(SAY, None)
        logger.info("outside")
        failure, outside = self.lines(stream)
        assert (failure["level"], failure["operation"], failure["exception_name"]) == (
            "WARNING",
            OPERATION,
            "LookupError",
        )
        assert "operation" not in outside

    def test_a_denial_is_not_a_failure(self, powertools: Any, logger: Any, stream: io.StringIO) -> None:
        router = by_class(OpenDesk(on_connect=denying), RecordingTransport(), [powertools.LoggerInterceptor(logger)])
        assert router(connect_event(), None) == {"statusCode": 401}
        assert stream.getvalue() == ""

    def test_a_refusal_is_not_a_failure_and_one_of_another_server_is(
        self, powertools: Any, logger: Any, stream: io.StringIO
    ) -> None:
        errors: list[Exception] = [OperationError(Code.NOT_FOUND), RemoteOperationError(Code.NOT_FOUND)]

        def refuse(_request: object) -> None:
            raise errors.pop(0)

        router = by_class(Desk(say=refuse), RecordingTransport(), [powertools.LoggerInterceptor(logger)])
        assert router(SAY, None) == OK
        assert stream.getvalue() == ""
        with pytest.raises(RemoteOperationError):
            router(SAY, None)
        (failure,) = self.lines(stream)
        assert (failure["level"], failure["exception_name"]) == ("WARNING", "RemoteOperationError")


def recorder() -> Any:
    return importlib.import_module("aws_xray_sdk.core").xray_recorder


class TestTracer:
    @pytest.fixture
    def segments(self, powertools: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """Return the segments that the X-Ray SDK emits, which are recorded instead of sent."""
        xray_recorder = recorder()

        sent: list[Any] = []

        class Kept:
            def send_entity(self, entity: Any) -> None:
                sent.append(json.loads(entity.serialize()))

        monkeypatch.setattr(xray_recorder, "_emitter", Kept())
        monkeypatch.setattr(xray_recorder, "_sampling", False)
        return sent

    def trace(self, powertools: Any, router_of: Any, event: Any) -> None:
        from aws_lambda_powertools import Tracer

        xray_recorder = recorder()

        router = router_of(powertools.TracerInterceptor(Tracer(service="desk", disabled=False, auto_patch=False)))
        xray_recorder.begin_segment("lambda")
        try:
            router(event, None)
        finally:
            xray_recorder.end_segment()

    def test_a_subsegment_named_by_the_operation(self, powertools: Any, segments: list[Any]) -> None:
        self.trace(powertools, lambda tracing: by_class(Desk(), RecordingTransport(), [tracing]), SAY)
        (subsegment,) = (sent for sent in segments if sent["name"] != "lambda")
        assert subsegment["name"] == f"## {OPERATION}"
        assert subsegment["annotations"] == {"operation": OPERATION, "route": "say", "connection_id": "a"}

    def test_one_of_a_connection(self, powertools: Any, segments: list[Any]) -> None:
        self.trace(powertools, lambda tracing: by_class(Desk(), RecordingTransport(), [tracing]), connect_event())
        (subsegment,) = (sent for sent in segments if sent["name"] != "lambda")
        assert subsegment["name"] == "## connect"
        assert subsegment["annotations"]["route"] == "$connect"

    def test_an_exception_is_in_it(self, powertools: Any, segments: list[Any]) -> None:
        with pytest.raises(LookupError):
            self.trace(powertools, lambda tracing: by_class(Desk(say=failing), RecordingTransport(), [tracing]), SAY)
        (subsegment,) = (sent for sent in segments if sent["name"] != "lambda")
        assert subsegment["cause"]["exceptions"][0]["type"] == "LookupError"
        assert subsegment["fault"] is True

    def test_a_disabled_tracer_does_nothing(self, powertools: Any) -> None:
        from aws_lambda_powertools import Tracer

        desk = Desk()
        tracing = powertools.TracerInterceptor(Tracer(service="desk", disabled=True))
        assert by_class(desk, RecordingTransport(), [tracing])(SAY, None) == OK
        assert len(desk.calls) == 1


class TestMetrics:
    @pytest.fixture
    def metrics(self, powertools: Any) -> Any:
        from aws_lambda_powertools import Metrics

        metrics = Metrics(namespace="Desk", service="front")
        metrics.set_default_dimensions(environment="test")
        yield metrics
        metrics.clear_metrics()
        metrics.clear_default_dimensions()

    def written(self, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    def test_how_sends_end(self, powertools: Any, metrics: Any, capsys: pytest.CaptureFixture[str]) -> None:
        failures = {"gone": ConnectionGoneError(), "slow": ThrottledError(), "down": UnavailableError()}

        def send(request: Any) -> None:
            for connection_id in ("a", "b", "gone", "slow", "down", ""):
                try:
                    request.sdk.greet(connection_id, Greeting())
                except Exception as error:  # noqa: BLE001 - counted, and looked at below
                    errors.append(type(error).__name__)

        errors: list[str] = []
        transport = RecordingTransport(failures=failures)
        assert by_class(Desk(say=send), transport, [powertools.MetricsInterceptor(metrics)])(SAY, None) == OK
        (blob,) = self.written(capsys)
        assert errors == ["ConnectionGoneError", "ThrottledError", "UnavailableError", "InvalidConnectionIdError"]
        counts = {name: blob[name] for name in ("SendsAccepted", "SendsGone", "SendsThrottled", "SendsFailed")}
        assert counts == {"SendsAccepted": [2.0], "SendsGone": [1.0], "SendsThrottled": [1.0], "SendsFailed": [2.0]}
        keys = ("service", "operation", "route", "connection_id", "environment")
        assert [blob[key] for key in keys] == ["front", OPERATION, "say", "a", "test"]
        (described,) = blob["_aws"]["CloudWatchMetrics"]
        assert described["Namespace"] == "Desk"
        assert sorted(described["Dimensions"][0]) == ["environment", "operation", "route", "service"]
        assert len(transport.sent) == 2

    def test_a_broadcast_counts_each_of_its_sends(
        self, powertools: Any, metrics: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        failures = {"gone": ConnectionGoneError(), "slow": ThrottledError()}
        desk = Desk(say=lambda request: request.sdk.to(["a", "b", "gone", "slow", "gone"]).greet(Greeting()))
        transport = RecordingTransport(failures=failures)
        assert by_class(desk, transport, [powertools.MetricsInterceptor(metrics)])(SAY, None) == OK
        (blob,) = self.written(capsys)
        assert (blob["SendsAccepted"], blob["SendsGone"], blob["SendsThrottled"]) == ([2.0], [2.0], [1.0])

    def test_sends_from_threads_count_too(
        self, powertools: Any, metrics: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def send(request: Any) -> None:
            threads = [threading.Thread(target=request.sdk.greet, args=(str(n), Greeting())) for n in range(5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        by_class(Desk(say=send), RecordingTransport(), [powertools.MetricsInterceptor(metrics)])(SAY, None)
        assert self.written(capsys)[0]["SendsAccepted"] == [5.0]

    def test_what_was_refused(self, powertools: Any, metrics: Any, capsys: pytest.CaptureFixture[str]) -> None:
        router = by_class(Desk(), RecordingTransport(), [powertools.MetricsInterceptor(metrics)])
        router(saying("{"), None)
        (blob,) = self.written(capsys)
        assert blob["MessagesRefused"] == [1.0]
        assert "SendsAccepted" not in blob

    def test_counted_even_if_the_handler_fails(
        self, powertools: Any, metrics: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def send_and_fail(request: Any) -> None:
            request.sdk.greet("b", Greeting())
            raise LookupError

        with pytest.raises(LookupError):
            by_class(Desk(say=send_and_fail), RecordingTransport(), [powertools.MetricsInterceptor(metrics)])(SAY, None)
        assert self.written(capsys)[0]["SendsAccepted"] == [1.0]

    def test_a_connection_that_is_not_open_yet_has_failed_and_not_gone(
        self, powertools: Any, metrics: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        desk = OpenDesk(on_connect=lambda request: request.sdk.greet(request.connection_id, Greeting()))
        router = by_class(desk, RecordingTransport(), [powertools.MetricsInterceptor(metrics)])
        assert router(connect_event(), None) == {"statusCode": 500}
        (blob,) = self.written(capsys)
        assert blob["SendsFailed"] == [1.0]
        assert blob["route"] == "$connect"
        assert "operation" not in blob

    def test_nothing_to_count_writes_nothing_and_leaves_your_metrics_alone(
        self, powertools: Any, metrics: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        router = by_class(
            Desk(say=lambda _request: metrics.add_metric(name="Mine", unit="Count", value=1)),
            RecordingTransport(),
            [powertools.MetricsInterceptor(metrics)],
        )
        router(SAY, None)
        assert self.written(capsys) == []
        metrics.flush_metrics()
        assert self.written(capsys)[0]["Mine"] == [1.0]


class TestAsyncRouters:
    """The same interceptors, awaited."""

    def test_the_logger_s(self, powertools: Any) -> None:
        from aws_lambda_powertools import Logger

        stream = io.StringIO()
        logger = Logger(service=f"desk-{uuid.uuid4()}", stream=stream)
        router = AsyncDeskRouter(interceptors=[powertools.AsyncLoggerInterceptor(logger)])

        @router.say
        async def say(_request: AsyncDeskRequest[Greeting], /) -> None:
            await asyncio.sleep(0)
            logger.info("inside")
            raise LookupError

        with pytest.raises(LookupError):
            router(SAY, None)
        inside, failure = map(json.loads, stream.getvalue().splitlines())
        assert (inside["operation"], failure["operation"]) == (OPERATION, OPERATION)

    def test_the_tracer_s(self, powertools: Any) -> None:
        from aws_lambda_powertools import Tracer

        tracing = powertools.AsyncTracerInterceptor(Tracer(service="desk", disabled=True))
        router = AsyncDeskRouter(interceptors=[tracing])
        seen: list[object] = []

        @router.say
        async def say(request: AsyncDeskRequest[Greeting], /) -> None:
            seen.append(request.message)

        assert router(SAY, None) == OK
        assert seen == [Greeting(text="Hi")]

    def test_those_of_metrics(self, powertools: Any, capsys: pytest.CaptureFixture[str]) -> None:
        from aws_lambda_powertools import Metrics

        transport = AsyncRecordingTransport(failures={"gone": ConnectionGoneError()})
        router = AsyncDeskRouter(
            interceptors=[powertools.AsyncMetricsInterceptor(Metrics(namespace="Desk", service="front"))],
            sdk=lambda _url: AsyncDeskServerSdk(transport=transport),
        )

        @router.say
        async def say(request: AsyncDeskRequest[Greeting], /) -> None:
            await request.sdk.greet("a", request.message)
            await request.sdk.to(["b", "gone"]).greet(request.message)

        assert router(SAY, None) == OK
        blob = json.loads(capsys.readouterr().out)
        assert (blob["SendsAccepted"], blob["SendsGone"]) == ([2.0], [1.0])


@pytest.mark.parametrize("asynchronous", [False, True])
def test_powertools_decorators_take_a_router_and_keep_its_operations(powertools: Any, asynchronous: bool) -> None:
    from aws_lambda_powertools import Logger, Tracer

    router: Any = AsyncDeskRouter() if asynchronous else DeskRouter()
    handler: Any = router
    for decorator in (
        Tracer(service="desk", disabled=True).capture_lambda_handler,
        Logger(service="desk", stream=io.StringIO()).inject_lambda_context,
    ):
        handler = decorator(handler)
    assert handler.__name__ == type(router).__name__
    assert handler.operations == router.operations != ()
    context = SimpleNamespace(
        function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn:f", aws_request_id="r"
    )
    assert handler(connect_event(), context) == OK
