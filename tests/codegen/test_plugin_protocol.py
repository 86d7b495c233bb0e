"""The protocol of protoc and buf: features, errors and determinism of a plugin."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2

from pushwire import __version__
from pushwire.plugin.decode import decode
from pushwire.plugin.generate import generate
from tests.codegen import toolchain
from tests.codegen.requests import answer, ask_plugin
from tests.codegen.toolchain import PLUGIN

Response = plugin_pb2.CodeGeneratorResponse
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@pytest.fixture
def request_(fixture_request: bytes) -> plugin_pb2.CodeGeneratorRequest:
    """Return a new copy of the request for the fixture contracts."""
    return plugin_pb2.CodeGeneratorRequest.FromString(fixture_request)


def test_version_is_printed_without_reading_a_request() -> None:
    done = ask_plugin(b"", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{PLUGIN} {__version__}\n".encode(), b"")


def test_help_tells_that_compilers_run_it_and_with_which_options() -> None:
    done = ask_plugin(b"", "--help")
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    for word in ["buf", "protoc", "targets", "imports", "elide_version"]:
        assert word in text


@pytest.mark.parametrize("arguments", [["chat.proto"], ["--bogus"], ["--version", "x"]])
def test_other_arguments_are_refused_before_anything_is_read(arguments: list[str]) -> None:
    done = ask_plugin(b"\xff\xff", *arguments)
    assert done.returncode != 0
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    assert arguments[-1].encode() in done.stderr


def test_an_empty_request_is_answered_with_no_file_and_no_error() -> None:
    response = answer(plugin_pb2.CodeGeneratorRequest())
    assert (list(response.file), response.HasField("error")) == ([], False)


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"syntax = 'proto3';", b"\n\x05abc"])
def test_something_else_than_a_request_is_refused_in_words(garbage: bytes) -> None:
    done = ask_plugin(garbage)
    assert done.returncode != 0
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    assert b"CodeGeneratorRequest" in done.stderr


def test_proto3_optional_and_the_editions_are_declared() -> None:
    response = answer(plugin_pb2.CodeGeneratorRequest())
    assert response.supported_features == Response.FEATURE_PROTO3_OPTIONAL | Response.FEATURE_SUPPORTS_EDITIONS
    assert response.minimum_edition == descriptor_pb2.EDITION_PROTO2
    assert response.maximum_edition == descriptor_pb2.EDITION_2024


def test_features_are_declared_with_errors_too(request_: plugin_pb2.CodeGeneratorRequest) -> None:
    request_.parameter = "bogus=1"
    response = answer(request_)
    assert response.error
    assert list(response.file) == []
    assert response.supported_features == 3
    assert (response.minimum_edition, response.maximum_edition) == (998, 1001)


def test_files_that_are_only_imported_are_not_generated(request_: plugin_pb2.CodeGeneratorRequest) -> None:
    request_.ClearField("file_to_generate")
    request_.file_to_generate.append("billing/chat.proto")
    assert [file.name for file in answer(request_).file] == [
        "billing/chat_pushwire_operations.py",
        "billing/chat_pushwire.py",
        "billing/chat_pushwire_client.py",
    ]


def test_a_request_without_source_info_gives_the_same_code_without_comments(
    request_: plugin_pb2.CodeGeneratorRequest,
) -> None:
    usual = {file.name: file.content for file in answer(request_).file}
    for file in [*request_.proto_file, *request_.source_file_descriptors]:
        file.ClearField("source_code_info")
    bare = {file.name: file.content for file in answer(request_).file}
    assert bare.keys() == usual.keys()
    name = "chat/chat_pushwire.py"
    assert "Greet one client." in usual[name]
    assert "Greet one client." not in bare[name]
    assert _code(bare[name]) == _code(usual[name])


def test_errors_without_source_info_name_the_file(request_: plugin_pb2.CodeGeneratorRequest) -> None:
    for file in [*request_.proto_file, *request_.source_file_descriptors]:
        file.ClearField("source_code_info")
        if file.name == "chat/chat.proto":
            file.service[0].method[1].client_streaming = True
    error = answer(request_).error
    assert re.fullmatch(r"chat/chat\.proto: ChatService\.SendGreeting: \S.*", error), error


def test_source_file_descriptors_are_not_needed(request_: plugin_pb2.CodeGeneratorRequest) -> None:
    usual = answer(request_)
    request_.ClearField("source_file_descriptors")
    request_.ClearField("compiler_version")
    assert answer(request_) == usual


def test_a_missing_dependency_is_told_without_a_traceback(request_: plugin_pb2.CodeGeneratorRequest) -> None:
    kept = [file for file in request_.proto_file if file.name != "chat/chat.proto"]
    request_.ClearField("proto_file")
    request_.proto_file.extend(kept)
    request_.ClearField("file_to_generate")
    request_.file_to_generate.append("billing/chat.proto")
    done = ask_plugin(request_.SerializeToString())
    assert b"Traceback" not in done.stderr
    assert (done.returncode, "chat.Greeting" in Response.FromString(done.stdout).error) == (0, True)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int32", "7"),
        ("Note", '{text: "x"}'),
        ("string", '"x"'),  # its bytes are not a message
    ],
)
def test_another_option_under_the_same_number_is_none_of_the_plugin_s_business(
    kind: str, value: str, tmp_path: Path
) -> None:
    (tmp_path / "other.proto").write_text(f"""
        syntax = "proto3";
        package other;
        import "google/protobuf/descriptor.proto";
        extend google.protobuf.MethodOptions {{ {kind} path = 50505; }}
        message Note {{ string text = 1; }}
        service NoteService {{ rpc _Send(stream Note) returns (Note) {{ option (path) = {value}; }} }}
    """)
    done = toolchain.protoc(tmp_path, {"pushwire": tmp_path / "out"})
    assert (done.returncode, done.stderr) == (0, "")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("extension", "where"),
    [
        ("extend google.protobuf.MethodOptions { Note note = 50505; }", "4:40: the option team.note"),
        ("extend google.protobuf.ServiceOptions { Note note = 50505; }", "4:41: the option team.note"),
        (
            "message Out { extend google.protobuf.MethodOptions { Note note = 50505; } }",
            "4:54: the option team.Out.note",
        ),
    ],
)
def test_an_option_under_the_same_number_beside_pushwire_s_is_an_error(
    extension: str, where: str, tmp_path: Path
) -> None:
    (tmp_path / "team.proto").write_text(
        f"""syntax = "proto3";
package team;
import "google/protobuf/descriptor.proto";
{extension}
message Note {{ bytes text = 1; }}
"""
    )
    (tmp_path / "chat.proto").write_text("""
        syntax = "proto3";
        package chat;
        import "google/protobuf/empty.proto";
        import "pushwire/v1/options.proto";
        import "team.proto";
        service ChatService {
          rpc Say(team.Note) returns (google.protobuf.Empty) {
            option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER};
          }
        }
    """)
    done = toolchain.protoc(tmp_path, {"pushwire": tmp_path / "out"})
    assert done.returncode == 1
    assert f"team.proto:{where} has the number 50505 of pushwire.v1." in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_unknown_fields_of_the_options_are_ignored(request_: plugin_pb2.CodeGeneratorRequest) -> None:
    usual = answer(request_)
    for file in request_.proto_file:
        for service in file.service:
            for method in service.method:
                if method.options.ByteSize():
                    # field 99 of the option, which a later version may have: 50505 → {99: 1}
                    method.options.MergeFromString(b"\xca\xd4\x18\x03\x98\x06\x01")
    assert answer(request_) == usual


def test_the_work_grows_with_the_number_of_operations_and_no_faster(request_: plugin_pb2.CodeGeneratorRequest) -> None:
    calls_of_generate(with_operations(request_, 10))  # fills the caches
    few, many = (calls_of_generate(with_operations(request_, count)) for count in (200, 1000))
    assert many < few * 5.5


def test_a_thousand_operations_are_generated(request_: plugin_pb2.CodeGeneratorRequest) -> None:
    _, module, client = answer(with_operations(request_, 1000)).file
    assert module.content.count("    def send") == 2000  # to one, and to many
    assert module.content.count("    async def send") == 2000
    assert client.content.count("    def on_send") == 1000


@pytest.mark.at_length
def test_modules_of_three_thousand_operations_compile(request_: plugin_pb2.CodeGeneratorRequest) -> None:
    for file in answer(with_operations(request_, 3000)).file:
        compile(file.content, file.name, "exec")


def calls_of_generate(request: plugin_pb2.CodeGeneratorRequest) -> int:
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    decoded = decode(request.SerializeToString())
    sys.setprofile(count)
    try:
        generate(decoded)
    finally:
        sys.setprofile(None)
    return calls


def with_operations(request_: plugin_pb2.CodeGeneratorRequest, count: int) -> plugin_pb2.CodeGeneratorRequest:
    file = descriptor_pb2.FileDescriptorProto(name="big.proto", package="big", syntax="proto3")
    file.message_type.add(name="Note")
    service = file.service.add(name="BigService")
    for number in range(count):
        method = service.method.add(name=f"Send{number}", input_type=".big.Note", output_type=".google.protobuf.Empty")
        method.options.MergeFromString(b"\xca\xd4\x18\x02\x08\x02")
    empty = descriptor_pb2.FileDescriptorProto(
        name="google/protobuf/empty.proto", package="google.protobuf", syntax="proto3"
    )
    empty.message_type.add(name="Empty")
    options = next(file for file in request_.proto_file if file.name == "pushwire/v1/options.proto")
    return plugin_pb2.CodeGeneratorRequest(file_to_generate=["big.proto"], proto_file=[empty, options, file])


def _code(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Expr(ast.Constant("…"))
    return ast.unparse(tree)


def test_a_contract_whose_file_begins_with_two_underscores_is_imported(tmp_path: Path) -> None:
    (tmp_path / "__chat.proto").write_text("""
        syntax = "proto3";
        package chat;
        import "google/protobuf/empty.proto";
        import "pushwire/v1/options.proto";
        message Note { string text = 1; }
        service ChatService {
          rpc Say(Note) returns (google.protobuf.Empty) {
            option (pushwire.v1.operation) = {direction: DIRECTION_BIDIRECTIONAL};
          }
        }
    """)
    out = tmp_path / "out"
    done = toolchain.protoc(tmp_path, {"pushwire": out, "python": out})
    assert (done.returncode, done.stderr) == (0, "")
    code = "import __chat_pb2 as m, __chat_pushwire as s, __chat_pushwire_client; print(s.ChatServerSdk.say.__name__)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=out, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("say\n", "")
