"""A message is decoded and passed to the method or function of its operation, with the SDK."""

import base64
import functools
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty

import pushwire
from pushwire import CallbackUrlError, Format
from pushwire.aws_lambda import EventError, MessageEvent, RouterError
from pushwire.testing import RecordingTransport, connect_event, message_event
from pushwire.v1.frame_pb2 import Frame
from tests.aws_lambda.contract.desk_pb2 import Greeting, Place, Visitor
from tests.aws_lambda.contract.desk_pushwire import DeskRequest, DeskRouter, DeskServerSdk
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.aws_lambda.world import CAPTURED_MESSAGE, CONNECTION_ID, OK, Desk, OpenDesk, by_class, captured, saying

VISITOR = Visitor(name="Ada", badge=2**40, place=Place(room="hall"), tags=["a"], nickname="A")


def test_a_captured_event(form: Any, pushwire_transport: RecordingTransport) -> None:
    desk = Desk()
    assert form(desk, pushwire_transport)(CAPTURED_MESSAGE, None) == OK
    assert desk.calls == [("say", Greeting(text="Hello!"))]


def test_every_operation_that_servers_receive(form: Any, pushwire_transport: RecordingTransport) -> None:
    desk = Desk()
    router = form(desk, pushwire_transport)
    for event in (
        message_event(DeskOperations.enter, VISITOR),
        message_event(DeskOperations.say, Greeting(text="é \U0001f600")),
        message_event(DeskOperations.leave),
    ):
        assert router(event, None) == OK
    assert desk.calls == [("enter", VISITOR), ("say", Greeting(text="é \U0001f600")), ("leave", Empty())]


@pytest.mark.parametrize("route_key", ["$default", "say", "another"])
def test_either_format_through_any_route_key(form: Any, pushwire_transport: RecordingTransport, route_key: str) -> None:
    desk = Desk()
    router = form(desk, pushwire_transport)
    for frame_format in Format:
        event = message_event(DeskOperations.say, Greeting(text="Hi"), frame_format=frame_format, route_key=route_key)
        assert router(event, None) == OK
    assert desk.calls == [("say", Greeting(text="Hi"))] * 2


@pytest.mark.parametrize(
    "sent",
    [
        b'{"route":"say","payload":{"text":"Hi"}}',
        b'\n {"route":"say","payload":{"text":"Hi"}}',
        Frame(route="say", payload=Greeting(text="Hi").SerializeToString()).SerializeToString(),
        base64.b64encode(Frame(route="say", payload=Greeting(text="Hi").SerializeToString()).SerializeToString()),
    ],
    ids=["json", "json after spaces", "bare frame", "frame as text"],
)
def test_a_body_that_the_integration_has_made_base64(pushwire_transport: RecordingTransport, sent: bytes) -> None:
    desk = Desk()
    event = saying(base64.b64encode(sent).decode(), route_key="$default", isBase64Encoded=True)
    assert by_class(desk, pushwire_transport)(event, None) == OK
    assert desk.calls == [("say", Greeting(text="Hi"))]


def test_unknown_fields_and_an_absent_payload_are_fine(pushwire_transport: RecordingTransport) -> None:
    desk = Desk()
    router = by_class(desk, pushwire_transport)
    router(saying('{"route":"say","payload":{"text":"Hi","new":{"deep":[1]}},"id":"7"}'), None)
    router(saying('{"route":"say"}'), None)
    assert desk.calls == [("say", Greeting(text="Hi")), ("say", Greeting())]


def test_what_a_request_holds(pushwire_transport: RecordingTransport) -> None:
    seen: list[Any] = []
    router = by_class(Desk(say=seen.append), pushwire_transport)
    context = object()
    router(CAPTURED_MESSAGE, context)
    (request,) = seen
    assert (request.connection_id, request.route, request.message) == (CONNECTION_ID, "say", Greeting(text="Hello!"))
    assert str(request.operation) == "desk.v1.DeskService.Say"
    assert request.context is context
    assert request.event.raw is CAPTURED_MESSAGE
    assert request.refusal is None
    assert isinstance(request.event, MessageEvent)
    for name in ("message", "sdk", "event", "connection_id", "state"):
        with pytest.raises(AttributeError):
            setattr(request, name, None)


def test_the_sdk_answers(form: Any, pushwire_transport: RecordingTransport) -> None:
    def greet(request: DeskRequest[Visitor]) -> None:
        request.sdk.greet(request.connection_id, Greeting(text=f"Hi {request.message.name}"))
        request.sdk.say("another", Greeting(text="psst"))

    form(Desk(enter=greet), pushwire_transport)(message_event(DeskOperations.enter, VISITOR, connection_id="a"), None)
    assert pushwire_transport.sent.to("a") == [Greeting(text="Hi Ada")]
    assert pushwire_transport.sent.to("another") == [Greeting(text="psst")]


def test_one_sdk_serves_all_invocations_of_one_api() -> None:
    made: list[str] = []

    def make(url: str) -> DeskServerSdk:
        made.append(url)
        return DeskServerSdk(transport=RecordingTransport())

    used: list[object] = []
    router = DeskRouter(Desk(say=lambda request: used.append(request.sdk)), sdk=make)
    for _ in range(3):
        router(CAPTURED_MESSAGE, None)
    assert made == ["https://aabbccdd.execute-api.ap-northeast-1.amazonaws.com/production"]
    assert used[0] is used[1] is used[2]
    router(captured(CAPTURED_MESSAGE, context={"stage": "beta"}), None)
    assert len(made) == 2


@pytest.mark.extra("boto3")
def test_the_second_invocation_builds_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    built: list[object] = []
    real = boto3.Session.client

    def counting(self: boto3.Session, *args: Any, **kwargs: Any) -> object:
        built.append(args)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(boto3.Session, "client", counting)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    used: list[Any] = []
    router = DeskRouter(Desk(say=lambda request: used.append(request.sdk)))
    router(CAPTURED_MESSAGE, None)
    assert len(built) == 1
    router(CAPTURED_MESSAGE, None)
    assert len(built) == 1
    used[0].close()


def test_a_handler_that_sends_nothing_needs_no_sdk() -> None:
    def never(url: str) -> DeskServerSdk:
        raise AssertionError(url)

    desk = Desk()
    assert DeskRouter(desk, sdk=never)(CAPTURED_MESSAGE, None) == OK
    assert desk.calls


def test_threads_share_one_sdk() -> None:
    barrier = threading.Barrier(8)
    made: list[str] = []

    def make(url: str) -> DeskServerSdk:
        made.append(url)
        return DeskServerSdk(transport=RecordingTransport())

    def use(request: DeskRequest[Greeting]) -> None:
        barrier.wait(10)
        assert request.sdk is not None

    router = DeskRouter(Desk(say=use), sdk=make)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(router, [CAPTURED_MESSAGE] * 8, [None] * 8)) == [OK] * 8
    assert len(made) == 1


FORKING = """
import os, signal, sys, threading
from pushwire.testing import RecordingTransport
from tests.aws_lambda.contract.desk_pushwire import DeskRouter, DeskServerSdk
from tests.aws_lambda.world import CAPTURED_MESSAGE, Desk

begun, forked = threading.Event(), threading.Event()

def make(url):
    if threading.current_thread() is thread:
        begun.set()
        forked.wait(30)
    return DeskServerSdk(transport=RecordingTransport())

router = DeskRouter(Desk(say=lambda request: request.sdk), sdk=make)
thread = threading.Thread(target=router, args=(CAPTURED_MESSAGE, None))
thread.start()
begun.wait(30)
child = os.fork()
if child:
    forked.set()
    thread.join()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
signal.alarm(30)
router(CAPTURED_MESSAGE, None)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_while_a_thread_makes_the_sdk_does_not_block_the_child() -> None:
    subprocess.run([sys.executable, "-c", FORKING], cwd=Path(__file__).parents[2], check=True)


def test_the_environments_callback_url_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(url: str) -> DeskServerSdk:
        made.append(url)
        return DeskServerSdk(transport=RecordingTransport())

    monkeypatch.setenv("PUSHWIRE_CALLBACK_URL", "https://ws.example.com/key")
    DeskRouter(Desk(say=lambda request: request.sdk), sdk=make)(CAPTURED_MESSAGE, None)
    assert made == ["https://ws.example.com/key"]


def test_an_event_without_a_callback_url_fails_where_the_sdk_is_used() -> None:
    router = DeskRouter(Desk(say=lambda request: request.sdk))
    with pytest.raises(CallbackUrlError, match="AWS_REGION"):
        router(captured(CAPTURED_MESSAGE, context={"domainName": "ws.example.com"}), None)


def test_a_handlers_exception_leaves_the_lambda(form: Any, pushwire_transport: RecordingTransport) -> None:
    def fail(request: object) -> None:
        raise LookupError("nobody here")

    with pytest.raises(LookupError, match="nobody here"):
        form(Desk(say=fail), pushwire_transport)(CAPTURED_MESSAGE, None)
    assert pushwire_transport.posts == []


def test_what_a_handler_returns_goes_nowhere_and_that_is_said(
    pushwire_transport: RecordingTransport, caplog: pytest.LogCaptureFixture
) -> None:
    router = DeskRouter(sdk=lambda _url: DeskServerSdk(transport=pushwire_transport))
    wrong: Any = lambda _request: {"statusCode": 400, "secret": 1}  # noqa: E731
    router.say(wrong)
    assert router(CAPTURED_MESSAGE, None) == OK
    assert "desk.v1.DeskService.Say: the handler returned dict, which is ignored; send with request.sdk" in caplog.text
    assert "secret" not in caplog.text


def hidden(function: Any) -> Any:
    """Decorate a function as a decorator does that does not know async functions."""

    @functools.wraps(function)
    def wrapper(*arguments: Any) -> Any:
        return function(*arguments)

    return wrapper


async def never_run(*_: object) -> None:
    raise AssertionError


def never_begun(*_: object) -> Iterator[None]:
    yield


@pytest.mark.parametrize("function", [never_run, never_begun])
@pytest.mark.parametrize("place", ["handler", "interceptor"])
def test_a_function_that_would_never_run_fails_the_invocation(
    place: str, function: Any, pushwire_transport: RecordingTransport
) -> None:
    interceptors = [hidden(function)] if place == "interceptor" else []
    router = DeskRouter(sdk=lambda _url: DeskServerSdk(transport=pushwire_transport), interceptors=interceptors)
    router.say(hidden(function) if place == "handler" else (lambda _request: None))
    with pytest.raises(RouterError, match="which a router never runs: use `def`"):
        router(CAPTURED_MESSAGE, None)


def test_a_partial_of_an_object_whose_call_is_async_is_refused() -> None:
    class Say:
        async def __call__(self, _request: object) -> None: ...

    wrong: Any = functools.partial(Say())
    with pytest.raises(TypeError, match="async"):
        DeskRouter().say(wrong)


def test_on_default_gets_frames_with_unknown_routes(form: Any, pushwire_transport: RecordingTransport) -> None:
    seen: list[Any] = []
    desk = OpenDesk(on_default=seen.append)
    router = form(desk, pushwire_transport)
    for body in ('{"route":"Nobody","payload":{"x":1}}', '{"route":"Greet","payload":{"text":"Hi"}}'):
        assert router(saying(body, route_key="$default"), None) == OK
        assert desk.calls.pop() == ("on_default", body)
    assert (seen[0].message, seen[0].operation, seen[0].route) == (None, None, "$default")
    assert pushwire_transport.posts == []


def test_one_lambda_per_route_takes_only_its_own(
    pushwire_transport: RecordingTransport, caplog: pytest.LogCaptureFixture
) -> None:
    router = DeskRouter(sdk=lambda _url: DeskServerSdk(transport=pushwire_transport))
    desk = Desk()
    router.say(desk.say)
    assert router(CAPTURED_MESSAGE, None) == OK
    assert router(message_event(DeskOperations.enter, VISITOR, connection_id=CONNECTION_ID), None) == OK
    assert desk.calls == [("say", Greeting(text="Hello!"))]
    assert b'"Forbidden"' in pushwire_transport.posts[0].data
    assert "message refused: Forbidden" in caplog.text


def test_debug_logs_say_why_a_message_was_refused(
    pushwire_transport: RecordingTransport, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="pushwire.aws_lambda"):
        by_class(Desk(), pushwire_transport)(saying('{"route":"say","payload":[]}'), None)
    assert "expected an object, got an array" in caplog.text


def test_powertools_event_is_taken_as_it_is(form: Any, pushwire_transport: RecordingTransport) -> None:
    data_classes = pytest.importorskip("aws_lambda_powertools.utilities.data_classes", reason="needs Powertools")
    desk = Desk()
    assert form(desk, pushwire_transport)(data_classes.APIGatewayWebSocketEvent(CAPTURED_MESSAGE), None) == OK
    assert desk.calls == [("say", Greeting(text="Hello!"))]


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        5,
        {},
        {"requestContext": None},
        {"requestContext": []},
        {"requestContext": {}},
        {"Records": [{"body": "x"}]},
        {"version": "2.0", "requestContext": {"routeKey": "GET /", "http": {"method": "GET"}}},
        captured(CAPTURED_MESSAGE, context={"connectionId": None}),
        captured(CAPTURED_MESSAGE, context={"connectionId": ""}),
        captured(CAPTURED_MESSAGE, context={"eventType": "OTHER"}),
        captured(CAPTURED_MESSAGE, context={"eventType": None, "routeKey": None}),
    ],
)
def test_a_lambda_that_something_else_invokes_fails_visibly(pushwire_transport: RecordingTransport, event: Any) -> None:
    with pytest.raises(EventError, match="WebSocket"):
        by_class(OpenDesk(), pushwire_transport)(event, None)
    assert pushwire_transport.posts == []


def test_a_router_that_is_wired_as_an_authorizer_fails_visibly(pushwire_transport: RecordingTransport) -> None:
    event = {"type": "REQUEST", "methodArn": "arn:aws:execute-api:eu-west-1:111122223333:a1/dev/$connect"}
    event |= connect_event()
    with pytest.raises(EventError, match="this is the event of a Lambda authorizer"):
        by_class(OpenDesk(), pushwire_transport)(event, None)


def test_without_an_event_type_the_route_key_gives_the_kind(pushwire_transport: RecordingTransport) -> None:
    desk = OpenDesk()
    router = by_class(desk, pushwire_transport)
    for route_key in ("$connect", "$disconnect", "say"):
        event = captured(CAPTURED_MESSAGE, context={"routeKey": route_key})
        del event["requestContext"]["eventType"]
        assert router(event, None) == OK
    assert [name for name, _ in desk.calls] == ["on_connect", "on_disconnect", "say"]


def test_a_generated_module_loads_no_client_of_aws() -> None:
    code = (
        "import sys, tests.aws_lambda.contract.desk_pushwire as m; m.DeskRouter();"
        "print([n for n in 'boto3 botocore websockets asyncio ssl aws_cdk'.split() if n in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_router_lists_all_its_operations(form: Any, pushwire_transport: RecordingTransport) -> None:
    router = form(Desk(), pushwire_transport)
    assert [operation.name for operation in router.operations] == ["Enter", "Greet", "Say", "Leave"]
    assert all(isinstance(operation, pushwire.Operation) for operation in router.operations)


def test_the_contract_of_these_tests_is_what_the_generator_makes_today(tmp_path: Path) -> None:
    folder = Path(__file__).parent / "contract"
    options = Path(__file__).parents[2] / "proto"
    plugin = Path(sys.executable).with_name("protoc-gen-pushwire")
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--plugin={plugin}", f"-I{folder}", f"-I{options}"]
    subprocess.run([*command, f"--pushwire_out=imports=relative:{tmp_path}", "desk.proto"], check=True)
    assert (tmp_path / "desk_pushwire.py").read_text() == (folder / "desk_pushwire.py").read_text()
