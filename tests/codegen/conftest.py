"""The generated code of the fixture contracts, generated once for all workers of a test run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.codegen import toolchain
from tests.codegen.requests import capture_request
from tests.codegen.toolchain import FIXTURES
from tests.support.made_once import MakeOnce
from tests.support.tools import measured


@pytest.fixture(scope="session")
def buf_output(made_once: MakeOnce) -> Path:
    """Return the output of `buf generate`: `absolute/`, and `relative/contracts/` with relative imports."""

    def fill(folder: Path) -> None:
        toolchain.buf_workspace(folder, FIXTURES / "proto")
        plugins = [
            toolchain.messages_plugin("absolute"),
            toolchain.pushwire_plugin("absolute"),
            toolchain.pushwire_plugin("relative/contracts", "imports=relative"),
        ]
        with measured():
            done = toolchain.buf_generate(folder, plugins)
        assert done.returncode == 0, done.stderr
        toolchain.copy_with_relative_imports(folder / "absolute", folder / "relative" / "contracts", "*_pb2.py")

    return made_once("buf", fill)


@pytest.fixture(scope="session")
def absolute(buf_output: Path) -> Path:
    """Return the folder of the fixture contracts' generated code."""
    return buf_output / "absolute"


@pytest.fixture(scope="session")
def relative(buf_output: Path) -> Path:
    """Return the folder with the package `contracts`, generated with `imports=relative`."""
    return buf_output / "relative"


@pytest.fixture(scope="session")
def optional_output(made_once: MakeOnce) -> Path:
    """Return the output of the optional targets for the fixtures: `absolute/`, and `relative/contracts/`."""

    def fill(folder: Path) -> None:
        toolchain.buf_workspace(folder, FIXTURES / "proto")
        plugins = [
            toolchain.messages_plugin("absolute"),
            toolchain.pushwire_plugin("absolute", "targets=cdk+schema"),
            toolchain.pushwire_plugin("relative/contracts", "targets=cdk+schema", "imports=relative"),
        ]
        with measured():
            done = toolchain.buf_generate(folder, plugins)
        assert done.returncode == 0, done.stderr

    return made_once("optional", fill)


@pytest.fixture(scope="session")
def protoc_output(made_once: MakeOnce) -> Path:
    """Return the output of `protoc` for the fixture contracts."""

    def fill(folder: Path) -> None:
        done = toolchain.protoc(FIXTURES / "proto", dict.fromkeys(["python", "pushwire"], folder))
        assert done.returncode == 0, done.stderr

    return made_once("protoc", fill)


@pytest.fixture(scope="session")
def edition_2024_output(made_once: MakeOnce) -> Path:
    """Return a folder with `absolute/`, the code for edition 2024, or with `refused`, the error of old tools."""

    def fill(folder: Path) -> None:
        toolchain.buf_workspace(folder, FIXTURES / "proto2024")
        plugins = [toolchain.messages_plugin("absolute"), toolchain.pushwire_plugin("absolute")]
        done = toolchain.buf_generate(folder, plugins)
        if toolchain.refuses_edition_2024(done):
            (folder / "refused").write_text(done.stderr)
        else:
            assert done.returncode == 0, done.stderr

    return made_once("edition2024", fill)


@pytest.fixture(scope="session")
def edition_2024(edition_2024_output: Path) -> Path:
    """Return the folder of the code for edition 2024, or skip if the installed buf and protoc do not support it."""
    refused = edition_2024_output / "refused"
    if refused.exists():
        pytest.skip(f"the installed buf or protoc refuses edition 2024: {refused.read_text().strip()}")
    return edition_2024_output / "absolute"


@pytest.fixture(scope="session")
def importable(absolute: Path) -> Iterator[None]:
    """Let this process import the modules of the fixture contracts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(absolute), *sys.path])
        yield


@pytest.fixture(scope="session")
def fixture_request(made_once: MakeOnce) -> bytes:
    """Return the serialized request that protoc sends to a plugin for the fixture contracts."""

    def fill(folder: Path) -> None:
        (folder / "request").write_bytes(capture_request(FIXTURES / "proto", folder))

    return (made_once("request", fill) / "request").read_bytes()
