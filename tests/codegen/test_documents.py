"""The documents of the target `schema`, checked by jsonschema, the codec, and AsyncAPI's parser."""

import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from pushwire import Direction, FrameError, Operation
from pushwire.frame import decode, encode
from pushwire.schema import frame_schema
from tests.codegen import toolchain
from tests.codegen.requests import answer
from tests.support.compiled import WIRE, messages
from tests.support.node import node, npm
from tests.support.strategies import messages as any_message

EVERYTHING = """
syntax = "proto3";
package wired;
import "everything.proto";
import "google/protobuf/empty.proto";
import "pushwire/v1/options.proto";
// Every kind of field.
service WireService {
  rpc Send(wire.v1.Everything) returns (google.protobuf.Empty) {
    option (pushwire.v1.operation) = {direction: DIRECTION_BIDIRECTIONAL, route: "send/it"};
  }
}
"""
SEND = Operation(
    service="wired.WireService",
    name="Send",
    route="send/it",
    direction=Direction.BIDIRECTIONAL,
    message_type=messages()["wire.v1.Everything"],
)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the documents of a contract with every kind of field."""
    source = tmp_path_factory.mktemp("wired")
    shutil.copy(WIRE / "everything.proto", source)
    (source / "wired.proto").write_text(EVERYTHING)
    done = toolchain.protoc(source, {"pushwire": source}, files=["wired.proto"], parameter="targets=schema")
    assert (done.returncode, done.stderr) == (0, "")
    return source


@pytest.fixture(scope="module")
def schema(wire: Path) -> Draft4Validator:
    return Draft4Validator(json.loads((wire / "wired.schemas" / "WireService.Send.json").read_text()))


@pytest.mark.usefixtures("importable")
def test_the_schemas_of_all_fixtures_are_draft_4_and_those_of_their_operations(
    optional_output: Path, absolute: Path
) -> None:
    schemas = [json.loads(path.read_text()) for path in (optional_output / "absolute").rglob("*.schemas/*.json")]
    operations: dict[str, Operation[Any]] = {}
    for path in absolute.rglob("*_pushwire.py"):
        module = importlib.import_module(path.relative_to(absolute).with_suffix("").as_posix().replace("/", "."))
        for held in [vars(cls).values() for name, cls in vars(module).items() if name.endswith("Operations")]:
            operations |= {str(value): value for value in held if isinstance(value, Operation)}
    one_way = [operation for operation in operations.values() if operation.reply_type is None]
    assert len(schemas) == len(one_way) > 100, "requests have none"
    assert len(one_way) < len(operations)
    for schema in schemas:
        Draft4Validator.check_schema(schema)
        assert schema == frame_schema(operations[schema["title"]])


@given(message=any_message(SEND.message_type))
def test_a_schema_accepts_every_frame_that_the_codec_writes(schema: Draft4Validator, message: Any) -> None:
    schema.validate(json.loads(encode(SEND, message)))


FIELDS = [field.json_name for field in SEND.message_type.DESCRIPTOR.fields if field.name != "any"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats(-1e40, 1e40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=5,
)


@given(message=any_message(SEND.message_type), name=st.sampled_from(FIELDS), value=JSON)
def test_a_schema_refuses_every_type_that_the_codec_refuses(
    schema: Draft4Validator, message: Any, name: str, value: Any
) -> None:
    frame = json.loads(encode(SEND, message))
    frame["payload"][name] = value
    try:
        decode(json.dumps(frame), {SEND.route: SEND})
    except FrameError:
        assert not schema.is_valid(frame)


def test_a_null_is_no_value_in_a_list_and_leaves_a_field_unset(schema: Draft4Validator) -> None:
    def passes(payload: object) -> bool:
        return schema.is_valid({"route": "send/it", "payload": payload})

    assert passes({"aString": None})
    assert not passes({"numbers": [None]})
    assert not schema.is_valid({"route": "Send", "payload": {}})


# AsyncAPI

PARSER = "@asyncapi/parser@3.6"
ERROR = 0
PROGRAM = """
const {Parser} = require("@asyncapi/parser");
const fs = require("fs");
(async () => {
  for (const path of process.argv.slice(2)) {
    const {document, diagnostics} = await new Parser().parse(fs.readFileSync(path, "utf8"));
    const said = diagnostics.map(({severity, code, message}) => [severity, code, message]);
    console.log(JSON.stringify({path, parsed: Boolean(document), said}));
  }
})();
"""


MODELINA = "@asyncapi/modelina@5.10.1"
NAMES = """
const { TypeScriptGenerator } = require("@asyncapi/modelina");
const { Parser } = require("@asyncapi/parser");
const { readFileSync } = require("node:fs");
(async () => {
  const { document } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
  const models = await new TypeScriptGenerator({ modelType: "interface" }).generate(document);
  console.log(JSON.stringify(models.map((model) => model.modelName)));
})();
"""


@pytest.mark.at_length
@pytest.mark.repository
def test_modelina_makes_named_types_for_the_example(pytestconfig: pytest.Config) -> None:
    folder = Path(pytestconfig.cache.mkdir("modelina"))
    program, install = node(), npm()
    if program is None or install is None:
        pytest.skip("node or npm is missing, which Modelina needs")
    if not (folder / "node_modules" / "@asyncapi" / "modelina").exists():
        done = toolchain.run([*install, "install", "--no-audit", "--no-fund", MODELINA], folder)
        if done.returncode != 0:
            pytest.skip(f"npm cannot install {MODELINA}: {done.stderr.strip()[-200:]}")
    example = Path(__file__).parents[2] / "examples" / "chat"
    text = (example / "documents" / "chat" / "v1" / "chat.asyncapi.json").read_text(encoding="utf-8")
    # Why: this version of Modelina ignores documents of 3.1, of whose additions the document uses none.
    (folder / "chat.json").write_text(text.replace('"asyncapi": "3.1.0"', '"asyncapi": "3.0.0"'), encoding="utf-8")
    (folder / "names.cjs").write_text(NAMES)
    names = json.loads(toolchain.succeed([program, "names.cjs", "chat.json"], folder).stdout)
    assert {"ChatV1SayRequest", "ChatV1Speech", "ChatServiceSayFrame", "ChatServiceSayBinaryFrame"} <= set(names)
    assert [name for name in names if "Anonymous" in name] == []
    assert len(set(names)) == len(names) > 20


Parse = Callable[[list[Path]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def parse(pytestconfig: pytest.Config) -> Parse:
    """Return a function that runs AsyncAPI's parser on documents. The parser is kept in pytest's cache."""
    folder = Path(pytestconfig.cache.mkdir("asyncapi-parser"))
    program, install = node(), npm()
    if program is None or install is None:
        pytest.skip("node or npm is missing, which AsyncAPI's parser needs")
    if not (folder / "node_modules" / "@asyncapi" / "parser").exists():
        done = toolchain.run([*install, "install", "--no-audit", "--no-fund", PARSER], folder)
        if done.returncode != 0:
            pytest.skip(f"npm cannot install {PARSER}: {done.stderr.strip()[-200:]}")
    (folder / "parse.cjs").write_text(PROGRAM)

    def parse(documents: list[Path]) -> list[dict[str, Any]]:
        done = toolchain.succeed([program, "parse.cjs", *documents], folder)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return parse


@pytest.mark.at_length
@pytest.mark.repository
def test_asyncapis_own_parser_has_no_error_and_no_warning_and_would_have(
    parse: Parse, optional_output: Path, wire: Path, tmp_path: Path
) -> None:
    documents = [*sorted((optional_output / "absolute").rglob("*.asyncapi.json")), wire / "wired.asyncapi.json"]
    reports = parse(documents)
    assert len(reports) == len(documents) > 20
    assert all(report["parsed"] for report in reports)
    said = {(severity, code) for report in reports for severity, code, _ in report["said"]}
    assert said == set()
    text = documents[-1].read_text()
    (tmp_path / "wrong.json").write_text(text.replace('"action": "send"', '"action": "shout"'))
    (tmp_path / "dangling.json").write_text(text.replace('"wire.v1.Leaf":', '"wire.v1.Other":'))
    for report in parse([tmp_path / "wrong.json", tmp_path / "dangling.json"]):
        assert any(severity == ERROR for severity, _, _ in report["said"])


def test_a_request_has_its_reply_in_the_same_channel(optional_output: Path) -> None:
    document = json.loads((optional_output / "absolute" / "replies" / "replies.asyncapi.json").read_text())
    assert {path.name for path in (optional_output / "absolute" / "replies").rglob("*.schemas/*.json")} == {
        "AskService.Bool.json",
        "AskService.Remark.json",
    }, "a request has no route model"
    assert "reply" not in document["operations"]["AskService.Remark.receive"]
    reply = document["operations"]["AskService.Price.receive"]["reply"]
    channel = document["channels"]["AskService"]
    assert reply["channel"] == {"$ref": "#/channels/AskService"}
    names = [each["$ref"].rpartition("/")[2] for each in reply["messages"]]
    assert names == ["Price.reply", "Price.reply.binary"]
    assert set(names) <= channel["messages"].keys()

    def validator(name: str) -> Draft4Validator:
        message = document["components"]["messages"][f"AskService.{name}"]
        return Draft4Validator({**message["payload"], "components": document["components"]})

    request = {"route": "Price", "id": "7", "payload": {"text": "tea"}}
    validator("Price").validate(request)
    assert not validator("Price").is_valid({"route": "Price", "payload": {}})
    assert not validator("Price").is_valid({**request, "id": "x" * 65})
    answers = validator("Price.reply")
    answers.validate({"route": "Price", "reply_to": "7", "payload": {"currency": "EUR", "units": "3"}})
    answers.validate({"route": "Price", "reply_to": "7", "error": {"code": "not_found", "message": "no tea"}})
    for wrong in ({"payload": {"units": "x"}}, {"error": {"code": "teapot"}}, {"reply_to": 7}):
        assert not answers.is_valid({"route": "Price", "reply_to": "7", **wrong})


# Contracts that protobuf cannot read


def test_a_contract_of_a_later_edition_is_told_and_generates_without_the_documents(fixture_request: bytes) -> None:
    request = plugin_pb2.CodeGeneratorRequest.FromString(fixture_request)
    for file in request.proto_file:
        if file.name == "chat/chat.proto":
            file.syntax = "editions"
            file.edition = descriptor_pb2.EDITION_99997_TEST_ONLY
    request.parameter = "targets=schema"
    assert answer(request).error.startswith("chat/chat.proto: the installed protobuf cannot read this file")
    request.parameter = "targets=server+cdk"
    assert answer(request).error == ""
