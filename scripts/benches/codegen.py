"""Code generation, compared with other plugins of the same protoc."""

import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pushwire.cli.proto_path import proto_path
from scripts.benches.measuring import compare, seconds

OPERATIONS = 1_000


def codegen(rounds: int) -> dict[str, float]:
    """Measure whole protoc processes on one file with 1,000 operations."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "big.proto").write_text(big_contract())
        plugins = {
            "protoc-gen-pushwire": ["--pushwire_out=pushwire"],
            "protoc-gen-mypy": ["--mypy_out=quiet:mypy"],
        }
        if shutil.which("protoc-gen-connectrpc"):
            plugins["protoc-gen-connectrpc"] = ["--connectrpc_out=connectrpc"]
        else:
            print("protoc-gen-connectrpc is not installed; no comparison with it")
        for output in ("pushwire", "mypy", "connectrpc"):
            (root / output).mkdir()

        def protoc(options: list[str]) -> Callable[[], object]:
            command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"-I{proto_path()}", *options, "big.proto"]
            return functools.partial(subprocess.run, command, cwd=root, check=True)

        print(f"codegen: seconds of wall time for one file of {OPERATIONS:,} operations")
        return compare(
            {name: seconds(protoc(options)) for name, options in plugins.items()},
            rounds,
            base="protoc-gen-mypy",
            unit="s",
        )


def big_contract() -> str:
    directions = ("CLIENT_TO_SERVER", "SERVER_TO_CLIENT", "BIDIRECTIONAL")
    messages = "".join(
        f"// Message {number}.\nmessage Message{number} {{ string text = 1; int64 count = 2; }}\n"
        for number in range(OPERATIONS)
    )
    operations = "".join(
        f"  // Operation {number}, with a comment.\n"
        f"  rpc Operation{number}(Message{number}) returns (google.protobuf.Empty) {{\n"
        f"    option (pushwire.v1.operation) = {{direction: DIRECTION_{directions[number % 3]}}};\n  }}\n"
        for number in range(OPERATIONS)
    )
    return (
        'syntax = "proto3";\npackage big.v1;\n'
        'import "google/protobuf/empty.proto";\nimport "pushwire/v1/options.proto";\n'
        f"{messages}\nservice BigService {{\n{operations}}}\n"
    )
