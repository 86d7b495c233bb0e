"""Sync SDKs accept only sync transports and functions, and async SDKs only async transports."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.server.world import LEAF, AsyncWireServerSdk, WireServerSdk

from pushwire.testing import AsyncRecordingTransport, RecordingTransport

URL = "https://abc.execute-api.eu-west-1.amazonaws.com/prod"


@pytest.mark.parametrize(
    ("transport", "text"),
    [
        (AsyncRecordingTransport(), r"transport= is async, which this SDK cannot await: .*\(AsyncRecordingTransport\)"),
        (URL, r"transport= must be a transport, such as HttpTransport\(url\), not str"),
        (RecordingTransport, "not the class RecordingTransport"),
        (object(), "not object"),
    ],
)
def test_a_sync_sdk_takes_only_a_sync_transport(transport: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        WireServerSdk(transport=transport)


@pytest.mark.parametrize(
    ("transport", "text"),
    [
        (RecordingTransport(), r"transport= is not async, and this SDK awaits it: .*\(RecordingTransport\)"),
        (URL, r"transport= must be a transport, such as AsyncHttpTransport\(url\), not str"),
        (AsyncRecordingTransport, "not the class AsyncRecordingTransport"),
    ],
)
def test_an_async_sdk_takes_only_an_async_transport(transport: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        AsyncWireServerSdk(transport=transport)


def test_a_sync_sdk_refuses_an_async_on_gone() -> None:
    async def forget(_connection_id: str) -> None: ...

    with pytest.raises(TypeError, match="on_gone= is async, which this SDK cannot await"):
        WireServerSdk(transport=RecordingTransport(), on_gone=forget)


class Own:
    """A transport with methods that are named like those of observers."""

    def __init__(self) -> None:
        self.posted: list[str] = []

    def post(self, connection_id: str, _data: bytes, /) -> None:
        self.posted.append(connection_id)

    def post_many(self, connection_ids: Any, data: bytes, _options: Any, on_outcome: Any, /) -> tuple[str, ...]:
        for connection_id in connection_ids:
            self.post(connection_id, data)
            on_outcome(connection_id, None)
        return ()

    def get(self, _connection_id: str, /) -> Any:
        raise AssertionError("not called")

    def delete(self, _connection_id: str, /) -> None:
        raise AssertionError("not called")

    def close(self) -> None: ...

    def ended(self) -> None:
        raise AssertionError("not called")

    def on_send_complete(self) -> None:
        raise AssertionError("not called")


def test_a_transport_may_have_any_other_methods() -> None:
    own = Own()
    sdk = WireServerSdk(transport=own)
    sdk.send_leaf("a", LEAF())
    assert sdk.to(["b"]).send_leaf(LEAF()).accepted == 1
    assert own.posted == ["a", "b"]


def test_an_async_method_besides_those_that_post_does_not_make_a_transport_async() -> None:
    class Pooled(RecordingTransport):
        async def close(self) -> None: ...  # type: ignore[override] # the mistake

    transport: Any = Pooled()
    WireServerSdk(transport=transport)
    with pytest.raises(TypeError, match=r"transport= is not async, and this SDK awaits it: .*\(Pooled\)"):
        AsyncWireServerSdk(transport=transport)


class Hidden:
    """An async transport whose methods are plain functions that return the coroutines of another one."""

    def __init__(self) -> None:
        self.transport = AsyncRecordingTransport()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.transport, name)
        return lambda *arguments: method(*arguments)


def test_a_sync_sdk_refuses_what_an_async_transport_returns_to_it() -> None:
    transport: Any = Hidden()
    sdk = WireServerSdk(transport=transport)
    calls: list[Callable[[], object]] = [
        lambda: sdk.send_leaf("a", LEAF()),
        lambda: sdk.to(["a"]).send_leaf(LEAF()),
        lambda: sdk.connections.get("a"),
        lambda: sdk.connections.disconnect("a"),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"transport= is async, which this SDK cannot await: .*\(Hidden\)"):
            call()
    assert transport.transport.posts == []


def test_an_async_transport_may_have_plain_methods_that_return_awaitables() -> None:
    class Wrapped(AsyncRecordingTransport):
        def post(self, connection_id: str, data: bytes, /) -> Any:
            return super().post(connection_id, data)

    transport = Wrapped()
    sending = AsyncWireServerSdk(transport=transport).send_leaf("a", LEAF())
    with pytest.raises(StopIteration):
        sending.send(None)
    assert [post.connection_id for post in transport.posts] == ["a"]
