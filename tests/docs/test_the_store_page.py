"""The page about connection stores: its code is checked and run, and its SAM template has the table and the grants.

The code for CDK is run by tests/cdk/test_the_pages.py, where aws-cdk-lib is installed.
"""

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.docs.snippets import run, snippet

pytestmark = pytest.mark.repository

PAGE = "docs/store.md"


def test_its_code_type_checks_and_runs(chat: Path) -> None:
    for name, part in {
        "app": "class Chat(",
        "presence": "@handler.on_disconnect",
        "rooms": "@handler.join_room",
        "everywhere": "def disconnect_everywhere",
        "test_store": "class TestMyStore",
    }.items():
        (chat / f"{name}.py").write_text(snippet(PAGE, "python", part))
    (chat / "myapp.py").write_text(MY_STORE)
    (chat / "conftest.py").write_text('import os\n\nos.environ["PUSHWIRE_STORE"] = "sqlite::memory:"\n')
    (chat / "test_page.py").write_text(textwrap.dedent(TESTS))
    run("mypy", "--strict", "--explicit-package-bases", ".", folder=chat)
    output = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=chat)
    assert " passed" in output
    assert "failed" not in output


MY_STORE = """\
from collections.abc import Callable

from pushwire.store import SqliteStore


class MyStore(SqliteStore):
    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(":memory:", clock=clock)
"""

TESTS = """
    import pytest

    from app import Chat
    from chat.v1.chat_pb2 import Greeting, JoinRoomRequest, PingMessage
    from chat.v1.chat_pushwire import ChatRouter, ChatServerSdk
    from chat.v1.chat_pushwire_operations import ChatOperations
    from everywhere import disconnect_everywhere
    from pushwire.store import SqliteStore
    from pushwire.testing import RecordingTransport, connect_event, disconnect_event, message_event

    ADA, BOB = "AAAAAAAAAAAAAAA=", "BBBBBBBBBBBBBBB="


    @pytest.fixture
    def store() -> SqliteStore:
        return SqliteStore(":memory:")


    @pytest.fixture
    def transport() -> RecordingTransport:
        return RecordingTransport()


    @pytest.fixture
    def router(store: SqliteStore, transport: RecordingTransport) -> ChatRouter:
        router = ChatRouter(Chat(), store=store, sdk=lambda _url: ChatServerSdk(transport=transport))
        for connection_id, user in ((ADA, "ada"), (BOB, "bob")):
            connect = connect_event(connection_id=connection_id, query_string_parameters={"user": user})
            assert router(connect, None) == {"statusCode": 200}
        return router


    def test_joining(router: ChatRouter, transport: RecordingTransport) -> None:
        for connection_id, name in ((ADA, "Ada"), (BOB, "Bob")):
            message = JoinRoomRequest(room="lobby", name=name)
            router(message_event(ChatOperations.join_room, message, connection_id=connection_id), None)
        assert transport.sent.to(ADA) == [Greeting(greeting="Bob is in lobby")]
        assert transport.sent.to(BOB) == []


    def test_pinging_a_user(router: ChatRouter, transport: RecordingTransport) -> None:
        router(message_event(ChatOperations.ping, PingMessage(note="Ada?"), connection_id=BOB), None)
        assert transport.sent.to(ADA) == [PingMessage(note="Ada?")]


    def test_leaving(router: ChatRouter, store: SqliteStore, transport: RecordingTransport) -> None:
        from presence import leave

        handler = ChatRouter(store=store, sdk=lambda _url: ChatServerSdk(transport=transport))
        handler.on_disconnect(leave)
        handler(disconnect_event(connection_id=BOB), None)
        assert transport.sent.to(ADA) == [Greeting(greeting="Bob has left; here: Ada")]


    def test_who_may_join(router: ChatRouter, store: SqliteStore) -> None:
        from rooms import join

        store.connect("eve", user="eve")
        handler = ChatRouter(store=store)
        handler.join_room(join)
        for connection_id in (ADA, "eve"):
            message = JoinRoomRequest(room="lobby", name="Ada")
            handler(message_event(ChatOperations.join_room, message, connection_id=connection_id), None)
        assert [member.user for member in store.members("lobby")] == ["ada"]


    def test_disconnecting_everywhere(store: SqliteStore, transport: RecordingTransport) -> None:
        for number in range(3):
            store.connect(f"connection-{number}", user="ada")
        disconnect_everywhere(ChatServerSdk(transport=transport), store, "ada")
        assert sorted(transport.deleted) == ["connection-0", "connection-1", "connection-2"]
        assert list(store.of_user("ada")) == []
"""


def test_its_sam_template_has_the_table_of_the_store() -> None:
    from tests.store.memory_client import MemoryClient

    from pushwire.store import DynamoDBStore

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
    yaml = YAML(typ="safe")
    for tag in ("!Sub", "!GetAtt"):
        yaml.constructor.add_constructor(tag, lambda _loader, node: node.value)
    template = yaml.load(snippet(PAGE, "yaml", "AWS::DynamoDB::Table"))
    table = template["Resources"]["Connections"]["Properties"]
    assert table == {name: value for name, value in created.items() if name != "TableName"}
