"""Buf workspaces for tests, and the contents of folders."""

from pathlib import Path

CONTRACT = """\
syntax = "proto3";

package chat.v1;

import "google/protobuf/empty.proto";
import "pushwire/v1/options.proto";

message Greeting {
  string greeting = 1;
}

service ChatService {
  rpc SendGreeting(Greeting) returns (google.protobuf.Empty) {
    option (pushwire.v1.operation) = {direction: DIRECTION_SERVER_TO_CLIENT};
  }
  rpc SendFarewell(Greeting) returns (google.protobuf.Empty) {
    option (pushwire.v1.operation) = {direction: DIRECTION_SERVER_TO_CLIENT};
  }
}
"""


def workspace(folder: Path, buf_yaml: str, *, contract_in: str = "proto") -> Path:
    """A buf workspace whose contract uses the options."""
    contract = folder / contract_in / "chat" / "v1" / "chat.proto"
    contract.parent.mkdir(parents=True)
    contract.write_text(CONTRACT)
    (folder / "buf.yaml").write_bytes(buf_yaml.encode())
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file in a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
