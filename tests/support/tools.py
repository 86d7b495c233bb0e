"""The environment of the programs that tests run."""

import os
import sys
from pathlib import Path


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment, with the tools of this interpreter first on PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, **changes}


def unmeasured(**changes: str) -> dict[str, str]:
    """Return `environment(…)` in which coverage is not measured: it makes checkers, benchmarks and examples slow."""
    return {name: value for name, value in environment(**changes).items() if not name.startswith("COV")}
