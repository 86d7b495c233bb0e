"""Calls that are cancelled at any instant leave nothing behind: no task, no callback, no socket."""

import asyncio
import contextlib
import gc
import importlib
import itertools
import random
import selectors
import socket
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.authority import Authority
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


async def later(ids: list[str]) -> AsyncIterator[str]:
    for connection_id in ids:
        await asyncio.sleep(0)
        yield connection_id


class Registered:
    """The descriptors that a loop and the selectors of broadcasts watch, and those that were closed while watched."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on_loop: set[tuple[str, int]] = set()
        self.closed: list[int] = []
        self._selectors: weakref.WeakSet[selectors.BaseSelector] = weakref.WeakSet()
        make_selector, close_socket = selectors.DefaultSelector, socket.socket.close
        close_selector = selectors.DefaultSelector.close

        def selector() -> selectors.BaseSelector:
            made = make_selector()
            self._selectors.add(made)
            return made

        def close(closed: Any, then: Callable[[Any], None]) -> None:
            with contextlib.suppress(ValueError):  # closed before
                self._closes(closed.fileno())
            then(closed)

        monkeypatch.setattr(selectors, "DefaultSelector", selector)
        monkeypatch.setattr(make_selector, "close", lambda closed: close(closed, close_selector))
        monkeypatch.setattr(socket.socket, "close", lambda closed: close(closed, close_socket))

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note what is added to a loop and removed from it."""
        for kind in ("reader", "writer"):
            for change, note in (("add", self.on_loop.add), ("remove", self.on_loop.discard)):
                name = f"{change}_{kind}"
                setattr(loop, name, partial(self._changed, kind, note, getattr(loop, name)))

    def _changed(self, kind: str, note: Callable[[Any], None], change: Any, descriptor: int, *callback: Any) -> Any:
        note((kind, descriptor))
        return change(descriptor, *callback)

    def _closes(self, descriptor: int) -> None:
        if threading.current_thread() is not threading.main_thread():  # one of the server's
            return
        maps = [selector.get_map() or {} for selector in list(self._selectors)]
        if descriptor in {number for _, number in self.on_loop} or any(descriptor in watched for watched in maps):
            self.closed.append(descriptor)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Registered:
    return Registered(monkeypatch)


@pytest.mark.parametrize(
    "loop", ["asyncio.SelectorEventLoop", pytest.param("uvloop.Loop", marks=pytest.mark.extra("uvloop"))]
)
@pytest.mark.parametrize(
    ("over_tls", "instants"),
    [
        pytest.param(False, 300, id="plain"),
        pytest.param(True, 30, id="TLS"),
        pytest.param(True, 300, id="TLS, at length", marks=pytest.mark.at_length),
    ],
)
@pytest.mark.parametrize("kind", ["send", "broadcast", "broadcast of an async iterable"])
def test_nothing_is_left_of_a_call_that_is_cancelled_at_any_instant(
    kind: str,
    over_tls: bool,
    instants: int,
    loop: str,
    authority: Authority,
    registered: Registered,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module, _, name = loop.partition(".")
    chance = random.Random(2026)
    problems: list[str] = []
    cancelled = 0
    ids = [f"c{number}=" for number in range(12)]
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))

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
        nonlocal cancelled
        running = asyncio.get_running_loop()
        running.set_exception_handler(lambda _loop, context: problems.append(context["message"]))
        registered.watch(running)
        transport = AsyncHttpTransport(url)
        whole = asyncio.ensure_future(call(transport))  # loops open descriptors of their own when they need them
        turns = 0
        while not whole.done():
            await asyncio.sleep(0)
            turns += 1
        await transport.close()
        before = descriptors()
        for number in range(instants):
            task = asyncio.ensure_future(call(transport))
            # More of the early instants: a call on a connection that was kept is much shorter than the first one.
            for _ in range(int(turns ** chance.random())):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            cancelled += task.cancelled()
            assert registered.on_loop == set()
            assert {task for task in asyncio.all_tasks() if not closes_a_generator(task)} == {asyncio.current_task()}
            if number % 10 == 0:
                await transport.close()
                await no_more_than(before)
                # Half of the transports look their host up, which takes a thread.
                transport = AsyncHttpTransport(url.replace("127.0.0.1", "localhost") if number % 20 else url)
        await transport.post("after=", b"{}")  # what is open still works
        await transport.close()

    tls = authority.server("localhost", "127.0.0.1") if over_tls else None
    answers = itertools.cycle([answer(200), answer(200), answer(200, Connection="close")])
    with FaultServer(lambda exchange: next(answers)(exchange), tls=tls) as server:
        with asyncio.Runner(loop_factory=getattr(importlib.import_module(module), name)) as runner:
            runner.run(main(server.url))
        gc.collect()
    assert problems == []
    assert registered.closed == []
    assert cancelled > instants / 10


def closes_a_generator(task: asyncio.Task[Any]) -> bool:
    """Return whether a task is the loop's own, for an async generator of ids that was garbage-collected."""
    return type(task.get_coro()).__name__ == "async_generator_athrow"


def test_a_loop_without_add_reader_is_an_error_that_names_the_ways_out() -> None:
    class Proactor(asyncio.SelectorEventLoop):
        def refuse(self, *_: object) -> Any:
            raise NotImplementedError

        add_reader = add_writer = remove_reader = remove_writer = refuse  # type: ignore[assignment]

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
