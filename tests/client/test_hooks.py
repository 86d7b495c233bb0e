"""Hooks run on each connection except the first, also if they raise, send, wait or close the client."""

import asyncio
from collections.abc import Callable

import pytest

from pushwire import PushwireError
from pushwire.client import ClientClosedError, ConnectionLostError, ListenerError, SendQueueFullError, State
from pushwire.testing import async_local_gateway
from tests.aws_lambda.contract.desk_pb2 import Visitor
from tests.client.world import PATIENT, Desk, desk_client, run, said, until, until_open


def test_hooks_run_before_what_waits_in_order_and_on_each_connection_but_the_first() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, desk_client(gateway.url) as client:
            ran: list[str] = []

            async def enter() -> None:
                ran.append("enter")
                await client.enter(Visitor(name="Ada"))
                await client.wait_for_greet(timeout=5)  # messages are delivered while hooks run
                ran.append("entered")

            client.on_reconnect(enter)
            client.on_reconnect(lambda: ran.append("after it"))
            await client.say(said("first"))
            await until(lambda: desk.heard == ["first"])
            assert ran == []
            for number in range(1, 4):
                gateway.close()
                await until(lambda: client.status.state is State.RECONNECTING)
                await asyncio.gather(*(client.say(said(f"{number}{text}")) for text in "ab"))
                await desk.has_heard(1 + 3 * number)
            assert ran == ["enter", "entered", "after it"] * 3
            assert desk.heard[1::3] == ["enter Ada"] * 3

    run(story())


def test_a_hook_that_raises_is_reported_and_the_others_run() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, desk_client(gateway.url) as client:
            ran, errors = [], list[PushwireError]()

            def fail() -> None:
                raise ZeroDivisionError

            client.on_error(errors.append)
            client.on_reconnect(fail)
            remove = client.on_reconnect(lambda: ran.append("removed"))
            client.on_reconnect(lambda: ran.append("ran"))
            remove()
            gateway.drop()
            await until_open(client, 2)
            assert ran == ["ran"]
            assert [type(error) for error in errors] == [ListenerError]
            assert isinstance(errors[0].__cause__, ZeroDivisionError)

    run(story())


def test_a_hook_whose_connection_is_lost_is_cancelled_and_runs_again() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, desk_client(gateway.url) as client:
            ran: list[str] = []
            errors: list[PushwireError] = []
            client.on_error(errors.append)

            async def hang_once() -> None:
                ran.append("begins")
                if len(ran) == 1:
                    try:
                        await asyncio.get_running_loop().create_future()
                    finally:
                        ran.append("is cancelled")
                await client.say(said("by the hook"))

            client.on_reconnect(hang_once)
            gateway.drop()
            await until(lambda: ran == ["begins"])
            waiting = asyncio.ensure_future(client.say(said("waits for the hook")))
            for _ in range(100):
                await asyncio.sleep(0)
            assert not waiting.done()
            assert client.status.state is State.RECONNECTING
            gateway.drop()
            await waiting
            await until(lambda: len(desk.heard) == 2)
            assert ran == ["begins", "is cancelled", "begins"]
            assert errors == []

    run(story())


def test_what_a_hook_sends_after_its_connection_is_lost_is_not_kept_for_the_next() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, desk_client(gateway.url) as client:
            outcomes: list[object] = []
            started: list[asyncio.Task[None]] = []

            async def late() -> None:
                first = client.status.last_closed
                await until(lambda: client.status.last_closed is not first)  # the second has ended as well
                try:
                    await client.say(said("from a hook of the past"))
                except ConnectionLostError as error:
                    outcomes.append(error.maybe_received)

            async def hook() -> None:
                if not started:
                    started.append(asyncio.ensure_future(late()))
                    gateway.drop()
                    await asyncio.get_running_loop().create_future()

            client.on_reconnect(hook)
            gateway.drop()
            await until(lambda: outcomes)
            await until_open(client, 3)
            assert outcomes == [False]
            assert desk.heard == []

    run(story())


async def await_what_is_cancelled() -> None:
    worker = asyncio.ensure_future(asyncio.sleep(1_000))
    worker.cancel()
    await worker


def raise_what_was_cancelled() -> None:
    raise asyncio.CancelledError


async def raise_the_error_of_an_earlier_send() -> None:
    raise ConnectionLostError(None, maybe_received=True)


def raise_the_error_of_another_client() -> None:
    raise ClientClosedError("the client is closed")


@pytest.mark.parametrize(
    "hook",
    [
        await_what_is_cancelled,
        raise_what_was_cancelled,
        raise_the_error_of_an_earlier_send,
        raise_the_error_of_another_client,
    ],
)
def test_a_hook_that_ends_as_if_by_the_client_s_own_doing_is_reported_and_the_others_run(
    hook: Callable[[], object],
) -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, desk_client(gateway.url) as client:
            ran, errors = list[str](), list[PushwireError]()
            client.on_error(errors.append)
            client.on_reconnect(hook)
            client.on_reconnect(lambda: ran.append("the next"))
            gateway.drop()
            await until_open(client, 2)
            await client.say(said("again"))
            await desk.has_heard(1)
            assert ran == ["the next"]
            assert [type(error) for error in errors] == [ListenerError]
            assert f"{hook.__name__} raised" in str(errors[0])

    run(story())


def test_closing_does_not_wait_for_a_hook_that_sends_while_it_is_cancelled() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway, desk_client(gateway.url) as client:
            outcomes: list[object] = []

            async def hook() -> None:
                if outcomes:
                    return
                try:
                    await client.enter(Visitor(name="Ada"))
                    await asyncio.get_running_loop().create_future()
                finally:
                    try:
                        await client.say(said("goodbye"))
                    except ConnectionLostError as error:
                        outcomes.append(error.maybe_received)

            client.on_reconnect(hook)
            gateway.drop()
            await desk.has_heard(1)
            gateway.drop()
            await until_open(client, 3)
            assert outcomes == [False]
            assert desk.heard == ["enter Ada"]

    run(story())


def test_a_task_that_a_hook_leaves_behind_sends_like_any_other() -> None:
    async def story() -> None:
        async with async_local_gateway(desk := Desk()) as gateway:
            clock = gateway.gateway.clock
            async with desk_client(gateway.url, backoff=PATIENT, clock=clock, max_queued=1) as client:
                go_on = asyncio.Event()
                workers: list[asyncio.Task[None]] = []

                async def work() -> None:
                    await go_on.wait()
                    await client.say(said("by a worker"))

                def hook() -> None:
                    if not workers:
                        workers.append(asyncio.ensure_future(work()))

                client.on_reconnect(hook)
                gateway.drop()
                await until(lambda: client.status.state is State.RECONNECTING)
                await gateway.advance(1_000)
                await until_open(client, 2)
                gateway.drop()
                await until(lambda: client.status.state is State.RECONNECTING)
                go_on.set()
                await until(lambda: client.status.queued == 1)
                with pytest.raises(SendQueueFullError):
                    await client.say(said("too much"))
                await gateway.advance(1_000)
                await workers[0]
                await desk.has_heard(1)

    run(story())


def test_while_hooks_run_other_sends_wait_up_to_the_limit() -> None:
    async def story() -> None:
        async with (
            async_local_gateway(desk := Desk()) as gateway,
            desk_client(gateway.url, max_queued=2) as client,
        ):
            runs, go_on = asyncio.Event(), asyncio.Event()

            async def hook() -> None:
                runs.set()
                await go_on.wait()
                await client.say(said("by the hook"))

            client.on_reconnect(hook)
            gateway.drop()
            await runs.wait()
            waiting = [asyncio.ensure_future(client.say(said(text))) for text in "ab"]
            await until(lambda: client.status.queued == 2)
            with pytest.raises(SendQueueFullError):
                await client.say(said("too much"))
            go_on.set()
            await asyncio.gather(*waiting)
            await desk.has_heard(3)
            assert desk.heard == ["by the hook", "a", "b"]

    run(story())


def test_a_hook_that_sends_when_the_client_is_closed_is_not_an_error() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client, errors = await desk_client(gateway.url), list[PushwireError]()
            client.on_error(errors.append)
            outcomes: list[type[BaseException]] = []

            async def hook() -> None:
                try:
                    while True:
                        await client.say(said("again and again"))
                except BaseException as error:
                    outcomes.append(type(error))
                    raise

            client.on_reconnect(hook)
            gateway.drop()
            await until(lambda: client.status.sent > 5)
            await client.close()
            assert outcomes == [ClientClosedError]
            assert errors == []

    run(story())


def test_a_hook_does_not_outlive_a_client_that_is_closed_while_the_connection_breaks() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway:
            clock = gateway.gateway.clock
            let_go, begun, ended = asyncio.Event(), list[str](), list[str]()

            async def keepalive() -> None:
                begun.append("the keepalive")
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    ended.append("the keepalive begins to end")
                    await let_go.wait()
                    ended.append("the keepalive")

            async def hook() -> None:
                clock.advance(301)
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    ended.append("the hook")

            client = await desk_client(gateway.url, clock=clock, keepalive=keepalive)
            client.on_reconnect(hook)
            gateway.drop()
            await until(lambda: begun)
            gateway.drop()
            await until(lambda: len(ended) == 2)
            closing = asyncio.ensure_future(client.close())
            await asyncio.sleep(0)
            let_go.set()
            await closing
            assert ended[2:] == ["the keepalive"]

    run(story())
