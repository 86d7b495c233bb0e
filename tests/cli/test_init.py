"""`pushwire init`: writes a whole project or no file."""

import ast
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushwire.cli.init import project_files, project_name
from tests.cli.conftest import Buf, Pushwire
from tests.cli.workspaces import contents

# https://packaging.python.org/en/latest/specifications/name-normalization/
VALID_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

PROJECT = {
    ".gitignore",
    "README.md",
    "app.py",
    "buf.gen.yaml",
    "buf.yaml",
    "proto/hello/v1/hello.proto",
    "pyproject.toml",
    "send.py",
    "tests/conftest.py",
    "tests/test_hello.py",
    "third_party/pushwire/pushwire/v1/options.proto",
}


def test_it_creates_the_folder_and_lists_what_it_wrote(pushwire: Pushwire, tmp_path: Path) -> None:
    folder = tmp_path / "work" / "hello"

    done = pushwire("init", folder)

    assert (done.code, done.err) == (0, "")
    assert set(contents(folder)) == PROJECT
    assert {line for line in done.out.splitlines() if line.startswith("wrote ")} == {
        f"wrote {folder / name}" for name in PROJECT
    }


def test_the_current_folder_will_do(pushwire: Pushwire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "My Chat"
    folder.mkdir()
    monkeypatch.chdir(folder)

    assert pushwire("init", ".").code == 0

    assert set(contents(folder)) == PROJECT
    assert tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"] == "my-chat"


def test_a_second_run_changes_nothing(pushwire: Pushwire, tmp_path: Path) -> None:
    pushwire("init", tmp_path)
    before = contents(tmp_path)

    done = pushwire("init", tmp_path)

    assert done.code == 0
    assert "nothing changed" in done.out
    assert contents(tmp_path) == before


def test_what_is_missing_from_a_project_is_added_again(pushwire: Pushwire, tmp_path: Path) -> None:
    pushwire("init", tmp_path)
    before = contents(tmp_path)
    (tmp_path / "send.py").unlink()

    done = pushwire("init", tmp_path)

    assert [line for line in done.out.splitlines() if line.startswith("wrote ")] == [f"wrote {tmp_path / 'send.py'}"]
    assert contents(tmp_path) == before


def test_other_files_of_a_repository_stay_as_they_are(pushwire: Pushwire, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("print()\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_main.py").write_text("")

    assert pushwire("init", tmp_path).code == 0

    assert set(contents(tmp_path)) == PROJECT | {"src/main.py", "tests/test_main.py"}


def test_files_in_the_way_are_all_named_and_nothing_is_written(pushwire: Pushwire, tmp_path: Path) -> None:
    pushwire("init", tmp_path / "other")
    (tmp_path / "hello").mkdir()
    for name, content in {
        "README.md": "# Ours\n",
        "pyproject.toml": "",
        "app.py": (tmp_path / "other" / "app.py").read_text(),
        "proto": "a file where a folder belongs",
    }.items():
        (tmp_path / "hello" / name).write_text(content)
    (tmp_path / "hello" / "send.py").mkdir()
    (tmp_path / "hello" / ".gitignore").symlink_to("nowhere")
    before = contents(tmp_path)

    done = pushwire("init", tmp_path / "hello")

    assert done.code == 1
    assert f"nothing was written to {tmp_path / 'hello'}, because these exist: " in done.err
    assert ".gitignore, README.md, proto, pyproject.toml, send.py. Choose another folder" in done.err
    assert f"run `pushwire vendor {tmp_path / 'hello'}`" in done.err
    assert done.err.count("\n") == 1
    assert contents(tmp_path) == before
    assert not (tmp_path / "hello" / "tests").exists()


@pytest.mark.parametrize("target", ["file", "file/hello"])
def test_a_file_instead_of_a_folder_is_refused(pushwire: Pushwire, tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_text("mine")

    done = pushwire("init", tmp_path / target)

    assert done.code == 1
    assert str(tmp_path / "file") in done.err
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(pushwire: Pushwire, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        done = pushwire("init", tmp_path / "hello")
    finally:
        tmp_path.chmod(0o700)

    assert done.code == 1
    assert "Permission denied; nothing was changed" in done.err
    assert contents(tmp_path) == {}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc, which takes no folders even from root")
def test_a_place_that_takes_no_folders_is_refused(pushwire: Pushwire) -> None:
    done = pushwire("init", "/proc/hello")

    assert done.code == 1
    assert "cannot write /proc/hello/" in done.err
    assert "nothing was changed" in done.err


def test_a_disk_that_fills_up_leaves_nothing_behind(
    pushwire: Pushwire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    write_bytes = Path.write_bytes

    def filling_up(self: Path, data: bytes) -> int:
        if len(written) == 6:
            raise OSError(28, os.strerror(28), str(self))
        written.append(self)
        return write_bytes(self, data)

    monkeypatch.setattr(Path, "write_bytes", filling_up)
    done = pushwire("init", tmp_path / "hello")

    assert done.code == 1
    assert "No space left on device; nothing was changed" in done.err
    assert len(written) == 6
    assert list(tmp_path.iterdir()) == []


def test_buf_is_content_with_the_contract_as_it_stands(pushwire: Pushwire, buf: Buf, tmp_path: Path) -> None:
    # A workspace around the project does not matter.
    (tmp_path / "buf.yaml").write_text("version: v2\n")
    pushwire("init", tmp_path / "hello")

    for words in (["build"], ["lint"], ["format", "--diff", "--exit-code"]):
        done = buf(tmp_path / "hello", *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), words


def test_vendor_has_nothing_to_add(pushwire: Pushwire, tmp_path: Path) -> None:
    pushwire("init", tmp_path)
    before = contents(tmp_path)

    done = pushwire("vendor", tmp_path)

    assert "nothing changed" in done.out
    assert contents(tmp_path) == before


def test_the_contract_shows_each_direction_once(pushwire: Pushwire, tmp_path: Path) -> None:
    pushwire("init", tmp_path)

    contract = (tmp_path / "proto" / "hello" / "v1" / "hello.proto").read_text()

    assert re.findall(r"direction: DIRECTION_(\w+)", contract) == [
        "CLIENT_TO_SERVER",
        "SERVER_TO_CLIENT",
        "BIDIRECTIONAL",
    ]


def test_the_code_is_formatted_and_short(pushwire: Pushwire, tmp_path: Path) -> None:
    pushwire("init", tmp_path)

    assert len(ast.parse((tmp_path / "send.py").read_text()).body) == 5
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert all(line == line.rstrip() for line in path.read_text().splitlines()), path
            assert path.read_text().endswith("\n"), path


def test_formatters_and_linters_leave_a_project_unchanged(pushwire: Pushwire, tmp_path: Path) -> None:
    pushwire("init", tmp_path)
    for command in (["ruff", "check", "--no-cache"], ["ruff", "format", "--check", "--no-cache"]):
        done = subprocess.run([*command, "."], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_generator_is_pinned_to_code_that_older_protobufs_run(pushwire: Pushwire, tmp_path: Path) -> None:
    pushwire("init", tmp_path)
    settings = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert settings["dependency-groups"]["dev"] == ["pushwire[dev]", "grpcio-tools>=1.76,<1.81"]
    assert settings["tool"]["pyright"]["ignore"] == ["**/*_pb2.py", "**/*_pb2.pyi"]


def test_pushwire_can_be_installed_from_a_checkout(pushwire: Pushwire, tmp_path: Path) -> None:
    pushwire("init", tmp_path / "new", "--checkout", tmp_path / "a checkout")
    settings = tomllib.loads((tmp_path / "new" / "pyproject.toml").read_text())
    assert settings["tool"]["uv"]["sources"] == {"pushwire": {"path": str(tmp_path / "a checkout")}}


NAMES = {
    "hello": "hello",
    "My Chat": "my-chat",
    "chat.app": "chat-app",
    "ChatApp": "chatapp",
    "2048": "2048",
    "3d_chat": "3d-chat",
    "--x--": "x",
    "Café": "cafe",
    "чат": "pushwire-project",
    "": "pushwire-project",
    '"]\nname = "x': "name-x",
    "@@project_name@@": "project-name",
    "pushwire": "pushwire-project",
    "Boto3": "boto3-project",
    "mypy_protobuf": "mypy-protobuf-project",
}


@pytest.mark.parametrize(("folder", "name"), NAMES.items())
def test_the_project_is_named_like_its_folder(folder: str, name: str) -> None:
    assert project_name(folder) == name


@settings(deadline=None)
@given(folder=st.text())
def test_any_folder_gives_a_valid_name_that_fills_every_placeholder(folder: str) -> None:
    name = project_name(folder)
    files = project_files(name)

    assert VALID_NAME.fullmatch(name)
    assert set(files) == PROJECT
    assert not [path for path, content in files.items() if b"@@" in content]
    assert tomllib.loads(files["pyproject.toml"].decode())["project"]["name"] == name
    assert files["README.md"].startswith(f"# {name}\n".encode())
