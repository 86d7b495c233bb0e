"""Sync and async listeners: one that raises, is slow or closes the client does not affect the others."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from pushwire import FrameError, PushwireError
from pushwire.client import EventsLostError, ListenerError
from tests.aws_lambda.contract.desk_pb2 import Greeting
from tests.client.world import arrive, greet, offline, run, until

Greetings = list[Greeting]
Errors = list[PushwireError]


def test_a_listener_can_be_removed_and_added_twice() -> None:
    async def story() -> None:
        client, heard = offline(), Greetings()
        remove = client.on_greet(heard.append)
        client.on_greet(heard.append)
        errors = Errors()
        remove_error_listener = client.on_error(errors.append)
        greet(client, "twice")
        arrive(client, "nonsense")
        remove()
        remove()
        remove_error_listener()
        greet(client, "once")
        arrive(client, "nonsense")
        assert len(errors) == 1
        assert [greeting.text for greeting in heard] == ["twice", "twice", "once"]

    run(story())


def test_calls_of_an_async_listener_follow_one_another() -> None:
    async def story() -> None:
        client, trace = offline(), list[str]()

        async def slow(greeting: Greeting) -> None:
            trace.append(f"begin {greeting.text}")
            await asyncio.sleep(0)
            trace.append(f"end {greeting.text}")

        client.on_greet(slow)
        client.on_greet(lambda greeting: slow(Greeting(text=f"{greeting.text}, by a lambda")))
        greet(client, "1")
        greet(client, "2")
        await until(lambda: len(trace) == 8)
        by_lambda = [line for line in trace if "lambda" in line]
        assert by_lambda == [f"{what} {n}, by a lambda" for n in (1, 2) for what in ("begin", "end")]
        assert [line for line in trace if line not in by_lambda] == ["begin 1", "end 1", "begin 2", "end 2"]
        await client.close()

    run(story())


def test_a_listener_that_raises_is_reported_and_the_others_are_called(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        client, heard, errors = offline(), Greetings(), Errors()

        def fail(_greeting: Greeting) -> None:
            raise ZeroDivisionError("by a listener")

        async def fail_later(_greeting: Greeting) -> None:
            await asyncio.sleep(0)
            raise LookupError("by an async one")

        client.on_greet(fail)
        client.on_greet(fail_later)
        client.on_greet(heard.append)
        client.on_error(errors.append)
        greet(client, "1")
        greet(client, "2")
        await until(lambda: len(errors) == 4)
        assert len(heard) == 2
        causes = sorted(type(error.__cause__).__name__ for error in errors)
        assert causes == ["LookupError", "LookupError", "ZeroDivisionError", "ZeroDivisionError"]
        assert all(isinstance(error, ListenerError) for error in errors)
        assert "fail raised on desk.v1.DeskService.Greet" in str(errors[0])
        await client.close()

    with caplog.at_level(logging.ERROR, "pushwire.client"):
        run(story())
    assert "ZeroDivisionError: by a listener" in caplog.text


def test_the_exception_of_an_error_listener_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        client, errors = offline(), Errors()

        def fail(_error: PushwireError) -> None:
            raise ZeroDivisionError("by an error listener")

        client.on_error(fail)
        client.on_error(errors.append)
        arrive(client, "nonsense")
        assert [type(error) for error in errors] == [FrameError]

    with caplog.at_level(logging.ERROR, "pushwire.client"):
        run(story())
    assert "ZeroDivisionError: by an error listener" in caplog.text


def test_a_cancelled_error_of_a_listener_s_own_ends_that_call_only() -> None:
    async def story() -> None:
        client, errors, heard = offline(), Errors(), list[str]()

        async def cancelled(greeting: Greeting) -> None:
            heard.append(greeting.text)
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

        client.on_greet(cancelled)
        client.on_error(errors.append)
        greet(client, "1")
        greet(client, "2")
        await until(lambda: len(errors) == 2)
        assert heard == ["1", "2"]
        await client.close()

    run(story())


def test_an_async_listener_that_is_too_slow_is_reported() -> None:
    async def story() -> None:
        client, errors, heard = offline(max_events=2), Errors(), list[str]()
        release = asyncio.Event()

        async def slow(greeting: Greeting) -> None:
            await release.wait()
            heard.append(greeting.text)

        client.on_greet(slow)
        client.on_error(errors.append)
        greet(client, "runs")
        await asyncio.sleep(0)
        for number in range(5):
            greet(client, str(number))
        assert [type(error) for error in errors] == [EventsLostError]
        assert "the listener" in str(errors[0])
        release.set()
        await until(lambda: heard == ["runs", "0", "1"])
        await client.close()

    run(story())


@pytest.mark.parametrize("wrong", [None, "listener", 5])
def test_a_listener_that_cannot_be_called_is_refused_at_once(wrong: Any) -> None:
    client = offline()
    add: list[Callable[[Any], Any]] = [client.on_greet, client.on_error, client.on_reconnect]
    for method in add:
        with pytest.raises(TypeError, match="must be a function, not"):
            method(wrong)


def test_a_cancelled_error_of_a_sync_listener_is_reported_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        client, errors, heard = offline(), Errors(), Greetings()
        cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        cancelled.cancel()
        client.on_greet(lambda _greeting: cancelled.result())
        client.on_greet(heard.append)
        client.on_error(lambda _error: cancelled.result())
        client.on_error(errors.append)
        greet(client, "1")
        greet(client, "2")
        assert len(heard) == 2
        assert [type(error.__cause__) for error in errors] == [asyncio.CancelledError] * 2

    with caplog.at_level(logging.ERROR, "pushwire.client"):
        run(story())
    assert caplog.text.count("<lambda> raised") == 4


def test_the_number_of_lost_events_is_reported_when_an_async_listener_has_drained_its_buffer() -> None:
    async def story() -> None:
        client, errors, heard = offline(max_events=2), Errors(), list[str]()
        release = asyncio.Event()

        async def slow(greeting: Greeting) -> None:
            await release.wait()
            heard.append(greeting.text)

        client.on_greet(slow)
        client.on_error(errors.append)
        for burst in range(1, 3):
            release.clear()
            for number in range(7):
                greet(client, f"{burst}.{number}")
            release.set()
            await until(lambda burst=burst: len(errors) == 2 * burst)  # type: ignore[misc]
            assert [error.count for error in errors if isinstance(error, EventsLostError)] == [1, 5] * burst
            assert len(heard) == 2 * burst
        await client.close()

    run(story())
