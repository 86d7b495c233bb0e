"""Modules import the names that they use, without name collisions."""

import ast
from collections.abc import Iterator

import pytest

from tests.plugin.contracts import BOTH, RECEIVE, Contract, module


def imports(text: str) -> list[str]:
    """Return the import statements after the guard, each as one line; those in `if` and `else` with a prefix."""
    return [line for statement in ast.parse(text).body[3:] for line in _imports(statement)]


def _imports(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        yield ast.unparse(statement)


OF_LAMBDA = [
    *["AsyncBind", "AsyncHandlers", "AsyncInterceptor", "AsyncServiceRouter", "Bind", "ConnectRequest"],
    *["DisconnectRequest", "Handlers", "Interceptor", "Request", "ServiceRouter"],
]
RUN_TIME = [
    "from google.protobuf.message import Message",
    "from pushwire import BroadcastReport, FanoutJob",
    f"from pushwire.aws_lambda import {', '.join(OF_LAMBDA)}",
    "from pushwire.server import AsyncBroadcast, AsyncServerSdk, Broadcast, ServerSdk",
]
OF_EVERY_MODULE = [
    "from abc import abstractmethod",
    "from collections.abc import Callable, Sequence",
    "from typing import TypeAlias, TypeVar",
    *RUN_TIME,
]
"""The imports of a module with an inbound operation, except those of messages."""

OF_BOTH_DIRECTIONS = [
    "from abc import abstractmethod",
    "from collections.abc import Callable, Sequence",
    "from typing import TypeAlias, TypeVar",
    "from google.protobuf import empty_pb2",
    *RUN_TIME,
]
"""The further imports of a module with outbound operations, one of them without a message."""


OF_ROUTERS = "from pushwire.store import AsyncStore, ConnectionStore"


def test_nothing_is_imported_that_is_not_used() -> None:
    contract = Contract()
    contract.rpc("Enter", takes=contract.message("Entry"), operation=RECEIVE)
    assert imports(module(contract)) == [
        *OF_EVERY_MODULE,
        OF_ROUTERS,
        "from chat.v1 import chat_pb2",
        "from chat.v1.chat_pushwire_operations import ChatOperations",
    ]


def test_what_only_inbound_operations_need_is_left_out_without_them() -> None:
    contract = Contract()
    contract.rpc("Send", takes=contract.message("Note"))
    text = module(contract)
    assert "abstractmethod" not in text
    assert "Bind" not in text


def test_modules_of_the_run_time_come_first_and_each_group_is_sorted() -> None:
    contract = Contract("m/n.proto", "m")
    other = Contract("a/b.proto", "a")
    contract.rpc("Poke")
    contract.rpc("Send", takes=other.message("Note"))
    contract.rpc("SendOwn", takes=contract.message("Note"), operation=BOTH)
    text = module(contract, imported=[other])
    assert imports(text) == [
        *OF_BOTH_DIRECTIONS,
        OF_ROUTERS,
        "from a import b_pb2",
        "from m import n_pb2",
        "from m.n_pushwire_operations import ChatOperations",
    ]
    assert "ConnectionStore,\n)\n\nfrom a" in text
    assert "    TypeAlias,\n    TypeVar,\n)\n\nfrom google" in text


def test_a_module_of_the_same_name_gets_its_full_one_and_the_own_never() -> None:
    contract = Contract("chat/v1/chat.proto", "chat.v1")
    others = [Contract(f"{folder}/chat.proto", folder) for folder in ("a_b", "z")]
    for other in others:
        contract.rpc(f"Send{len(other.descriptor.name)}", takes=other.message("Note"))
    contract.rpc("Send", takes=contract.message("Note"))
    text = module(contract, imported=others)
    assert imports(text)[-4:] == [
        "from a_b import chat_pb2 as a__b_dot_chat__pb2",
        "from chat.v1 import chat_pb2",
        "from chat.v1.chat_pushwire_operations import ChatOperations",
        "from z import chat_pb2 as z_dot_chat__pb2",
    ]
    assert "message: a__b_dot_chat__pb2.Note" in text


def test_two_foreign_modules_of_one_name_both_get_their_full_ones() -> None:
    contract = Contract()
    for folder in ("a", "b"):
        other = Contract(f"{folder}/note.proto", folder)
        contract.rpc(f"Send{folder}", takes=other.message("Note"))
    others = [Contract(f"{folder}/note.proto", folder) for folder in ("a", "b")]
    for other in others:
        other.message("Note")
    assert imports(module(contract, imported=others))[-3:-1] == [
        "from a import note_pb2 as a_dot_note__pb2",
        "from b import note_pb2 as b_dot_note__pb2",
    ]


def test_a_file_called_empty_keeps_its_name_from_google_s() -> None:
    contract = Contract("x/empty.proto", "x")
    contract.rpc("Poke")
    contract.rpc("Send", takes=contract.message("Note"))
    text = module(contract)
    assert "from google.protobuf import empty_pb2 as google_dot_protobuf_dot_empty__pb2" in imports(text)
    assert "from x import empty_pb2" in imports(text)
    assert "google_dot_protobuf_dot_empty__pb2.Empty()" in text


@pytest.mark.parametrize(
    ("rpc", "imported", "annotation"),
    [
        ("ChatPb2", "from chat.v1 import chat_pb2 as _chat_pb2", "message: _chat_pb2.Note"),
        ("Str", "import builtins", "connection_id: builtins.str"),
        ("EmptyPb2", "from google.protobuf import empty_pb2 as _empty_pb2", "_empty_pb2.Empty()"),
        ("Abstractmethod", "from abc import abstractmethod as _abstractmethod", "@_abstractmethod"),
        ("Property", "import builtins", "@builtins.property"),
        ("Str", "import builtins", "sdk: Callable[[builtins.str], ChatServerSdk]"),
    ],
)
def test_what_a_method_would_hide_gets_another_name(rpc: str, imported: str, annotation: str) -> None:
    contract = Contract()
    contract.rpc("Poke")
    contract.rpc(rpc, takes=contract.message("Note"), operation=BOTH)
    text = module(contract)
    assert imported in imports(text)
    assert annotation in text


def test_even_the_module_of_builtins_may_be_hidden() -> None:
    contract = Contract()
    contract.rpc("Str")
    contract.rpc("Builtins")
    text = module(contract)
    assert "import builtins as _builtins" in imports(text)
    assert "connection_id: _builtins.str" in text


@pytest.mark.parametrize(
    ("service", "name"),
    [("Connect", "ConnectRequest"), ("Disconnect", "DisconnectRequest"), ("Service", "ServiceRouter")],
)
def test_what_a_class_would_hide_gets_another_name(service: str, name: str) -> None:
    contract = Contract()
    contract.rpc("Enter", service=service, operation=RECEIVE)
    text = module(contract)
    assert f"from pushwire.aws_lambda import {name} as _{name}" in imports(text)


def test_an_rpc_of_another_service_of_the_file_hides_nothing_unnoticed() -> None:
    contract = Contract()
    contract.rpc("Str", service="One")
    contract.rpc("Send", service="Two")
    assert "connection_id: str" not in module(contract)


def test_at_depth_zero_there_is_no_package() -> None:
    contract = Contract("root.proto", "")
    contract.rpc("Send", takes=contract.message("Note"))
    assert imports(module(contract))[-2:] == [
        "import root_pb2",
        "from root_pushwire_operations import ChatOperations",
    ]


@pytest.mark.parametrize(
    ("own", "foreign", "line"),
    [
        ("chat/v1/chat.proto", "chat/v1/note.proto", "from . import note_pb2"),
        ("chat/v1/chat.proto", "chat/v2/note.proto", "from ..v2 import note_pb2"),
        ("chat/v1/chat.proto", "chat/note.proto", "from .. import note_pb2"),
        ("chat/v1/chat.proto", "chat/v1/deep/note.proto", "from .deep import note_pb2"),
        ("chat/v1/chat.proto", "billing/v1/note.proto", "from ...billing.v1 import note_pb2"),
        ("chat/v1/chat.proto", "note.proto", "from ... import note_pb2"),
        ("chat.proto", "note.proto", "from . import note_pb2"),
        ("chat.proto", "billing/v1/note.proto", "from .billing.v1 import note_pb2"),
        ("kebab-name.v2.proto", "note.proto", "from .. import note_pb2"),
        ("chat/v1/chat.proto", "google/protobuf/note.proto", "from google.protobuf import note_pb2"),
        ("chat/v1/chat.proto", "pushwire/v1/note.proto", "from pushwire.v1 import note_pb2"),
        ("chat/v1/chat.proto", "google/type/note.proto", "from ...google.type import note_pb2"),
        ("chat/v1/chat.proto", "pushwired/note.proto", "from ...pushwired import note_pb2"),
    ],
)
def test_relative_imports_lead_from_the_own_package(own: str, foreign: str, line: str) -> None:
    contract, other = Contract(own, "own"), Contract(foreign, "foreign")
    contract.rpc("Send", takes=other.message("Note"))
    assert line in imports(module(contract, imported=[other], parameter="imports=relative"))


@pytest.mark.parametrize(
    ("path", "checkers", "python"),
    [
        (["None"], "chat_pb2._r_None", 'getattr(chat_pb2, "None")'),
        (["Outer", "import"], "chat_pb2.Outer._r_import", 'getattr(chat_pb2.Outer, "import")'),
        (["Outer", "__x"], "chat_pb2.Outer.__x", "chat_pb2.Outer.__x"),
    ],
)
def test_messages_that_no_name_reaches_are_bound_once(path: list[str], checkers: str, python: str) -> None:
    contract = Contract()
    takes = contract.message(*path)
    contract.rpc("Send", takes=takes)
    contract.rpc("SendAgain", takes=takes)
    text = module(contract)
    bound = f"_chat_pb2_{'_'.join(path)}"
    assert f"if TYPE_CHECKING:\n    {bound} = {checkers}\nelse:\n    {bound} = {python}\n" in text
    assert text.count(f"{bound} = ") == 2
    assert text.count(f"message: {bound}") == 8  # twice to one and to many, sync and async
    assert "# pyright: reportPrivateUsage=false\n" in text


def test_keywords_inside_keywords_are_reached_step_by_step() -> None:
    contract = Contract()
    contract.rpc("Send", takes=contract.message("None", "import", "Deep"))
    text = module(contract)
    assert "    _chat_pb2_None_import_Deep = chat_pb2._r_None._r_import.Deep\n" in text
    assert (
        '    _chat_pb2_None_import_Deep = getattr(chat_pb2, "None")\n'
        '    _chat_pb2_None_import_Deep = getattr(_chat_pb2_None_import_Deep, "import")\n'
        "    _chat_pb2_None_import_Deep = _chat_pb2_None_import_Deep.Deep\n"
    ) in text


def test_two_messages_are_never_bound_to_one_name() -> None:
    contract = Contract()
    contract.rpc("Send", takes=contract.message("A_None", "None"))
    contract.rpc("SendToo", takes=contract.message("A", "None", "None"))
    text = module(contract)
    assert "message: _chat_pb2_A_None_None," in text
    assert "message: _chat_pb2_A_None_None_," in text


def test_messages_called_like_builtins_are_no_matter() -> None:
    contract = Contract()
    contract.rpc("Send", takes=contract.message("str"))
    assert "message: chat_pb2.str," in module(contract)


def test_only_what_is_deprecated_brings_in_its_decorator() -> None:
    contract = Contract()
    contract.rpc("Send")
    assert "TYPE_CHECKING" not in module(contract)
    contract.rpc("SendOld", deprecation="Use Send.")
    text = module(contract)
    assert (
        "if TYPE_CHECKING:\n"
        "    from typing_extensions import deprecated as _deprecated\n"
        "else:\n"
        "    from pushwire._codegen import deprecated as _deprecated\n"
    ) in text
    assert '    @_deprecated("Use Send.")\n    def send_old(' in text
