"""Runs ruff's formatter with its default settings."""

import subprocess
from pathlib import Path
from sysconfig import get_path


def formatted(text: str) -> str:
    """Return the output of `ruff format --isolated` for a module."""
    ruff = Path(get_path("scripts")) / "ruff"
    command = [str(ruff), "format", "--isolated", "--no-cache", "--stdin-filename", "module.py", "-"]
    return subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=True).stdout
