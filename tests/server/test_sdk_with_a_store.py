"""Server SDKs with a connection store: topics, users, and connections that are gone."""

import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import pytest
from tests.server.world import LEAF, AsyncWireServerSdk, WireServerSdk
from tests.support.async_tests import on_a_loop

from pushwire import ConnectionGoneError, UnavailableError
from pushwire.store import AsyncStore, SqliteStore, StoredConnection, StoreError
from pushwire.testing import AsyncRecordingTransport, RecordingTransport, StoreClock

MESSAGE = LEAF(leaf_name="Hello")
IDS = [f"connection-{number}" for number in range(5)]
GONE = {connection_id: ConnectionGoneError(connection_id=connection_id) for connection_id in IDS[:3]}


@pytest.fixture
def clock() -> StoreClock:
    return StoreClock()


@pytest.fixture
def store(clock: StoreClock) -> Iterator[SqliteStore]:
    with SqliteStore(":memory:", clock=clock) as store:
        for number, connection_id in enumerate(IDS):
            store.connect(connection_id, user="ada" if number % 2 else "bob", topics=["lobby"])
        clock.advance(60)
        yield store


class BrokenStore(SqliteStore):
    """A store that cannot remove connections."""

    calls = 0

    def gone(self, connection_ids: Iterable[str]) -> None:
        self.calls += 1
        raise StoreError("the table is on fire")


def posted(transport: RecordingTransport | AsyncRecordingTransport) -> list[str]:
    return sorted(post.connection_id for post in transport.posts)


def test_a_message_goes_to_the_members_of_a_topic(store: SqliteStore) -> None:
    transport = RecordingTransport()
    sdk = WireServerSdk(transport=transport, store=store)
    broadcast = sdk.to(topic="lobby", skip=[IDS[0]])
    assert broadcast.send_leaf(MESSAGE).accepted == 4
    assert posted(transport) == IDS[1:]
    store.leave(IDS[1], "lobby")
    assert broadcast.send_leaf(MESSAGE).accepted == 3, "a second message goes to the members at that time"


def test_a_message_goes_to_the_connections_of_a_user(store: SqliteStore) -> None:
    transport = RecordingTransport()
    WireServerSdk(transport=transport, store=store).to(user="ada", deadline=20).send_leaf(MESSAGE)
    assert posted(transport) == [IDS[1], IDS[3]]


def test_connections_that_are_gone_leave_the_store(store: SqliteStore) -> None:
    gone: list[str] = []
    sdk = WireServerSdk(transport=RecordingTransport(failures=GONE), store=store, on_gone=gone.append)
    report = sdk.to(topic="lobby").send_leaf(MESSAGE)
    assert sorted(report.gone) == sorted(gone) == IDS[:3]
    assert sorted(member.connection_id for member in store.members("lobby")) == IDS[3:]
    assert store.disconnect(IDS[0]) == StoredConnection(IDS[0], "bob", topics=frozenset({"lobby"}))


def test_a_connection_that_one_send_finds_gone_leaves_the_store(store: SqliteStore) -> None:
    sdk = WireServerSdk(transport=RecordingTransport(failures=GONE), store=store)
    with pytest.raises(ConnectionGoneError):
        sdk.send_leaf(IDS[0], MESSAGE)
    with pytest.raises(ConnectionGoneError):
        sdk.connections.disconnect(IDS[1])
    assert sorted(member.connection_id for member in store.members("lobby")) == IDS[2:]


def test_other_failures_leave_the_connection_in_the_store(store: SqliteStore) -> None:
    transport = RecordingTransport(failures={IDS[0]: UnavailableError(connection_id=IDS[0])})
    WireServerSdk(transport=transport, store=store).to(topic="lobby").send_leaf(MESSAGE)
    assert store.get(IDS[0]) is not None


def test_a_store_that_fails_is_logged_and_fails_no_send(caplog: pytest.LogCaptureFixture) -> None:
    with BrokenStore(":memory:") as store:
        for connection_id in IDS:
            store.connect(connection_id, topics=["lobby"])
        sdk = WireServerSdk(transport=RecordingTransport(failures=GONE), store=store)
        assert len(sdk.to(topic="lobby").send_leaf(MESSAGE).gone) == 3
        assert "the table is on fire" in caplog.text
        assert caplog.records[0].levelno == logging.ERROR
        assert store.calls == 1, "a store that has failed is not called again by this broadcast"
        with pytest.raises(ConnectionGoneError):
            sdk.send_leaf(IDS[0], MESSAGE)


def test_gone_connections_are_removed_in_batches_while_the_broadcast_goes_on() -> None:
    everyone = [f"connection-{number}" for number in range(100)]
    all_posted, batches = threading.Event(), list[int]()

    class SlowStore(SqliteStore):
        def gone(self, connection_ids: Iterable[str]) -> None:
            batches.append(len(list(connection_ids)))
            assert all_posted.wait(60)

    def count(_connection_id: str, _error: object) -> None:
        if len(transport.posts) == 1:
            all_posted.set()

    transport = RecordingTransport(
        failures={connection_id: ConnectionGoneError(connection_id=connection_id) for connection_id in everyone[:-1]}
    )
    with SlowStore(":memory:") as store:
        report = WireServerSdk(transport=transport, store=store).to(everyone, on_outcome=count).send_leaf(MESSAGE)
    assert len(report.gone) == sum(batches) == 99
    assert len(batches) <= 2, "those that are found gone while one batch is removed form the next"


def test_a_deadline_bounds_the_wait_for_the_store() -> None:
    never = threading.Event()

    class StuckStore(SqliteStore):
        def gone(self, connection_ids: Iterable[str]) -> None:
            never.wait()

    with StuckStore(":memory:") as store:
        sdk = WireServerSdk(transport=RecordingTransport(failures=GONE), store=store)
        assert len(sdk.to(IDS, deadline=1).send_leaf(MESSAGE).gone) == 3
    never.set()


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((), {}, "takes an iterable of connection ids, topic= or user=: pass one of them"),
        ((IDS,), {"topic": "lobby"}, "pass one of them"),
        ((), {"topic": "lobby", "user": "ada"}, "pass one of them"),
        ((IDS, IDS), {}, "pass one of them"),
        ((), {"topic": 5}, "topic= must be a string, not int"),
        ((), {"user": ["ada"]}, "user= must be a string, not list"),
        ((), {"topic": "lobby", "dead_line": 5}, "did you mean deadline="),
    ],
)
def test_recipients_that_cannot_be_selected_are_refused(
    store: SqliteStore, arguments: Any, options: Any, text: str
) -> None:
    for sdk in (
        WireServerSdk(transport=RecordingTransport(), store=store),
        AsyncWireServerSdk(transport=AsyncRecordingTransport(), store=store),
    ):
        select: Any = sdk.to
        with pytest.raises(TypeError, match=text):
            select(*arguments, **options)


def test_a_topic_needs_a_store() -> None:
    with pytest.raises(TypeError, match=r"to\(topic=…\) needs a connection store: pass store= to WireServerSdk"):
        WireServerSdk(transport=RecordingTransport()).to(topic="lobby")


@pytest.mark.parametrize("wrong", [SqliteStore, sqlite3, "sqlite:path", 5])
def test_a_store_of_the_wrong_type_is_refused(wrong: Any) -> None:
    for sdk, transport in ((WireServerSdk, RecordingTransport()), (AsyncWireServerSdk, AsyncRecordingTransport())):
        make: Any = sdk
        with pytest.raises(TypeError, match="store= must be a connection store, such as SqliteStore"):
            make(transport=transport, store=wrong)


def test_a_sync_sdk_refuses_an_async_store(store: SqliteStore) -> None:
    wrong: Any = AsyncStore(store)
    with pytest.raises(TypeError, match=r"store= is async \(AsyncStore\)"):
        WireServerSdk(transport=RecordingTransport(), store=wrong)


@pytest.mark.parametrize("wrapped", [True, False], ids=["an AsyncStore", "a sync store"])
@on_a_loop
async def test_an_async_sdk_sends_to_topics_and_users(store: SqliteStore, wrapped: bool) -> None:
    transport = AsyncRecordingTransport(failures=GONE)
    sdk = AsyncWireServerSdk(transport=transport, store=AsyncStore(store) if wrapped else store)
    report = await sdk.to(topic="lobby", skip={IDS[4]}).send_leaf(MESSAGE)
    assert (sorted(report.gone), report.accepted) == (IDS[:3], 1)
    assert sorted(member.connection_id for member in store.members("lobby")) == IDS[3:]
    assert (await sdk.to(user="ada").send_leaf(MESSAGE)).accepted == 1
    assert posted(transport) == [IDS[3], IDS[3]]


@on_a_loop
async def test_a_connection_that_one_async_send_finds_gone_leaves_the_store(store: SqliteStore) -> None:
    sdk = AsyncWireServerSdk(transport=AsyncRecordingTransport(failures=GONE), store=store)
    with pytest.raises(ConnectionGoneError):
        await sdk.send_leaf(IDS[0], MESSAGE)
    with pytest.raises(ConnectionGoneError):
        await sdk.connections.get(IDS[1])
    assert sorted(member.connection_id for member in store.members("lobby")) == IDS[2:]


@on_a_loop
async def test_an_async_sdk_logs_a_store_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    with BrokenStore(":memory:") as store:
        sdk = AsyncWireServerSdk(transport=AsyncRecordingTransport(failures=GONE), store=store)
        assert len((await sdk.to(IDS).send_leaf(MESSAGE)).gone) == 3
        assert "the table is on fire" in caplog.text
        assert store.calls == 1
        with pytest.raises(ConnectionGoneError):
            await sdk.send_leaf(IDS[0], MESSAGE)


@on_a_loop
async def test_a_deadline_bounds_the_wait_of_an_async_broadcast_for_the_store() -> None:
    never = threading.Event()

    class StuckStore(SqliteStore):
        def gone(self, connection_ids: Iterable[str]) -> None:
            never.wait()

    with StuckStore(":memory:") as store:
        sdk = AsyncWireServerSdk(transport=AsyncRecordingTransport(failures=GONE), store=store)
        assert len((await sdk.to(IDS, deadline=1).send_leaf(MESSAGE)).gone) == 3
        never.set()


class Pages(SqliteStore):
    """A store whose topic has pages of two members, which notes when a page is read."""

    def __init__(self, transport: RecordingTransport | AsyncRecordingTransport) -> None:
        super().__init__(":memory:")
        self.transport = transport
        self.posts_before_page: list[int] = []

    def members(self, topic: str) -> Iterator[StoredConnection]:
        for page in range(3):
            self.posts_before_page.append(len(self.transport.posts))
            for number in range(2):
                yield StoredConnection(f"{page}-{number}")


def test_the_first_post_leaves_before_the_second_page_is_read() -> None:
    transport = RecordingTransport()
    with Pages(transport) as store:
        assert WireServerSdk(transport=transport, store=store).to(topic="lobby").send_leaf(MESSAGE).accepted == 6
    assert store.posts_before_page == [0, 2, 4]


@on_a_loop
async def test_the_first_async_post_leaves_before_the_second_page_is_read() -> None:
    transport = AsyncRecordingTransport()
    with Pages(transport) as store:
        sdk = AsyncWireServerSdk(transport=transport, store=store)
        assert (await sdk.to(topic="lobby").send_leaf(MESSAGE)).accepted == 6
    assert store.posts_before_page[1] >= 1


@on_a_loop
async def test_an_async_store_has_all_calls_of_its_store(store: SqliteStore, clock: StoreClock) -> None:
    later = AsyncStore(store)
    await later.connect("new", attributes={"name": "Ada"}, topics=["attic"])
    await later.join("new", "cellar")
    await later.leave("new", "attic")
    await later.identify("new", user="ada")
    expected = StoredConnection("new", "ada", {"name": "Ada"}, frozenset({"cellar"}))
    assert await later.get("new") == expected
    assert [each.connection_id async for each in later.members("cellar")] == ["new"]
    assert sorted([each async for each in later.of_user("ada")]) == [IDS[1], IDS[3], "new"]
    clock.advance(60)
    await later.gone(["new"])
    assert await later.disconnect("new") == expected


@on_a_loop
async def test_an_async_store_lists_thousands() -> None:
    class Large(SqliteStore):
        def of_user(self, user: str) -> Iterator[str]:
            return (str(number) for number in range(2_000))

    with Large(":memory:") as store:
        ids: AsyncIterator[str] = AsyncStore(store).of_user("ada")
        assert [each async for each in ids] == [str(number) for number in range(2_000)]


def test_an_async_store_takes_only_a_sync_store(store: SqliteStore) -> None:
    make: Any = AsyncStore
    for wrong in (AsyncStore(store), None, SqliteStore):
        with pytest.raises(TypeError, match=r"AsyncStore\(\) takes a store"):
            make(wrong)
