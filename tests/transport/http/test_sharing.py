"""One object for threads, forks, tasks and event loops."""

import asyncio
import math
import selectors
import socket
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.fault_server import Exchange, FaultServer, answer, stall
from tests.transport.implementations import Implementation

import pushwire
from pushwire import SendError
from pushwire.transport import AsyncHttpTransport, HttpTransport
from pushwire.transport.http._channel import wait
from pushwire.transport.protocol import FanOutOptions

CONNECTION_ID = "R0oXAdfD0kwCH6w="


class Together:
    """Answers, and knows how many requests were there at once."""

    def __init__(self, enough: int) -> None:
        self.most = 0
        self._now = 0
        self._enough = enough
        self._lock = threading.Lock()
        self._full = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        exchange.peek()
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            if self._now >= self._enough:
                self._full.set()
        self._full.wait(10)
        with self._lock:
            self._now -= 1
        answer(200)(exchange)


def test_threads_share_connections_up_to_the_bound_and_the_others_wait() -> None:
    together = Together(3)
    with FaultServer(together) as server, ThreadPoolExecutor(12) as threads:
        transport = HttpTransport(server.url, max_connections=3)
        list(threads.map(lambda number: transport.post(f"c{number}=", b"{}"), range(60)))
        transport.close()
    assert together.most == 3
    assert len(server.requests) == 60
    assert server.connections <= 3


def test_each_thread_gets_the_answer_to_its_own_request() -> None:
    def by_number(exchange: Exchange) -> None:
        number = int(exchange.peek().body)
        answer(410 if number % 2 else 200)(exchange)

    def post(number: int) -> bool:
        try:
            transport.post(CONNECTION_ID, str(number).encode())
        except pushwire.ConnectionGoneError:
            return False
        return True

    with FaultServer(by_number) as server, ThreadPoolExecutor(8) as threads:
        transport = HttpTransport(server.url)
        accepted = list(threads.map(post, range(200)))
        transport.close()
    assert accepted == [number % 2 == 0 for number in range(200)]


def test_a_fan_out_leaves_room_for_other_calls() -> None:
    """It has connections of its own: calls that need an answer at once do not wait for the end of a broadcast."""
    released = threading.Event()

    def behave(exchange: Exchange) -> None:
        if exchange.peek().body == b"broadcast":
            released.wait(10)
        answer(200)(exchange)

    with FaultServer(behave) as server, ThreadPoolExecutor(1) as thread:
        transport = HttpTransport(server.url, max_connections=1)
        broadcast = thread.submit(
            transport.post_many, ["a=", "b="], b"broadcast", FanOutOptions(), lambda _id, _error: None
        )
        transport.post(CONNECTION_ID, b"{}")
        assert not broadcast.done()
        released.set()
        assert broadcast.result(10) == ()
        transport.close()


def test_a_fan_out_waits_for_what_is_in_flight_at_its_deadline_without_a_turn(http: Implementation) -> None:
    asked = 0

    def clock() -> float:
        nonlocal asked
        asked += 1
        return time.monotonic()

    outcomes: dict[str, SendError | None] = {}
    options = FanOutOptions(max_in_flight=2, deadline=1)
    with FaultServer(stall) as server:
        transport = http.connect(server.url, clock=clock, read_timeout=1, max_attempts=1)
        transport.post_many([f"c{number}=" for number in range(9)], b"{}", options, outcomes.__setitem__)
    assert len(outcomes) == 2
    assert asked < 100  # a turn asks at least once


def test_tasks_share_connections_up_to_the_bound_and_the_others_wait() -> None:
    together = Together(3)

    async def main(url: str) -> None:
        transport = AsyncHttpTransport(url, max_connections=3)
        await asyncio.gather(*(transport.post(f"c{number}=", b"{}") for number in range(60)))
        await transport.close()

    with FaultServer(together) as server:
        asyncio.run(main(server.url))
    assert together.most == 3
    assert len(server.requests) == 60
    assert server.connections <= 3


def test_a_call_that_is_cancelled_ends_at_once_and_leaves_no_reply_to_another() -> None:
    async def main(url: str) -> None:
        transport = AsyncHttpTransport(url, max_connections=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await transport.post("cancelled=", b"{}")
        with pytest.raises(pushwire.ConnectionGoneError):
            await transport.post("next=", b"{}")
        await transport.close()

    with FaultServer(stall, answer(410)) as server:
        asyncio.run(main(server.url))
        server.released.set()
    assert server.connections == 2


def test_a_fan_out_that_is_cancelled_ends_at_once() -> None:
    async def main(url: str) -> None:
        transport = AsyncHttpTransport(url)
        outcomes: dict[str, SendError | None] = {}
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await transport.post_many(["a=", "b="], b"{}", FanOutOptions(), outcomes.__setitem__)
        assert outcomes == {}
        await transport.close()

    with FaultServer(stall) as server:
        asyncio.run(main(server.url))


def test_a_fan_out_that_is_cancelled_while_it_connects_tells_no_more_outcomes() -> None:
    async def main(url: str) -> None:
        transport = AsyncHttpTransport(url, connect_timeout=0.5)
        outcomes: dict[str, SendError | None] = {}
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await transport.post_many(["a=", "b="], b"{}", FanOutOptions(), outcomes.__setitem__)
        await asyncio.sleep(0.6)  # in which the connections would have been too late
        assert outcomes == {}
        await transport.close()

    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing of TLS
        asyncio.run(main(f"https://127.0.0.1:{silent.getsockname()[1]}/stage"))


def test_what_comes_while_a_connection_is_idle_is_not_credited_to_the_next_request(http: Implementation) -> None:
    def twice(exchange: Exchange) -> None:
        answer(200)(exchange)
        exchange.connection.sendall(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
        exchange.server.closed.release()
        exchange.server.released.wait(10)
        raise ConnectionAbortedError

    with FaultServer(twice, answer(200)) as server:
        transport = http.connect(server.url, max_attempts=1)
        transport.post(CONNECTION_ID, b"{}")
        assert server.closed.acquire(timeout=10)
        transport.post(CONNECTION_ID, b"{}")
        server.released.set()
    assert server.connections == 2


def test_a_connection_that_is_lost_between_the_look_and_the_send_costs_no_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer_and_reset(exchange: Exchange) -> None:
        answer(200)(exchange)
        exchange.server.closed.release()
        exchange.reset()

    # As if each look had been a moment before the reset.
    monkeypatch.setattr("pushwire.transport.http._channel.Channel.is_intact", lambda _channel: True)
    outcomes: dict[str, SendError | None] = {}
    with FaultServer(answer_and_reset) as server:
        transport = HttpTransport(server.url, max_attempts=1)
        for _ in range(3):
            transport.post(CONNECTION_ID, b"{}")
            assert server.closed.acquire(timeout=10)
            wait_for_the_reset(transport)
        transport.post_many(["a="], b"{}", FanOutOptions(), outcomes.__setitem__)
        transport.close()
    assert outcomes == {"a=": None}
    assert (server.connections, len(server.requests)) == (4, 4)


def wait_for_the_reset(transport: HttpTransport) -> None:
    (channel,) = transport._core.pool()._kept
    assert wait(channel.connection, selectors.EVENT_READ, 10)


def test_one_loop_after_another_may_use_it() -> None:
    async def main() -> None:
        await transport.post(CONNECTION_ID, b"{}")
        await transport.close()

    with FaultServer(answer(200)) as server:
        transport = AsyncHttpTransport(server.url)
        for _ in range(3):
            asyncio.run(main())
    assert (server.connections, len(server.requests)) == (3, 3)


def test_a_loop_that_ended_without_closing_leaves_its_connections_to_the_next() -> None:
    async def main() -> None:
        await transport.post(CONNECTION_ID, b"{}")

    with FaultServer(answer(200)) as server:
        transport = AsyncHttpTransport(server.url)
        for _ in range(3):
            asyncio.run(main())
        asyncio.run(transport.close())
    assert (server.connections, len(server.requests)) == (1, 3)


def test_ids_of_an_async_iterable_are_awaited_while_posts_are_in_flight() -> None:
    async def main(url: str) -> None:
        arrived = asyncio.Event()

        async def ids() -> AsyncIterator[str]:
            yield "first="
            await arrived.wait()  # set by the outcome of the first: it was not waited for
            yield "second="

        def on_outcome(connection_id: str, error: SendError | None) -> None:
            assert error is None
            outcomes.append(connection_id)
            arrived.set()

        outcomes: list[str] = []
        transport = AsyncHttpTransport(url)
        assert await transport.post_many(ids(), b"{}", FanOutOptions(), on_outcome) == ()
        assert outcomes == ["first=", "second="]
        await transport.close()

    with FaultServer(answer(200)) as server:
        asyncio.run(main(server.url))


def test_at_its_deadline_a_fan_out_gives_up_an_id_that_does_not_come() -> None:
    async def main(url: str) -> None:
        async def ids() -> AsyncIterator[str]:
            yield "first="
            await asyncio.Event().wait()
            yield "never="

        transport = AsyncHttpTransport(url)
        outcomes: dict[str, SendError | None] = {}
        await transport.post_many(ids(), b"{}", FanOutOptions(deadline=1), outcomes.__setitem__)
        assert outcomes == {"first=": None}
        await transport.close()

    with FaultServer(answer(200)) as server:
        asyncio.run(main(server.url))


def test_an_id_that_comes_at_the_last_moment_is_returned_not_tried() -> None:
    async def main(url: str) -> None:
        told = asyncio.Event()

        async def ids() -> AsyncIterator[str]:
            yield "first="
            await told.wait()
            yield "second="

        def on_outcome(_connection_id: str, _error: SendError | None) -> None:
            told.set()
            raise LookupError("no more")  # ends the fan-out in the same turn in which the second id comes

        transport = AsyncHttpTransport(url)
        with pytest.raises(LookupError, match="no more"):
            await transport.post_many(ids(), b"{}", FanOutOptions(), on_outcome)
        await transport.post("third=", b"{}")
        await transport.close()

    with FaultServer(answer(200)) as server:
        asyncio.run(main(server.url))
    assert [request.target.rpartition("/")[2] for request in server.requests] == ["first%3D", "third%3D"]


def test_an_event_loop_goes_on_while_a_fan_out_runs() -> None:
    async def main(url: str) -> None:
        transport = AsyncHttpTransport(url)
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        counting = asyncio.ensure_future(count())
        ids = [f"c{number}=" for number in range(500)]
        await transport.post_many(ids, b"{}", FanOutOptions(max_in_flight=4), lambda _id, _error: None)
        counting.cancel()
        assert turns >= 100
        await transport.close()

    with FaultServer(answer(200)) as server:
        asyncio.run(main(server.url))


@pytest.mark.parametrize("constructor", [HttpTransport, AsyncHttpTransport])
@pytest.mark.parametrize(
    "setting",
    [
        {"connect_timeout": 0.0},
        {"read_timeout": -1.0},
        {"max_connections": 0},
        {"read_timeout": math.nan},
        {"read_timeout": math.inf},
        {"connect_timeout": 1e7},
    ],
)
def test_a_number_out_of_range_is_refused(
    constructor: "type[HttpTransport | AsyncHttpTransport]", setting: dict[str, float]
) -> None:
    (name,) = setting
    with pytest.raises(ValueError, match=name):
        constructor("http://127.0.0.1:1/stage", **setting)  # type: ignore[arg-type]
