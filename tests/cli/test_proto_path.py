"""`pushwire proto-path`: protoc finds the options, in a checkout and in an installed wheel."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import pushwire as package
from tests.cli.conftest import Pushwire
from tests.cli.workspaces import CONTRACT, contents
from tests.support.tools import environment

REPOSITORY = Path(__file__).parents[2]
PROTOS = sorted(contents(REPOSITORY / "proto"))


def test_it_prints_the_folder_that_holds_the_options(pushwire: Pushwire) -> None:
    done = pushwire("proto-path")

    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("\n")
    assert (Path(done.out.removesuffix("\n")) / "pushwire" / "v1" / "options.proto").is_file()


def test_protoc_compiles_a_contract_with_it(pushwire: Pushwire, tmp_path: Path) -> None:
    (tmp_path / "chat.proto").write_text(CONTRACT)
    include = pushwire("proto-path").out.strip()
    protoc = [sys.executable, "-m", "grpc_tools.protoc"]

    done = subprocess.run(
        [*protoc, "-I.", f"-I{include}", "--python_out=.", "chat.proto"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "chat_pb2.py").is_file()


def test_a_package_without_its_protos_says_so(
    pushwire: Pushwire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(package, "__file__", str(tmp_path / "pushwire.zip" / "pushwire" / "__init__.py"))

    done = pushwire("proto-path")

    assert done.code == 1
    assert "options.proto is missing from the installed package; reinstall it" in done.err


@pytest.mark.repository
def test_the_wheel_and_the_sdist_ship_the_protos_and_the_templates(tmp_path: Path) -> None:
    settings = environment()
    uv = ["uv", "--quiet", "--no-progress"]

    # The wheel is built from the sdist.
    build = [*uv, "build", "--out-dir", str(tmp_path / "dist"), str(REPOSITORY)]
    subprocess.run(build, env=settings, check=True, timeout=300)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    venv = tmp_path / "venv"
    subprocess.run([*uv, "venv", "--python", sys.executable, str(venv)], env=settings, check=True, timeout=300)
    python = venv / "bin" / "python"
    install = [*uv, "pip", "install", "--python", str(python), str(wheel)]
    subprocess.run(install, env=settings, check=True, timeout=300)
    done = subprocess.run(
        [str(venv / "bin" / "pushwire"), "proto-path"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    shipped = Path(done.stdout.strip())
    assert shipped.is_relative_to(venv)
    assert contents(shipped) == contents(REPOSITORY / "proto")
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
    assert [name for name in PROTOS if f"pushwire/proto/{name}" in names] == PROTOS
    templates = REPOSITORY / "sdk" / "pushwire" / "cli" / "templates"
    assert {name for name in names if "/templates/" in name} == {
        f"pushwire/cli/templates/{name}" for name in contents(templates)
    }
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"proto/{name}" for name in PROTOS} <= in_sdist
    # Without extras, `init` works, and `vendor` reports the missing extra.
    subprocess.run([str(venv / "bin" / "pushwire"), "init", "hello"], cwd=tmp_path, check=True, capture_output=True)
    refused = subprocess.run(
        [str(venv / "bin" / "pushwire"), "vendor", "hello"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (refused.returncode, refused.stderr) == (
        1,
        "pushwire vendor: ruamel.yaml is not installed: pip install 'pushwire[dev]'\n",
    )
