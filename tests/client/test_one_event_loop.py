"""A client belongs to the event loop that opened it: calls on another one fail, and do not wait for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from pushwire.client import Connection
from pushwire.testing import async_local_gateway
from tests.aws_lambda.contract.desk_pushwire_client import DeskClient
from tests.client.world import Desk, run, said

CALLS: dict[str, Callable[[DeskClient], Any]] = {
    "a send": lambda client: client.say(said("x")),
    "wait_for": lambda client: client.wait_for_say(timeout=1),
    "an iteration": lambda client: aiter(client),
    "a listener": lambda client: client.on_say(print),
    "an error listener": lambda client: client.on_error(print),
    "a hook": lambda client: client.on_reconnect(print),
    "opening": lambda client: client.__aenter__(),
    "closing": lambda client: client.close(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("shared", [False, True])
def test_a_call_on_the_loop_of_another_thread_is_an_error_that_names_both_loops(
    call: Callable[[DeskClient], Any], shared: bool
) -> None:
    async def elsewhere(client: DeskClient) -> tuple[str, str]:
        async def awaited() -> None:
            if asyncio.iscoroutine(result := call(client)):
                await result

        with pytest.raises(RuntimeError) as caught:
            await awaited()
        return f"{id(asyncio.get_running_loop()):#x}", str(caught.value)

    async def story() -> None:
        own = f"{id(asyncio.get_running_loop()):#x}"
        async with async_local_gateway(Desk()) as gateway, Connection(gateway.url) as connection:
            client = DeskClient(connection=connection) if shared else DeskClient(gateway.url)
            async with client:
                other, text = await asyncio.to_thread(asyncio.run, elsewhere(client))
                assert f"opened on _UnixSelectorEventLoop {own} and is used on _UnixSelectorEventLoop {other}" in text
                assert "run_coroutine_threadsafe" in text
                answer = client.wait_for_say(timeout=20)
                await client.say(said("still works"))
                assert (await answer).text == "still works"

    run(story())


@pytest.mark.parametrize("name", ["a listener", "an error listener", "a hook"])
def test_a_registration_in_a_thread_without_a_loop_is_an_error(name: str) -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, DeskClient(gateway.url) as client:
            with pytest.raises(RuntimeError, match="is used in a thread without an event loop"):
                await asyncio.to_thread(CALLS[name], client)

    run(story())


def test_listeners_can_be_added_anywhere_before_the_client_is_opened() -> None:
    heard: list[str] = []

    async def story(client: DeskClient) -> None:
        async with client:
            answer = client.wait_for_say(timeout=20)
            await client.say(said("x"))
            await answer

    async def served() -> None:
        async with async_local_gateway(Desk()) as gateway:
            client = await asyncio.to_thread(DeskClient, gateway.url)
            await asyncio.to_thread(client.on_say, lambda message: heard.append(message.text))
            await story(client)

    run(served())
    assert heard == ["x"]


def test_an_iteration_that_goes_to_another_loop_is_an_error() -> None:
    async def story() -> None:
        async with async_local_gateway(Desk()) as gateway, DeskClient(gateway.url) as client:
            events = aiter(client)
            with pytest.raises(RuntimeError, match="is used on"):
                await asyncio.to_thread(asyncio.run, anext_of(events))

    run(story())


async def anext_of(events: AsyncIterator[object]) -> object:
    return await anext(events)
