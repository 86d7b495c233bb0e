"""The async Server SDK: the same methods with `await`, and ids from async iterables."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.server.world import CONNECTION_ID, LEAF, SEND_LEAF, AsyncWireServerSdk, leaf_of_frame_size
from tests.support.async_tests import on_a_loop
from tests.support.fault_server import FaultServer, answer

import pushwire
from pushwire import BroadcastReport, Format
from pushwire.errors import ConnectionGoneError, ConnectionPendingError, ThrottledError
from pushwire.server.options import BroadcastOptions
from pushwire.testing import AsyncRecordingTransport, Post

FRAME = b'{"route":"SendLeaf","payload":{"leafName":"Hello!"}}'


@pytest.fixture
def transport() -> AsyncRecordingTransport:
    return AsyncRecordingTransport(
        failures={"gone": ConnectionGoneError(attempts=1), "slow": ThrottledError(attempts=3)}
    )


async def ids_later(*ids: str) -> AsyncIterator[str]:
    for connection_id in ids:
        await asyncio.sleep(0)
        yield connection_id


@on_a_loop
async def test_a_message_goes_out_as_one_frame(transport: AsyncRecordingTransport) -> None:
    await AsyncWireServerSdk(transport=transport).send_leaf(CONNECTION_ID, LEAF(leaf_name="Hello!"))
    binary = AsyncWireServerSdk(transport=transport, frame_format=Format.BINARY)
    await binary.send_leaf(CONNECTION_ID, LEAF())
    assert transport.posts == [Post(CONNECTION_ID, FRAME), Post(CONNECTION_ID, b"CghTZW5kTGVhZg==")]
    assert [sent.message for sent in transport.sent] == [LEAF(leaf_name="Hello!"), LEAF()]


@on_a_loop
async def test_what_is_refused_is_refused_as_in_the_sync_one(transport: AsyncRecordingTransport) -> None:
    sdk = AsyncWireServerSdk(transport=transport)
    wrong: Any = None
    with pytest.raises(TypeError, match="a connection id must be a string"):
        await sdk.send_leaf(wrong, LEAF())
    with pytest.raises(pushwire.InvalidConnectionIdError):
        await sdk.send_leaf("", LEAF())
    with pytest.raises(pushwire.PayloadTooLargeError) as caught:
        await sdk.send_leaf(CONNECTION_ID, leaf_of_frame_size(131_073))
    assert (caught.value.operation, caught.value.connection_id) == (SEND_LEAF, CONNECTION_ID)
    pending = sdk._while_pending("own")
    for call in (
        pending.send_leaf("own", LEAF()),
        pending.connections.get("own"),
        pending.connections.disconnect("own"),
    ):
        with pytest.raises(ConnectionPendingError):
            await call
    assert transport.posts == []


@on_a_loop
async def test_a_gone_connection_calls_on_gone_sync_or_async(transport: AsyncRecordingTransport) -> None:
    notified: list[str] = []

    async def forget(connection_id: str) -> None:
        await asyncio.sleep(0)
        notified.append(f"{connection_id}, later")

    for on_gone in (notified.append, forget):
        sdk = AsyncWireServerSdk(transport=transport, on_gone=on_gone)
        for call in (sdk.send_leaf("gone", LEAF()), sdk.connections.get("gone"), sdk.connections.disconnect("gone")):
            with pytest.raises(ConnectionGoneError):
                await call
        await sdk.to(["a", "gone"]).send_leaf(LEAF())
    assert notified == ["gone"] * 4 + ["gone, later"] * 4


@on_a_loop
async def test_ids_come_from_an_iterable_or_an_async_one(transport: AsyncRecordingTransport) -> None:
    sdk = AsyncWireServerSdk(transport=transport)
    for ids in (["a", "gone", "b", "slow"], ids_later("a", "gone", "b", "slow")):
        report = await sdk.to(ids).send_leaf(LEAF(leaf_name="Hello!"))
        assert (report.accepted, report.gone) == (2, ("gone",))
        assert [(error.connection_id, error.operation) for error in report.failed] == [("slow", SEND_LEAF)]
    assert transport.posts == [Post("a", FRAME), Post("b", FRAME)] * 2


@on_a_loop
async def test_refused_ids_are_failures_with_both_kinds_of_iterables(transport: AsyncRecordingTransport) -> None:
    sdk = AsyncWireServerSdk(transport=transport)._while_pending("own")
    for ids in (["a", "", "own"], ids_later("a", "", "own")):
        report = await sdk.to(ids).send_leaf(LEAF())
        assert report.accepted == 1
        kinds = [pushwire.InvalidConnectionIdError, ConnectionPendingError]
        assert [type(error) for error in report.failed] == kinds
    wrong: Any = ids_later("a", 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not int"):
        await sdk.to(wrong).send_leaf(LEAF())


@on_a_loop
async def test_one_string_and_bad_options_are_errors_before_anything_is_sent(
    transport: AsyncRecordingTransport,
) -> None:
    sdk = AsyncWireServerSdk(transport=transport)
    with pytest.raises(TypeError, match="not str: to send to one connection"):
        await sdk.to(CONNECTION_ID).send_leaf(LEAF())
    wrong: Any = {"max_inflight": 3}
    with pytest.raises(TypeError, match="no option max_inflight=: did you mean max_in_flight="):
        await sdk.to(["a"], **wrong).send_leaf(LEAF())
    assert transport.posts == []


@on_a_loop
async def test_what_an_async_on_gone_raises_is_raised_when_the_broadcast_has_ended(
    transport: AsyncRecordingTransport,
) -> None:
    async def forget(_connection_id: str) -> None:
        raise LookupError("no table")

    sdk = AsyncWireServerSdk(transport=transport, on_gone=forget)
    with pytest.raises(LookupError, match="no table"):
        await sdk.to(["gone", "a", "gone"]).send_leaf(LEAF())
    assert transport.posts == [Post("a", transport.posts[0].data)]


@on_a_loop
async def test_what_an_async_on_gone_raises_ends_the_broadcast(transport: AsyncRecordingTransport) -> None:
    drawn: list[str] = []

    async def ids() -> AsyncIterator[str]:
        for number in range(1_000):
            drawn.append("gone" if number == 2 else f"c{number}")
            yield drawn[-1]
            await asyncio.sleep(0)

    async def forget(_connection_id: str) -> None:
        raise LookupError("no table")

    sdk = AsyncWireServerSdk(transport=transport, on_gone=forget)
    with pytest.raises(LookupError, match="no table"):
        await sdk.to(ids()).send_leaf(LEAF())
    assert 3 <= len(drawn) < 20


@on_a_loop
async def test_a_broadcast_that_is_cancelled_gives_up_its_async_on_gone(transport: AsyncRecordingTransport) -> None:
    ended: list[str] = []

    async def forget(_connection_id: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    sdk = AsyncWireServerSdk(transport=transport, on_gone=forget)
    broadcast = asyncio.ensure_future(sdk.to(["gone"]).send_leaf(LEAF()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    broadcast.cancel()
    with pytest.raises(asyncio.CancelledError):
        await broadcast
    await asyncio.sleep(0)
    assert ended == ["cancelled"]


@pytest.mark.parametrize(("options", "most"), [({"max_in_flight": 5}, 5), ({}, 32)])
@on_a_loop
async def test_an_async_on_gone_has_no_more_calls_at_once_than_the_broadcast_has_posts(
    options: BroadcastOptions, most: int, transport: AsyncRecordingTransport
) -> None:
    ids = ["gone"] * 300
    running, highest, told = 0, 0, 0

    async def forget(_connection_id: str) -> None:
        nonlocal running, highest, told
        running += 1
        highest = max(highest, running)
        await asyncio.sleep(0)
        running -= 1
        told += 1

    sdk = AsyncWireServerSdk(transport=transport, on_gone=forget)
    report = await sdk.to(ids, **options).send_leaf(LEAF())
    assert (len(report.gone), told, running) == (300, 300, 0)
    assert highest == most


@on_a_loop
async def test_after_an_async_on_gone_has_failed_the_calls_that_wait_are_not_made(
    transport: AsyncRecordingTransport,
) -> None:
    told: list[str] = []

    async def forget(connection_id: str) -> None:
        told.append(connection_id)
        raise LookupError("no table")

    sdk = AsyncWireServerSdk(transport=transport, on_gone=forget)
    with pytest.raises(LookupError, match="no table"):
        await sdk.to(["gone"] * 20, max_in_flight=2).send_leaf(LEAF())
    assert len(told) == 2


@on_a_loop
async def test_it_is_an_async_context_manager_that_closes_only_what_it_opened() -> None:
    class Closing(AsyncRecordingTransport):
        closed = 0

        async def close(self) -> None:
            self.closed += 1

    own = Closing()
    async with AsyncWireServerSdk(transport=own) as sdk:
        await sdk.send_leaf("a", LEAF())
    assert own.closed == 0


@pytest.mark.extra("boto3")
@on_a_loop
async def test_it_posts_through_boto3_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answer(200)) as server:
        async with AsyncWireServerSdk(server.url) as sdk:
            await sdk.send_leaf(CONNECTION_ID, LEAF(leaf_name="Hello!"))
            report = await sdk.to(ids_later("a", "b")).send_leaf(LEAF(leaf_name="Hello!"))
        monkeypatch.setenv("PUSHWIRE_CALLBACK_URL", server.url)
        async with AsyncWireServerSdk() as sdk:
            await sdk.send_leaf(CONNECTION_ID, LEAF(leaf_name="Hello!"))
    assert report == BroadcastReport(accepted=2)
    assert [request.body for request in server.requests] == [FRAME] * 4
    gc.collect()


def test_settings_beside_connections_are_refused(transport: AsyncRecordingTransport) -> None:
    with pytest.raises(TypeError, match="transport= cannot be combined"):
        AsyncWireServerSdk(transport=transport, max_attempts=2)
