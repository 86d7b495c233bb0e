"""Two-way traffic: messages become events, posts become frames."""

import contextlib
import json
import logging
import re
import threading

import pytest

from pushwire.gateway import GatewaySettings, Limits
from pushwire.gateway._functions.context import LambdaContext
from tests.gateway.conftest import Boto3
from tests.gateway.world import SECONDS, Event, Recorder, client, connection_id, serving


def test_a_message_becomes_an_event_and_a_post_becomes_a_text_frame(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        ws.send('{"route":"SendMessage","payload":{"text":"grüß dich"}}')
        recorder.next("CONNECT")
        event = recorder.next("MESSAGE")
        assert event["requestContext"]["routeKey"] == "SendMessage"
        assert json.loads(event["body"])["payload"] == {"text": "grüß dich"}
        boto3_client(gateway).post_to_connection(ConnectionId=connection_id(event), Data="schön".encode())
        assert ws.recv(SECONDS) == "schön"


def test_what_a_handler_returns_for_a_message_is_not_sent() -> None:
    recorder = Recorder(MESSAGE=lambda event: {"statusCode": int(event["body"]), "body": "never sent"})
    with serving(recorder) as gateway, client(gateway) as ws:
        recorder.next("CONNECT")
        for status in ("200", "301", "401", "501"):
            ws.send(status)
            recorder.next("MESSAGE")
        ws.send("x")  # int("x") raises: the first and only frame that comes back
        frame = ws.recv(SECONDS)
    assert json.loads(frame)["message"] == "Internal server error"


FAILURES = [
    lambda _event: 1 / 0,
    None,
    "text",
    {"body": "no status"},
    {"statusCode": 200, "ConnectionId": "a key of its own", "Data": "x"},
    {"statusCode": 200, "body": {"not": "a string"}},
    {"statusCode": 200, "body": object()},
]


@pytest.mark.parametrize("failure", FAILURES, ids=["raises", "None", "str", "no-status", "own-keys", "body", "no-json"])
def test_a_handler_that_fails_gives_the_exact_error_frame_and_the_connection_stays(failure: object) -> None:
    recorder = Recorder(MESSAGE=failure)
    with serving(recorder) as gateway, client(gateway) as ws:
        recorder.next("CONNECT")
        ws.send('{"route":"A"}')
        context = recorder.next("MESSAGE")["requestContext"]
        assert ws.recv(SECONDS) == (
            f'{{"message": "Internal server error", "connectionId":"{context["connectionId"]}", '
            f'"requestId":"{context["requestId"]}"}}'
        )
        recorder.answers["MESSAGE"] = {"statusCode": 200}
        ws.send("still here")
        assert recorder.next("MESSAGE")["body"] == "still here"


def test_the_traceback_of_a_failing_handler_is_logged_and_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: Event) -> None:
        raise LookupError("hunter2")

    with serving(Recorder(MESSAGE=broken)) as gateway, client(gateway) as ws:
        ws.send("x")
        assert "hunter2" not in ws.recv(SECONDS)
    records = [record for record in caplog.records if record.exc_info]
    assert [record.name for record in records] == ["pushwire.gateway"]
    assert records[0].levelno == logging.ERROR
    assert "LookupError: hunter2" in caplog.text


def test_no_route_and_no_default_gives_the_exact_forbidden_frame_and_the_connection_stays() -> None:
    recorder = Recorder()
    with serving(None, routes={"A": recorder}) as gateway, client(gateway) as ws:
        for body in ('{"route":"B"}', '{"route":"a"}', "hello", "[]", "{}"):
            ws.send(body)
            frame = ws.recv(SECONDS)
            assert isinstance(frame, str)
            assert re.fullmatch(
                r'\{"message": "Forbidden", "connectionId":"[\w-]{15}=", "requestId":"[\w-]{15}="\}', frame
            )
        ws.send('{"route":"A"}')
        assert recorder.next("MESSAGE")["requestContext"]["connectionId"] in frame


def test_events_of_one_connection_run_at_the_same_time() -> None:
    both = threading.Barrier(2)

    def meet(_event: Event) -> dict[str, int]:
        both.wait(SECONDS)
        return {"statusCode": 200}

    recorder = Recorder(MESSAGE=meet)
    settings = GatewaySettings(limits=Limits(instances=2))
    with serving(recorder, settings=settings) as gateway, client(gateway) as ws:
        ws.send("one")
        ws.send("two")
        recorder.next("CONNECT")
        assert {recorder.next("MESSAGE")["body"], recorder.next("MESSAGE")["body"]} == {"one", "two"}
    assert not both.broken


def test_a_handler_that_blocks_in_boto3_posts_to_another_connection_during_a_message(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as first, client(gateway) as second:
        ids = [connection_id(recorder.next("CONNECT")), connection_id(recorder.next("CONNECT"))]
        boto3 = boto3_client(gateway)

        def forward(event: Event) -> dict[str, int]:
            for other in ids:
                boto3.post_to_connection(ConnectionId=other, Data=event["body"].encode())
            return {"statusCode": 200}

        recorder.answers["MESSAGE"] = forward
        first.send("to all")
        assert (first.recv(SECONDS), second.recv(SECONDS)) == ("to all", "to all")


def test_fifty_handlers_that_all_block_in_boto3_do_not_deadlock(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        boto3 = boto3_client(gateway)

        def echo(event: Event) -> dict[str, int]:
            boto3.post_to_connection(ConnectionId=connection_id(event), Data=event["body"])
            return {"statusCode": 200}

        recorder.answers["MESSAGE"] = echo
        for number in range(50):
            ws.send(str(number))
        assert {ws.recv(SECONDS) for _ in range(50)} == {str(number) for number in range(50)}


def test_many_clients_each_get_their_own_messages(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway:
        sockets, ids = [], []
        stack = contextlib.ExitStack()
        for _ in range(60):
            sockets.append(stack.enter_context(client(gateway)))
            ids.append(connection_id(recorder.next("CONNECT")))
        assert len(set(ids)) == 60
        boto3 = boto3_client(gateway)
        for identifier in ids:
            boto3.post_to_connection(ConnectionId=identifier, Data=identifier)
        assert [ws.recv(SECONDS) for ws in sockets] == ids
        stack.close()
        assert {connection_id(recorder.next("DISCONNECT")) for _ in ids} == set(ids)


def test_the_context_is_lambdas() -> None:
    contexts: list[LambdaContext] = []

    def my_function(event: Event, context: LambdaContext) -> dict[str, int]:
        contexts.append(context)
        return {"statusCode": 200}

    with serving(my_function) as gateway, client(gateway):
        pass
    first = contexts[0]
    assert first.function_name == "my_function"
    assert first.invoked_function_arn == "arn:aws:lambda:us-east-1:000000000000:function:my_function"
    assert first.log_group_name == "/aws/lambda/my_function"
    assert 0 < first.get_remaining_time_in_millis() <= 29_000
    assert (first.memory_limit_in_mb, first.function_version) == ("128", "$LATEST")
    assert first.aws_request_id != contexts[-1].aws_request_id
    assert first.log_stream_name
    assert first.identity.cognito_identity_id is None


def test_pings_are_answered() -> None:
    with serving(Recorder()) as gateway, client(gateway) as ws:
        assert ws.ping().wait(SECONDS)


def test_an_event_names_the_gateways_own_loopback_address() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway):
        context = recorder.next("CONNECT")["requestContext"]
        assert f"http://{context['domainName']}/{context['stage']}" == gateway.callback_url
