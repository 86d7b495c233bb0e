"""The requests of generated Server SDKs."""

import importlib
import inspect
import json
from typing import Any

import pytest
from google.protobuf.message import Message

from pushwire import Direction, Format, Operation
from pushwire.testing import AsyncRecordingTransport, Post, RecordingTransport

pytestmark = pytest.mark.usefixtures("importable")


def sdk_class(name: str) -> Any:
    """Return the class `module.Class` of a generated module."""
    module, _, class_name = name.rpartition(".")
    return getattr(importlib.import_module(module), class_name)


def async_sdk_class(name: str) -> Any:
    """Return the class `module.AsyncClass` for `module.Class`."""
    module, _, class_name = name.rpartition(".")
    return sdk_class(f"{module}.Async{class_name}")


def message_class(name: str) -> Any:
    """Return the message class `module:Message.Nested`; its names may be keywords."""
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


METHODS = {
    "root_pushwire.RootServerSdk": ["send_note"],
    "chat.chat_pushwire.ChatServerSdk": ["ping", "poke", "send_greeting"],
    "billing.chat_pushwire.ChatServerSdk": ["send_chat_greeting", "send_own_greeting", "send_root_note"],
    "shop.orders.v1.orders_pushwire.OrderServerSdk": [
        *["discount_given", "greeted", "line_added", "noted", "order_placed", "refunded"],
    ],
    "shop.orders.v1.returns_pushwire.ReturnServerSdk": ["money_returned", "order_returned"],
    "names.keywords_pushwire.KeywordServerSdk": [
        *["after_empty", "builtins", "close_", "close__", "connection_id", "connections_", "deprecated"],
        *["empty_pb2", "get_user", "hidden_message", "http_get_url2", "import_", "int", "keywords_pb2"],
        *["mangled_message", "mangled_nested", "match", "message", "nested_class", "nested_def", "nested_none"],
        *["nested_str", "none", "operation", "property", "self", "send", "server_sdk", "str", "to_", "type"],
    ],
    "names.keywords_pushwire.ServiceServerSdk": ["ping"],
    "names.keywords_pushwire.lower_caseServerSdk": ["ping"],
    "names.handlers_pushwire.HandlersServerSdk": ["on_default_all", "to_"],
    "names.handlers_pushwire.SenderServerSdk": ["close__", "on_connect", "operations"],
    "names.handlers_pushwire.ToolServerSdk": [],
    "names.kebab_name.v2_pushwire.KebabServerSdk": ["serve"],
    "services.services_pushwire.FirstServerSdk": ["send"],
    "services.services_pushwire.SecondServerSdk": ["send"],
    "services.services_pushwire.ReceiverServerSdk": [],
    "aliases.note_pushwire.NoteServerSdk": ["note_pb2", "root_pb2", "send_one", "send_own", "send_root", "send_two"],
    "legacy.proto2_pushwire.LegacyServerSdk": ["send_chapter", "send_report"],
    "legacy.no_syntax_pushwire.BareServerSdk": ["send_bare"],
    "editions.edition2023_pushwire.EditionServerSdk": ["send_implicit"],
    "presence.presence_pushwire.PresenceServerSdk": ["send_profile"],
}


@pytest.mark.parametrize("name", METHODS)
def test_a_sdk_has_a_method_for_each_message_that_servers_send_and_no_other(name: str) -> None:
    assert methods(sdk_class(name)) == METHODS[name]
    assert methods(async_sdk_class(name)) == METHODS[name]


@pytest.mark.parametrize("name", METHODS)
def test_every_message_that_servers_send_can_be_broadcast(name: str) -> None:
    for sdk, transport in [
        (sdk_class(name), RecordingTransport()),
        (async_sdk_class(name), AsyncRecordingTransport()),
    ]:
        assert methods(type(sdk(transport=transport).to([]))) == METHODS[name]


def methods(kind: type) -> list[str]:
    return sorted(member for member in vars(kind) if not member.startswith("_"))


@pytest.mark.parametrize("name", METHODS)
def test_a_sdk_leaves_every_member_of_its_base_alone(name: str) -> None:
    for kind in (sdk_class(name), async_sdk_class(name)):
        for made in (kind, kind._broadcast):
            inherited = {member for member in dir(made.__base__) if not member.startswith("__")}
            assert inherited.isdisjoint(vars(made).keys() - {"_broadcast", "_contract"})


def test_a_module_has_public_classes_for_each_service_with_operations_and_for_no_other() -> None:
    module = importlib.import_module("services.services_pushwire")
    classes = [
        name for name, value in vars(module).items() if inspect.isclass(value) and value.__module__ == module.__name__
    ]
    public = [name for name in classes if not name.startswith("_")]
    kinds = ("Broadcast", "ServerSdk", "Handlers", "Router")
    assert public == [
        f"{family}{prefix}{kind}"
        for prefix in ("First", "Second", "Receiver")
        for family in ("", "Async")
        for kind in kinds
    ]


def posted(sdk_name: str, method: str, *arguments: Message) -> Post:
    """Return the only post of a method call."""
    transport = RecordingTransport()
    with sdk_class(sdk_name)(transport=transport) as sdk:
        assert getattr(sdk, method)("c0nn=", *arguments) is None
    (post,) = transport.posts
    return post


WIRE = [
    ("root_pushwire.RootServerSdk", "send_note", "root_pb2:RootNote", "SendNote"),
    ("chat.chat_pushwire.ChatServerSdk", "send_greeting", "chat.chat_pb2:Greeting", "SendGreeting"),
    ("chat.chat_pushwire.ChatServerSdk", "ping", "chat.chat_pb2:PingMessage", "ping"),
    ("billing.chat_pushwire.ChatServerSdk", "send_own_greeting", "billing.chat_pb2:Greeting", "SendOwnGreeting"),
    ("billing.chat_pushwire.ChatServerSdk", "send_chat_greeting", "chat.chat_pb2:Greeting", "SendChatGreeting"),
    ("billing.chat_pushwire.ChatServerSdk", "send_root_note", "root_pb2:RootNote", "SendRootNote"),
    (
        "shop.orders.v1.orders_pushwire.OrderServerSdk",
        "line_added",
        "shop.orders.v1.orders_pb2:Order.Line",
        "LineAdded",
    ),
    (
        "shop.orders.v1.orders_pushwire.OrderServerSdk",
        "discount_given",
        "shop.orders.v1.orders_pb2:Order.Line.Discount",
        "DiscountGiven",
    ),
    (
        "shop.orders.v1.returns_pushwire.ReturnServerSdk",
        "money_returned",
        "shop.common.v1.money_pb2:Money",
        "MoneyReturned",
    ),
    ("names.keywords_pushwire.KeywordServerSdk", "close_", "names.keywords_pb2:Outer", "Close"),
    ("names.keywords_pushwire.KeywordServerSdk", "close__", "names.keywords_pb2:Outer", "close_"),
    ("names.keywords_pushwire.KeywordServerSdk", "to_", "names.keywords_pb2:Outer", "To"),
    ("names.keywords_pushwire.KeywordServerSdk", "connections_", "names.keywords_pb2:Outer", "Connections"),
    ("names.keywords_pushwire.KeywordServerSdk", "import_", "names.keywords_pb2:import", "Import"),
    ("names.keywords_pushwire.KeywordServerSdk", "none", "names.keywords_pb2:None", "None"),
    ("names.keywords_pushwire.KeywordServerSdk", "str", "names.keywords_pb2:str", "Str"),
    ("names.keywords_pushwire.KeywordServerSdk", "int", "names.keywords_pb2:int", "Int"),
    ("names.keywords_pushwire.KeywordServerSdk", "type", "names.keywords_pb2:type", "type"),
    ("names.keywords_pushwire.KeywordServerSdk", "keywords_pb2", "names.keywords_pb2:Outer", "KeywordsPb2"),
    ("names.keywords_pushwire.KeywordServerSdk", "deprecated", "names.keywords_pb2:Outer", "Deprecated"),
    ("names.keywords_pushwire.KeywordServerSdk", "property", "names.keywords_pb2:Outer", "Property"),
    ("names.keywords_pushwire.KeywordServerSdk", "self", "names.keywords_pb2:Outer", "Self"),
    ("names.keywords_pushwire.KeywordServerSdk", "nested_none", "names.keywords_pb2:Outer.None", "nested_none"),
    ("names.keywords_pushwire.KeywordServerSdk", "nested_class", "names.keywords_pb2:Outer.class", "NestedClass"),
    ("names.keywords_pushwire.KeywordServerSdk", "nested_def", "names.keywords_pb2:Outer.class.def", "NestedDef"),
    ("names.keywords_pushwire.KeywordServerSdk", "nested_str", "names.keywords_pb2:Outer.str", "NestedStr"),
    ("names.keywords_pushwire.KeywordServerSdk", "hidden_message", "names.keywords_pb2:_Hidden", "HiddenMessage"),
    ("names.keywords_pushwire.KeywordServerSdk", "mangled_message", "names.keywords_pb2:__Mangled", "MangledMessage"),
    (
        "names.keywords_pushwire.KeywordServerSdk",
        "mangled_nested",
        "names.keywords_pb2:Outer.__Nested",
        "MangledNested",
    ),
    ("names.handlers_pushwire.HandlersServerSdk", "to_", "names.handlers_pb2:Note", "To"),
    ("names.handlers_pushwire.SenderServerSdk", "on_connect", "names.handlers_pb2:Note", "OnConnect"),
    ("names.handlers_pushwire.SenderServerSdk", "operations", "names.handlers_pb2:Note", "Operations"),
    ("names.handlers_pushwire.SenderServerSdk", "close__", "names.handlers_pb2:Note", "close_"),
    ("names.kebab_name.v2_pushwire.KebabServerSdk", "serve", "names.kebab_name.v2_pb2:Kebab", "Serve"),
    ("services.services_pushwire.FirstServerSdk", "send", "services.services_pb2:Note", "Send"),
    ("services.services_pushwire.SecondServerSdk", "send", "services.services_pb2:Answer", "Send"),
    ("aliases.note_pushwire.NoteServerSdk", "note_pb2", "aliases.note_pb2:Note", "NotePb2"),
    ("aliases.note_pushwire.NoteServerSdk", "root_pb2", "root_pb2:RootNote", "RootPb2"),
    ("aliases.note_pushwire.NoteServerSdk", "send_own", "aliases.note_pb2:Note", "SendOwn"),
    ("aliases.note_pushwire.NoteServerSdk", "send_one", "aliases.one.note_pb2:Note", "SendOne"),
    ("aliases.note_pushwire.NoteServerSdk", "send_two", "aliases.two.note_pb2:Note", "SendTwo"),
    ("aliases.note_pushwire.NoteServerSdk", "send_root", "root_pb2:RootNote", "SendRoot"),
    ("legacy.proto2_pushwire.LegacyServerSdk", "send_chapter", "legacy.proto2_pb2:Report.Chapter", "SendChapter"),
    ("wellknown.wellknown_pushwire.WellKnownServerSdk", "send_frame", "pushwire.v1.frame_pb2:Frame", "SendFrame"),
    (
        "wellknown.wellknown_pushwire.WellKnownServerSdk",
        "send_version",
        "google.protobuf.compiler.plugin_pb2:Version",
        "SendVersion",
    ),
    ("wellknown.empty_pushwire.EmptyServerSdk", "send_own", "wellknown.empty_pb2:Empty", "SendOwn"),
    ("deprecations.deprecated_pushwire.DeprecationServerSdk", "send_old", "deprecations.deprecated_pb2:Old", "SendOld"),
    ("deprecations.deprecated_pushwire.OldServerSdk", "send_last", "deprecations.deprecated_pb2:Current", "SendLast"),
]


@pytest.mark.parametrize(
    ("sdk", "method", "message", "route"), WIRE, ids=[f"{sdk}.{method}" for sdk, method, *_ in WIRE]
)
def test_a_method_posts_its_message_under_its_route_and_takes_no_other(
    sdk: str, method: str, message: str, route: str
) -> None:
    found = message_class(message)()
    field = found.DESCRIPTOR.fields[0]
    value: str | int = "Grüße" if field.type == field.TYPE_STRING else 7
    setattr(found, field.name, value)
    post = posted(sdk, method, found)
    assert post.connection_id == "c0nn="
    expected = {"route": route, "payload": {field.json_name: value}}
    assert post.data == json.dumps(expected, ensure_ascii=False, separators=(",", ":")).encode()

    other = importlib.import_module("presence.presence_pb2").Profile()
    with pytest.raises(TypeError, match=found.DESCRIPTOR.full_name):
        posted(sdk, method, other)


@pytest.mark.parametrize(
    ("sdk", "method", "route"),
    [
        ("chat.chat_pushwire.ChatServerSdk", "poke", "Poke"),
        ("names.keywords_pushwire.KeywordServerSdk", "empty_pb2", "EmptyPb2"),
        ("names.keywords_pushwire.KeywordServerSdk", "after_empty", "AfterEmpty"),
        ("wellknown.wellknown_pushwire.WellKnownServerSdk", "send_nothing", "SendNothing"),
        ("wellknown.empty_pushwire.EmptyServerSdk", "send_well_known", "SendWellKnown"),
    ],
)
def test_an_empty_request_makes_a_method_without_a_message(sdk: str, method: str, route: str) -> None:
    assert posted(sdk, method).data == f'{{"route":"{route}","payload":{{}}}}'.encode()
    with pytest.raises(TypeError, match="positional argument"):
        posted(sdk, method, importlib.import_module("google.protobuf.empty_pb2").Empty())


@pytest.mark.parametrize(
    ("method", "message", "payload"),
    [
        ("send_duration", "duration_pb2:Duration(seconds=3)", "3s"),
        ("send_mask", "field_mask_pb2:FieldMask(paths=['a_b'])", "aB"),
        ("send_string", "wrappers_pb2:StringValue(value='x')", "x"),
        ("send_value", "struct_pb2:Value(bool_value=True)", True),
        ("send_timestamp", "timestamp_pb2:Timestamp(seconds=1)", "1970-01-01T00:00:01Z"),
        ("send_struct", "struct_pb2:Struct()", {}),
        ("send_any", "any_pb2:Any()", {}),
    ],
)
def test_well_known_types_are_messages_in_their_own_json(method: str, message: str, payload: object) -> None:
    module, _, expression = message.partition(":")
    made = eval(expression, vars(importlib.import_module(f"google.protobuf.{module}")))
    data = json.loads(posted("wellknown.wellknown_pushwire.WellKnownServerSdk", method, made).data)
    assert data["payload"] == payload


ROUTES = "routes.routes_pushwire"


def note(**fields: object) -> Message:
    message: Message = message_class("routes.routes_pb2:Note")(**fields)
    return message


@pytest.mark.parametrize(
    ("sdk", "method", "data"),
    [
        ("DefaultServerSdk", "send", b'{"route":"Send","payload":{"text":"a"}}'),
        ("DefaultServerSdk", "send_binary", b"CgpTZW5kQmluYXJ5EgMKAWE="),
        ("DefaultServerSdk", "slash", b'{"route":"notes/v1/slash","payload":{"text":"a"}}'),
        ("DefaultServerSdk", "dots", b'{"route":"-._/x","payload":{"text":"a"}}'),
        ("DefaultServerSdk", "snake_name", b'{"route":"snake_name","payload":{"text":"a"}}'),
        ("BinaryServerSdk", "send", b"CgRTZW5kEgMKAWE="),
        ("BinaryServerSdk", "send_json", b'{"route":"SendJson","payload":{"text":"a"}}'),
        ("EmitServerSdk", "send", b'{"route":"Send","payload":{"text":"a","count":0,"tags":[]}}'),
        ("EmitServerSdk", "send_binary", b"CgpTZW5kQmluYXJ5EgMKAWE="),
    ],
)
def test_options_of_the_service_and_the_operation_choose_the_frame(sdk: str, method: str, data: bytes) -> None:
    assert posted(f"{ROUTES}.{sdk}", method, note(text="a")).data == data


def test_a_route_of_128_characters_is_sent_whole() -> None:
    route = json.loads(posted(f"{ROUTES}.DefaultServerSdk", "long", note()).data)["route"]
    assert (len(route), route[-1]) == (128, "x")


def test_presence_oneofs_and_maps_survive() -> None:
    profile = message_class("presence.presence_pb2:Profile")(nickname="", phone="1", scores={"go": 2**60})
    data = json.loads(posted("presence.presence_pushwire.PresenceServerSdk", "send_profile", profile).data)
    assert data["payload"] == {"nickname": "", "phone": "1", "scores": {"go": str(2**60)}}


def test_both_arguments_have_names() -> None:
    transport = RecordingTransport()
    sdk = sdk_class("chat.chat_pushwire.ChatServerSdk")(transport=transport)
    sdk.send_greeting(connection_id="id", message=message_class("chat.chat_pb2:Greeting")())
    sdk.poke(connection_id="id")
    assert [post.connection_id for post in transport.posts] == ["id", "id"]


def test_operations_describe_the_contract_and_include_what_only_clients_send() -> None:
    operations = vars(sdk_class("chat.chat_pushwire_operations.ChatOperations"))
    found = [value for value in operations.values() if isinstance(value, Operation)]
    assert [(str(operation), operation.route, operation.direction) for operation in found] == [
        ("chat.ChatService.JoinRoom", "JoinRoom", Direction.CLIENT_TO_SERVER),
        ("chat.ChatService.SendGreeting", "SendGreeting", Direction.SERVER_TO_CLIENT),
        ("chat.ChatService.Ping", "ping", Direction.BIDIRECTIONAL),
        ("chat.ChatService.Poke", "Poke", Direction.SERVER_TO_CLIENT),
    ]
    assert {operation.format for operation in found} == {Format.JSON}
    assert {operation.message_type.DESCRIPTOR.full_name for operation in found} == {
        "chat.JoinRoomRequest",
        "chat.Greeting",
        "chat.PingMessage",
        "google.protobuf.Empty",
    }
