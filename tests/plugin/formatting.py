"""Ruff's formatter, with its own settings, on one text."""

import subprocess
from pathlib import Path
from sysconfig import get_path


def formatted(text: str) -> str:
    """What `ruff format --isolated` makes of a module."""
    ruff = Path(get_path("scripts")) / "ruff"
    command = [str(ruff), "format", "--isolated", "--no-cache", "--stdin-filename", "module.py", "-"]
    return subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=True).stdout
