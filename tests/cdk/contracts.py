"""The contracts of these tests and their generated code."""

from pathlib import Path

from tests.codegen import toolchain

SIZES = (1, 40, 200, 400)
_SERVICES = Path(__file__).parent / "proto" / "apis.proto"


def generate(folder: Path) -> None:
    """Generate the code of `apis.proto` and of a contract of each size into a folder."""
    source = folder / "proto"
    source.mkdir(parents=True)
    (source / _SERVICES.name).write_text(_SERVICES.read_text())
    for size in SIZES:
        (source / f"size{size}.proto").write_text(_contract(size))
    outputs = dict.fromkeys(["python", "mypy", "pushwire"], folder)
    done = toolchain.protoc(source, outputs, parameter="targets=server+cdk+schema")
    assert done.returncode == 0, done.stderr


def _contract(size: int) -> str:
    """Return a contract with a number of inbound operations and one outbound operation."""
    inbound = "".join(
        f"  rpc Take{number}(Note) returns (google.protobuf.Empty) {{\n"
        "    option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER};\n  }\n"
        for number in range(size)
    )
    return f"""
syntax = "proto3";
package size{size};
import "google/protobuf/empty.proto";
import "pushwire/v1/options.proto";
message Note {{ string text = 1; int64 number = 2; }}
service SizeService {{
{inbound}  rpc Tell(Note) returns (google.protobuf.Empty) {{
    option (pushwire.v1.operation) = {{direction: DIRECTION_SERVER_TO_CLIENT}};
  }}
}}
"""
