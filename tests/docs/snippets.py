"""The fenced blocks of the pages that users read."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.tools import environment

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    *("README.md", "CONTRIBUTING.md", "examples/chat/README.md"),
    *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
]


@dataclass(frozen=True)
class Snippet:
    page: str
    language: str
    text: str


def snippets() -> Iterator[Snippet]:
    for page in PAGES:
        text = (ROOT / page).read_text()
        for language, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            yield Snippet(page, language, body)


def snippet(page: str, language: str, containing: str) -> str:
    """The one block of a page, in a language, that contains a text."""
    found = [
        each.text for each in snippets() if (each.page, each.language) == (page, language) and containing in each.text
    ]
    assert len(found) == 1, f"{page} has {len(found)} {language} blocks that contain {containing!r}"
    return found[0]


# The packages that all snippets use are read once. Each worker has a cache: mypy does not lock it.
CACHE = ROOT / ".mypy_cache" / f"snippets-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


def run(*command: str, folder: Path, **changes: str) -> str:
    settings = environment(MYPY_CACHE_DIR=str(CACHE), **changes)
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def write_contract(workspace: Path, path: str, text: str) -> None:
    file = workspace / "proto" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
