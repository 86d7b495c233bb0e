"""JSON between this package and protobuf-es, which browsers use: 2,000 messages in both directions."""

import base64
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from google.protobuf.message import Message
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.compiled import descriptors, messages
from tests.support.node import node, npm
from tests.support.strategies import messages as any_message

from pushwire.protojson import from_json
from pushwire.protojson.writing import to_json

pytestmark = [pytest.mark.repository, pytest.mark.at_length]  # npm installs protobuf-es

PACKAGE = "@bufbuild/protobuf@2.17.0"
PROGRAM = """
const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const es = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const registry = es.createFileRegistry(es.fromBinary(FileDescriptorSetSchema, readFileSync("descriptors.binpb")));
createInterface({ input: process.stdin }).on("line", (line) => {
  const { type, json, binary } = JSON.parse(line);
  const schema = registry.getMessage(type);
  const answer = {};
  try {
    answer.binary = Buffer.from(es.toBinary(schema, es.fromJsonString(schema, json, { registry }))).toString("base64");
    answer.json = es.toJsonString(schema, es.fromBinary(schema, Buffer.from(binary, "base64")), { registry });
  } catch (error) {
    answer.error = String(error);
  }
  console.log(JSON.stringify(answer));
});
"""
TYPES = ["wire.v1.Everything", "kinds.v3.Kinds", "kinds.v2.Kinds", "kinds.v2023.Kinds"]

Exchange = Callable[[Message], tuple[Message, Message]]


@pytest.fixture(scope="module")
def exchange(pytestconfig: pytest.Config) -> Iterator[Exchange]:
    """What protobuf-es reads of a message's JSON, and what this package reads of the JSON of protobuf-es."""
    folder = Path(pytestconfig.cache.mkdir("protobuf-es"))
    program, install = node(), npm()
    if program is None or install is None:
        pytest.skip("node or npm is missing, which protobuf-es needs")
    if not (folder / "node_modules" / "@bufbuild" / "protobuf").exists():
        command = [*install, "install", "--no-audit", "--no-fund", PACKAGE]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm cannot install {PACKAGE}: {done.stderr.strip()[-200:]}")
    (folder / "exchange.cjs").write_text(PROGRAM)
    (folder / "descriptors.binpb").write_bytes(descriptors())
    command = [program, "exchange.cjs"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def exchange(message: Message) -> tuple[Message, Message]:
            binary = base64.b64encode(message.SerializeToString()).decode()
            request = {"type": message.DESCRIPTOR.full_name, "json": to_json(message), "binary": binary}
            print(json.dumps(request), file=requests, flush=True)
            answer = json.loads(answers.readline())
            assert "error" not in answer, (answer, request)
            message_type = type(message)
            theirs = message_type.FromString(base64.b64decode(answer["binary"]))
            return theirs, from_json(json.loads(answer["json"]), message_type)

        yield exchange
        requests.close()


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=500)
@given(data=st.data())
def test_both_read_2000_messages_that_the_other_writes(exchange: Exchange, name: str, data: st.DataObject) -> None:
    message = data.draw(any_message(messages()[name]))
    assume(not holds_negative_zero(message))  # JavaScript writes -0 as 0
    for received in exchange(message):
        assert text(received) == text(message)


def text(message: Message) -> str:
    """The message as text, in which any two NaNs are equal. protobuf-es gives the types in an `Any` one prefix."""
    return re.sub(r"\[[^/\]]+/", "[", text_format.MessageToString(message))


def holds_negative_zero(message: Message) -> bool:
    return re.search(r": -0(\.0)?$", text(message), re.MULTILINE) is not None


def test_the_largest_float32_is_read_as_it_was_written(exchange: Exchange) -> None:
    largest = 3.4028234663852886e38
    message: Any = messages()["kinds.v3.Kinds"](floats=[largest, -largest], by_uint32={1: largest})
    assert exchange(message) == (message, message)
