"""The tools that users run: `buf generate`, `protoc`, and the plugins that both find on PATH."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.tools import environment

FIXTURES = Path(__file__).parent / "fixtures"
OPTIONS = Path(__file__).parents[2] / "proto"
"""The folder with `pushwire/v1/options.proto`."""

PLUGIN = "protoc-gen-pushwire"
_NO_EDITION_2024 = 'edition 2024,? (is|which is) later than the|edition "2024" not yet fully supported'
_PROTOC = [sys.executable, "-m", "grpc_tools.protoc"]


def run(command: Sequence[str | Path], folder: Path, **environment_changes: str) -> subprocess.CompletedProcess[str]:
    """Run a tool, and return its result even if it fails."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment(**environment_changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=600,  # against hanging; mypy reads CDK's modules for minutes on a busy machine
        check=False,
    )


def succeed(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool, and fail the test if it fails."""
    done = run(command, folder)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def python(code: str, *folders: Path, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter that imports from `folders` and turns warnings into errors."""
    command = [sys.executable, "-W", "error", *options, "-c", code]
    return run(command, folders[0], PYTHONPATH=os.pathsep.join(map(str, folders)))


def protos(source: Path) -> list[str]:
    """Return the proto files below `source`, sorted."""
    return sorted(path.relative_to(source).as_posix() for path in source.rglob("*.proto"))


def protoc(
    source: Path, outputs: Mapping[str, Path], *, files: Sequence[str] = (), parameter: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `protoc` over the protos below `source`, with one output folder for each plugin.

    `parameter` goes to protoc-gen-pushwire.
    """
    flags: list[str] = []
    for plugin, folder in outputs.items():
        folder.mkdir(parents=True, exist_ok=True)
        flags.append(f"--{plugin}_out={folder}")
    if parameter:
        flags.append(f"--pushwire_opt={parameter}")
    return run([*_PROTOC, "-I.", f"-I{OPTIONS}", *flags, *(files or protos(source))], source)


def refuses_edition_2024(done: subprocess.CompletedProcess[str]) -> bool:
    """Return whether buf or protoc has failed because the installed version does not support edition 2024."""
    return done.returncode != 0 and re.search(_NO_EDITION_2024, done.stderr, re.IGNORECASE) is not None


def buf_workspace(folder: Path, source: Path) -> Path:
    """Create a buf workspace with the contract, and the options as a separate module."""
    shutil.copytree(source, folder / "proto")
    shutil.copytree(OPTIONS, folder / "vendor")
    modules = [{"path": "proto"}, {"path": "vendor"}]
    (folder / "buf.yaml").write_text(json.dumps({"version": "v2", "modules": modules}))
    return folder


def buf_generate(workspace: Path, plugins: Sequence[Mapping[str, object]]) -> subprocess.CompletedProcess[str]:
    """Run `buf generate` with these entries of a `buf.gen.yaml`, which is JSON as well as YAML."""
    template = {"version": "v2", "inputs": [{"directory": "proto"}], "plugins": list(plugins)}
    return run(["buf", "generate", "--template", json.dumps(template)], workspace)


def messages_plugin(out: str) -> dict[str, object]:
    """Return the entry of a `buf.gen.yaml` that generates messages."""
    return {"protoc_builtin": "python", "protoc_path": _PROTOC, "out": out, "strategy": "all"}


def pushwire_plugin(out: str, *options: str) -> dict[str, object]:
    """Return the entry of a `buf.gen.yaml` that runs protoc-gen-pushwire."""
    return {"local": PLUGIN, "out": out, "strategy": "all", "opt": list(options)}


def copy_with_relative_imports(source: Path, target: Path, pattern: str) -> None:
    """Copy Google's modules or their stubs with relative imports, as users' tools do."""
    for path in source.rglob(pattern):
        relative_path = path.relative_to(source)
        dots = "." * len(relative_path.parts)
        text = path.read_text(encoding="utf-8")
        for absolute_import, relative_import in [
            (r"^from (?!google\.|pushwire\.)([\w.]+) import (?=\w+_pb2\b)", rf"from {dots}\1 import "),
            (r"^from (?!google\.|pushwire\.)([\w.]+_pb2) import ", rf"from {dots}\1 import "),
            (r"^import (\w+_pb2)\b", rf"from {dots} import \1"),
        ]:
            text = re.sub(absolute_import, relative_import, text, flags=re.MULTILINE)
        (target / relative_path).parent.mkdir(parents=True, exist_ok=True)
        (target / relative_path).write_text(text, encoding="utf-8")


def modules(folder: Path) -> dict[str, bytes]:
    """Return the output of protoc-gen-pushwire in a folder, by path."""
    written = (path for target in ("", "_client", "_operations") for path in folder.rglob(f"*_pushwire{target}.py"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(written)}
