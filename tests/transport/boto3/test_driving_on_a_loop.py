"""The driver for asyncio, step by step, with posts that the test ends."""

import asyncio
from collections.abc import AsyncIterator

from tests.support.async_tests import on_a_loop

from pushwire import SendError
from pushwire.transport._fan_out import FanOut
from pushwire.transport._retry import RetryPolicy
from pushwire.transport.boto3._tasks import FutureDriver
from pushwire.transport.protocol import FanOutOptions


@on_a_loop
async def test_an_id_that_comes_at_the_last_moment_is_told_and_not_tried() -> None:
    now, told = 0.0, list[str]()
    post: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    posted, gate, stopped = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def ids() -> AsyncIterator[str]:
        yield "a"
        await gate.wait()
        yield "b"

    def start(_connection_id: str) -> asyncio.Future[bool]:
        posted.set()
        return post

    def clock() -> float:
        if now > 0:
            stopped.set()  # the driver has looked at the clock, and stops
        return now

    def on_outcome(connection_id: str, _error: SendError | None) -> None:
        told.append(connection_id)

    fan_out = FanOut(FanOutOptions(deadline=0.01), RetryPolicy(), on_outcome, now)
    run = asyncio.ensure_future(FutureDriver(fan_out, ids(), start, clock).run())
    await posted.wait()
    now = 1.0
    await stopped.wait()
    post.set_result(True)
    gate.set()
    assert await run == ("b",)
    assert told == ["a"]


@on_a_loop
async def test_a_broadcast_that_is_cancelled_cancels_its_posts_and_its_draw() -> None:
    drawing = asyncio.Event()
    ended: list[str] = []
    post = asyncio.get_running_loop().create_future()

    async def ids() -> AsyncIterator[str]:
        yield "a"
        drawing.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("draw")

    fan_out = FanOut(FanOutOptions(), RetryPolicy(), print, 0.0)
    run = asyncio.ensure_future(FutureDriver(fan_out, ids(), lambda _id: post, lambda: 0.0).run())
    await drawing.wait()
    run.cancel()
    await asyncio.wait([run])
    await asyncio.sleep(0)
    assert run.cancelled()
    assert post.cancelled()
    assert ended == ["draw"]
