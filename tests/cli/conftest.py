"""Fixtures that run the command line and buf."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pushwire.cli.main import main


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
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    executable = shutil.which("buf", path=path)
    assert executable is not None, "buf is not installed: pip install 'pushwire[dev]'"

    def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [executable, *words],
            cwd=folder,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
