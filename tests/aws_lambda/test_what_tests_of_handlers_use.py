"""`pushwire.testing`: test events equal real ones, and recorded posts decode to messages."""

import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from pushwire import ConnectionGoneError, Format, FrameError
from pushwire.aws_lambda import ConnectEvent, MessageEvent
from pushwire.testing import RecordingTransport, Sent, connect_event, disconnect_event, message_event, text_event
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import DeskServerSdk, PresenceServerSdk
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.aws_lambda.world import CAPTURED_CONNECT, CAPTURED_DISCONNECT, CAPTURED_MESSAGE, Desk, by_class, error_frame


def shape(value: Any) -> Any:
    """The keys of an event and the types of its values."""
    if isinstance(value, dict):
        return {key: shape(child) for key, child in value.items()}
    return [shape(child) for child in value] if isinstance(value, list) else type(value).__name__


def test_the_builders_events_have_the_captured_shapes_key_for_key() -> None:
    connect = connect_event(query_string_parameters={"token": "t"}, headers={"User-Agent": "Mozilla/5.0"})
    for headers in (connect["headers"], connect["multiValueHeaders"]):
        del headers["User-Agent"]  # the captured client sent one, which the recorded headers do not have
    assert shape(connect) == shape(CAPTURED_CONNECT)
    assert shape(message_event(DeskOperations.say, Greeting(text="Hello!"))) == shape(CAPTURED_MESSAGE)
    assert shape(disconnect_event()) == shape(CAPTURED_DISCONNECT)


def test_what_a_client_does_not_send_is_left_out() -> None:
    event = connect_event()
    assert event.keys() == {"headers", "multiValueHeaders", "requestContext", "isBase64Encoded"}
    assert event["requestContext"]["identity"] == {"sourceIp": "192.0.2.1"}
    assert "Sec-WebSocket-Protocol" not in event["headers"]


def test_an_event_with_all_arguments() -> None:
    event = ConnectEvent(
        connect_event(
            connection_id="own",
            headers={"Origin": "https://example.com"},
            subprotocols=("a", "b"),
            authorizer={"principalId": "ada"},
            stage_variables={"table": "t"},
            domain_name="ws.example.com",
            stage="beta",
        )
    )
    assert (event.connection_id, event.stage, event.domain_name) == ("own", "beta", "ws.example.com")
    assert (event.headers["origin"], event.subprotocols) == ("https://example.com", ("a", "b"))
    assert (event.authorizer, event.stage_variables) == ({"principalId": "ada"}, {"table": "t"})
    message = MessageEvent(
        message_event(
            DeskOperations.say, Greeting(), authorizer={"a": "b"}, user_agent="x", stage_variables={"table": "t"}
        )
    )
    assert (message.authorizer, message.user_agent, message.stage_variables) == ({"a": "b"}, "x", {"table": "t"})
    gone = disconnect_event(status_code=1001, reason="Going away", authorizer={"a": "b"}, user_agent="x")
    assert gone["requestContext"]["disconnectReason"] == "Going away"
    assert gone["requestContext"]["disconnectStatusCode"] == 1001


def test_a_binary_frame_comes_by_default() -> None:
    event = message_event(DeskOperations.say, Greeting(text="Hi"), frame_format=Format.BINARY)
    assert event["requestContext"]["routeKey"] == "$default"
    desk = Desk()
    by_class(desk, RecordingTransport())(event, None)
    assert desk.calls == [("say", Greeting(text="Hi"))]


def test_a_message_is_encoded_in_its_operations_own_format() -> None:
    packed = DeskOperations.say._replace(format=Format.BINARY)
    assert message_event(packed, Greeting(text="Hi")) == message_event(
        DeskOperations.say, Greeting(text="Hi"), frame_format=Format.BINARY
    )
    assert message_event(packed, Greeting(text="Hi"), frame_format=Format.JSON) == message_event(
        DeskOperations.say, Greeting(text="Hi")
    )


def test_a_message_event_is_of_an_operation_that_clients_send() -> None:
    with pytest.raises(TypeError, match=r"clients do not send desk\.v1\.DeskService\.Greet"):
        message_event(DeskOperations.greet, Greeting())
    with pytest.raises(TypeError, match=r"DeskService\.Say takes a desk\.v1\.Greeting, not a desk\.v1\.Visitor"):
        message_event(DeskOperations.say, cast("Any", Visitor()))
    with pytest.raises(TypeError, match=r"such as ChatOperations\.say .*, not a str"):
        message_event(cast("Any", "say"), Greeting())


def test_any_text_makes_an_event() -> None:
    event = text_event("{", connection_id="own")
    assert (event["body"], event["requestContext"]["routeKey"]) == ("{", "$default")
    body = '{"route":"say","payload":{"text":"Hi"}}'
    assert text_event(body, route_key="say") == message_event(DeskOperations.say, Greeting(text="Hi"))


def test_what_was_sent_comes_back_as_messages() -> None:
    transport = RecordingTransport()
    visitor = Visitor(name="Ada", badge=2**40, tags=["a"])
    greeting = Greeting(text="Hi")
    for frame_format in Format:
        sdk = DeskServerSdk(transport=transport, frame_format=frame_format)
        sdk.greet("a", greeting)
    PresenceServerSdk(transport=transport).seen("a", visitor)
    greeting.text = "changed afterwards"
    assert transport.sent.to("a") == [Greeting(text="Hi"), Greeting(text="Hi"), visitor]
    assert transport.sent.to("b") == []
    assert [str(sent.operation).rpartition(".")[2] for sent in transport.sent] == ["Greet", "Greet", "Seen"]
    assert len(transport.sent) == len(transport.posts) == 3
    last: Sent = transport.sent[-1]
    assert (last.connection_id, last.message) == ("a", visitor)
    assert transport.sent[:1] == [transport.sent[0]]
    assert "Hi" in repr(transport.sent)


def test_what_failed_was_not_sent() -> None:
    transport = RecordingTransport(failures={"a": ConnectionGoneError()})
    with pytest.raises(ConnectionGoneError):
        DeskServerSdk(transport=transport).greet("a", Greeting())
    assert list(transport.sent) == []
    assert transport.posts == []


def test_error_frames_are_posts_and_not_messages(pushwire_transport: RecordingTransport) -> None:
    by_class(Desk(), pushwire_transport)(CAPTURED_MESSAGE | {"body": "{"}, None)
    assert [post.data for post in pushwire_transport.posts] == [error_frame("Bad request body")]
    assert list(pushwire_transport.sent) == []


def test_a_frame_that_its_client_could_not_decode_is_an_error(pushwire_transport: RecordingTransport) -> None:
    operation = by_class(Desk(), pushwire_transport).operations[1]
    with pytest.raises(FrameError):
        pushwire_transport.on_send_complete(operation, "a", b"{}", None)


def test_the_fixture_in_a_project_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["pushwire.testing.fixtures"]\n')
    (tmp_path / "test_it.py").write_text(
        "def test_it(pushwire_transport):\n    assert pushwire_transport.sent.to('a') == []\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
