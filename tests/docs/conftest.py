"""Workspaces in which the snippets of pages run."""

from pathlib import Path

import pytest
from tests.docs.snippets import run, snippet, write_contract

CONTRACT = """
syntax = "proto3";
package chat.v1;
import "google/protobuf/empty.proto";
import "pushwire/v1/options.proto";
message JoinRoomRequest { string room = 1; string name = 2; }
message Greeting { string greeting = 1; }
message PingMessage { string note = 1; }
service ChatService {
  rpc JoinRoom(JoinRoomRequest) returns (google.protobuf.Empty) {
    option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER};
  }
  rpc SendGreeting(Greeting) returns (google.protobuf.Empty) {
    option (pushwire.v1.operation) = {direction: DIRECTION_SERVER_TO_CLIENT};
  }
  rpc Ping(PingMessage) returns (google.protobuf.Empty) {
    option (pushwire.v1.operation) = {direction: DIRECTION_BIDIRECTIONAL, route: "ping"};
  }
}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A buf workspace with the options, and nothing else yet."""
    (tmp_path / "buf.yaml").write_text("version: v2\nmodules:\n  - path: proto\nlint:\n  use:\n    - STANDARD\n")
    (tmp_path / "buf.gen.yaml").write_text(snippet("README.md", "yaml", "protoc-gen-pushwire"))
    (tmp_path / "proto").mkdir()
    run("pushwire", "vendor", ".", folder=tmp_path)
    return tmp_path


@pytest.fixture
def chat(workspace: Path) -> Path:
    """A chat with one operation of each direction, which the pages' Python is about."""
    write_contract(workspace, "chat/v1/chat.proto", CONTRACT)
    run("buf", "generate", folder=workspace)
    return workspace
