"""Message classes of a `.proto` of the tests, compiled by a real protoc when the tests start."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message

WIRE = Path(__file__).parent.parent / "wire"
FOLDERS = [WIRE, WIRE.parent / "protojson"]


@cache
def messages() -> dict[str, type[Message]]:
    """The message classes of `tests/wire` and `tests/protojson`, by full name."""
    return {message.DESCRIPTOR.full_name: message for message in _classes()}


@cache
def descriptors() -> bytes:
    """The descriptors of these files and of their imports, a serialized `FileDescriptorSet`."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "set.binpb"
        sources = sorted(path.name for folder in FOLDERS for path in folder.glob("*.proto"))
        paths = [f"-I{folder}" for folder in FOLDERS]
        words = ["-m", "grpc_tools.protoc", *paths, "--include_imports", f"--descriptor_set_out={output}"]
        subprocess.run([sys.executable, *words, *sources], check=True)
        return output.read_bytes()


def _classes() -> Iterator[type[Message]]:
    pool = Default()
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors()).file:
        if file.name.startswith("google/"):
            __import__(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
            continue
        pool.Add(file)
        for message in file.message_type:
            yield message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{message.name}"))
