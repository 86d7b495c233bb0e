"""The table of a connection store, and what its grants allow."""

from typing import Any

from pushwire.store import DynamoDBStore
from pushwire.testing import StoreClock
from tests.cdk.test_policies import permits, policy_of
from tests.cdk.world import World, plain
from tests.store.memory_client import MemoryClient

ACTIONS = [
    f"dynamodb:{name}"
    for name in ("BatchWriteItem", "DeleteItem", "DeleteTable", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
]


class Recorder(MemoryClient):
    """A client that notes the actions of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: set[str] = set()

    def __getattribute__(self, name: str) -> Any:
        if name.endswith(("_item", "query")):
            self.actions.add("dynamodb:" + name.title().replace("_", ""))
        return super().__getattribute__(name)


def allowed(document: dict[str, Any]) -> set[str]:
    """Return the actions that a policy allows on the table."""
    (statement,) = document["Statement"]
    found = statement["Resource"]
    table = str(found[0] if isinstance(found, list) else found)
    assert "ConnectionsTable" in table
    return {action for action in ACTIONS if permits(document, action, table)}


def test_the_table_is_the_one_that_the_store_creates(world: World) -> None:
    (table,) = world.resources("Connections", "DynamoDB::Table")
    created: dict[str, Any] = {}

    class Creator(MemoryClient):
        def create_table(self, **parameters: Any) -> None:
            created.update(parameters)

        def update_time_to_live(self, **parameters: Any) -> None:
            created.update(parameters)

        def get_waiter(self, _name: str) -> Any:
            return self

        def wait(self, **_parameters: Any) -> None: ...

    DynamoDBStore("connections", client=Creator()).create_table()
    for part in ("KeySchema", "AttributeDefinitions", "BillingMode", "TimeToLiveSpecification"):
        assert table[part] == created[part]
    assert table.keys() <= {*created, "DeletionProtectionEnabled"}


def test_a_router_may_do_what_its_store_calls_and_no_more(world: World) -> None:
    client, clock = Recorder(), StoreClock()
    store = DynamoDBStore("connections", client=client, clock=clock)
    client.actions.clear()
    store.connect("a", user="ada", topics=["lobby"])
    store.identify("a", user="bob")
    store.join("a", "attic")
    store.leave("a", "attic")
    store.get("a")
    clock.advance(60)
    store.gone(["a"])
    store.disconnect("a")
    list(store.of_user("ada"))
    list(store.members("lobby"))
    assert allowed(policy_of(world, "Connections", "Router")) == client.actions


def test_a_sender_may_do_what_a_broadcast_calls_and_no_more(world: World) -> None:
    client, clock = Recorder(), StoreClock()
    store = DynamoDBStore("connections", client=client, clock=clock)
    store.connect("a", user="ada", topics=["lobby"])
    client.actions.clear()
    clock.advance(60)
    list(store.of_user("ada"))
    list(store.members("lobby"))
    store.gone(["a"])
    assert allowed(policy_of(world, "Connections", "Sender")) == client.actions


def test_functions_know_the_table(world: World) -> None:
    functions = [plain(each) for each in world.resources("Connections", "Lambda::Function")]
    assert [each["Environment"]["Variables"]["PUSHWIRE_STORE"] for each in functions] == [
        "dynamodb:ConnectionsTable",
        "dynamodb:ConnectionsTable",
    ]


def test_the_table_goes_with_its_stack_unless_it_is_retained(world: World) -> None:
    found = world.template("Connections").find_resources("AWS::DynamoDB::Table")
    assert [each["DeletionPolicy"] for each in found.values()] == ["Delete"]
    found = world.template("EncryptedConnections").find_resources("AWS::DynamoDB::Table")
    assert [each["DeletionPolicy"] for each in found.values()] == ["Retain"]
    assert [each["Properties"]["DeletionProtectionEnabled"] for each in found.values()] == [True]


def test_a_key_of_the_customer_encrypts_the_table_and_its_users_may_use_it(world: World) -> None:
    (table,) = world.resources("EncryptedConnections", "DynamoDB::Table")
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["SSESpecification"]["SSEType"] == "KMS"
    statements = policy_of(world, "EncryptedConnections", "Router")["Statement"]
    (of_the_key,) = [each for each in statements if "kms:Decrypt" in each["Action"]]
    assert of_the_key["Resource"] == plain(table["SSESpecification"]["KMSMasterKeyId"])
