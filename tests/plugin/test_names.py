"""Python names of protobuf names. These tables are a promise: to change a line is to break everybody's code."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire.plugin import names
from pushwire.server import ServerSdk

RPC_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True)


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
    assert names.method_name(rpc) == method


@pytest.mark.parametrize(
    ("rpc", "method"),
    [
        ("Close", "close_"),
        ("close", "close_"),
        ("close_", "close__"),
        ("Close__", "close___"),
        ("Broadcast", "broadcast_"),
        ("Connections", "connections_"),
        ("Import", "import_"),
        ("import", "import_"),
        ("import_", "import__"),
        ("Async", "async_"),
        ("CloseAll", "close_all"),
    ],
)
def test_reserved_names_get_a_trailing_underscore(rpc: str, method: str) -> None:
    assert names.method_name(rpc) == method


def test_all_keywords_of_this_python_are_known() -> None:
    assert set(keyword.kwlist) <= names.KEYWORDS


def test_all_public_names_of_the_server_sdk_are_reserved() -> None:
    own = {name for name in dir(ServerSdk) if not name.startswith("_")}
    assert own <= names.RESERVED_METHOD_NAMES
    assert "connections" in own


@given(RPC_NAMES)
def test_methods_can_be_defined_and_hide_nothing_of_the_sdk(rpc: str) -> None:
    method = names.method_name(rpc)
    assert method.isidentifier()
    assert method not in keyword.kwlist
    assert not hasattr(ServerSdk, method)


@given(st.lists(RPC_NAMES.map(str.lower), unique=True))
def test_different_names_in_snake_case_stay_different(rpcs: list[str]) -> None:
    assert len({names.method_name(rpc) for rpc in rpcs}) == len(rpcs)


@pytest.mark.parametrize("reserved", sorted(names.KEYWORDS | names.RESERVED_METHOD_NAMES))
def test_underscores_never_make_two_reserved_names_meet(reserved: str) -> None:
    spellings = [reserved.lower() + "_" * count for count in range(4)]
    assert len({names.method_name(spelling) for spelling in spellings}) == len(spellings)


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
        "ChatHandlers",
        "ChatRouter",
        "ChatRequest",
        "ChatConnectRequest",
        "ChatDisconnectRequest",
        "AsyncChatServerSdk",
        "AsyncChatHandlers",
        "AsyncChatRouter",
        "AsyncChatRequest",
        "AsyncChatConnectRequest",
        "AsyncChatDisconnectRequest",
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
