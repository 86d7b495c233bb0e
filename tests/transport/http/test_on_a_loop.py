"""What an event loop and its tasks can do to calls that are under way."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator

import pytest
from tests.support.fault_server import Exchange, FaultServer, answer

from pushwire import RateLimit, SendError
from pushwire import transport as ways
from pushwire.transport import AsyncHttpTransport
from pushwire.transport.protocol import FanOutOptions

CONNECTION_ID = "R0oXAdfD0kwCH6w="


def test_a_call_that_is_cancelled_in_the_turn_of_its_reply_leaves_no_error_behind() -> None:
    seen: list[str] = []

    async def main(url: str) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: seen.append(context["message"]))
        transport = AsyncHttpTransport(url)
        await transport.post(CONNECTION_ID, b"{}")
        call = asyncio.ensure_future(transport.post(CONNECTION_ID, b"{}"))
        while len(server.requests) < 2:  # noqa: ASYNC110 - the server is on a thread
            await asyncio.sleep(0)
        released.set()
        assert answered.acquire(timeout=10)  # while the loop does nothing else
        await asyncio.sleep(0)  # it sees the reply now, and takes it after this task's turn
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await transport.close()

    def behave(exchange: Exchange) -> None:
        exchange.read()
        if len(server.requests) > 1:
            assert released.wait(10)
        exchange.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        if len(server.requests) > 1:
            answered.release()

    released, answered = threading.Event(), threading.Semaphore(0)
    with FaultServer(behave) as server:
        asyncio.run(main(server.url))
    assert seen == []


def test_a_timer_that_fires_early_is_set_again() -> None:
    """As those of loops do whose clock is coarse."""
    started = time.monotonic()

    def slow() -> float:
        return started + (time.monotonic() - started) * 0.9

    async def main(url: str) -> dict[str, SendError | None]:
        transport = AsyncHttpTransport(url, clock=slow)
        outcomes: dict[str, SendError | None] = {}
        options = FanOutOptions(rate_limit=RateLimit(per_second=200, burst=1))
        ids = [f"c{number}=" for number in range(10)]
        await asyncio.wait_for(transport.post_many(ids, b"{}", options, outcomes.__setitem__), 10)
        await transport.close()
        return outcomes

    with FaultServer(answer(200)) as server:
        outcomes = asyncio.run(main(server.url))
    assert outcomes == dict.fromkeys(f"c{number}=" for number in range(10))


@pytest.mark.parametrize(
    "name", ["AsyncHttpTransport", pytest.param("AsyncBoto3Transport", marks=pytest.mark.extra("boto3"))]
)
def test_an_async_iterable_that_suppresses_its_cancellation_does_not_hold_the_broadcast(name: str) -> None:
    async def main(url: str) -> None:
        async def ids() -> AsyncIterator[str]:
            yield "a="
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            yield "b="

        options = FanOutOptions(deadline=1)
        async with getattr(ways, name)(url) as transport:
            unsent = await asyncio.wait_for(transport.post_many(ids(), b"{}", options, lambda _id, _error: None), 30)
        assert unsent == ("b=",)

    with FaultServer(answer(200)) as server:
        asyncio.run(main(server.url))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "name", ["AsyncHttpTransport", pytest.param("AsyncBoto3Transport", marks=pytest.mark.extra("boto3"))]
)
def test_after_the_deadline_an_async_generator_is_the_callers_again(name: str) -> None:
    async def main(url: str) -> None:
        async def ids() -> AsyncIterator[str]:
            yield "a="
            await asyncio.Event().wait()

        transport, given = getattr(ways, name)(url), ids()
        options = FanOutOptions(deadline=1)
        assert await transport.post_many(given, b"{}", options, lambda _id, _error: None) == ()
        with pytest.raises(StopAsyncIteration):  # ended where it waited, and not still running
            await anext(given)
        await transport.close()

    with FaultServer(answer(200)) as server:
        asyncio.run(main(server.url))


@pytest.mark.parametrize("call", ["post", "get", "delete", "post_many"])
def test_a_second_loop_that_runs_at_the_same_time_is_refused(call: str) -> None:
    async def use(transport: AsyncHttpTransport) -> None:
        if call == "post_many":
            await transport.post_many([CONNECTION_ID], b"{}", FanOutOptions(), lambda _id, _error: None)
        elif call == "post":
            await transport.post(CONNECTION_ID, b"{}")
        else:
            await getattr(transport, call)(CONNECTION_ID)

    async def main(url: str) -> None:
        async with AsyncHttpTransport(url) as transport:
            await transport.post(CONNECTION_ID, b"{}")
            with pytest.raises(RuntimeError, match=r"make one for each event loop, or .*run_coroutine_threadsafe"):
                await asyncio.to_thread(asyncio.run, use(transport))
            here = asyncio.get_running_loop()
            cured = await asyncio.to_thread(
                lambda: asyncio.run_coroutine_threadsafe(transport.post(CONNECTION_ID, b"{}"), here)
            )
            await asyncio.wrap_future(cured)

    with FaultServer(answer(200)) as server:
        asyncio.run(main(server.url))
    assert len(server.requests) == 2
