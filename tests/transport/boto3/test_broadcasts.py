"""Posting to many through boto3: threads, the client's pool, and what an event loop asks for."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.config import Config
from tests.support.async_tests import on_a_loop
from tests.support.fault_server import FaultServer, answer, by_connection, stall
from tests.support.tools import environment

import pushwire
from pushwire import SendError, UnavailableError
from pushwire.transport import AsyncBoto3Transport, Boto3Transport
from pushwire.transport.protocol import FanOutOptions

DATA = b'{"route":"A","payload":{}}'
CONNECTION_ID = "R0oXAdfD0kwCH6w="


def after_a_moment(_connection_id: str, _attempt: int) -> int:
    time.sleep(0.002)
    return 200


def client_of(server: FaultServer, **config: Any) -> Any:
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=server.url,
        region_name="eu-west-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(**config),
    )


@pytest.fixture
def stalling() -> Iterator[FaultServer]:
    with FaultServer(stall) as server:
        yield server


def test_ids_are_drawn_and_outcomes_told_in_the_calling_thread() -> None:
    threads: set[str] = set()

    def ids() -> Iterator[str]:
        for number in range(40):
            threads.add(threading.current_thread().name)
            yield f"c{number}"

    def told(_connection_id: str, _error: SendError | None) -> None:
        threads.add(threading.current_thread().name)

    with FaultServer(answer(200)) as server:
        transport = Boto3Transport(server.url)
        transport.post_many(ids(), DATA, FanOutOptions(max_in_flight=4), told)
        transport.close()
    assert threads == {threading.current_thread().name}


def test_no_thread_is_left_behind() -> None:
    def own() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name.startswith("pushwire-broadcast")]

    with FaultServer(answer(200)) as server:
        transport = Boto3Transport(server.url)
        transport.post_many(["a", "b", "c"], DATA, FanOutOptions(), lambda *_: None)
        transport.close()
    for thread in own():
        thread.join(10)
    assert own() == []


def test_a_process_that_is_interrupted_does_not_wait_for_the_threads_of_a_broadcast() -> None:
    daemons: list[bool] = []
    client = mock.MagicMock()
    client.post_to_connection.side_effect = lambda **_: daemons.append(threading.current_thread().daemon)
    Boto3Transport(client=client).post_many(["a", "b"], DATA, FanOutOptions(), lambda *_: None)
    assert daemons == [True, True]


AFTER_THE_MAIN_THREAD = """
import threading
from pushwire.transport import Boto3Transport, FanOutOptions

class Client:
    def post_to_connection(self, *, ConnectionId, Data):
        threading.main_thread().join()
    get_connection = delete_connection = post_to_connection

def broadcast():
    outcomes = {}
    ids = [f"c{number}" for number in range(40)]
    Boto3Transport(client=Client()).post_many(ids, b"{}", FanOutOptions(), outcomes.__setitem__)
    print(len(outcomes), "outcomes")

threading.Thread(target=broadcast).start()
"""


def test_a_broadcast_on_a_thread_goes_on_when_the_main_thread_has_ended() -> None:
    command = [sys.executable, "-c", AFTER_THE_MAIN_THREAD]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "40 outcomes\n", "")


@pytest.mark.parametrize("most", [0, 2])
def test_where_no_more_threads_can_be_started_every_id_has_its_outcome(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    started: list[threading.Thread] = []

    def start(thread: threading.Thread) -> None:
        if len(started) == most:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start_thread(thread)

    start_thread = threading.Thread.start
    outcomes: dict[str, SendError | None] = {}
    ids = [f"c{number}" for number in range(20)]
    client = mock.MagicMock()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        Boto3Transport(client=client).post_many(ids, DATA, FanOutOptions(), outcomes.__setitem__)
    assert client.post_to_connection.call_count == (len(ids) if most else 0)
    if most:
        assert outcomes == dict.fromkeys(ids)
    else:
        assert {str(error) for error in outcomes.values()} == {
            f"no request was made: can't start new thread (connection '{connection_id}')" for connection_id in ids
        }


def test_a_client_of_ones_own_is_never_asked_for_more_than_its_pool_holds() -> None:
    with FaultServer(by_connection(after_a_moment)) as server:
        client = client_of(server, max_pool_connections=3)
        Boto3Transport(client=client).post_many([f"c{n}" for n in range(60)], DATA, FanOutOptions(), lambda *_: None)
        client.close()
        assert server.connections <= 3


@on_a_loop
async def test_more_posts_in_flight_than_connections_are_an_error() -> None:
    ids, options = iter(["a"]), FanOutOptions(max_in_flight=4)
    text = r"max_in_flight=4 is above the client's max_pool_connections=3; lower it"
    with FaultServer(answer(200)) as server:
        client = client_of(server, max_pool_connections=3)
        with pytest.raises(ValueError, match=text):
            Boto3Transport(client=client).post_many(ids, DATA, options, print)
        with pytest.raises(ValueError, match=text):
            await AsyncBoto3Transport(client=client).post_many(ids, DATA, options, print)
        client.close()
    assert list(ids) == ["a"]


def test_a_client_that_is_built_here_has_room_for_more_than_the_default() -> None:
    with FaultServer(by_connection(after_a_moment)) as server:
        transport = Boto3Transport(server.url)
        transport.post_many([f"c{n}" for n in range(400)], DATA, FanOutOptions(max_in_flight=50), lambda *_: None)
        transport.post_many([f"c{n}" for n in range(400)], DATA, FanOutOptions(max_in_flight=50), lambda *_: None)
        transport.close()
        assert server.connections <= 50, "connections are kept, none is dropped and opened again"


def test_a_client_of_ones_own_keeps_its_retries() -> None:
    outcomes: list[Any] = []
    with FaultServer(answer(500)) as server:
        client = client_of(server, retries={"total_max_attempts": 2, "mode": "standard"})
        Boto3Transport(client=client).post_many(["a"], DATA, FanOutOptions(), lambda *told: outcomes.append(told))
        client.close()
    ((_, error),) = outcomes
    assert error.attempts == len(server.requests) == 2


@on_a_loop
async def test_each_call_of_the_management_api_under_asyncio() -> None:
    info = b'{"connectedAt":"2024-02-09T18:11:43Z","lastActiveAt":"2024-02-09T18:11:43Z","identity":{"sourceIp":"::1"}}'
    with FaultServer(answer(200), answer(200, info), answer(204), answer(410)) as server:
        transport = AsyncBoto3Transport(server.url)
        await transport.post(CONNECTION_ID, DATA)
        assert (await transport.get(CONNECTION_ID)).source_ip == "::1"
        await transport.delete(CONNECTION_ID)
        with pytest.raises(pushwire.ConnectionGoneError):
            await transport.post(CONNECTION_ID, DATA)
        await transport.close()
        await transport.close()
    assert [request.method for request in server.requests] == ["POST", "GET", "DELETE", "POST"]


@on_a_loop
async def test_a_failed_call_is_tried_again_without_a_thread_that_waits() -> None:
    with FaultServer(answer(429), answer(500), answer(200)) as server:
        transport = AsyncBoto3Transport(server.url)
        await transport.post(CONNECTION_ID, DATA)
        await transport.close()
    assert len(server.requests) == 3


@on_a_loop
async def test_after_its_last_attempt_a_call_fails_as_in_the_sync_one() -> None:
    with FaultServer(answer(500)) as server:
        transport = AsyncBoto3Transport(server.url, max_attempts=2)
        with pytest.raises(UnavailableError) as caught:
            await transport.post(CONNECTION_ID, DATA)
        await transport.close()
    assert (caught.value.attempts, caught.value.maybe_accepted) == (2, True)


async def cancelled(call: Callable[[AsyncBoto3Transport], Any], server: FaultServer) -> None:
    """Cancel a call whose request is not answered before the call has ended."""
    transport = AsyncBoto3Transport(server.url, read_timeout=600)
    task = asyncio.ensure_future(call(transport))
    assert await asyncio.to_thread(server.received.wait, 10)
    task.cancel()
    await asyncio.wait({task}, timeout=60)
    assert task.cancelled()
    server.released.set()
    await transport.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda transport: transport.post(CONNECTION_ID, DATA),
        lambda transport: transport.post_many([CONNECTION_ID] * 3, DATA, FanOutOptions(), print),
    ],
    ids=["post", "post_many"],
)
def test_cancelling_is_honoured_at_once_and_nothing_more_is_sent(
    call: Callable[[AsyncBoto3Transport], Any], stalling: FaultServer
) -> None:
    asyncio.run(cancelled(call, stalling))
    assert len(stalling.requests) == 1


@on_a_loop
async def test_posts_are_made_while_the_next_id_is_awaited() -> None:
    told: list[str] = []
    first_told = asyncio.Event()

    async def ids() -> AsyncIterator[str]:
        yield "a"
        await first_told.wait()
        yield "b"

    def on_outcome(connection_id: str, _error: SendError | None) -> None:
        told.append(connection_id)
        first_told.set()

    with FaultServer(answer(200)) as server:
        transport = AsyncBoto3Transport(server.url)
        await transport.post_many(ids(), DATA, FanOutOptions(), on_outcome)
        await transport.close()
    assert told == ["a", "b"]


@on_a_loop
async def test_the_deadline_does_not_wait_for_an_id_that_never_comes() -> None:
    ended: list[str] = []

    async def ids() -> AsyncIterator[str]:
        yield "a"
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    with FaultServer(answer(200)) as server:
        transport = AsyncBoto3Transport(server.url)
        assert await transport.post_many(ids(), DATA, FanOutOptions(deadline=1), lambda *_: None) == ()
        await transport.close()
    await asyncio.sleep(0)
    assert ended == ["cancelled"]


@on_a_loop
async def test_an_id_that_comes_with_the_deadline_was_not_tried_and_is_not_lost() -> None:
    now = 0.0

    async def ids() -> AsyncIterator[str]:
        nonlocal now
        yield "a"
        now = 5.0
        yield "b"

    client = boto3.client("apigatewaymanagementapi", endpoint_url="http://127.0.0.1:1/stage", region_name="eu-west-1")
    transport = AsyncBoto3Transport(client=client, clock=lambda: now)
    told: list[str] = []
    options = FanOutOptions(deadline=1.0)
    assert await transport.post_many(ids(), DATA, options, lambda name, _: told.append(name)) == ("b",)
    assert told == ["a"]
    await transport.close()
    client.close()


@on_a_loop
async def test_an_async_iterable_that_fails_does_so_when_what_is_in_flight_has_ended() -> None:
    async def ids() -> AsyncIterator[str]:
        yield "a"
        raise LookupError("no table")

    told: list[str] = []
    with FaultServer(answer(200)) as server:
        transport = AsyncBoto3Transport(server.url)
        with pytest.raises(LookupError, match="no table"):
            await transport.post_many(ids(), DATA, FanOutOptions(), lambda name, _: told.append(name))
        await transport.close()
    assert told == ["a"]


@on_a_loop
async def test_many_calls_at_once_share_the_threads() -> None:
    with FaultServer(by_connection(after_a_moment)) as server:
        client = client_of(server, max_pool_connections=4)
        transport = AsyncBoto3Transport(client=client)
        await asyncio.gather(*(transport.post(f"c{number}", DATA) for number in range(40)))
        await transport.close()
        client.close()
        assert server.connections <= 4
    assert len(server.requests) == 40


@on_a_loop
async def test_an_iterable_that_is_cancelled_itself_cancels_the_broadcast() -> None:
    async def ids() -> AsyncIterator[str]:
        yield "a"
        raise asyncio.CancelledError

    with FaultServer(answer(200)) as server:
        transport = AsyncBoto3Transport(server.url)
        with pytest.raises(asyncio.CancelledError):
            await transport.post_many(ids(), DATA, FanOutOptions(), lambda *_: None)
        await transport.close()


@on_a_loop
async def test_a_post_that_waits_for_a_thread_until_the_deadline_is_not_made(stalling: FaultServer) -> None:
    now = 100.0
    client = client_of(stalling, max_pool_connections=1, read_timeout=20, retries={"total_max_attempts": 1})
    transport = AsyncBoto3Transport(client=client, clock=lambda: now)
    busy = asyncio.ensure_future(transport.post("busy", DATA))
    assert await asyncio.to_thread(stalling.received.wait, 10)
    outcomes: dict[str, SendError | None] = {}
    options = FanOutOptions(deadline=5)
    broadcast = asyncio.ensure_future(transport.post_many(["a"], DATA, options, outcomes.__setitem__))
    await asyncio.sleep(0)  # it starts, and its post waits for the thread
    await asyncio.sleep(0)
    now += 6.0
    stalling.released.set()
    assert await broadcast == ("a",)
    assert outcomes == {}
    await asyncio.wait([busy])
    await transport.close()
    client.close()
    assert [request.target for request in stalling.requests] == ["/stage/@connections/busy"]


@on_a_loop
async def test_closing_meanwhile_fails_the_posts_that_wait_for_a_thread(stalling: FaultServer) -> None:
    errors: list[SendError | None] = []
    client = client_of(stalling, max_pool_connections=2, read_timeout=20, retries={"total_max_attempts": 1})
    transport = AsyncBoto3Transport(client=client)
    busy = [asyncio.ensure_future(transport.post(f"busy{number}", DATA)) for number in range(2)]
    broadcast = asyncio.ensure_future(
        transport.post_many(["a"], DATA, FanOutOptions(), lambda _, error: errors.append(error))
    )
    single = asyncio.ensure_future(transport.post("b", DATA))
    assert await asyncio.to_thread(stalling.received.wait, 10)
    closing = asyncio.ensure_future(transport.close())
    assert await broadcast == ()
    with pytest.raises(SendError, match=r"no request was made: the transport was closed before the request was made"):
        await single
    stalling.released.set()
    await closing
    await asyncio.gather(*busy, return_exceptions=True)
    client.close()
    (error,) = errors
    assert error is not None
    assert (error.attempts, error.reason) == (0, "the transport was closed before the request was made")
