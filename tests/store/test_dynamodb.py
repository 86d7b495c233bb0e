"""What concerns only the store in DynamoDB: its table, failures, namespaces and partitions."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import moto
import pytest
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.stub import Stubber

from pushwire.store import DynamoDBStore, StoredConnection, StoreError
from pushwire.testing import StoreClock
from tests.store.memory_client import MemoryClient
from tests.support.dynoxide import client_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from tests.store.conftest import MakeStore

ID = "AAAAAAAAAAAAAAA="


@pytest.fixture
def memory() -> MemoryClient:
    return MemoryClient()


@pytest.fixture
def store(memory: MemoryClient, clock: StoreClock) -> DynamoDBStore:
    return DynamoDBStore("connections", client=memory, clock=clock)


class TestTable:
    def test_it_is_on_demand_and_has_a_ttl(self, client: "DynamoDBClient", dynamodb_store: DynamoDBStore) -> None:
        name = dynamodb_store._table._name
        table = client.describe_table(TableName=name)["Table"]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert not table.get("GlobalSecondaryIndexes")
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")

    def test_a_table_that_exists_is_not_created(self, make_store: "MakeStore") -> None:
        with pytest.raises(StoreError, match="create_table of the DynamoDB table"):
            make_store().create_table()

    def test_every_row_has_a_ttl_in_whole_seconds_and_a_format(
        self, store: DynamoDBStore, memory: MemoryClient, clock: StoreClock
    ) -> None:
        clock.advance(0.75)
        store.connect(ID, user="ada", topics=["lobby"])
        store.join(ID, "attic")
        expiry = str(1_700_000_000 + 2 * 3600 + 600)
        assert [(row["expires_at"], row["row_format"]) for row in memory.rows.values()] == [
            ({"N": expiry}, {"N": "1"})
        ] * 4

    def test_the_keys(self, store: DynamoDBStore, memory: MemoryClient) -> None:
        store.connect(ID, user="ada", topics=["lobby"])
        assert memory.rows.keys() == {(f"C#{ID}", "C"), ("U#ada", ID), ("T#lobby#0", ID)}

    def test_an_ended_connection_keeps_its_own_row_until_its_ttl(
        self, store: DynamoDBStore, memory: MemoryClient
    ) -> None:
        store.connect(ID, user="ada", topics=["lobby"])
        store.disconnect(ID)
        assert memory.rows.keys() == {(f"C#{ID}", "C")}


class TestFailures:
    def test_an_error_of_botocore_is_the_cause_of_pushwires(self) -> None:
        client = client_of("https://dynamodb.eu-west-1.amazonaws.com")
        with Stubber(client) as stub:
            stub.add_client_error("get_item", "ProvisionedThroughputExceededException", "too fast")
            store = DynamoDBStore("connections", client=client)
            with pytest.raises(
                StoreError, match=r"get_item of the DynamoDB table 'connections' failed: .*too fast"
            ) as e:
                store.get(ID)
        assert isinstance(e.value.__cause__, ClientError)

    def test_an_unreachable_table_is_a_store_error(self) -> None:
        once = Config(retries={"total_max_attempts": 1})
        client = boto3.client("dynamodb", endpoint_url="http://127.0.0.1:9", region_name="eu-west-1", config=once)
        store = DynamoDBStore("connections", client=client)
        with pytest.raises(StoreError) as caught:
            list(store.members("lobby"))
        assert isinstance(caught.value.__cause__, BotoCoreError)

    def test_an_error_of_a_provider_of_credentials_is_a_store_error(self) -> None:
        def refresh() -> Any:
            raise LookupError("the vault is sealed")

        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        session: Any = botocore.session.Session()
        session._credentials = RefreshableCredentials("key", "secret", "token", long_ago, refresh, "vault")
        client = boto3.session.Session(botocore_session=session).client("dynamodb", region_name="eu-west-1")
        with pytest.raises(StoreError, match="the vault is sealed") as caught:
            DynamoDBStore("connections", client=client).get(ID)
        assert isinstance(caught.value.__cause__, LookupError)

    def test_a_client_without_a_region_cannot_be_made(self) -> None:
        with pytest.raises(StoreError, match="region") as caught:
            DynamoDBStore("connections")
        assert isinstance(caught.value.__cause__, BotoCoreError)

    @pytest.mark.parametrize(("variable", "value"), [("AWS_PROFILE", "nobody"), ("AWS_DEFAULTS_MODE", "x")])
    def test_a_client_with_settings_that_cannot_work_cannot_be_made(
        self, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv(variable, value)
        with pytest.raises(StoreError, match=f"a client of DynamoDB cannot be made: .*{value}"):
            DynamoDBStore("connections")

    @pytest.mark.parametrize("profile", ["credential_process = echo no", "credential_process = false"])
    def test_a_client_whose_credentials_cannot_be_loaded_cannot_be_made(
        self, profile: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        config = tmp_path / "config"
        config.write_text(f"[default]\nregion = eu-west-1\n{profile}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        with pytest.raises(StoreError, match="a client of DynamoDB cannot be made: "):
            DynamoDBStore("connections")

    def test_the_default_client_uses_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        with moto.mock_aws():
            store = DynamoDBStore("connections")
            store.create_table()
            store.connect(ID, user="ada")
            assert list(store.of_user("ada")) == [ID]

    @pytest.mark.parametrize("client", [object(), "dynamodb", 5])
    def test_only_a_client_of_dynamodb_is_taken(self, client: Any) -> None:
        with pytest.raises(TypeError, match=r"client= must be boto3.client\('dynamodb'\), not"):
            DynamoDBStore("connections", client=client)

    def test_a_client_of_another_service_is_refused(self) -> None:
        client: Any = boto3.client("s3", region_name="eu-west-1")
        with pytest.raises(TypeError, match="client= must be boto3"):
            DynamoDBStore("connections", client=client)

    def test_an_async_client_is_refused(self, memory: MemoryClient) -> None:
        async def later(**_: Any) -> None: ...

        client: Any = memory
        client._make_api_call = later
        with pytest.raises(TypeError, match=r"client= is async .*: pass a client of boto3, and use AsyncStore"):
            DynamoDBStore("connections", client=client)

    def test_a_client_whose_methods_return_coroutines_is_refused_at_its_first_call(self, memory: MemoryClient) -> None:
        async def later(**_: Any) -> None: ...

        client: Any = memory
        client.get_item = lambda **parameters: later(**parameters)
        with pytest.raises(TypeError, match=r"client= is async .*: pass a client of boto3, and use AsyncStore"):
            DynamoDBStore("connections", client=client).get(ID)

    def test_a_row_of_a_newer_version_is_refused(self, store: DynamoDBStore, memory: MemoryClient) -> None:
        store.connect(ID, topics=["lobby"])
        for row in memory.rows.values():
            row["row_format"] = {"N": "2"}
        calls: list[Callable[[], object]] = [
            lambda: store.get(ID),
            lambda: store.join(ID, "attic"),
            lambda: list(store.members("lobby")),
            lambda: store.disconnect(ID),
        ]
        for call in calls:
            with pytest.raises(StoreError, match="a row has the format '2', which this version of Pushwire does not"):
                call()

    def test_a_disconnect_whose_response_was_lost_still_returns_the_connection(self, clock: StoreClock) -> None:
        class Repeating(MemoryClient):
            """A client that repeats each update, as boto3 does after a lost response."""

            def update_item(self, **parameters: Any) -> Any:
                super().update_item(**parameters)
                return super().update_item(**parameters)

        store = DynamoDBStore("connections", client=Repeating(), clock=clock)
        store.connect(ID, user="ada", topics=["lobby"])
        assert store.disconnect(ID) == StoredConnection(ID, "ada", topics=frozenset({"lobby"}))
        assert store.disconnect(ID) is None
        assert list(store.members("lobby")) == []


class Failing(MemoryClient):
    """A client whose updates of some connections fail, and whose batches fail."""

    failing_ids: tuple[str, ...] = ()
    failing_batches = 0
    updates = 0

    def update_item(self, **parameters: Any) -> Any:
        self.updates += 1
        if parameters["Key"]["pk"]["S"].removeprefix("C#") in self.failing_ids:
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": "on fire"}}, "UpdateItem")
        return super().update_item(**parameters)

    def batch_write_item(self, **parameters: Any) -> Any:
        if self.failing_batches:
            self.failing_batches -= 1
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": "on fire"}}, "BatchWriteItem")
        return super().batch_write_item(**parameters)


class TestFailuresHalfWay:
    @pytest.fixture
    def failing(self) -> Failing:
        return Failing()

    @pytest.fixture
    def store(self, failing: Failing, clock: StoreClock) -> DynamoDBStore:
        return DynamoDBStore("connections", client=failing, clock=clock)

    def test_a_disconnect_that_cannot_remove_the_memberships_returns_the_connection(
        self, store: DynamoDBStore, failing: Failing, caplog: pytest.LogCaptureFixture
    ) -> None:
        store.connect(ID, user="ada", topics=["lobby"])
        failing.failing_batches = 2
        assert store.disconnect(ID) == StoredConnection(ID, "ada", topics=frozenset({"lobby"}))
        (record,) = caplog.records
        assert record.getMessage().startswith(
            f"the store has failed to remove connection {ID}, which has ended, from its user and topics: "
        )
        assert (record.name, record.levelname, vars(record)["connection_id"]) == ("pushwire.store", "ERROR", ID)
        with pytest.raises(StoreError, match="on fire"):
            store.disconnect(ID)
        assert store.disconnect(ID) is None
        assert failing.rows.keys() == {(f"C#{ID}", "C")}

    def test_gone_removes_what_a_disconnect_could_not_remove(
        self, store: DynamoDBStore, failing: Failing, clock: StoreClock
    ) -> None:
        store.connect(ID, user="ada", topics=["lobby"])
        failing.failing_batches = 1
        assert store.disconnect(ID) is not None
        clock.advance(60)
        store.gone([ID])
        assert failing.rows.keys() == {(f"C#{ID}", "C")}

    def test_gone_goes_on_after_a_connection_that_cannot_be_ended(
        self, store: DynamoDBStore, failing: Failing, clock: StoreClock
    ) -> None:
        for connection_id in ("a", "b", "c"):
            store.connect(connection_id, user="ada", topics=["lobby"])
        clock.advance(60)
        failing.failing_ids = ("b",)
        with pytest.raises(StoreError, match=r"update_item of the DynamoDB table 'connections' failed: .*on fire"):
            store.gone(["a", "b", "c"])
        assert list(store.of_user("ada")) == [member.connection_id for member in store.members("lobby")] == ["b"]

    def test_gone_goes_on_after_a_batch_that_cannot_be_written(
        self, store: DynamoDBStore, failing: Failing, clock: StoreClock
    ) -> None:
        everyone = [f"connection-{number}" for number in range(60)]
        for connection_id in everyone:
            store.connect(connection_id, topics=["lobby"])
        clock.advance(60)
        failing.failing_batches = 1
        with pytest.raises(StoreError, match="on fire"):
            store.gone(everyone)
        assert sum(1 for _ in store.members("lobby")) == 25
        assert [store.get(connection_id) for connection_id in everyone] == [None] * 60

    def test_gone_gives_up_after_three_failures_and_removes_what_it_has_ended(
        self, store: DynamoDBStore, failing: Failing, clock: StoreClock
    ) -> None:
        everyone = ["first", *"bcdefg", "last"]
        for connection_id in everyone:
            store.connect(connection_id, topics=["lobby"])
        clock.advance(60)
        failing.failing_ids = tuple("bcdefg")
        failing.updates = 0
        with pytest.raises(StoreError, match="on fire"):
            store.gone(everyone)
        assert failing.updates == 4
        assert sum(1 for _ in store.members("lobby")) == 7

    def test_a_connect_that_failed_half_way_is_undone_by_a_disconnect(
        self, store: DynamoDBStore, failing: Failing
    ) -> None:
        failing.failing_batches = 1
        with pytest.raises(StoreError, match="on fire"):
            store.connect(ID, user="ada", topics=["lobby"])
        store.disconnect(ID)
        assert failing.rows.keys() == {(f"C#{ID}", "C")}


class Throttled(MemoryClient):
    """A client that processes one row of each batch, after it has refused some batches."""

    refusals = 2

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803
        ((table, requests),) = RequestItems.items()
        done = requests[:1] if self.refusals == 0 else []
        self.refusals = max(0, self.refusals - 1)
        if done:
            super().batch_write_item(RequestItems={table: done})
        return {"UnprocessedItems": {table: requests[len(done) :]}} if len(done) < len(requests) else {}


class TestUnprocessedItems:
    @pytest.fixture
    def waits(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        waits: list[float] = []
        monkeypatch.setattr("time.sleep", waits.append)
        monkeypatch.setattr("random.uniform", lambda _low, high: high)
        return waits

    def test_they_are_written_again_after_growing_pauses(self, waits: list[float], clock: StoreClock) -> None:
        store = DynamoDBStore("connections", client=Throttled(), clock=clock)
        store.connect(ID, topics=["lobby", "attic"])
        assert waits == [0.05, 0.1, 0.2]
        assert [member.connection_id for topic in ("lobby", "attic") for member in store.members(topic)] == [ID, ID]

    def test_they_are_given_up_in_the_end(self, waits: list[float], clock: StoreClock) -> None:
        client = Throttled()
        client.refusals = 1000
        with pytest.raises(StoreError, match=r"left 1 rows of the table 'connections' unprocessed after 8 attempts"):
            DynamoDBStore("connections", client=client, clock=clock).connect(ID, topics=["lobby"])
        assert len(waits) == 7
        assert sum(waits) < 10


class TestNamespaces:
    def test_they_are_kept_apart(self, memory: MemoryClient, clock: StoreClock) -> None:
        names = [None, "blue", "green", "C", "x C"]
        stores = [DynamoDBStore("connections", client=memory, namespace=name, clock=clock) for name in names]
        for number, store in enumerate(stores):
            store.connect(ID, user="ada", attributes={"number": str(number)}, topics=["lobby"])
        for number, store in enumerate(stores):
            assert [member.attributes for member in store.members("lobby")] == [{"number": str(number)}]
            assert list(store.of_user("ada")) == [ID]
            assert store.disconnect(ID) is not None
            assert list(store.members("lobby")) == []

    @pytest.mark.parametrize("name", ["", "a#b", "é", "x" * 129, "a\nb"])
    def test_a_name_that_could_be_confused_is_refused(self, memory: MemoryClient, name: str) -> None:
        with pytest.raises(ValueError, match="namespace= must have 1 to 128 ASCII characters"):
            DynamoDBStore("connections", client=memory, namespace=name)

    def test_a_name_of_another_type_is_refused(self, memory: MemoryClient) -> None:
        wrong: Any = 5
        with pytest.raises(TypeError, match="namespace= must be a string, not int"):
            DynamoDBStore("connections", client=memory, namespace=wrong)


class TestPartitions:
    def test_a_topic_is_spread_over_its_partitions(self, memory: MemoryClient, clock: StoreClock) -> None:
        store = DynamoDBStore("connections", client=memory, partitions={"everyone": 8}, clock=clock)
        ids = [f"connection-{number}" for number in range(100)]
        for connection_id in ids:
            store.connect(connection_id, topics=["everyone", "lobby"])
        keys = {partition for partition, _ in memory.rows if partition.startswith("T#")}
        assert keys == {"T#lobby#0", *(f"T#everyone#{number}" for number in range(8))}
        assert sorted(member.connection_id for member in store.members("everyone")) == sorted(ids)
        for connection_id in ids:
            store.disconnect(connection_id)
        assert list(store.members("everyone")) == []

    @pytest.mark.parametrize(("before", "after"), [(1, [8, 1]), (8, [3, 8]), (3, [5, 3])])
    def test_members_are_found_and_removed_after_a_change_of_the_number(
        self, memory: MemoryClient, clock: StoreClock, before: int, after: list[int]
    ) -> None:
        old = DynamoDBStore("connections", client=memory, partitions={"everyone": before}, clock=clock)
        new = DynamoDBStore("connections", client=memory, partitions={"everyone": after}, clock=clock)
        ids = [f"connection-{number:02}" for number in range(50)]
        for connection_id in ids:
            old.connect(connection_id, topics=["everyone"])
        for connection_id in ids[:10]:
            new.join(connection_id, "everyone")
        assert sorted(member.connection_id for member in new.members("everyone")) == ids
        new.leave(ids[0], "everyone")
        new.disconnect(ids[1])
        clock.advance(60)
        new.gone(ids[2:])
        assert [row for row in memory.rows if row[0].startswith("T#")] == []

    def test_identify_changes_members_after_a_change_of_the_number(
        self, memory: MemoryClient, clock: StoreClock
    ) -> None:
        old = DynamoDBStore("connections", client=memory, partitions={"everyone": 1}, clock=clock)
        new = DynamoDBStore("connections", client=memory, partitions={"everyone": [8, 1]}, clock=clock)
        ids = [f"connection-{number:02}" for number in range(20)]
        for connection_id in ids:
            old.connect(connection_id, user="guest", topics=["everyone"])
            new.identify(connection_id, user="ada")
        assert sorted(new.members("everyone")) == [StoredConnection(connection_id, "ada") for connection_id in ids]

    @pytest.mark.parametrize("number", [0, -1, 1001, [8, 0]])
    def test_a_number_out_of_range_is_refused(self, memory: MemoryClient, number: Any) -> None:
        with pytest.raises(ValueError, match="partitions= must have numbers from 1 to 1000"):
            DynamoDBStore("connections", client=memory, partitions={"everyone": number})

    @pytest.mark.parametrize("number", [1.5, True, "8", [], None, [8, "1"]])
    def test_a_number_of_another_type_is_refused(self, memory: MemoryClient, number: Any) -> None:
        with pytest.raises(TypeError, match="partitions= must have a whole number for 'everyone'"):
            DynamoDBStore("connections", client=memory, partitions={"everyone": number})


def test_errors_survive_a_copy() -> None:
    from pushwire.store import NotConnectedError, TooManyTopicsError

    for error in (NotConnectedError(ID), TooManyTopicsError(ID)):
        assert str(copy.deepcopy(error)) == str(error)
        assert copy.deepcopy(error).connection_id == ID
