"""Requests to the plugin as protoc writes them, and the plugin's responses, without running protoc."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from google.protobuf.compiler import plugin_pb2

from tests.codegen import toolchain
from tests.support.tools import environment

_CAPTURE = """#!{python}
import pathlib, sys
pathlib.Path({target!r}).write_bytes(sys.stdin.buffer.read())
sys.stdout.buffer.write({response!r})
"""

_ACCEPTS_EVERYTHING = plugin_pb2.CodeGeneratorResponse(
    supported_features=3, minimum_edition=998, maximum_edition=1001
).SerializeToString()


def capture_request(source: Path, folder: Path, *, files: Sequence[str] = ()) -> bytes:
    """Return the serialized request that protoc sends to a plugin for the protos below `source`."""
    target, plugin = folder / "request", folder / "protoc-gen-capture"
    plugin.write_text(
        _CAPTURE.format(python=sys.executable, target=str(target), response=_ACCEPTS_EVERYTHING), encoding="utf-8"
    )
    plugin.chmod(0o755)
    done = toolchain.run(
        [
            *[sys.executable, "-m", "grpc_tools.protoc", "-I.", f"-I{toolchain.OPTIONS}"],
            *[f"--plugin=protoc-gen-capture={plugin}", f"--capture_out={folder}"],
            *(files or toolchain.protos(source)),
        ],
        source,
    )
    assert done.returncode == 0, done.stderr
    return target.read_bytes()


def ask_plugin(
    request: bytes, *arguments: str, folder: Path | None = None, **environment_changes: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the plugin as protoc does, with a request on its standard input."""
    return subprocess.run(
        [toolchain.PLUGIN, *arguments],
        input=request,
        cwd=folder,
        env=environment(**environment_changes),
        capture_output=True,
        timeout=60,
        check=False,
    )


def answer(request: plugin_pb2.CodeGeneratorRequest) -> plugin_pb2.CodeGeneratorResponse:
    """Return the plugin's response to a request; the plugin must succeed without output on stderr."""
    done = ask_plugin(request.SerializeToString())
    assert (done.returncode, done.stderr) == (0, b"")
    return plugin_pb2.CodeGeneratorResponse.FromString(done.stdout)
