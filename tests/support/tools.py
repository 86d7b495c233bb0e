"""The environment of the programs that tests run."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COVERAGE = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
"""What makes a Python program measure its coverage, where the tests are measured."""


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment, with the tools of this interpreter first on PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path} | changes


@contextmanager
def measured() -> Iterator[None]:
    """Measure the coverage of the Python programs that are started within.

    Others are not measured: it would take each of them half a second more. `tests/conftest.py` sees to that.
    """
    os.environ.update(COVERAGE)
    try:
        yield
    finally:
        for name in COVERAGE:
            del os.environ[name]
