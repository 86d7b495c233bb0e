"""Strict mypy and pyright for all generated code, and for correct and incorrect code that uses it."""

import json
import os
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.codegen import (
    async_findings,
    checker_findings,
    client_findings,
    handler_findings,
    replies_findings,
    toolchain,
)
from tests.codegen.toolchain import FIXTURES
from tests.support.made_once import MakeOnce

pytestmark = pytest.mark.repository

FINDINGS = {
    **checker_findings.FINDINGS,
    **handler_findings.FINDINGS,
    **async_findings.FINDINGS,
    **client_findings.FINDINGS,
    **replies_findings.FINDINGS,
}
MISTAKES = {
    name: (FIXTURES / "typing" / name).read_text(encoding="utf-8").splitlines()
    for name in (
        "mistakes.py",
        "mistaken_handlers.py",
        "mistaken_async.py",
        "mistaken_client.py",
        "mistaken_replies.py",
    )
}
_NAMED = "# mistake: "

Finding = tuple[str, str]
"""The code and the message of a checker's finding."""


@pytest.fixture(scope="session")
def roots(made_once: MakeOnce, absolute: Path, relative: Path, edition_2024_output: Path) -> list[Path]:
    """Return the folders with generated code and message stubs, from which code is imported."""

    def fill(folder: Path) -> None:
        shutil.copytree(absolute, folder / "absolute")
        shutil.copytree(relative, folder / "relative")
        _add_stubs(FIXTURES / "proto", folder / "absolute")
        toolchain.copy_with_relative_imports(folder / "absolute", folder / "relative" / "contracts", "*_pb2.pyi")
        if (edition_2024_output / "absolute").exists():
            shutil.copytree(edition_2024_output / "absolute", folder / "edition2024")
            _add_stubs(FIXTURES / "proto2024", folder / "edition2024")

    return sorted(made_once("typed", fill).iterdir())


@pytest.fixture(scope="session")
def mypy(made_once: MakeOnce, roots: list[Path]) -> dict[str, list[tuple[int, Finding]]]:
    """Return the findings of mypy: line and finding, by file name."""

    def fill(folder: Path) -> None:
        code = _copy_code(folder)
        flags = ["--strict", "--explicit-package-bases", "--output=json", f"--cache-dir={folder / 'cache'}"]
        bases = os.pathsep.join(map(str, [*roots, code]))
        done = toolchain.run(["mypy", "--config-file=", *flags, *roots, code], folder, MYPYPATH=bases)
        assert done.stderr == ""
        (folder / "report").write_text(done.stdout)

    found = [json.loads(line) for line in (made_once("mypy", fill) / "report").read_text().splitlines()]
    assert all(finding["severity"] == "error" for finding in found)
    return _by_file((finding["file"], finding["line"], (finding["code"], finding["message"])) for finding in found)


@pytest.fixture(scope="session")
def pyright(made_once: MakeOnce, roots: list[Path]) -> dict[str, list[tuple[int, Finding]]]:
    """Return the findings of pyright: line and finding, by file name."""

    def fill(folder: Path) -> None:
        code = _copy_code(folder)
        settings = {
            "typeCheckingMode": "strict",
            "include": [
                *(
                    f"{os.path.relpath(root, folder)}/**/*_pushwire{target}.py"
                    for root in roots
                    for target in ("", "_client")
                ),
                code.name,
            ],
            "extraPaths": [*(os.path.relpath(root, folder) for root in roots)],
        }
        (folder / "pyrightconfig.json").write_text(json.dumps(settings))
        done = toolchain.run(["pyright", "--outputjson"], folder, PYRIGHT_PYTHON_IGNORE_WARNINGS="1")
        (folder / "report").write_text(done.stdout)

    report: dict[str, Any] = json.loads((made_once("pyright", fill) / "report").read_text())
    assert report["summary"]["filesAnalyzed"] > 40
    return _by_file(
        (
            finding["file"],
            finding["range"]["start"]["line"] + 1,
            (finding["rule"], finding["message"].replace("\u00a0", " ")),
        )
        for finding in report["generalDiagnostics"]
    )


def test_mypy_strict_finds_nothing_in_generated_code_or_in_its_right_use(mypy: dict[str, list[Any]]) -> None:
    assert {file: findings for file, findings in mypy.items() if Path(file).name not in MISTAKES} == {}


def test_pyright_strict_finds_nothing_in_generated_code_or_in_its_right_use(pyright: dict[str, list[Any]]) -> None:
    assert {file: findings for file, findings in pyright.items() if Path(file).name not in MISTAKES} == {}


def test_mypy_catches_each_mistake(mypy: dict[str, list[Any]]) -> None:
    assert _by_text(mypy) == {text: findings.mypy for text, findings in FINDINGS.items() if findings.mypy}


def test_pyright_catches_each_mistake(pyright: dict[str, list[Any]]) -> None:
    assert _by_text(pyright) == {text: findings.pyright for text, findings in FINDINGS.items() if findings.pyright}


def test_each_mistake_is_caught_by_a_checker() -> None:
    lines = MISTAKES["mistakes.py"]
    calls = lines[lines.index("# Mistakes:") + 1 : lines.index("# No mistakes:")]
    named = [
        _mistake(line)
        for name in ("mistaken_handlers.py", "mistaken_async.py", "mistaken_client.py", "mistaken_replies.py")
        for line in MISTAKES[name]
        if _NAMED in line
    ]
    assert [mistake for mistake in (*calls, *named) if mistake and mistake not in FINDINGS] == []
    assert len(set(named)) == len(named)


def _by_text(files: dict[str, list[tuple[int, Finding]]]) -> dict[str, list[Finding]]:
    """Return the findings in the files with errors, by error; of each message, the first line."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for file, findings in files.items():
        lines = MISTAKES.get(Path(file).name)
        if lines is not None:
            for line, (code, message) in findings:
                found[_mistake(lines[line - 1])].append((code, message.splitlines()[0]))
    return dict(found)


def _mistake(line: str) -> str:
    """Return the name of an error: the comment of its line, or the whole line."""
    return line.partition(_NAMED)[2] or line


def _add_stubs(source: Path, folder: Path) -> None:
    done = toolchain.protoc(source, {"mypy": folder})
    assert done.returncode == 0, done.stderr


def _copy_code(folder: Path) -> Path:
    return Path(shutil.copytree(FIXTURES / "typing", folder / "code"))


def _by_file(findings: Any) -> dict[str, list[tuple[int, Finding]]]:
    files: dict[str, list[tuple[int, Finding]]] = defaultdict(list)
    for file, line, finding in findings:
        files[file].append((line, finding))
    return dict(files)
