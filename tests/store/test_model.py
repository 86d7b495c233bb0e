"""Random operations on stores, compared with a model."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pushwire.store import ConnectionStore, DynamoDBStore, NotConnectedError, SqliteStore, StoredConnection
from pushwire.testing import StoreClock
from tests.store.memory_client import MemoryClient

LIFETIME = 2 * 3600 + 600

IDS = st.sampled_from(["a", "b", "c"])
USERS = st.sampled_from(["ada", "bob"])
TOPICS = st.sampled_from(["lobby", "attic", "everyone"])
ATTRIBUTES = st.dictionaries(st.sampled_from(["name", "role"]), st.sampled_from(["", "x", "é"]))


class Known:
    """A connection of the model."""

    def __init__(self, connection: StoredConnection, connected_at: float) -> None:
        self.connection = connection
        self.connected_at = connected_at
        self.is_open = True
        self.is_returned = False


class Stores(RuleBasedStateMachine):
    """Stores of all kinds, which get the same calls as the model. A subclass has their client."""

    client: Any = None

    @initialize()
    def make(self) -> None:
        self.clock = StoreClock()
        self.known: dict[str, Known] = {}
        options: Any = {"client": MemoryClient(), "clock": self.clock, "partitions": {"everyone": [3, 2]}}
        self.stores: list[ConnectionStore] = [
            SqliteStore(":memory:", clock=self.clock),
            DynamoDBStore("connections", **options),
        ]

    def teardown(self) -> None:
        for store in self.stores:
            if isinstance(store, SqliteStore):
                store.close()

    def now(self, connection_id: str) -> Known | None:
        """The connection if it has not expired."""
        known = self.known.get(connection_id)
        return known if known is not None and self.clock.now < known.connected_at + LIFETIME else None

    def open(self, connection_id: str) -> Known | None:
        known = self.now(connection_id)
        return known if known is not None and known.is_open else None

    @rule(connection_id=IDS, user=st.none() | USERS, attributes=ATTRIBUTES, topics=st.lists(TOPICS, max_size=3))
    def connect(self, connection_id: str, user: str | None, attributes: dict[str, str], topics: list[str]) -> None:
        for store in self.stores:
            store.connect(connection_id, user=user, attributes=attributes, topics=topics)
        connection = StoredConnection(connection_id, user, attributes, frozenset(topics))
        self.known[connection_id] = Known(connection, self.clock.now)

    @rule(connection_id=IDS, user=USERS, attributes=st.none() | ATTRIBUTES)
    def identify(self, connection_id: str, user: str, attributes: dict[str, str] | None) -> None:
        known = self.open(connection_id)
        for store in self.stores:
            if known is None:
                with pytest.raises(NotConnectedError):
                    store.identify(connection_id, user=user, attributes=attributes)
            else:
                store.identify(connection_id, user=user, attributes=attributes)
        if known is not None:
            kept = known.connection.attributes if attributes is None else attributes
            known.connection = known.connection._replace(user=user, attributes=kept)

    @rule(connection_id=IDS, topic=TOPICS)
    def join(self, connection_id: str, topic: str) -> None:
        known = self.open(connection_id)
        for store in self.stores:
            if known is None:
                with pytest.raises(NotConnectedError):
                    store.join(connection_id, topic)
            else:
                store.join(connection_id, topic)
        if known is not None:
            known.connection = known.connection._replace(topics=known.connection.topics | {topic})

    @rule(connection_id=IDS, topic=TOPICS)
    def leave(self, connection_id: str, topic: str) -> None:
        for store in self.stores:
            store.leave(connection_id, topic)
        if known := self.open(connection_id):
            known.connection = known.connection._replace(topics=known.connection.topics - {topic})

    @rule(connection_id=IDS)
    def disconnect(self, connection_id: str) -> None:
        known = self.now(connection_id)
        expected = known.connection if known is not None and not known.is_returned else None
        for store in self.stores:
            assert store.disconnect(connection_id) == expected
        if known is not None:
            known.is_open, known.is_returned = False, True

    @rule(connection_ids=st.lists(IDS))
    def gone(self, connection_ids: list[str]) -> None:
        for store in self.stores:
            store.gone(connection_ids)
        for connection_id in connection_ids:
            known = self.known.get(connection_id)
            if known is not None and known.connected_at <= self.clock.now - 30:
                known.is_open = False

    @rule(seconds=st.sampled_from([1, 29, 30, 3600, LIFETIME]))
    def advance(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def stores_agree_with_the_model(self) -> None:
        found = [self.open(connection_id) for connection_id in ("a", "b", "c")]
        connections = [known.connection for known in found if known is not None]
        for store in self.stores:
            for connection_id in ("a", "b", "c"):
                known = self.open(connection_id)
                assert store.get(connection_id) == (known.connection if known is not None else None)
            for user in ("ada", "bob"):
                expected = [connection.connection_id for connection in connections if connection.user == user]
                assert sorted(store.of_user(user)) == expected
            for topic in ("lobby", "attic", "everyone"):
                members = [each._replace(topics=frozenset()) for each in connections if topic in each.topics]
                assert sorted(store.members(topic), key=lambda member: member.connection_id) == members


def test_stores_do_what_a_model_does() -> None:
    run_state_machine_as_test(Stores, settings=settings(max_examples=40, stateful_step_count=30))
