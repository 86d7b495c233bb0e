"""A router whose `sdk=` returns an SDK that it cannot use fails, instead of sending nothing."""

from typing import Any

import pytest

from pushwire.testing import AsyncRecordingTransport, RecordingTransport
from tests.aws_lambda.contract.desk_pb2 import Greeting
from tests.aws_lambda.contract.desk_pushwire import AsyncDeskRouter, AsyncDeskServerSdk, DeskRouter, DeskServerSdk
from tests.aws_lambda.world import CAPTURED_MESSAGE, saying

SYNC: Any = lambda _url: DeskServerSdk(transport=RecordingTransport())  # noqa: E731
ASYNC: Any = lambda _url: AsyncDeskServerSdk(transport=AsyncRecordingTransport())  # noqa: E731


def test_a_sync_router_fails_when_its_async_sdk_is_first_used() -> None:
    router = DeskRouter(sdk=ASYNC)

    @router.say
    def say(request: Any) -> None:
        request.sdk.greet(request.connection_id, Greeting())

    with pytest.raises(TypeError, match="sdk= of DeskRouter must return its sync SDK, not AsyncDeskServerSdk"):
        router(CAPTURED_MESSAGE, None)


def test_an_async_router_fails_when_its_sync_sdk_is_first_used() -> None:
    router = AsyncDeskRouter(sdk=SYNC)

    @router.say
    async def say(request: Any) -> None:
        await request.sdk.greet(request.connection_id, Greeting())

    with pytest.raises(TypeError, match="sdk= of AsyncDeskRouter must return its async SDK, not DeskServerSdk"):
        router(CAPTURED_MESSAGE, None)


@pytest.mark.parametrize(("kind", "sdk"), [(DeskRouter, ASYNC), (AsyncDeskRouter, SYNC)])
def test_a_refused_message_does_not_hide_it(kind: Any, sdk: Any) -> None:
    with pytest.raises(TypeError, match=r"must return its a?sync SDK"):
        kind(sdk=sdk)(saying("not a frame"), None)


async def later(_url: str) -> DeskServerSdk:
    return DeskServerSdk(transport=RecordingTransport())


@pytest.mark.parametrize(
    ("kind", "sdk", "text"),
    [
        (
            DeskRouter,
            AsyncDeskServerSdk,
            "sdk= of DeskRouter must return its sync SDK, and AsyncDeskS",
        ),
        (AsyncDeskRouter, DeskServerSdk, "must return its async SDK, and DeskServerSdk does not"),
        (DeskRouter, later, "must return its sync SDK, and later does not"),
    ],
)
def test_what_is_known_of_sdk_is_checked_at_construction(kind: Any, sdk: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        kind(sdk=sdk)
