"""Sync and async do not mix: a transport, an SDK or a router of the other family is refused before a send."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws_lambda.contract.desk_pushwire import AsyncDeskRouter, AsyncDeskServerSdk, DeskRouter, DeskServerSdk
from tests.server.world import LEAF, AsyncWireServerSdk, WireServerSdk

from pushwire.testing import AsyncRecordingTransport, Post, RecordingTransport, message_event
from pushwire.transport import AsyncHttpTransport, HttpTransport

URL = "http://127.0.0.1:9/local"


class OnlyPosts:
    def post(self, _connection_id: str, _data: bytes, /) -> None:
        raise AssertionError("a frame was posted")


class PostsAsync(RecordingTransport):
    async def post(self, _connection_id: str, _data: bytes, /) -> None:  # type: ignore[override] # a mistake of a user's
        raise AssertionError("a frame was posted")


@pytest.mark.parametrize(
    ("sdk", "transport", "reason"),
    [
        (WireServerSdk, AsyncRecordingTransport, "AsyncRecordingTransport is an async transport, this SDK is sync"),
        (WireServerSdk, lambda: AsyncHttpTransport(URL), "AsyncHttpTransport is an async transport"),
        (WireServerSdk, PostsAsync, "PostsAsync is an async transport"),
        (AsyncWireServerSdk, RecordingTransport, "RecordingTransport is a sync transport, this SDK is async"),
        (AsyncWireServerSdk, lambda: HttpTransport(URL), "HttpTransport is a sync transport"),
        (AsyncWireServerSdk, PostsAsync, "PostsAsync is a sync transport"),
        (WireServerSdk, lambda: URL, "takes a Transport with post, post_many, get, delete, close, not str"),
        (AsyncWireServerSdk, lambda: URL, "takes an AsyncTransport with"),
        (WireServerSdk, OnlyPosts, "not OnlyPosts"),
        (WireServerSdk, lambda: RecordingTransport, "not ABCMeta"),
    ],
)
def test_a_transport_of_another_kind_is_refused_at_construction(
    sdk: Callable[..., Any], transport: Callable[[], Any], reason: str
) -> None:
    with pytest.raises(TypeError, match=reason):
        sdk(transport=transport())


def test_a_method_of_the_users_transport_may_have_any_name() -> None:
    calls: list[Any] = []

    class WithHooks(RecordingTransport):
        def ended(self, *facts: Any) -> None:
            calls.append(facts)

    class Plain:
        """A transport that is not an observer, but has the name of its method."""

        def __init__(self, inner: RecordingTransport) -> None:
            self.post, self.post_many, self.get = inner.post, inner.post_many, inner.get
            self.delete, self.close = inner.delete, inner.close

        def on_send_complete(self, words: str) -> None:
            calls.append(words)

    recorded = WithHooks()
    WireServerSdk(transport=recorded).send_leaf("a", LEAF())
    WireServerSdk(transport=Plain(recorded)).send_leaf("b", LEAF())
    assert [post.connection_id for post in recorded.posts] == ["a", "b"]
    assert calls == []
    assert isinstance(recorded.posts[0], Post)


@pytest.mark.parametrize(
    ("router", "sdk", "reason"),
    [
        (
            DeskRouter,
            lambda url: AsyncDeskServerSdk(url),
            "the sync router DeskRouter must return an instance of ServerSdk",
        ),
        (
            AsyncDeskRouter,
            lambda url: DeskServerSdk(url),
            "the async router AsyncDeskRouter must return an instance of AsyncServerSdk",
        ),
        (DeskRouter, lambda url: url, "not str"),
    ],
)
def test_a_router_refuses_the_sdk_of_the_other_family_when_it_is_made(
    router: Callable[..., Any], sdk: Callable[[str], Any], reason: str
) -> None:
    made = router(sdk=sdk)
    event = message_event("NoSuchRoute", body="{}", connection_id="a")
    with pytest.raises(TypeError, match=reason):
        made._service.sdk(event)
