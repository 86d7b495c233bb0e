"""Routers in the real run time of Lambda: AWS's run-time interface client calls them by the Runtime API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pushwire.testing import connect_event, disconnect_event, message_event, text_event
from tests.aws_lambda.contract.desk_pb2 import Greeting
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.support.fault_server import FaultServer, answer
from tests.support.runtime_api import Answer, LambdaFunction, lambda_function

ROOT = Path(__file__).parents[2]
OK = Answer("response", {"statusCode": 200})
SYNC = """
from pushwire.aws_lambda import ConnectionDenied, logging_interceptor
from pushwire.transport import HttpTransport
from tests.aws_lambda.contract.desk_pb2 import Greeting
from tests.aws_lambda.contract.desk_pushwire import DeskRouter, DeskServerSdk

handler = DeskRouter(interceptors=[logging_interceptor], sdk=lambda url: DeskServerSdk(transport=HttpTransport(url)))

@handler.on_connect
def on_connect(request, /):
    if request.event.query_string_parameters.get("user") is None:
        raise ConnectionDenied(401)

@handler.say
def say(request, /):
    if request.message.text == "fail":
        raise LookupError("seen by the developer")
    request.sdk.greet(request.connection_id, Greeting(text=request.message.text.upper()))
"""
ASYNC = (
    SYNC.replace("logging_interceptor", "async_logging_interceptor")
    .replace("HttpTransport", "AsyncHttpTransport")
    .replace("DeskRouter", "AsyncDeskRouter")
    .replace("DeskServerSdk", "AsyncDeskServerSdk")
    .replace("def ", "async def ")
    .replace("    request.sdk", "    await request.sdk")
)


@pytest.fixture
def gateway() -> Iterator[FaultServer]:
    """Accept every post, as the management API of the events' host."""
    with FaultServer(answer(200)) as server:
        yield server


@pytest.fixture(params=[SYNC, ASYNC], ids=["sync", "async"])
def function(request: pytest.FixtureRequest, tmp_path: Path, gateway: FaultServer) -> Iterator[LambdaFunction]:
    (tmp_path / "app.py").write_text(request.param)
    variables = {"PUSHWIRE_CALLBACK_URL": gateway.url}
    with lambda_function("app.handler", [tmp_path, ROOT], tmp_path / "output", **variables) as running:
        yield running


def say(text: str) -> dict[str, Any]:
    return message_event(DeskOperations.say, Greeting(text=text))


def test_a_connection_from_its_handshake_to_its_end(function: LambdaFunction, gateway: FaultServer) -> None:
    assert function(connect_event(query_string_parameters={"user": "ada"})) == OK
    assert function(say("cold")) == function(say("warm")) == OK
    assert function(disconnect_event()) == OK
    assert [post.body for post in gateway.requests] == [
        b'{"route":"Greet","payload":{"text":"COLD"}}',
        b'{"route":"Greet","payload":{"text":"WARM"}}',
    ]
    assert function.records("ERROR") == function.records("WARNING") == []


def test_a_denied_connection_is_a_response_and_not_an_error(function: LambdaFunction) -> None:
    assert function(connect_event()) == Answer("response", {"statusCode": 401})
    assert function.records("ERROR") == []


def test_an_exception_fails_the_invocation_and_is_one_error_in_the_log(function: LambdaFunction) -> None:
    failed = function(say("fail"))
    assert (failed.kind, failed.body["errorType"]) == ("error", "LookupError")
    assert function(say("after that")) == OK
    (error,) = function.records("ERROR")
    (warning,) = function.records("WARNING")
    assert error["errorType"] == "LookupError"
    assert warning["message"].startswith("desk.v1.DeskService.Say: the handler raised")
    names = ("logger", "operation", "route", "requestId")
    assert [warning[name] for name in names] == ["pushwire.aws_lambda", "desk.v1.DeskService.Say", "say", "request-1"]


def test_a_refused_message_is_one_record_with_its_fields(function: LambdaFunction, gateway: FaultServer) -> None:
    assert function(text_event('{"route":"say","payload":{"text":5}}', connection_id="abc=")) == OK
    (record,) = function.records("WARNING")
    names = ("operation", "route", "connection_id", "answer", "reason")
    assert [record[name] for name in names] == [
        "desk.v1.DeskService.Say",
        "say",
        "abc=",
        "Bad request body",
        "the payload is not a desk.v1.Greeting: text: expected a string, got a number",
    ]
    assert b"Bad request body" in gateway.requests[0].body


def test_an_event_of_something_else_is_an_error_that_says_so(function: LambdaFunction) -> None:
    failed = function({"Records": []})
    assert (failed.kind, failed.body["errorType"]) == ("error", "EventError")


@pytest.mark.at_length
def test_a_thousand_invocations_take_no_more_memory(function: LambdaFunction) -> None:
    for number in range(200):
        assert function(say(str(number))) == OK
    before = function.resident_bytes()
    for number in range(1_000):
        assert function(say(str(number))) == OK
    assert function.resident_bytes() - before < 4_000_000


def test_a_module_that_cannot_be_imported_fails_the_init(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from pushwire.aws_lambda import Nothing\n")
    with lambda_function("app.handler", [tmp_path, ROOT], tmp_path / "output") as function:
        failed = function.init_error()
    assert (failed.kind, failed.body["errorType"]) == ("error", "Runtime.ImportModuleError")
