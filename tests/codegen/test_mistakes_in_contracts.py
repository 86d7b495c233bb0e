"""Errors in contracts: one run reports all, with their places, and generates nothing."""

import re
from pathlib import Path

import pytest

from tests.codegen import toolchain
from tests.codegen.contract_errors import MISTAKES
from tests.codegen.contract_mistake import Mistake, in_order
from tests.codegen.toolchain import FIXTURES

TOLD_BY_BUF_ALONE = {"bidirectional_streaming", "rpc_without_option", "format_unknown", "route_twice", "one_module"}
"""One error of each kind, for single runs of buf; another run of buf has all errors."""


def write(folder: Path, *mistakes: Mistake) -> Path:
    for mistake in mistakes:
        for path, text in mistake.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    return folder


def by_protoc(source: Path, out: Path) -> list[str]:
    """Return the lines of the plugin's error under protoc."""
    done = toolchain.protoc(source, {"pushwire": out})
    assert (done.returncode, done.stdout) == (1, "")
    assert list(out.iterdir()) == []
    _, found, error = done.stderr.partition("--pushwire_out: ")
    assert found, done.stderr
    return error.removesuffix("\n").split("\n")


def by_buf(source: Path, folder: Path) -> list[str]:
    """Return the lines of the plugin's error under `buf generate`."""
    toolchain.buf_workspace(folder, source)
    done = toolchain.buf_generate(folder, [toolchain.pushwire_plugin("out")])
    assert (done.returncode, done.stdout) == (1, "")
    assert not (folder / "out").exists()
    _, found, error = done.stderr.partition(f"Failure: plugin {toolchain.PLUGIN}: ")
    assert found, done.stderr
    return error.removesuffix("\n").split("\n")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_protoc_tells_each_mistake_alone(mistake: Mistake, tmp_path: Path) -> None:
    assert by_protoc(write(tmp_path / "source", mistake), tmp_path / "out") == mistake.lines(by_buf=False)


@pytest.mark.parametrize(
    "mistake", [mistake for mistake in MISTAKES if mistake.name in TOLD_BY_BUF_ALONE], ids=lambda mistake: mistake.name
)
def test_buf_tells_a_mistake_alone(mistake: Mistake, tmp_path: Path) -> None:
    assert by_buf(write(tmp_path / "source", mistake), tmp_path / "work") == mistake.lines(by_buf=True)


@pytest.mark.usefixtures("measured_programs")
def test_protoc_tells_all_mistakes_in_one_run(tmp_path: Path) -> None:
    lines = by_protoc(write(tmp_path / "source", *MISTAKES), tmp_path / "out")
    assert lines == in_order([line for mistake in MISTAKES for line in mistake.lines(by_buf=False)])


@pytest.mark.repository  # older versions of buf have less exact locations of options
def test_buf_tells_all_mistakes_in_one_run(tmp_path: Path) -> None:
    lines = by_buf(write(tmp_path / "source", *MISTAKES), tmp_path / "work")
    assert lines == in_order([line for mistake in MISTAKES for line in mistake.lines(by_buf=True)])


def test_every_error_has_the_agreed_form() -> None:
    for mistake in MISTAKES:
        for line in mistake.lines(by_buf=False):
            assert re.fullmatch(r"[^:]+\.proto:\d+:\d+: (\w+(\.\w+)?: )?\S.*", line), line


def test_one_mistake_keeps_good_files_from_being_generated(tmp_path: Path) -> None:
    mistake = MISTAKES[0]
    source = write(tmp_path / "source", mistake)
    (source / "root.proto").write_bytes((FIXTURES / "proto" / "root.proto").read_bytes())
    assert by_protoc(source, tmp_path / "out") == mistake.lines(by_buf=False)


def test_a_mistake_in_an_imported_file_is_left_to_the_run_that_generates_it(tmp_path: Path) -> None:
    source = write(tmp_path / "source", MISTAKES[0])
    (imported,) = MISTAKES[0].files
    text = (FIXTURES / "proto" / "root.proto").read_text(encoding="utf-8")
    (source / "root.proto").write_text(
        text.replace("\nimport ", f'\nimport "{imported}";\nimport ', 1), encoding="utf-8"
    )
    done = toolchain.protoc(source, {"pushwire": tmp_path / "out"}, files=["root.proto"])
    assert done.returncode == 0, done.stderr
    assert list(toolchain.modules(tmp_path / "out")) == [
        f"root_pushwire{target}.py" for target in ("", "_client", "_operations")
    ]
