"""Python names for protobuf names. A change in these tables breaks the code of users."""

import itertools
import keyword
from abc import ABCMeta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire.aws_lambda import Handlers, ServiceRouter
from pushwire.client import Client
from pushwire.plugin import names
from pushwire.plugin.request import read
from pushwire.server import ServerSdk
from tests.plugin.contracts import BOTH, RECEIVE, SEND, Contract, request

RPC_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True)
INBOUND = names.HANDLERS_OWN | names.CLIENT_OWN
OWNS = [names.SERVER_SDK_OWN, INBOUND, names.SERVER_SDK_OWN | INBOUND]
OWN = st.sampled_from(OWNS)
"""Return the public names of the base classes of an rpc, by its direction."""


@pytest.mark.parametrize(
    ("rpc", "method"),
    [
        ("Ping", "ping"),
        ("GetUser", "get_user"),
        ("getUser", "get_user"),
        ("get_user", "get_user"),
        ("Get_User", "get_user"),
        ("GET_USER", "get_user"),
        ("HTTPGetURL2", "http_get_url2"),
        ("GetV2User", "get_v2_user"),
        ("GetUserV2", "get_user_v2"),
        ("SendSMS", "send_sms"),
        ("SMSSend", "sms_send"),
        ("SendA", "send_a"),
        ("ASend", "a_send"),
        ("A", "a"),
        ("ABC", "abc"),
        ("I18nText", "i18n_text"),
        ("X509Cert", "x509_cert"),
        ("Send2FACode", "send2_fa_code"),
        ("Send__Twice", "send__twice"),
        ("Ping_", "ping_"),
        ("Match", "match"),
        ("Case", "case"),
        ("Type", "type"),
        ("Self", "self"),
        ("None", "none"),
    ],
)
def test_methods_are_rpcs_in_snake_case(rpc: str, method: str) -> None:
    assert names.method_name(rpc, names.SERVER_SDK_OWN | INBOUND) == method


@pytest.mark.parametrize(
    ("rpc", "sent", "received", "both"),
    [
        ("Close", "close_", "close_", "close_"),
        ("close", "close_", "close_", "close_"),
        ("Status", "status", "status_", "status_"),
        ("OnError", "on_error", "on_error_", "on_error_"),
        ("OnReconnect", "on_reconnect", "on_reconnect_", "on_reconnect_"),
        ("status_", "status__", "status__", "status__"),
        ("To", "to_", "to", "to_"),
        ("Broadcast", "broadcast", "broadcast", "broadcast"),
        ("Connections", "connections_", "connections", "connections_"),
        ("OnConnect", "on_connect", "on_connect_", "on_connect_"),
        ("OnDisconnect", "on_disconnect", "on_disconnect_", "on_disconnect_"),
        ("OnDefault", "on_default", "on_default_", "on_default_"),
        ("Operations", "operations", "operations_", "operations_"),
        ("Import", "import_", "import_", "import_"),
        ("import", "import_", "import_", "import_"),
        ("Async", "async_", "async_", "async_"),
        ("Mro", "mro_", "mro_", "mro_"),
        ("CloseAll", "close_all", "close_all", "close_all"),
        ("OnConnected", "on_connected", "on_connected", "on_connected"),
        ("close_", "close__", "close__", "close__"),
        ("Close__", "close___", "close___", "close___"),
        ("on_connect_", "on_connect__", "on_connect__", "on_connect__"),
        ("import_", "import__", "import__", "import__"),
        ("Ping_", "ping_", "ping_", "ping_"),
    ],
)
def test_reserved_names_get_a_trailing_underscore_where_they_are_reserved(
    rpc: str, sent: str, received: str, both: str
) -> None:
    contract = Contract()
    operations = [SEND, RECEIVE, BOTH]
    for number, operation in enumerate(operations):
        contract.rpc(rpc, service=f"S{number}", operation=operation)
    (found,) = read(request(contract)).contracts
    methods = [service.rpcs[0].method_name for service in found.services]
    assert methods == [sent, received, both]


@pytest.mark.parametrize(
    ("rpc", "listener", "waiter"),
    [
        ("Ping", "on_ping", "wait_for_ping"),
        ("SendGreeting", "on_send_greeting", "wait_for_send_greeting"),
        ("HTTPGetURL2", "on_http_get_url2", "wait_for_http_get_url2"),
        ("Import", "on_import", "wait_for_import"),
        ("Error", "on_error_", "wait_for_error"),
        ("error_", "on_error__", "wait_for_error_"),
        ("Reconnect", "on_reconnect_", "wait_for_reconnect"),
        ("Close", "on_close", "wait_for_close"),
        ("Ping_", "on_ping_", "wait_for_ping_"),
    ],
)
def test_clients_listen_to_and_wait_for_rpcs_in_snake_case(rpc: str, listener: str, waiter: str) -> None:
    assert (names.listener_name(rpc), names.waiter_name(rpc)) == (listener, waiter)


@given(st.lists(RPC_NAMES.map(str.lower), unique=True))
def test_different_names_give_different_listeners_and_waiters_that_hide_nothing(rpcs: list[str]) -> None:
    for derived in (names.listener_name, names.waiter_name):
        methods = {derived(rpc) for rpc in rpcs}
        assert len(methods) == len(rpcs)
        assert methods.isdisjoint(names.CLIENT_OWN)


def test_all_keywords_of_this_python_are_known() -> None:
    assert set(keyword.kwlist) <= names.KEYWORDS


@pytest.mark.parametrize(
    ("base", "own"),
    [
        (ServerSdk, names.SERVER_SDK_OWN),
        (Handlers, names.HANDLERS_OWN),
        (ServiceRouter, names.HANDLERS_OWN),
        (Client, names.CLIENT_OWN),
    ],
)
def test_all_public_names_of_the_bases_are_reserved(base: type, own: frozenset[str]) -> None:
    public = {name for name in dir(base) if not name.startswith("_")}
    assert public
    assert public <= own


def test_nothing_is_reserved_in_vain() -> None:
    public = {name for base in (Handlers, ServiceRouter) for name in dir(base) if not name.startswith("_")}
    assert public == names.HANDLERS_OWN
    assert {name for name in dir(Client) if not name.startswith("_")} == names.CLIENT_OWN
    assert {"connections", "close"} <= {name for name in dir(ServerSdk) if not name.startswith("_")}


@given(RPC_NAMES)
def test_methods_can_be_defined_and_hide_nothing_of_the_bases(rpc: str) -> None:
    for base, own in [
        (ServerSdk, names.SERVER_SDK_OWN),
        (Handlers, names.HANDLERS_OWN),
        (Client, names.CLIENT_OWN),
    ]:
        method = names.method_name(rpc, own)
        assert method.isidentifier()
        assert method not in keyword.kwlist
        assert not hasattr(base, method) or method in dir(ABCMeta)


@given(st.lists(st.tuples(RPC_NAMES.map(str.lower), OWN), unique_by=lambda rpc: rpc[0]))
def test_different_names_in_snake_case_stay_different(rpcs: list[tuple[str, frozenset[str]]]) -> None:
    assert len({names.method_name(rpc, own) for rpc, own in rpcs}) == len(rpcs)


@pytest.mark.parametrize("reserved", sorted(names.KEYWORDS | names.SERVER_SDK_OWN | INBOUND | {"mro"}))
def test_underscores_never_make_two_reserved_names_meet(reserved: str) -> None:
    spellings = [reserved.lower() + "_" * count for count in range(4)]
    for owns in itertools.product(OWNS, repeat=4):
        methods = {names.method_name(spelling, own) for spelling, own in zip(spellings, owns, strict=True)}
        assert len(methods) == len(spellings)


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("ChatService", "Chat"),
        ("Chat", "Chat"),
        ("Service", "Service"),
        ("ServiceService", "Service"),
        ("ChatServices", "ChatServices"),
        ("Chatservice", "Chatservice"),
        ("ServiceDesk", "ServiceDesk"),
    ],
)
def test_a_whole_trailing_service_is_dropped(service: str, prefix: str) -> None:
    assert names.class_prefix(service) == prefix


def test_the_names_of_all_families_are_kept_for_a_service() -> None:
    assert names.derived_class_names("ChatService") == [
        "ChatServerSdk",
        "ChatBroadcast",
        "ChatHandlers",
        "ChatRouter",
        "ChatRequest",
        "ChatConnectRequest",
        "ChatDisconnectRequest",
        "ChatIntegrations",
        "ChatWebSocketApi",
        "AsyncChatServerSdk",
        "AsyncChatBroadcast",
        "AsyncChatHandlers",
        "AsyncChatRouter",
        "AsyncChatRequest",
        "AsyncChatConnectRequest",
        "AsyncChatDisconnectRequest",
        "AsyncChatIntegrations",
        "AsyncChatWebSocketApi",
        "ChatClient",
        "ChatEvent",
        "ChatOperations",
    ]


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("chat/v1/chat.proto", "chat.v1.chat_pb2"),
        ("chat.proto", "chat_pb2"),
        ("kebab-name.v2.proto", "kebab_name.v2_pb2"),
        ("some-folder/x.proto", "some_folder.x_pb2"),
        ("chat.protodevel", "chat_pb2"),
        ("google/protobuf/empty.proto", "google.protobuf.empty_pb2"),
    ],
)
def test_modules_are_where_protoc_puts_them(file: str, module: str) -> None:
    assert names.message_module(file) == module


@pytest.mark.parametrize(
    ("module", "part"),
    [
        ("chat.v1.chat_pb2", None),
        ("match.type_pb2", None),
        ("class.chat_pb2", "class"),
        ("chat.None.chat_pb2", "None"),
        ("import.v1_pb2", "import"),
        ("2fa.chat_pb2", "2fa"),
        ("a b.chat_pb2", "a b"),
        ("chat..chat_pb2", ""),
    ],
)
def test_what_import_statements_cannot_hold_is_found(module: str, part: str | None) -> None:
    assert names.unimportable_part(module) == part


@pytest.mark.parametrize(("name", "mangled"), [("__x", True), ("__x_", True), ("__x__", False), ("_x", False)])
def test_python_mangles_names_that_begin_with_two_underscores(name: str, mangled: bool) -> None:
    assert names.is_mangled(name) is mangled
    namespace: dict[str, object] = {name: 1}
    exec(f"class C:\n    def get(self): return {name}\n", namespace)
    reader = namespace["C"]().get  # type: ignore[operator] # the class just defined
    if mangled:
        with pytest.raises(NameError):
            reader()
    else:
        assert reader() == 1
