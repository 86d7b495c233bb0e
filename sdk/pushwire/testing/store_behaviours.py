"""The test suite of connection stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pushwire.store import ConnectionStore, NotConnectedError, StoredConnection, TooManyTopicsError

__all__ = ["ConnectionStoreBehaviours", "StoreClock"]

ADA, BOB = "AAAAAAAAAAAAAAA=", "BBBBBBBBBBBBBBB="

HOSTILE_NAMES = (
    "#",
    "lobby#0",
    "T#lobby#0",
    "a/b:c|d,e f",
    "'; DROP TABLE connection; --",
    "%_*?[a-z]",
    " lobby ",
    "LOBBY",
    "line\nbreak\ttab",
    "nul\0byte",
    "é",
    "e\N{COMBINING ACUTE ACCENT}",
    "\N{PILE OF POO}\N{ZERO WIDTH JOINER}\N{RIGHT-TO-LEFT OVERRIDE}",
    "\uffff",
    "0",
    "None",
    "x" * 512,
    "é" * 256,
)
"""Names that a store must keep exactly, and apart from one another."""

REFUSED_NAMES = ("", "x" * 513, "é" * 257, "half \ud83d", "\udca9 half")
"""Names that a store must refuse."""


class StoreClock:
    """A clock for a store under test, which stands still until a test advances it.

    Attributes:
        now: The time of day in seconds since the epoch.
    """

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time of day in seconds since the epoch."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Advance the clock.

        Args:
            seconds: The seconds to add.
        """
        self.now += seconds


class ConnectionStoreBehaviours:
    """The behaviours of every connection store. Subclass it with a fixture that returns an empty store.

    ```python
    class TestMyStore(ConnectionStoreBehaviours):
        @pytest.fixture
        def store(self, clock):
            return MyStore(clock=clock)
    ```

    The store must take the time from `clock`, or else a test of expiry cannot advance it.
    """

    @pytest.fixture
    def clock(self) -> StoreClock:
        """Return the clock of the store under test."""
        return StoreClock()

    @pytest.fixture
    def store(self, clock: StoreClock) -> ConnectionStore:
        """Return an empty store. Each subclass overrides it."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `store`, which returns an empty store")

    def test_a_connection_is_returned_as_it_was_stored(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", attributes={"name": "Ada", "empty": ""}, topics=["lobby", "attic"])
        expected = StoredConnection(ADA, "ada", {"name": "Ada", "empty": ""}, frozenset({"lobby", "attic"}))
        assert store.get(ADA) == expected

    def test_a_connection_needs_only_an_id(self, store: ConnectionStore) -> None:
        store.connect(ADA)
        assert store.get(ADA) == StoredConnection(ADA)

    def test_unknown_connections_users_and_topics_are_empty(self, store: ConnectionStore) -> None:
        assert store.get(ADA) is None
        assert store.disconnect(ADA) is None
        assert list(store.of_user("ada")) == []
        assert list(store.members("lobby")) == []
        store.leave(ADA, "lobby")
        store.gone([ADA])
        store.gone([])
        assert store.get(ADA) is None

    def test_members_have_their_users_and_attributes(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", attributes={"name": "Ada"}, topics=["lobby"])
        store.connect(BOB, user="bob")
        store.join(BOB, "lobby")
        assert by_id(store.members("lobby")) == [
            StoredConnection(ADA, "ada", {"name": "Ada"}),
            StoredConnection(BOB, "bob"),
        ]

    def test_a_user_has_several_connections(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada")
        store.connect(BOB, user="ada")
        store.connect("C", user="carla")
        assert sorted(store.of_user("ada")) == [ADA, BOB]

    def test_joining_twice_is_joining_once(self, store: ConnectionStore) -> None:
        store.connect(ADA, topics=["lobby", "lobby"])
        store.join(ADA, "lobby")
        assert ids(store.members("lobby")) == [ADA]

    def test_a_connection_leaves_one_topic_and_stays_in_the_others(self, store: ConnectionStore) -> None:
        store.connect(ADA, topics=["lobby", "attic"])
        store.leave(ADA, "lobby")
        store.leave(ADA, "lobby")
        assert ids(store.members("lobby")) == []
        assert ids(store.members("attic")) == [ADA]
        assert store.get(ADA) == StoredConnection(ADA, topics=frozenset({"attic"}))

    def test_a_connection_can_join_again_after_it_left(self, store: ConnectionStore) -> None:
        store.connect(ADA, topics=["lobby"])
        store.leave(ADA, "lobby")
        store.join(ADA, "lobby")
        assert ids(store.members("lobby")) == [ADA]

    def test_only_a_stored_connection_can_join(self, store: ConnectionStore) -> None:
        with pytest.raises(NotConnectedError, match=ADA) as caught:
            store.join(ADA, "lobby")
        assert caught.value.connection_id == ADA
        assert ids(store.members("lobby")) == []

    def test_a_connection_that_has_ended_cannot_join(self, store: ConnectionStore) -> None:
        store.connect(ADA)
        store.disconnect(ADA)
        with pytest.raises(NotConnectedError):
            store.join(ADA, "lobby")
        assert ids(store.members("lobby")) == []

    def test_a_connection_is_in_a_hundred_topics_at_most(self, store: ConnectionStore) -> None:
        topics = [f"topic-{number}" for number in range(100)]
        store.connect(ADA, topics=topics)
        with pytest.raises(TooManyTopicsError, match="100") as caught:
            store.join(ADA, "one-more")
        assert caught.value.connection_id == ADA
        store.join(ADA, topics[0])
        assert ids(store.members("one-more")) == []
        store.leave(ADA, topics[1])
        store.join(ADA, "one-more")
        assert ids(store.members("one-more")) == [ADA]

    def test_a_connection_cannot_start_in_more_than_a_hundred_topics(self, store: ConnectionStore) -> None:
        with pytest.raises(TooManyTopicsError):
            store.connect(ADA, topics=[f"topic-{number}" for number in range(101)])
        assert store.get(ADA) is None

    def test_a_disconnect_removes_the_connection_everywhere_and_returns_it(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", attributes={"name": "Ada"}, topics=["lobby"])
        store.join(ADA, "attic")
        expected = StoredConnection(ADA, "ada", {"name": "Ada"}, frozenset({"lobby", "attic"}))
        assert store.disconnect(ADA) == expected
        assert_is_absent(store, ADA, user="ada", topics=["lobby", "attic"])

    def test_only_the_first_disconnect_returns_the_connection(self, store: ConnectionStore) -> None:
        store.connect(ADA, topics=["lobby"])
        assert store.disconnect(ADA) is not None
        assert store.disconnect(ADA) is None

    def test_one_of_many_simultaneous_disconnects_returns_the_connection(self, store: ConnectionStore) -> None:
        store.connect(ADA, topics=["lobby"])
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(store.disconnect, [ADA] * 8))
        assert [result for result in results if result] == [StoredConnection(ADA, topics=frozenset({"lobby"}))]

    def test_listings_agree_with_the_connection_after_simultaneous_changes(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", topics=["lobby"])
        calls: list[Callable[[], object]] = [
            lambda: store.join(ADA, "attic"),
            lambda: store.identify(ADA, user="bob", attributes={"name": "Bob"}),
            lambda: store.leave(ADA, "attic"),
            lambda: store.identify(ADA, user="carla"),
        ] * 3
        with ThreadPoolExecutor(8) as threads:
            for call in [threads.submit(call) for call in calls]:
                call.result()
        connection = store.get(ADA)
        assert connection is not None
        for topic in ("lobby", "attic"):
            expected = [connection._replace(topics=frozenset())] if topic in connection.topics else []
            assert list(store.members(topic)) == expected
        for user in ("ada", "bob", "carla"):
            assert list(store.of_user(user)) == ([ADA] if user == connection.user else [])
        assert store.disconnect(ADA) == connection
        assert_is_absent(store, ADA, user=str(connection.user), topics=["lobby", "attic"])

    def test_gone_removes_the_connection_everywhere(self, store: ConnectionStore, clock: StoreClock) -> None:
        store.connect(ADA, user="ada", topics=["lobby"])
        store.connect(BOB, user="ada", topics=["lobby"])
        clock.advance(60)
        store.gone(iter([ADA, "unknown", ADA]))
        assert_is_absent(store, ADA, user="ada", topics=["lobby"])
        assert list(store.of_user("ada")) == ids(store.members("lobby")) == [BOB]

    def test_a_disconnect_returns_the_connection_also_after_gone(
        self, store: ConnectionStore, clock: StoreClock
    ) -> None:
        store.connect(ADA, user="ada", topics=["lobby"])
        clock.advance(60)
        store.gone([ADA])
        store.gone([ADA])
        assert store.disconnect(ADA) == StoredConnection(ADA, "ada", topics=frozenset({"lobby"}))
        store.gone([ADA])
        assert store.disconnect(ADA) is None

    def test_gone_ignores_a_connection_whose_connect_may_still_run(
        self, store: ConnectionStore, clock: StoreClock
    ) -> None:
        store.connect(ADA, user="ada", topics=["lobby"])
        clock.advance(29.9)
        store.gone([ADA])
        assert ids(store.members("lobby")) == list(store.of_user("ada")) == [ADA]
        clock.advance(0.2)
        store.gone([ADA])
        assert ids(store.members("lobby")) == list(store.of_user("ada")) == []

    def test_gone_takes_many_connections(self, store: ConnectionStore, clock: StoreClock) -> None:
        everyone = [f"connection-{number}" for number in range(60)]
        for connection_id in everyone:
            store.connect(connection_id, topics=["lobby"])
        clock.advance(60)
        store.gone(everyone[:-1])
        assert ids(store.members("lobby")) == everyone[-1:]

    def test_an_ended_connection_can_neither_leave_nor_be_identified(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", topics=["lobby"])
        store.disconnect(ADA)
        store.leave(ADA, "lobby")
        with pytest.raises(NotConnectedError):
            store.identify(ADA, user="bob")
        assert_is_absent(store, ADA, user="bob", topics=["lobby"])

    def test_a_disconnect_returns_the_topics_that_the_connection_had_at_its_end(
        self, store: ConnectionStore, clock: StoreClock
    ) -> None:
        store.connect(ADA, topics=["lobby"])
        clock.advance(60)
        store.gone([ADA])
        store.leave(ADA, "lobby")
        assert store.disconnect(ADA) == StoredConnection(ADA, topics=frozenset({"lobby"}))

    def test_a_connection_expires(self, store: ConnectionStore, clock: StoreClock) -> None:
        store.connect(ADA, user="ada", topics=["lobby"])
        clock.advance(2 * 3600 + 599)
        assert ids(store.members("lobby")) == list(store.of_user("ada")) == [ADA]
        clock.advance(2)
        assert_is_absent(store, ADA, user="ada", topics=["lobby"])
        assert store.disconnect(ADA) is None
        with pytest.raises(NotConnectedError):
            store.join(ADA, "lobby")
        with pytest.raises(NotConnectedError):
            store.identify(ADA, user="ada")

    def test_joining_does_not_extend_the_lifetime(self, store: ConnectionStore, clock: StoreClock) -> None:
        store.connect(ADA)
        clock.advance(2 * 3600)
        store.join(ADA, "lobby")
        clock.advance(601)
        assert ids(store.members("lobby")) == []

    def test_connecting_again_replaces_the_connection(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", attributes={"name": "Ada"}, topics=["lobby", "attic"])
        store.connect(ADA, user="bob", topics=["attic", "cellar"])
        assert store.get(ADA) == StoredConnection(ADA, "bob", topics=frozenset({"attic", "cellar"}))
        assert list(store.of_user("ada")) == ids(store.members("lobby")) == []
        assert list(store.of_user("bob")) == ids(store.members("attic")) == ids(store.members("cellar")) == [ADA]
        assert list(store.members("attic")) == [StoredConnection(ADA, "bob")]

    def test_connecting_again_replaces_a_connection_that_was_identified(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", topics=["lobby"])
        store.identify(ADA, user="bob", attributes={"name": "Bob"})
        store.connect(ADA, topics=["lobby"])
        assert store.get(ADA) == StoredConnection(ADA, topics=frozenset({"lobby"}))
        assert list(store.members("lobby")) == [StoredConnection(ADA)]
        assert list(store.of_user("ada")) == list(store.of_user("bob")) == []

    def test_connecting_again_after_the_end_starts_over(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", topics=["lobby"])
        store.disconnect(ADA)
        store.connect(ADA)
        assert store.get(ADA) == StoredConnection(ADA)
        store.join(ADA, "lobby")
        assert store.disconnect(ADA) == StoredConnection(ADA, topics=frozenset({"lobby"}))

    def test_identify_changes_the_user_everywhere(self, store: ConnectionStore) -> None:
        store.connect(ADA, attributes={"name": "a guest"}, topics=["lobby"])
        store.identify(ADA, user="ada", attributes={"name": "Ada"})
        assert store.get(ADA) == StoredConnection(ADA, "ada", {"name": "Ada"}, frozenset({"lobby"}))
        assert list(store.members("lobby")) == [StoredConnection(ADA, "ada", {"name": "Ada"})]
        assert list(store.of_user("ada")) == [ADA]

    def test_identify_moves_a_connection_from_one_user_to_another(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", attributes={"name": "Ada"}, topics=["lobby"])
        store.identify(ADA, user="bob")
        assert list(store.of_user("ada")) == []
        assert list(store.of_user("bob")) == [ADA]
        assert list(store.members("lobby")) == [StoredConnection(ADA, "bob", {"name": "Ada"})]
        store.identify(ADA, user="ada")
        assert list(store.of_user("ada")) == [ADA]
        assert store.disconnect(ADA) == StoredConnection(ADA, "ada", {"name": "Ada"}, frozenset({"lobby"}))
        assert list(store.of_user("ada")) == list(store.of_user("bob")) == []

    def test_a_topic_that_is_joined_after_identify_has_the_new_user(self, store: ConnectionStore) -> None:
        store.connect(ADA)
        store.identify(ADA, user="ada", attributes={"name": "Ada"})
        store.join(ADA, "lobby")
        assert list(store.members("lobby")) == [StoredConnection(ADA, "ada", {"name": "Ada"})]

    def test_identify_does_not_join_a_topic_that_the_connection_has_left(self, store: ConnectionStore) -> None:
        store.connect(ADA, user="ada", topics=["lobby", "attic"])
        store.leave(ADA, "attic")
        store.identify(ADA, user="bob")
        assert ids(store.members("attic")) == []
        assert list(store.members("lobby")) == [StoredConnection(ADA, "bob")]

    def test_only_a_stored_connection_can_be_identified(self, store: ConnectionStore) -> None:
        with pytest.raises(NotConnectedError):
            store.identify(ADA, user="ada")
        assert list(store.of_user("ada")) == []

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_hostile_names_are_kept_exactly(self, store: ConnectionStore, name: str) -> None:
        store.connect(name, user=name, attributes={name: name}, topics=[name])
        store.connect(BOB, user="bob", topics=["lobby"])
        assert store.get(name) == StoredConnection(name, name, {name: name}, frozenset({name}))
        assert list(store.of_user(name)) == [name]
        assert list(store.members(name)) == [StoredConnection(name, name, {name: name})]
        store.leave(name, name)
        store.join(name, name)
        assert ids(store.members(name)) == [name]
        assert ids(store.members("lobby")) == list(store.of_user("bob")) == [BOB]
        assert store.disconnect(name) == StoredConnection(name, name, {name: name}, frozenset({name}))

    def test_hostile_names_are_kept_apart(self, store: ConnectionStore) -> None:
        for number, name in enumerate(HOSTILE_NAMES):
            store.connect(str(number), user=name, topics=[name])
        for number, name in enumerate(HOSTILE_NAMES):
            assert list(store.of_user(name)) == ids(store.members(name)) == [str(number)]

    @pytest.mark.parametrize("name", REFUSED_NAMES, ids=["empty", "513", "514", "high", "low"])
    def test_names_that_cannot_be_stored_are_refused(self, store: ConnectionStore, name: str) -> None:
        store.connect(ADA)
        calls: list[Callable[[], object]] = [
            lambda: store.connect(name),
            lambda: store.connect(BOB, user=name),
            lambda: store.connect(BOB, attributes={name: "value"}),
            lambda: store.connect(BOB, topics=["lobby", name]),
            lambda: store.identify(name, user="ada"),
            lambda: store.identify(ADA, user=name),
            lambda: store.join(ADA, name),
            lambda: store.join(name, "lobby"),
            lambda: store.leave(ADA, name),
            lambda: store.leave(name, "lobby"),
            lambda: store.disconnect(name),
            lambda: store.gone([name]),
            lambda: store.get(name),
            lambda: store.of_user(name),
            lambda: store.members(name),
        ]
        for call in calls:
            with pytest.raises(ValueError, match=r"512 bytes|surrogate"):
                call()
        assert store.get(BOB) is None
        assert store.get(ADA) == StoredConnection(ADA)

    def test_half_of_a_surrogate_pair_in_a_value_is_refused(self, store: ConnectionStore) -> None:
        with pytest.raises(ValueError, match="surrogate"):
            store.connect(ADA, attributes={"name": "\ud83d"})
        store.connect(ADA, attributes={"name": "\N{PILE OF POO}" * 1000})
        assert store.get(ADA) == StoredConnection(ADA, attributes={"name": "\N{PILE OF POO}" * 1000})

    def test_wrong_types_are_refused(self, store: ConnectionStore) -> None:
        wrong: Any = 7
        store.connect(ADA)
        calls: list[Callable[[], object]] = [
            lambda: store.connect(wrong),
            lambda: store.connect(BOB, user=wrong),
            lambda: store.connect(BOB, attributes=wrong),
            lambda: store.connect(BOB, attributes={"age": wrong}),
            lambda: store.connect(BOB, topics=wrong),
            lambda: store.connect(BOB, topics="lobby"),
            lambda: store.join(ADA, wrong),
            lambda: store.gone(ADA),
            lambda: store.gone([wrong]),
            lambda: store.get(wrong),
            lambda: store.of_user(wrong),
            lambda: store.members(wrong),
        ]
        for call in calls:
            with pytest.raises(TypeError):
                call()
        assert store.get(BOB) is None

    def test_a_listing_survives_the_deletion_of_what_it_has_returned(
        self, store: ConnectionStore, clock: StoreClock
    ) -> None:
        # Why long: a page of DynamoDB has at most 1 MB, and a few connections must fill several pages.
        everyone = [f"connection-{number:02}" for number in range(60)]
        for connection_id in everyone:
            store.connect(connection_id, attributes={"long": "x" * 40_000}, topics=["lobby"])
        clock.advance(60)
        found: list[str] = []
        for member in store.members("lobby"):
            found.append(member.connection_id)
            store.gone([member.connection_id])
        assert sorted(found) == everyone
        assert ids(store.members("lobby")) == []


def ids(connections: Iterable[StoredConnection]) -> list[str]:
    """Return the ids of connections, in order."""
    return sorted(connection.connection_id for connection in connections)


def by_id(connections: Iterable[StoredConnection]) -> list[StoredConnection]:
    """Return connections in the order of their ids."""
    return sorted(connections, key=lambda connection: connection.connection_id)


def assert_is_absent(store: ConnectionStore, connection_id: str, *, user: str, topics: list[str]) -> None:
    """Assert that no listing has a connection."""
    assert store.get(connection_id) is None
    assert connection_id not in list(store.of_user(user))
    for topic in topics:
        assert connection_id not in ids(store.members(topic))
