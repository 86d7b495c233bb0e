"""The fenced blocks of the pages that users read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
