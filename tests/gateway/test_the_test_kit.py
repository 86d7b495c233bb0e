"""The test kit for whole servers: a gateway with typed clients, faults, a clock and a transcript."""

import asyncio
import json
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any, cast

import pytest
from websockets.exceptions import InvalidStatus

from pushwire.aws_lambda import ConnectionAccepted, ConnectionDenied
from pushwire.frame import encode
from pushwire.gateway import AnswerWith, ManualClock
from pushwire.gateway.transcript import (
    Called,
    Connected,
    Delivered,
    Ended,
    Entry,
    Failed,
    Invoked,
    ProxyResult,
    Received,
    Refused,
    Transcript,
)
from pushwire.operation import Format
from pushwire.testing import async_local_gateway, local_gateway
from pushwire.transport import HttpTransport
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import DeskConnectRequest, DeskRequest, DeskRouter, DeskServerSdk
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations, PresenceOperations
from tests.gateway.world import Recorder


def desk() -> DeskRouter:
    router = DeskRouter()

    @router.enter
    def enter(request: DeskRequest[Visitor], /) -> None:
        request.sdk.greet(request.connection_id, Greeting(text=f"Hi {request.message.name}"))

    @router.say
    def say(request: DeskRequest[Greeting], /) -> None:
        raise RuntimeError(request.message.text)

    @router.on_connect
    def on_connect(request: DeskConnectRequest, /) -> ConnectionAccepted | None:
        if "key" not in request.event.query_string_parameters:
            raise ConnectionDenied(status_code=401)
        return ConnectionAccepted("desk.v1") if request.event.subprotocols else None

    return router


KEY = {"key": "open sesame"}


@pytest.mark.parametrize("frame_format", [None, *Format])
def test_typed_messages_both_ways(frame_format: Format | None) -> None:
    with local_gateway(desk()) as gateway, gateway.connect(query=KEY) as client:
        client.send(DeskOperations.enter, Visitor(name="Ada"), frame_format=frame_format)
        assert client.receive(DeskOperations.greet) == Greeting(text="Hi Ada")


def test_a_server_outside_posts_to_it() -> None:
    with local_gateway(desk()) as gateway, gateway.connect(query=KEY) as client:
        with DeskServerSdk(gateway.callback_url) as sdk:
            sdk.greet(client.connection_id, Greeting(text="from a workflow"))
        assert client.receive(DeskOperations.greet).text == "from a workflow"


def test_handshakes_with_headers_and_subprotocols_and_refusals() -> None:
    with local_gateway(desk()) as gateway:
        with pytest.raises(InvalidStatus) as refused:
            gateway.connect()
        assert refused.value.response.status_code == 401
        client = gateway.connect(query=KEY, headers={"Cookie": "a=b"}, subprotocols=["desk.v1", "desk.v2"])
        assert client.subprotocol == "desk.v1"
        event = gateway.transcript.of(Invoked)[-1].event
        assert event["headers"]["Cookie"] == "a=b"
        assert [entry.status for entry in gateway.transcript.of(Refused)] == [401]


def test_what_is_not_in_the_contract_is_told_to_the_test() -> None:
    with local_gateway(desk()) as gateway, gateway.connect(query=KEY) as client:
        with pytest.raises(TypeError, match=r"clients do not send desk\.v1\.DeskService\.Greet"):
            client.send(DeskOperations.greet, Greeting())
        with pytest.raises(TypeError, match=r"DeskService\.Enter takes a desk\.v1\.Visitor, not a desk\.v1\.Greeting"):
            client.send(DeskOperations.enter, cast("Any", Greeting()))
        with pytest.raises(TypeError, match=r"such as ChatOperations\.say .*, not a str"):
            client.send(cast("Any", "Enter"), Visitor())
        with pytest.raises(TypeError, match=r"such as ChatOperations\.say .*, not the class Visitor"):
            client.receive(cast("Any", Visitor))
        with pytest.raises(
            TypeError, match=r"the handler does not have the operation desk\.v1\.PresenceService\.Appear"
        ):
            client.send(PresenceOperations.appear, Visitor())
        with pytest.raises(TypeError, match=r"clients do not receive desk\.v1\.DeskService\.Enter"):
            client.receive(DeskOperations.enter)
        client.send(DeskOperations.leave)
        assert client.receive_error().message == "Forbidden"


def test_a_frame_that_was_not_expected_is_shown() -> None:
    greet = r"desk\.v1\.DeskService\.Greet \(desk\.v1\.Greeting\)"
    with (
        local_gateway(desk()) as gateway,
        gateway.connect(query=KEY) as client,
        HttpTransport(gateway.callback_url) as transport,
    ):

        def next_frame(data: str = "") -> None:
            transport.post(client.connection_id, data.encode() or encode(DeskOperations.greet, Greeting(text="é")))

        next_frame()
        with pytest.raises(
            AssertionError, match=rf'expected .*PresenceService\.Seen .*, received {greet}: {{text: "é"}}'
        ):
            client.receive(PresenceOperations.seen)
        next_frame()
        with pytest.raises(AssertionError, match=f"expected an error frame, received {greet}"):
            client.receive_error()
        next_frame()
        with pytest.raises(AssertionError, match=f"expected no frame, received {greet}"):
            client.expect_nothing()
        next_frame()
        with pytest.raises(AssertionError, match=f"expected the connection to be closed, received {greet}"):
            client.wait_closed()
        client.send(DeskOperations.say, Greeting(text="oh"))
        with pytest.raises(
            AssertionError, match=rf"expected {greet}, received the error frame .*Internal server error"
        ):
            client.receive(DeskOperations.greet)
        next_frame('{"route":"Greet","payload":{"text":5}}')
        with pytest.raises(AssertionError, match=rf"expected {greet}, received a frame that cannot be decoded: .*text"):
            client.receive(DeskOperations.greet)
        for frame in ("x", '{"route":"Enter"}', '{"route":"New"}'):
            next_frame(frame)
            with pytest.raises(AssertionError, match=r"expected a message of any operation, received .*(x|Enter|New)"):
                client.receive_any()
        next_frame("x" * 2_000)
        with pytest.raises(AssertionError, match=r"received this frame: x{1000}… \(2,000 characters\)"):
            client.receive(DeskOperations.greet)


def test_a_frame_that_does_not_arrive_is_named_with_the_time() -> None:
    with local_gateway(desk()) as gateway, gateway.connect(query=KEY) as client:
        with pytest.raises(
            TimeoutError, match=r"expected .*Greet \(desk\.v1\.Greeting\), received nothing within 0\.01 s"
        ):
            client.receive(DeskOperations.greet, timeout=0.01)
        with pytest.raises(TimeoutError, match="expected an error frame, received nothing within 0 seconds"):
            client.receive_error(timeout=0)
        with pytest.raises(
            TimeoutError, match="expected the connection to be closed, received nothing within 0 seconds"
        ):
            client.wait_closed(timeout=0)
        gateway.close(code=4001, reason="enough")
        assert client.wait_closed() == (4001, "enough")
        for wait in (client.receive_any, client.receive_text, client.expect_nothing):
            with pytest.raises(AssertionError, match=r"expected .*, but the connection is closed: 4001 enough"):
                wait()


def test_messages_of_any_operation_and_none() -> None:
    with local_gateway(desk()) as gateway, gateway.connect(query=KEY) as client:
        client.expect_nothing()
        client.send(DeskOperations.enter, Visitor(name="Ada"))
        received = client.receive_any(timeout=5)
        assert received == (DeskOperations.greet, Greeting(text="Hi Ada"))
        client.expect_nothing(timeout=0.01)
        gateway.silence()
        client.expect_nothing()


def test_a_client_closes_at_once_whatever_it_has_not_read() -> None:
    with local_gateway(desk()) as gateway, DeskServerSdk(gateway.callback_url) as sdk:
        unread, silent = gateway.connect(query=KEY), gateway.connect(query=KEY)
        for _ in range(100):
            sdk.greet(unread.connection_id, Greeting(text="x"))
        unread.socket.close_timeout = silent.socket.close_timeout = threading.TIMEOUT_MAX
        unread.close(4000, "bye")
        gateway.settled()
        assert [(entry.code, entry.reason) for entry in gateway.transcript.of(Ended)] == [(4000, "bye")]
        gateway.silence(silent.connection_id)
        silent.close()


def test_a_plain_handler_has_typed_clients_too() -> None:
    with local_gateway(Recorder()) as gateway, gateway.connect() as client:
        client.send(DeskOperations.enter, Visitor(name="x"))
        gateway.settled()
        assert json.loads(gateway.transcript.of(Received)[0].text) == {"route": "Enter", "payload": {"name": "x"}}
        with DeskServerSdk(gateway.callback_url) as sdk:
            sdk.greet(client.connection_id, Greeting(text="y"))
        assert client.receive(DeskOperations.greet) == Greeting(text="y")


def test_the_transcript_tells_all_that_passed_in_order() -> None:
    with local_gateway(desk(), clock=ManualClock(1_000.0)) as gateway:
        client = gateway.connect(query=KEY, headers={"User-Agent": "test"})
        client.send(DeskOperations.enter, Visitor(name="Ada"))
        client.receive(DeskOperations.greet)
        gateway.settled()
        client.send(DeskOperations.say, Greeting(text="oh"))
        client.receive_error()
        client.close(4000, "bye")
        gateway.settled()
        entries = gateway.transcript.of(Entry)  # all of them
        story = [type(entry).__name__ for entry in gateway.transcript.entries]
    assert len(entries) == len(story)
    assert sorted(story[:2]) == ["Connected", "Invoked"]
    assert story[2] == "Received"
    assert sorted(story[3:6]) == ["Called", "Delivered", "Invoked"]
    assert story[6:] == ["Received", "Invoked", "Delivered", "Ended", "Invoked"]
    transcript, known = gateway.transcript, client.connection_id
    assert transcript.of(Connected, known)[0].user_agent == "test"
    assert [entry.route_key for entry in transcript.of(Received)] == ["Enter", "say"]
    assert [(entry.method, entry.status) for entry in transcript.of(Called)] == [("POST", 200)]
    assert [entry.cause for entry in transcript.of(Delivered)] == ["post", "error"]
    assert [type(entry.outcome) for entry in transcript.of(Invoked)] == [ProxyResult, ProxyResult, Failed, ProxyResult]
    assert [(entry.code, entry.reason) for entry in transcript.of(Ended)] == [(4000, "bye")]
    assert transcript.of(Ended, "nobody") == ()
    assert {entry.at for entry in transcript.entries} == {1_000.0}


def test_a_transcript_keeps_the_newest_entries() -> None:
    transcript = Transcript(size=3)
    for number in range(5):
        transcript(Refused(at=number, connection_id="a", status=403))
    assert [entry.at for entry in transcript.entries] == [2, 3, 4]
    assert len(transcript) == 3


def test_observers_can_be_removed() -> None:
    with local_gateway(Recorder()) as gateway:
        seen: list[object] = []
        remove = gateway.gateway.observe(seen.append)
        gateway.connect()
        before = len(seen)
        remove()
        gateway.connect()
        assert before == len(seen) == 2


def test_the_environments_callback_url_is_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUSHWIRE_CALLBACK_URL", "https://abcd1234.execute-api.us-east-1.amazonaws.com/prod")
    with local_gateway(desk()) as gateway, gateway.connect(query=KEY) as client:
        client.send(DeskOperations.enter, Visitor(name="Ada"))
        assert client.receive(DeskOperations.greet) == Greeting(text="Hi Ada")
    assert os.environ["PUSHWIRE_CALLBACK_URL"].startswith("https://abcd1234")


def test_nothing_is_left_behind() -> None:
    before = set(threading.enumerate())
    with local_gateway(desk()) as gateway:
        clients = [gateway.connect(query=KEY) for _ in range(3)]
    assert set(threading.enumerate()) == before
    assert all(client.wait_closed().code in {1000, 1012} for client in clients)


def test_the_fixture_starts_as_many_as_a_test_wants(local_gateway: Any) -> None:
    first, second = local_gateway(desk()), local_gateway(Recorder(), clock=ManualClock())
    assert first.url != second.url
    first.connect(query=KEY)
    client = second.connect()
    second.advance(600)
    assert client.wait_closed().code == 1001


def test_the_same_under_asyncio(async_local_gateway: Any) -> None:
    async def story() -> None:
        before = asyncio.all_tasks()
        async with async_local_gateway(desk(), clock=ManualClock()) as gateway:
            client = await gateway.connect(query=KEY, subprotocols=["desk.v1"])
            assert client.subprotocol == "desk.v1"
            await client.send(DeskOperations.enter, Visitor(name="Ada"))
            assert await client.receive(DeskOperations.greet) == Greeting(text="Hi Ada")
            await client.send(DeskOperations.enter, Visitor(name="Bob"))
            assert await client.receive_any() == (DeskOperations.greet, Greeting(text="Hi Bob"))
            await client.expect_nothing()
            with pytest.raises(TimeoutError, match="expected an error frame, received nothing within 0 seconds"):
                await client.receive_error(timeout=0)
            await client.send(DeskOperations.say, Greeting(text="oh"))
            assert (await client.receive_error()).message == "Internal server error"
            with gateway.faults.inject(AnswerWith(410)), pytest.raises(Exception, match="gone"):
                await asyncio.to_thread(
                    DeskServerSdk(gateway.callback_url).greet, client.connection_id, Greeting(text="x")
                )
            await gateway.settled()
            await gateway.advance(600)
            assert (await client.wait_closed()).code == 1001
            dropped, closed, silent = [await gateway.connect(query=KEY) for _ in range(3)]
            gateway.drop(dropped.connection_id)
            gateway.close(closed.connection_id, code=4001, reason="enough")
            gateway.silence(silent.connection_id)
            assert (await dropped.wait_closed()).code == 1006
            assert await closed.wait_closed() == (4001, "enough")
            assert gateway.connection_ids == (silent.connection_id,)
            gateway.drop(silent.connection_id)
            async with await gateway.connect(query=KEY) as last:
                await last.send(DeskOperations.enter, Visitor())
                with pytest.raises(AssertionError, match="expected the connection to be closed"):
                    await last.wait_closed()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before

    asyncio.run(story())


def test_without_pytest_or_a_fixture_it_is_a_context_manager() -> None:
    async def story() -> str:
        async with async_local_gateway(Recorder()) as gateway:
            return gateway.url

    assert asyncio.run(story()).startswith("ws://127.0.0.1:")


def test_a_users_test_is_as_short_as_this(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["pushwire.testing.fixtures"]\n')
    (tmp_path / "test_desk.py").write_text(
        textwrap.dedent("""
            from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
            from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
            from tests.gateway.test_the_test_kit import KEY, desk


            def test_a_visitor_is_greeted(local_gateway):
                client = local_gateway(desk()).connect(query=KEY)
                client.send(DeskOperations.enter, Visitor(name="Ada"))
                assert client.receive(DeskOperations.greet) == Greeting(text="Hi Ada")
        """)
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
