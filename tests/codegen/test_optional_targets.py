"""The optional targets: modules for CDK, and documents. They are generated only on request."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.compiler import plugin_pb2

import pushwire
from tests.codegen import toolchain
from tests.codegen.requests import answer, ask_plugin
from tests.codegen.toolchain import FIXTURES

SUFFIXES = ("_pushwire_cdk.py", ".json")


def written(folder: Path) -> dict[str, bytes]:
    """Return the output of the optional targets in a folder, by path."""
    files = [path for path in sorted(folder.rglob("*")) if path.name.endswith(SUFFIXES)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def without_imports(text: bytes) -> str:
    kept = [node for node in ast.parse(text).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.unparse(ast.Module(kept, []))


@pytest.fixture(scope="session")
def files(optional_output: Path) -> dict[str, bytes]:
    return written(optional_output / "absolute")


def test_nothing_of_it_is_generated_unless_asked_for(absolute: Path) -> None:
    assert written(absolute) == {}


def test_each_contract_has_a_module_and_two_documents_and_each_operation_a_schema(
    files: dict[str, bytes], absolute: Path
) -> None:
    modules = [module for module in toolchain.modules(absolute) if module.endswith("_pushwire.py")]
    assert [path for path in files if path.endswith("_cdk.py")] == [
        module.replace("_pushwire.py", "_pushwire_cdk.py") for module in modules
    ]
    of_contracts = [path.removesuffix(".iam.json") for path in files if path.endswith(".iam.json")]
    assert len(of_contracts) == len(modules)
    assert [path.removesuffix(".asyncapi.json") for path in files if path.endswith(".asyncapi.json")] == of_contracts
    assert "names/kebab-name.v2" in of_contracts
    chat = [path for path in files if path.startswith("chat/chat.schemas/")]
    assert chat == [f"chat/chat.schemas/ChatService.{rpc}.json" for rpc in ("JoinRoom", "Ping", "Poke", "SendGreeting")]


def test_buf_and_protoc_give_the_same_bytes(files: dict[str, bytes], tmp_path: Path) -> None:
    done = toolchain.protoc(FIXTURES / "proto", {"pushwire": tmp_path}, parameter="targets=cdk+schema")
    assert done.returncode == 0
    assert written(tmp_path) == files


def test_hash_seeds_change_nothing(fixture_request: bytes) -> None:
    request = plugin_pb2.CodeGeneratorRequest.FromString(fixture_request)
    request.parameter = "targets=cdk+schema"
    answers = {ask_plugin(request.SerializeToString(), PYTHONHASHSEED=seed).stdout for seed in ("0", "1", "31337")}
    assert len(answers) == 1


def test_targets_come_in_any_number_at_once(fixture_request: bytes, files: dict[str, bytes], absolute: Path) -> None:
    request = plugin_pb2.CodeGeneratorRequest.FromString(fixture_request)
    request.parameter = "targets=schema+server+cdk+client"
    found = {file.name: file.content.encode() for file in answer(request).file}
    assert found == {**files, **toolchain.modules(absolute)}


def test_documents_name_the_plugin_and_no_version_where_it_is_elided(tmp_path: Path) -> None:
    for folder, options in [("usual", ""), ("bare", ",elide_version")]:
        done = toolchain.protoc(
            FIXTURES / "proto",
            {"pushwire": tmp_path / folder},
            files=["chat/chat.proto"],
            parameter=f"targets=schema{options}",
        )
        assert (done.returncode, done.stderr) == (0, "")
    usual, bare = (
        json.loads((tmp_path / folder / "chat" / "chat.asyncapi.json").read_text()) for folder in ("usual", "bare")
    )
    origins = [document.pop("x-generated-by") for document in (usual, bare)]
    assert origins == [
        f"protoc-gen-pushwire {pushwire.__version__} from chat/chat.proto",
        "protoc-gen-pushwire from chat/chat.proto",
    ]
    assert usual == bare


def test_the_module_for_cdk_is_thin_and_has_a_keyword_for_each_message_that_clients_send(
    files: dict[str, bytes],
) -> None:
    module = ast.parse(files["chat/chat_pushwire_cdk.py"])
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    assert list(classes) == ["ChatIntegrations", "ChatWebSocketApi"]
    (constructor,) = [node for node in classes["ChatIntegrations"].body if isinstance(node, ast.FunctionDef)]
    assert [argument.arg for argument in constructor.args.args] == ["self"]
    assert [argument.arg for argument in constructor.args.kwonlyargs] == ["join_room", "ping"]
    assert constructor.args.kw_defaults == [None, None]
    (constructor,) = [node for node in classes["ChatWebSocketApi"].body if isinstance(node, ast.FunctionDef)]
    assert len(constructor.body) == 1


def test_no_name_of_an_rpc_breaks_the_module_for_cdk(files: dict[str, bytes]) -> None:
    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")  # an argument twice would be a SyntaxError
    tool = next(
        node
        for node in ast.walk(ast.parse(files["names/handlers_pushwire_cdk.py"]))
        if isinstance(node, ast.ClassDef) and node.name == "ToolIntegrations"
    )
    (constructor,) = [node for node in tool.body if isinstance(node, ast.FunctionDef)]
    assert constructor.args.args[0].arg == "_self"
    assert {"self", "super", "all", "str"} <= {argument.arg for argument in constructor.args.kwonlyargs}


def test_imports_alone_differ_inside_a_package(files: dict[str, bytes], optional_output: Path) -> None:
    inside = written(optional_output / "relative" / "contracts")
    assert inside.keys() == files.keys()
    for path, text in inside.items():
        if path.endswith(".py"):
            assert without_imports(text) == without_imports(files[path]), path
        else:
            assert text == files[path], path


def test_the_policies_have_variables_for_what_only_the_account_knows(files: dict[str, bytes]) -> None:
    policies = json.loads(files["chat/chat.iam.json"])
    assert list(policies) == ["connect", "disconnect", "inspect", "send"]
    (statement,) = policies["send"]["Statement"]
    assert statement == {
        "Sid": "Send",
        "Effect": "Allow",
        "Action": "execute-api:ManageConnections",
        "Resource": "arn:${partition}:execute-api:${region}:${account_id}:${api_id}/${stage}/POST/@connections/*",
    }


def test_the_asyncapi_document_tells_both_directions_and_both_formats_from_the_servers_view(
    files: dict[str, bytes],
) -> None:
    document: Any = json.loads(files["routes/routes.asyncapi.json"])
    assert document["info"]["description"].startswith(
        "The application is the server: it receives the messages of clients"
    )
    actions = {name: operation["action"] for name, operation in document["operations"].items()}
    assert actions["DefaultService.Send.send"] == "send"
    chat: Any = json.loads(files["chat/chat.asyncapi.json"])
    assert {
        name: [message["$ref"].rpartition("/")[2] for message in operation["messages"]]
        for name, operation in chat["operations"].items()
    } == {
        "ChatService.JoinRoom.receive": ["JoinRoom", "JoinRoom.binary"],
        "ChatService.SendGreeting.send": ["SendGreeting"],
        "ChatService.Ping.receive": ["Ping", "Ping.binary"],
        "ChatService.Ping.send": ["Ping"],
        "ChatService.Poke.send": ["Poke"],
    }
    assert [message["$ref"] for message in document["operations"]["BinaryService.Send.send"]["messages"]] == [
        "#/channels/BinaryService/messages/Send.binary"
    ]
    binary = document["components"]["messages"]["BinaryService.Send.binary"]
    assert binary["payload"]["contentEncoding"] == "base64"
    assert "routes.Note" in binary["payload"]["description"]


def test_comments_and_deprecations_are_told(files: dict[str, bytes]) -> None:
    chat: Any = json.loads(files["chat/chat.asyncapi.json"])
    assert chat["operations"]["ChatService.SendGreeting.send"]["description"] == "Greet one client."
    old = files["deprecations/deprecated.asyncapi.json"].decode()
    assert "Deprecated: " in old


@pytest.mark.repository
def test_ruff_format_leaves_every_module_as_it_is(optional_output: Path) -> None:
    modules = sorted(optional_output.rglob("*_pushwire_cdk.py"))
    assert len(modules) > 40
    done = toolchain.run(["ruff", "format", "--isolated", "--no-cache", "--diff", *modules], optional_output)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.repository
def test_ruff_check_finds_nothing_but_the_order_of_imports(optional_output: Path) -> None:
    modules = sorted(optional_output.rglob("*_pushwire_cdk.py"))
    done = toolchain.run(
        ["ruff", "check", "--isolated", "--no-cache", "--ignore-noqa", "--ignore=E402,I001", *modules], optional_output
    )
    assert (done.returncode, done.stdout) == (0, "All checks passed!\n")
