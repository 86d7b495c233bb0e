"""What operations cost in DynamoDB, by the consumed units in dynoxide's responses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pushwire.store import DynamoDBStore
from pushwire.testing import StoreClock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from tests.store.conftest import MakeStore

ID = "AAAAAAAAAAAAAAA="

pytestmark = [pytest.mark.at_length, pytest.mark.parametrize("client", ["dynoxide"], indirect=True)]


class Meter:
    """Counter of the consumed units of a client's calls."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.reads = self.writes = 0.0
        self.calls: list[str] = []
        client.meta.events.register("before-parameter-build.dynamodb.*", self._ask)
        client.meta.events.register("after-call.dynamodb.*", self._count)

    def reset(self) -> None:
        self.reads = self.writes = 0
        self.calls.clear()

    @property
    def units(self) -> tuple[float, float]:
        """The write units and the read units."""
        return self.writes, self.reads

    def _ask(self, params: Any, model: Any, **_: Any) -> None:
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "TOTAL"

    def _count(self, parsed: Any, model: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        units = sum(each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed]))
        self.calls.append(model.name)
        if model.name in ("GetItem", "Query"):
            self.reads += units
        else:
            self.writes += units


@pytest.fixture
def meter(client: "DynamoDBClient") -> Iterator[Meter]:
    meter = Meter(client)
    yield meter
    client.meta.events.unregister("before-parameter-build.dynamodb.*", meter._ask)
    client.meta.events.unregister("after-call.dynamodb.*", meter._count)


@contextmanager
def costing(meter: Meter, writes: float, reads: float) -> Iterator[None]:
    meter.reset()
    yield
    assert meter.units == (writes, reads)


def test_the_units_of_each_operation(dynamodb_store: DynamoDBStore, meter: Meter, clock: StoreClock) -> None:
    store = dynamodb_store
    with costing(meter, 1, 0):
        store.connect("alone")
    with costing(meter, 2, 1):
        store.connect(ID, user="ada", attributes={"name": "Ada"})
    with costing(meter, 2, 1):
        store.join(ID, "lobby")
    with costing(meter, 0, 1):
        store.get(ID)
    with costing(meter, 5, 1):
        store.identify(ID, user="bob")  # the connection twice, the new user, the old user, the membership
    with costing(meter, 3, 1):
        store.identify(ID, user="bob", attributes={"name": "Bob"})  # the connection, the user, the membership
    with costing(meter, 2, 1):
        store.leave(ID, "lobby")
    store.join(ID, "lobby")
    clock.advance(60)
    with costing(meter, 3, 0):
        store.gone([ID])  # the connection, the user, and one membership


def test_a_disconnect_with_ten_topics_costs_a_write_for_each_and_two(
    dynamodb_store: DynamoDBStore, meter: Meter
) -> None:
    dynamodb_store.connect(ID, user="ada")
    for number in range(10):
        dynamodb_store.join(ID, f"topic-{number}")
    with costing(meter, 12, 0):
        dynamodb_store.disconnect(ID)
    assert meter.calls == ["UpdateItem", "BatchWriteItem"]


def test_calls_write_twenty_five_rows_at_once(dynamodb_store: DynamoDBStore, meter: Meter) -> None:
    topics = [f"topic-{number}" for number in range(49)]
    dynamodb_store.connect(ID, user="ada", topics=topics)
    assert meter.calls == ["PutItem", "BatchWriteItem", "BatchWriteItem", "GetItem"]
    meter.reset()
    dynamodb_store.identify(ID, user="ada")
    assert meter.calls == ["UpdateItem", "BatchWriteItem", "BatchWriteItem", "GetItem"]
    meter.reset()
    dynamodb_store.disconnect(ID)
    assert meter.calls == ["UpdateItem", "BatchWriteItem", "BatchWriteItem"]


def test_gone_connections_are_removed_in_full_batches(
    dynamodb_store: DynamoDBStore, meter: Meter, clock: StoreClock
) -> None:
    ids = [f"connection-{number}" for number in range(50)]
    for connection_id in ids:
        dynamodb_store.connect(connection_id, topics=["lobby"])
    clock.advance(60)
    with costing(meter, 100, 0):
        dynamodb_store.gone(ids)
    assert meter.calls.count("BatchWriteItem") == 2


def test_a_topic_of_ten_thousand_costs_the_units_of_its_pages(make_store: "MakeStore", meter: Meter) -> None:
    store = make_store()
    root = {"user_attributes": {"S": json.dumps({"name": "x" * 110})}, "expires_at": {"N": "1800000000"}}
    rows = [store._keys.membership_row(root, "lobby", f"connection-{number:05}") for number in range(10_000)]
    store._table.write(puts=rows)
    meter.reset()
    assert sum(1 for _ in store.members("lobby")) == 10_000
    size = sum(len(name) + len(str(value)) - 12 for name, value in rows[0].items()) * 10_000
    assert meter.calls == ["Query", "Query"]  # pages of 1 MB
    assert meter.reads == pytest.approx(size / 4096, rel=0.2)
