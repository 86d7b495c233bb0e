"""Message classes of a `.proto` of the tests, compiled by a real protoc when the tests start."""

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message

WIRE = Path(__file__).parent.parent / "wire"


@cache
def messages() -> dict[str, type[Message]]:
    """The message classes of `tests/wire`, by full name."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "set.binpb"
        sources = sorted(path.name for path in WIRE.glob("*.proto"))
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{WIRE}", f"--descriptor_set_out={output}", *sources]
        subprocess.run(command, check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())
    pool = Default()
    found: dict[str, type[Message]] = {}
    for file in files.file:
        for dependency in file.dependency:
            __import__(dependency.removesuffix(".proto").replace("/", ".") + "_pb2")
        pool.Add(file)
        for message in file.message_type:
            full_name = f"{file.package}.{message.name}"
            found[full_name] = message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))
    return found
