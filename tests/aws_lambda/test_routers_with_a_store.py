"""Routers with a connection store: who is stored when, and what happens when the store fails."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pushwire.aws_lambda import ConnectionAccepted, ConnectionDenied, Router, RouterError
from pushwire.store import AsyncStore, SqliteStore, StoredConnection, StoreError
from pushwire.testing import (
    AsyncRecordingTransport,
    RecordingTransport,
    StoreClock,
    connect_event,
    disconnect_event,
    local_gateway,
    message_event,
)
from tests.aws_lambda.async_world import AsyncOpenDesk
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import (
    AsyncDeskRequest,
    AsyncDeskRouter,
    AsyncDeskServerSdk,
    DeskRouter,
    DeskServerSdk,
    PresenceRouter,
    PresenceServerSdk,
)
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.aws_lambda.world import OK, Desk, OpenDesk
from tests.gateway.world import SECONDS, client, serving

ID = "AAAAAAAAAAAAAAA="
DENIED = {"statusCode": 500}
ADA = ConnectionAccepted(user="ada", attributes={"name": "Ada"}, topics=["lobby"])
STORED = StoredConnection(ID, "ada", {"name": "Ada"}, frozenset({"lobby"}))


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    with SqliteStore(":memory:", clock=StoreClock()) as store:
        yield store


class BrokenStore(SqliteStore):
    """A store whose connects and disconnects fail."""

    def connect(self, connection_id: str, **_options: Any) -> None:
        raise StoreError("the table is on fire")

    def disconnect(self, connection_id: str) -> StoredConnection | None:
        raise StoreError("the table is on fire")


def sync_router(desk: Desk, store: Any) -> DeskRouter:
    return DeskRouter(desk, sdk=lambda _url: DeskServerSdk(transport=RecordingTransport()), store=store)


def async_router(desk: Desk, store: Any) -> AsyncDeskRouter:
    return AsyncDeskRouter(
        AsyncOpenDesk(desk), sdk=lambda _url: AsyncDeskServerSdk(transport=AsyncRecordingTransport()), store=store
    )


def async_router_with_an_async_store(desk: Desk, store: Any) -> AsyncDeskRouter:
    return async_router(desk, AsyncStore(store))


@pytest.fixture(params=[sync_router, async_router, async_router_with_an_async_store])
def form(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_an_accepted_connection_is_stored(form: Any, store: SqliteStore) -> None:
    router = form(OpenDesk(on_connect=lambda _request: ADA), store)
    assert router(connect_event(connection_id=ID), None) == OK
    assert store.get(ID) == STORED


def test_a_connection_is_stored_without_details(form: Any, store: SqliteStore) -> None:
    assert form(OpenDesk(), store)(connect_event(connection_id=ID), None) == OK
    assert store.get(ID) == StoredConnection(ID)


def test_a_connection_is_stored_without_an_on_connect(store: SqliteStore) -> None:
    assert sync_router(Desk(), store)(connect_event(connection_id=ID), None) == OK
    assert store.get(ID) == StoredConnection(ID)
    assert sync_router(Desk(), store)(disconnect_event(connection_id=ID), None) == OK
    assert store.get(ID) is None


def test_a_denied_connection_is_not_stored(form: Any, store: SqliteStore) -> None:
    def deny(_request: Any) -> None:
        raise ConnectionDenied(401)

    assert form(OpenDesk(on_connect=deny), store)(connect_event(connection_id=ID), None) == {"statusCode": 401}
    assert store.get(ID) is None


def test_a_subprotocol_is_chosen_as_without_a_store(store: SqliteStore) -> None:
    router = sync_router(OpenDesk(on_connect=lambda _request: ADA._replace(subprotocol="chat")), store)
    result = router(connect_event(connection_id=ID, subprotocols=("chat",)), None)
    assert result == OK | {"headers": {"Sec-WebSocket-Protocol": "chat"}}
    assert store.get(ID) == STORED


def test_a_connection_that_cannot_be_stored_is_denied(form: Any, caplog: pytest.LogCaptureFixture) -> None:
    with BrokenStore(":memory:") as store:
        assert form(OpenDesk(), store)(connect_event(connection_id=ID), None) == DENIED
    assert f"connection {ID} denied with 500: it could not be stored" in caplog.text
    assert "the table is on fire" in caplog.text


def test_a_denied_connection_does_not_stay_in_a_store_that_fails_half_way(form: Any) -> None:
    class HalfWay(SqliteStore):
        def connect(self, connection_id: str, **options: Any) -> None:
            super().connect(connection_id, **options)
            raise StoreError("the table is on fire")

    with HalfWay(":memory:", clock=StoreClock()) as store:
        assert form(OpenDesk(on_connect=lambda _request: ADA), store)(connect_event(connection_id=ID), None) == DENIED
        assert store.get(ID) is None
        assert list(store.members("lobby")) == []


def test_a_denied_connection_that_stays_in_a_store_is_logged(form: Any, caplog: pytest.LogCaptureFixture) -> None:
    with BrokenStore(":memory:") as store:
        assert form(OpenDesk(), store)(connect_event(connection_id=ID), None) == DENIED
    record = caplog.records[-1]
    assert record.getMessage() == f"the store has failed to end connection {ID}: the table is on fire"
    assert (vars(record)["route"], vars(record)["connection_id"]) == ("$connect", ID)


@pytest.mark.parametrize(
    "accepted", [ConnectionAccepted(topics=[""]), ConnectionAccepted(topics="lobby"), ConnectionAccepted(user="\ud83d")]
)
def test_a_connection_with_a_name_that_cannot_be_stored_is_denied(
    store: SqliteStore, accepted: ConnectionAccepted
) -> None:
    router = sync_router(OpenDesk(on_connect=lambda _request: accepted), store)
    assert router(connect_event(connection_id=ID), None) == DENIED
    assert store.get(ID) is None


def test_details_of_a_connection_need_a_store(caplog: pytest.LogCaptureFixture) -> None:
    router = sync_router(OpenDesk(on_connect=lambda _request: ADA), None)
    assert router(connect_event(connection_id=ID), None) == DENIED
    assert "the router has no store: pass store= to it" in caplog.text


def test_a_disconnect_ends_the_connection_before_the_handler_runs(form: Any, store: SqliteStore) -> None:
    seen: list[Any] = []

    def leave(request: Any) -> None:
        seen.append((request.connection, store.get(ID), list(store.members("lobby"))))

    router = form(OpenDesk(on_connect=lambda _request: ADA, on_disconnect=leave), store)
    router(connect_event(connection_id=ID), None)
    assert router(disconnect_event(connection_id=ID), None) == OK
    assert router(disconnect_event(connection_id=ID), None) == OK
    assert seen == [(STORED, None, []), (None, None, [])], "the second event has no connection"


def test_a_store_that_fails_at_a_disconnect_is_logged(form: Any, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []
    with BrokenStore(":memory:") as store:
        router = form(OpenDesk(on_disconnect=lambda request: seen.append(request.connection)), store)
        assert router(disconnect_event(connection_id=ID), None) == OK
    assert seen == [None]
    (record,) = caplog.records
    assert record.getMessage() == f"the store has failed to end connection {ID}: the table is on fire"
    assert vars(record)["connection_id"] == ID


def test_a_disconnect_without_a_store_has_no_connection() -> None:
    seen: list[Any] = []
    sync_router(OpenDesk(on_disconnect=lambda request: seen.append(request.connection)), None)(disconnect_event(), None)
    assert seen == [None]


def test_a_handler_uses_the_store_and_sends_to_a_topic(store: SqliteStore) -> None:
    transport = RecordingTransport()

    def enter(request: Any) -> None:
        request.store.join(request.connection_id, request.message.name)
        request.sdk.to(topic=request.message.name).say(Greeting(text="Hello"))

    router = DeskRouter(Desk(enter=enter), sdk=lambda _url: DeskServerSdk(transport=transport), store=store)
    router(connect_event(connection_id=ID), None)
    router(message_event(DeskOperations.enter, Visitor(name="lobby"), connection_id=ID), None)
    assert transport.sent.to(ID) == [Greeting(text="Hello")]


def test_an_async_handler_awaits_the_store(store: SqliteStore) -> None:
    transport = AsyncRecordingTransport()
    router = AsyncDeskRouter(sdk=lambda _url: AsyncDeskServerSdk(transport=transport), store=store)

    @router.enter
    async def enter(request: AsyncDeskRequest[Visitor]) -> None:
        await request.store.join(request.connection_id, request.message.name)
        await request.sdk.to(topic=request.message.name).say(Greeting(text="Hello"))

    router(connect_event(connection_id=ID), None)
    router(message_event(DeskOperations.enter, Visitor(name="lobby"), connection_id=ID), None)
    assert transport.sent.to(ID) == [Greeting(text="Hello")]


def test_a_request_without_a_store_says_what_to_pass(store: SqliteStore) -> None:
    router = sync_router(Desk(enter=lambda request: request.store), None)
    with pytest.raises(RouterError, match="pass store= to it"):
        router(message_event(DeskOperations.enter, Visitor(name="lobby")), None)


def test_an_sdk_with_its_own_store_keeps_it(store: SqliteStore) -> None:
    transport = RecordingTransport()
    with SqliteStore(":memory:") as other:
        other.connect("other", topics=["lobby"])
        sdk = DeskServerSdk(transport=transport, store=other)
        desk = Desk(enter=lambda request: request.sdk.to(topic="lobby").say(Greeting(text="Hello")))
        router = DeskRouter(desk, sdk=lambda _url: sdk, store=store)
        router(message_event(DeskOperations.enter, Visitor(name="lobby")), None)
    assert [post.connection_id for post in transport.posts] == ["other"]


def test_a_router_refuses_a_store_of_the_wrong_type(store: SqliteStore) -> None:
    with pytest.raises(TypeError, match="store= must be a connection store"):
        sync_router(Desk(), "sqlite:path")
    with pytest.raises(TypeError, match=r"store= is async \(AsyncStore\)"):
        sync_router(Desk(), AsyncStore(store))


def services(store: SqliteStore, desk: Any, presence: Any, other_store: SqliteStore | None = None) -> Router:
    transport = RecordingTransport()
    desk_router = DeskRouter(sdk=lambda _url: DeskServerSdk(transport=transport), store=store)
    presence_router = PresenceRouter(
        sdk=lambda _url: PresenceServerSdk(transport=transport), store=store if other_store is None else other_store
    )
    desk_router.on_connect(lambda _request: desk)
    presence_router.on_connect(lambda _request: presence)
    return Router(desk_router, presence_router)


def test_services_with_one_store_store_a_connection_once(store: SqliteStore) -> None:
    router = services(
        store,
        ConnectionAccepted(user="ada", attributes={"name": "Ada"}, topics=["lobby"]),
        ConnectionAccepted(attributes={"role": "guest"}, topics=["attic"]),
    )
    assert router(connect_event(connection_id=ID), None) == OK
    both = {"name": "Ada", "role": "guest"}
    assert store.get(ID) == StoredConnection(ID, "ada", both, frozenset({"lobby", "attic"}))


def test_services_that_choose_different_users_deny_the_connection(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    router = services(store, ConnectionAccepted(user="ada"), ConnectionAccepted(user="bob"))
    assert router(connect_event(connection_id=ID), None) == DENIED
    assert "services chose different users" in caplog.text
    assert store.get(ID) is None


def test_async_services_with_one_store_store_a_connection_once(store: SqliteStore) -> None:
    assert AsyncStore(store) == AsyncStore(store)
    assert hash(AsyncStore(store)) == hash(AsyncStore(store))
    assert AsyncStore(store) != store


def test_services_with_two_stores_use_both(store: SqliteStore) -> None:
    with SqliteStore(":memory:", clock=StoreClock()) as other:
        router = services(store, ADA, ConnectionAccepted(user="ada"), other)
        assert router(connect_event(connection_id=ID), None) == OK
        assert store.get(ID) == STORED
        assert other.get(ID) == StoredConnection(ID, "ada")
        assert router(disconnect_event(connection_id=ID), None) == OK
        assert store.get(ID) is other.get(ID) is None


def test_a_denied_connection_stays_in_none_of_two_stores(store: SqliteStore) -> None:
    with BrokenStore(":memory:") as broken:
        router = services(store, ADA, ADA, broken)
        assert router(connect_event(connection_id=ID), None) == DENIED
    assert store.get(ID) is None
    assert list(store.members("lobby")) == []


def test_a_broadcast_during_connect_does_not_lose_the_client() -> None:
    """The broadcast finds the connection in the store and gets 410 for it, because its `$connect` has not returned."""
    connected, broadcast = threading.Event(), threading.Event()

    class Pausing(SqliteStore):
        def connect(self, connection_id: str, **options: Any) -> None:
            super().connect(connection_id, **options)
            connected.set()
            assert broadcast.wait(SECONDS)

    with Pausing(":memory:") as store:
        desk = OpenDesk(on_connect=lambda _request: ConnectionAccepted(topics=["lobby"]))
        with serving(DeskRouter(desk, store=store)) as gateway:
            sdk = DeskServerSdk(gateway.callback_url, store=store)

            def send() -> None:
                assert connected.wait(SECONDS)
                reports.append(sdk.to(topic="lobby").say(Greeting(text="too early")))
                broadcast.set()

            reports: list[Any] = []
            sender = threading.Thread(target=send)
            sender.start()
            with client(gateway) as ws:
                sender.join()
                assert len(reports[0].gone) == 1
                assert sdk.to(topic="lobby").say(Greeting(text="Hello")).accepted == 1
                assert '"text":"Hello"' in str(ws.recv(timeout=SECONDS))
            sdk.close()


def test_clients_of_the_local_gateway_come_and_go_in_the_store() -> None:
    left = threading.Event()

    def greet(request: Any) -> None:
        request.store.join(request.connection_id, request.message.name)
        request.sdk.to(topic=request.message.name).greet(Greeting(text="Welcome"))

    with SqliteStore(":memory:") as store:
        desk = OpenDesk(enter=greet, on_disconnect=lambda _request: left.set())
        with local_gateway(DeskRouter(desk, store=store)) as gateway, gateway.connect() as visitor:
            visitor.send(DeskOperations.enter, Visitor(name="lobby"))
            assert visitor.receive(DeskOperations.greet) == Greeting(text="Welcome")
            assert len(list(store.members("lobby"))) == 1
            visitor.close()
            assert left.wait(SECONDS)
            assert list(store.members("lobby")) == []


def test_an_sdk_with_a_store_of_its_own_keeps_it(store: SqliteStore) -> None:
    transport = RecordingTransport()
    with SqliteStore(":memory:", clock=StoreClock()) as own:
        own.connect("BBBBBBBBBBBBBBB=", topics=["lobby"])
        router = DeskRouter(sdk=lambda _url: DeskServerSdk(transport=transport, store=own), store=store)

        @router.say
        def say(request: Any, /) -> None:
            request.sdk.to(topic="lobby").greet(request.message)

        store.connect(ID, topics=["lobby"])
        assert router(message_event(DeskOperations.say, Greeting(text="Hi"), connection_id=ID), None) == OK
    assert transport.sent.to("BBBBBBBBBBBBBBB=") == [Greeting(text="Hi")]
    assert len(transport.posts) == 1
