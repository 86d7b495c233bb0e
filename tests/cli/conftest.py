"""Fixtures that run the command line and buf."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pushwire.cli.main import main
from tests.support.tools import environment


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Pushwire = Callable[..., Outcome]
Buf = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def pushwire(capsys: pytest.CaptureFixture[str]) -> Pushwire:
    """Run `pushwire WORDS…` in this process."""

    def run(*words: str | Path) -> Outcome:
        capsys.readouterr()
        try:
            code: object = main([str(word) for word in words])
        except SystemExit as left:
            code = left.code
        assert isinstance(code, int)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def buf() -> Buf:
    """Run `buf WORDS…` in a folder, with the tools of this environment on PATH."""
    executable = shutil.which("buf", path=environment()["PATH"])
    assert executable is not None, "buf is not installed: pip install 'pushwire[dev]'"

    def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [executable, *words],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
