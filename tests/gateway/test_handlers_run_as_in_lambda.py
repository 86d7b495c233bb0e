"""A handler runs as in Lambda: its environment, its event loop, one event at a time, and its result as JSON."""

import asyncio
import importlib
import io
import json
import logging
import os
import sys
import threading
import uuid
from decimal import Decimal
from typing import Any

import pytest

from pushwire.gateway import GatewaySettings, Limits, LocalGateway, ManualClock
from pushwire.gateway.transcript import Invoked
from pushwire.testing import async_local_gateway, local_gateway
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import DeskRequest, DeskRouter
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.gateway.world import SECONDS, Event, Recorder

OK = {"statusCode": 200}


def test_the_environment_is_the_one_of_a_lambda_function(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    seen: dict[str, str] = {}

    def handler(_event: Event, context: Any) -> dict[str, int]:
        seen.update(os.environ)
        assert seen["AWS_LAMBDA_FUNCTION_NAME"] == context.function_name
        assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == context.memory_limit_in_mb
        assert seen["AWS_LAMBDA_LOG_STREAM_NAME"] == context.log_stream_name
        return OK

    before = dict(os.environ)
    with local_gateway(handler, settings=GatewaySettings(region="eu-west-1")) as gateway, gateway.connect():
        pass
    assert os.environ == before
    assert seen["_HANDLER"] == f"{__name__}.handler"
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert seen["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/handler"
    assert seen["AWS_EXECUTION_ENV"].startswith("AWS_Lambda_python3.")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    with local_gateway(handler) as gateway, gateway.connect():
        pass
    assert (seen["AWS_REGION"], seen["AWS_DEFAULT_REGION"]) == ("ap-south-1", "ap-south-1")


def test_the_environment_under_asyncio() -> None:
    seen: list[str] = []

    def handler(_event: Event, _context: object) -> dict[str, int]:
        seen.append(os.environ["_HANDLER"])
        return OK

    async def story() -> None:
        async with async_local_gateway(handler) as gateway:
            await gateway.connect()

    asyncio.run(story())
    assert seen[0] == f"{__name__}.handler"
    assert "_HANDLER" not in os.environ


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="from Python 3.14 on, Lambda's handlers have no event loop")
def test_every_event_of_a_handler_finds_the_same_event_loop() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    def handler(_event: Event, _context: object) -> dict[str, int]:
        loop = asyncio.get_event_loop()
        loops.append(loop)
        loop.run_until_complete(asyncio.sleep(0))
        return OK

    with local_gateway(handler) as gateway:
        for _ in range(3):
            gateway.connect().close()
        gateway.settled()
    assert len(loops) == 6
    assert len(set(loops)) == 1
    assert loops[0].is_closed()


class Overlap:
    """A handler that records how many of its calls run at the same time."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.both = threading.Barrier(2, timeout=SECONDS)
        self._lock = threading.Lock()

    def __call__(self, event: Event, _context: object) -> dict[str, int]:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        if event.get("body") == "meet":
            self.both.wait()
        with self._lock:
            self.running -= 1
        return OK


def test_one_event_at_a_time_or_as_many_as_there_are_instances() -> None:
    alone = Overlap()
    with local_gateway(alone) as gateway:
        clients = [gateway.connect() for _ in range(8)]
        for client in clients * 5:
            client.send_text("x")
        gateway.settled()
        assert len(gateway.transcript.of(Invoked)) == 8 + 40
    assert alone.most == 1
    pair = Overlap()
    with local_gateway(pair, settings=GatewaySettings(limits=Limits(instances=2))) as gateway:
        client = gateway.connect()
        for _ in range(4):
            client.send_text("meet")
        gateway.settled()
    assert pair.most == 2


def test_different_handlers_do_not_wait_for_each_other() -> None:
    overlap = Overlap()
    routes = {"a": lambda event, context: overlap(event | {"body": "meet"}, context)}
    with local_gateway(lambda event, context: overlap(event, context), routes=routes) as gateway:
        client = gateway.connect()
        client.send_text('{"route":"a"}')
        client.send_text("meet")
        gateway.settled()
    assert overlap.most == 2


def test_an_instance_whose_handler_has_timed_out_is_replaced() -> None:
    release = threading.Event()

    def wait(event: Event) -> dict[str, int]:
        if event["body"] == "wait":
            release.wait(SECONDS)
        return OK

    recorder = Recorder(MESSAGE=wait)
    with local_gateway(recorder, clock=ManualClock()) as gateway:
        client = gateway.connect()
        client.send_text("wait")
        recorder.next("CONNECT")
        recorder.next("MESSAGE")
        client.send_text("queued, and then too late")
        gateway.advance(29)
        assert client.receive_error().message == "Endpoint request timed out"
        client.send_text("next")
        assert recorder.next("MESSAGE")["body"] != "wait"
        release.set()


class Sly(dict[str, int]):
    def __iter__(self) -> Any:
        raise KeyError("sly")

    def items(self) -> Any:
        raise KeyError("sly")


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": 200, "body": "half a pair: \ud800"},
        {"statusCode": 200, "headers": {"x": "\udfff"}},
        {"statusCode": 200, "body": b"bytes"},
        {"statusCode": 200, "headers": {"x": {1, 2}}},
        {"statusCode": 200, "headers": {"x": float("nan")}},
        {"statusCode": 200, "headers": {"x": LOOP}},
        {("a",): 1},
        Sly(statusCode=200),
        object(),
    ],
    ids=["body", "header", "bytes", "set", "nan", "circle", "key", "mapping", "object"],
)
@pytest.mark.parametrize("connecting", [False, True])
def test_a_result_that_cannot_be_serialized_is_blamed_on_the_handler(
    result: Any, connecting: bool, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(MESSAGE=result)
    with local_gateway(recorder, route_responses=["$default"]) as gateway:
        client = gateway.connect()
        if connecting:
            recorder.answers["CONNECT"] = result
            with pytest.raises(Exception, match="502"):
                gateway.connect()
        else:
            client.send_text("x")
            assert client.receive_error().message == "Internal server error"
    assert "API Gateway refuses the handler's result: the result cannot be written as JSON" in caplog.text
    assert "internal error of the local gateway" not in caplog.text


def test_a_decimal_is_a_number_as_in_lambda() -> None:
    result = {"statusCode": 200, "headers": {"x": Decimal("1.5")}, "body": "ok"}
    with local_gateway(Recorder(MESSAGE=result), route_responses=["$default"]) as gateway:
        client = gateway.connect()
        client.send_text("x")
        assert client.receive_text() == "ok"


def test_keys_of_powertools_do_not_mix_between_eight_clients(capsys: pytest.CaptureFixture[str]) -> None:
    powertools = pytest.importorskip("aws_lambda_powertools")
    xray_recorder = importlib.import_module("aws_xray_sdk.core").xray_recorder
    from pushwire.aws_lambda.powertools import LoggerInterceptor, MetricsInterceptor, TracerInterceptor

    stream, segments = io.StringIO(), list[dict[str, Any]]()
    logger = powertools.Logger(service=f"desk-{uuid.uuid4()}", stream=stream)
    tracer = powertools.Tracer(service="desk", disabled=False, auto_patch=False)
    metrics = powertools.Metrics(namespace="Desk", service="front")

    class Kept:
        def send_entity(self, entity: Any) -> None:
            segments.append(json.loads(entity.serialize()))

    router = DeskRouter(
        interceptors=[LoggerInterceptor(logger), TracerInterceptor(tracer), MetricsInterceptor(metrics)]
    )

    @router.enter
    def enter(request: DeskRequest[Visitor], /) -> None:
        logger.append_keys(visitor=request.message.name)
        request.sdk.greet(request.connection_id, Greeting(text=request.message.name))
        logger.info(request.connection_id)

    def handler(event: Event, context: Any) -> Any:
        xray_recorder.begin_segment("lambda")
        try:
            return router(event, context)
        finally:
            xray_recorder.end_segment()

    handler.operations = router.operations  # type: ignore[attr-defined] # as routers have it
    emitter, sampling = xray_recorder._emitter, xray_recorder._sampling
    xray_recorder._emitter, xray_recorder._sampling = Kept(), False
    try:
        with local_gateway(handler) as gateway:
            clients = [gateway.connect() for _ in range(8)]
            for number in range(5):
                for client in clients:
                    client.send(DeskOperations.enter, Visitor(name=f"{client.connection_id} {number}"))
            gateway.settled()
            ids = {client.connection_id for client in clients}
            for client in clients:
                client.close()
            gateway.settled()
    finally:
        xray_recorder._emitter, xray_recorder._sampling = emitter, sampling
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [record for record in records if record["message"] != record["connection_id"]] == []
    assert [record for record in records if not record["visitor"].startswith(record["connection_id"])] == []
    assert len(records) == 40
    traced = [segment["annotations"]["connection_id"] for segment in segments if "annotations" in segment]
    assert {known: traced.count(known) for known in ids} == dict.fromkeys(ids, 5 + 2)
    counted = [json.loads(line)["connection_id"] for line in capsys.readouterr().out.splitlines()]
    assert {known: counted.count(known) for known in ids} == dict.fromkeys(ids, 5)
    logging.getLogger(logger.name).handlers.clear()


def test_a_handler_that_was_replaced_ends_its_thread() -> None:
    threads: list[threading.Thread] = []

    def handler(_event: Event, _context: object) -> dict[str, int]:
        threads.append(threading.current_thread())
        return OK

    async def replace(gateway: LocalGateway) -> None:
        gateway.use_handlers(Recorder())

    with local_gateway(handler) as gateway:
        gateway.connect()
        asyncio.run_coroutine_threadsafe(replace(gateway.gateway), gateway.gateway.loop).result(SECONDS)
        threads[0].join(SECONDS)
        assert not threads[0].is_alive()
        gateway.connect()
