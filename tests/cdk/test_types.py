"""Strict mypy and pyright for the constructs, the generated modules, and code that uses them.

Why mypy runs once: without a cache, it takes a minute and 3 GB for CDK's modules.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.codegen import toolchain
from tests.support.made_once import MakeOnce

ROOT = Path(__file__).parents[2]
CHAT = ROOT / "examples" / "chat"
TYPING = Path(__file__).parent / "typing"


class Finding(NamedTuple):
    """A finding of a type checker: its place, code and message."""

    file: str
    line: str
    code: str
    message: str


@pytest.fixture(scope="session")
def checked(generated: Path) -> list[Path]:
    """Return the files to check: constructs, tests, generated modules, the example's app, and users' code."""
    return [
        *sorted((ROOT / "sdk" / "pushwire" / "cdk").glob("*.py")),
        *sorted(generated.glob("*_pushwire_cdk.py")),
        *[CHAT / "infra" / "app.py", CHAT / "chat" / "v1" / "chat_pushwire_cdk.py"],
        *sorted(TYPING.glob("*.py")),
    ]


def _finding(file: str, line: int, code: str, message: str) -> Finding:
    text = Path(file).read_text().splitlines()[line - 1]
    return Finding(Path(file).name, text.strip(), code, message.splitlines()[0])


@pytest.fixture(scope="session")
def mypy(made_once: MakeOnce, checked: list[Path], generated: Path) -> list[Finding]:
    def fill(folder: Path) -> None:
        files = [*checked, *sorted(Path(__file__).parent.glob("*.py"))]
        bases = os.pathsep.join(map(str, [generated, CHAT]))
        # Why another cache: the usual one is of a mypy without CDK.
        flags = ["--output=json", f"--cache-dir={ROOT / '.mypy_cache' / 'cdk'}"]
        done = toolchain.run(["mypy", *flags, *files], ROOT, MYPYPATH=bases)
        assert done.stderr == ""
        (folder / "report").write_text(done.stdout)

    found = [json.loads(line) for line in (made_once("cdk-mypy", fill) / "report").read_text().splitlines()]
    return [_finding(str(ROOT / each["file"]), each["line"], each["code"], each["message"]) for each in found]


@pytest.fixture(scope="session")
def pyright(made_once: MakeOnce, checked: list[Path], generated: Path) -> list[Finding]:
    def fill(folder: Path) -> None:
        settings = {
            "typeCheckingMode": "strict",
            "include": [os.path.relpath(path, folder) for path in checked],
            "extraPaths": [os.path.relpath(path, folder) for path in (generated, CHAT, ROOT / "sdk")],
        }
        (folder / "pyrightconfig.json").write_text(json.dumps(settings))
        done = toolchain.run(["pyright", "--outputjson"], folder, PYRIGHT_PYTHON_IGNORE_WARNINGS="1")
        (folder / "report").write_text(done.stdout)

    report = json.loads((made_once("cdk-pyright", fill) / "report").read_text())
    assert report["summary"]["filesAnalyzed"] >= len(checked)
    return [
        _finding(each["file"], each["range"]["start"]["line"] + 1, each["rule"], each["message"])
        for each in report["generalDiagnostics"]
    ]


def test_mypy_strict_finds_nothing_but_the_mistakes(mypy: list[Finding]) -> None:
    assert [each for each in mypy if each.file != "mistakes.py"] == []


def test_pyright_strict_finds_nothing_but_the_mistakes(pyright: list[Finding]) -> None:
    found = [each for each in pyright if each.file != "mistakes.py"]
    # An error in CDK: its functions do not match the protocol of its integrations, which has another parameter name.
    assert {each.line.count("WebSocketLambdaIntegration(") for each in found} == {1}
    assert all('"Function" cannot be assigned to parameter "handler" of type "IFunction"' in e.message for e in found)


def test_each_mistake_is_caught_by_both(mypy: list[Finding], pyright: list[Finding]) -> None:
    lines = [line.strip() for line in (TYPING / "mistakes.py").read_text().splitlines()]
    mistakes = {line for line in lines if "  # " in line}
    assert len(mistakes) > 10
    for found in (mypy, pyright):
        assert {each.line for each in found if each.file == "mistakes.py"} == mistakes


def test_a_missing_operation_is_named(mypy: list[Finding], pyright: list[Finding]) -> None:
    line = "ChatIntegrations(join_room=mock)  # an operation is missing"
    assert [each.message for each in mypy if each.line == line] == [
        'Missing named argument "ping" for "ChatIntegrations"'
    ]
    assert [each.message for each in pyright if each.line == line] == ['Argument missing for parameter "ping"']


def test_a_generated_server_module_does_not_import_cdk(generated: Path) -> None:
    code = "import apis_pushwire, sys; print([name for name in ('aws_cdk', 'jsii') if name in sys.modules])"
    done = toolchain.python(code, generated)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_a_missing_extra_is_named() -> None:
    code = "import sys; sys.modules['aws_cdk'] = None; import pushwire.cdk"
    done = toolchain.python(code, ROOT)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ImportError: pushwire.cdk needs aws_cdk: pip install 'pushwire[cdk]'"
