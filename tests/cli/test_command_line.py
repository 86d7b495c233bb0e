"""The command `pushwire`: help, version, exit codes, and errors for missing extras."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pushwire as package
from tests.cli.conftest import Pushwire

COMMANDS = ["init", "vendor", "proto-path", "dev"]


def test_the_help_names_every_command(pushwire: Pushwire) -> None:
    done = pushwire("--help")

    assert done.code == 0
    assert [command for command in COMMANDS if f"    {command}" in done.out] == COMMANDS


@pytest.mark.parametrize("command", ["init", "vendor", "proto-path"])
def test_each_command_explains_itself(pushwire: Pushwire, command: str) -> None:
    done = pushwire(command, "--help")

    assert done.code == 0
    assert done.out.startswith(f"usage: pushwire {command}")
    assert len(done.out.splitlines()) > 6


def test_the_version_is_the_package_s(pushwire: Pushwire) -> None:
    assert pushwire("--version").out == f"pushwire {package.__version__}\n"


@pytest.mark.parametrize(
    "words", [[], ["nope"], ["init"], ["vendor"], ["vendor", ".", "extra"], ["--vers"], ["proto-path", "--bogus"]]
)
def test_a_wrong_command_line_is_a_usage_error(pushwire: Pushwire, words: list[str]) -> None:
    done = pushwire(*words)

    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("usage: pushwire")


def test_a_refusal_is_one_line_on_stderr_that_names_the_command(pushwire: Pushwire, tmp_path: Path) -> None:
    done = pushwire("vendor", tmp_path)

    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("pushwire vendor: ")
    assert done.err.count("\n") == 1


def test_the_help_needs_no_extra_and_loads_nothing_heavy() -> None:
    heavy = ["boto3", "botocore", "websockets", "httptools", "ruamel.yaml", "asyncio", "ssl", "pushwire.gateway"]
    script = (
        "import sys\n"
        "from pushwire.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('loaded:', [name for name in {heavy!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_vendor_without_the_extra_names_it(pushwire: Pushwire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "buf.yaml").write_text("version: v2\n")
    for module in ("pushwire.cli.buf_workspace", "pushwire.cli.yaml_edit"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)

    done = pushwire("vendor", tmp_path)

    assert (done.code, done.err) == (1, "pushwire vendor: ruamel.yaml is not installed: pip install 'pushwire[dev]'\n")


def test_a_folder_whose_name_is_not_text_is_no_traceback(tmp_path: Path) -> None:
    folder = bytes(tmp_path) + b"/\xff"

    done = subprocess.run(
        [sys.executable, "-m", "pushwire.cli.main", b"init", folder], capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert (Path(str(folder, errors="surrogateescape")) / "app.py").is_file()


def test_a_reader_that_leaves_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pushwire.cli.main", "proto-path"],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")


def test_ctrl_c_is_no_traceback(pushwire: Pushwire, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr("pushwire.cli.proto_path.proto_path", interrupted)

    done = pushwire("proto-path")

    assert (done.code, done.err) == (130, "")
