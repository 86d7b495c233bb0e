"""Calls that are cancelled at any instant leave nothing behind: no task, no callback, no socket."""

import asyncio
import contextlib
import gc
import importlib.util
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, answer

from pushwire.transport import AsyncHttpTransport
from pushwire.transport.protocol import FanOutOptions

DESCRIPTORS = Path("/proc/self/fd")

pytestmark = pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="counts descriptors as Linux lists them")


def descriptors() -> set[str]:
    """The open sockets and selectors of this process."""
    found = set()
    for path in DESCRIPTORS.iterdir():
        with contextlib.suppress(OSError):  # the descriptor of the listing itself
            if str(path.readlink()).startswith(("socket:", "anon_inode:")):
                found.add(path.name)
    return found


def loop_factories() -> list[Any]:
    factories = [pytest.param(asyncio.new_event_loop, id="asyncio")]
    if importlib.util.find_spec("uvloop") is None:
        return factories
    return [*factories, pytest.param(importlib.import_module("uvloop").new_event_loop, id="uvloop")]


async def later(ids: list[str]) -> AsyncIterator[str]:
    for connection_id in ids:
        await asyncio.sleep(0)
        yield connection_id


@pytest.mark.parametrize("factory", loop_factories())
@pytest.mark.parametrize("kind", ["send", "broadcast", "broadcast of an async iterable"])
def test_nothing_is_left_of_a_call_that_is_cancelled_at_any_instant(
    kind: str, factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    chance = random.Random(2026)
    problems: list[str] = []
    ids = [f"c{number}=" for number in range(12)]

    async def call(transport: AsyncHttpTransport) -> None:
        options = FanOutOptions(max_in_flight=4)
        if kind == "send":
            await transport.post("c=", b"{}")
        elif kind == "broadcast":
            await transport.post_many(ids, b"{}", options, lambda _id, _error: None)
        else:
            await transport.post_many(later(ids), b"{}", options, lambda _id, _error: None)

    async def no_more_than(before: set[str]) -> None:
        for _ in range(1_000):  # a connection that the server's thread is just accepting is not listed there yet
            servers = {str(connection.fileno()) for connection in server.accepted}
            if descriptors() - before <= servers:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("a descriptor is left")

    async def main(url: str) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context["message"]))
        transport = AsyncHttpTransport(url)
        await call(transport)  # loops open descriptors of their own when they need them
        await transport.close()
        before = descriptors()
        for number in range(100):
            task = asyncio.ensure_future(call(transport))
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert asyncio.all_tasks() == {asyncio.current_task()}
            if number % 10 == 0:
                await transport.close()
                await no_more_than(before)
        await transport.post("after=", b"{}")  # what is open still works
        await transport.close()

    with FaultServer(answer(200)) as server, asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main(server.url))
        gc.collect()
    assert problems == []


def test_a_loop_without_add_reader_is_an_error_that_names_the_ways_out() -> None:
    class Proactor(asyncio.SelectorEventLoop):
        def add_reader(self, *_: object) -> None:
            raise NotImplementedError

    async def main(url: str) -> None:
        async with AsyncHttpTransport(url) as transport:
            with pytest.raises(RuntimeError, match=r"asyncio\.SelectorEventLoop.*AsyncBoto3Transport"):
                await transport.post("c=", b"{}")
            with pytest.raises(RuntimeError, match=r"asyncio\.SelectorEventLoop.*AsyncBoto3Transport"):
                await transport.post_many(["c="], b"{}", FanOutOptions(), lambda _id, _error: None)

    loop = Proactor()
    with FaultServer(answer(200)) as server:
        try:
            loop.run_until_complete(main(server.url))
        finally:
            loop.close()
