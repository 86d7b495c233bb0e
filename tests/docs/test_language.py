"""Docstrings, comments, error and log texts, help texts and pages are plain technical English.

A search finds only some of the sentences that readers have to read twice. `scripts/test` also checks the spelling, with
codespell.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.repository

ROOT = Path(__file__).parents[2]
PHRASES = (
    # Use "is not a …" and complete sentences.
    r"(?<!there )\b(?:is|are) no (?!longer\b)[a-z]",
    r"\b(?:is|are) none\b",
    r"\bcannot be[.;)]",
    r", (?:say|perhaps|too)[.:;]",
    r"\bunless (?:given|asked|told)\b",
    # Name the component that acts.
    r"\b(?:any|every|no|some)body\b",
    r"\b(?:who|what)ever\b",
    r"\bthose who\b",
    r"\bwhat (?:has )?(?:become|becomes|come|comes) of\b",
    r"\bthe rest of it\b",
    r"\ball that\b",
    # Use the verbs of code: raise, return, log, notify.
    r"\b(?:tells?|told|telling)\b",
    r"\btakes? note\b",
    r"\bsays? so\b",
    r"\blet go\b",
    r"\bhave it happen\b",
    r"\bswallow(?:s|ed)?\b",
    # Metaphors and rare words.
    r"\bgoodbye\b",
    r"\bstands? alone\b",
    r"\bby and by\b",
    r"\bof its own accord\b",
    r"\bin silence\b",
    r"\banew\b",
    r"\bmeanwhile\b",
    r"\bbut for the\b",
    r"\bof yours\b",
)
"""Regular expressions that no line of a text may match."""

ALLOWED: dict[str, tuple[str, ...]] = {}
"""A file's lines in which a phrase is the right one: a part of each line."""

FORBIDDEN = re.compile("|".join(PHRASES), re.IGNORECASE)
GENERATED = re.compile(r"_pb2|_pushwire(_\w+)?\.py$|/\.venv|/cdk\.out/|/node_modules/")


def texts(*patterns: str) -> list[Path]:
    """Return the files that match these patterns, without generated ones."""
    paths = (path for pattern in patterns for path in sorted(ROOT.glob(pattern)))
    return [path for path in paths if not GENERATED.search(str(path))]


PYTHON = texts("sdk/pushwire/**/*.py", "scripts/**/*.py", "examples/**/*.py")
TESTS = [path for path in texts("tests/**/*.py") if path != Path(__file__)]
PAGES = texts("*.md", ".github/**/*.md", "docs/**/*.md", "examples/**/*.md")
OTHERS = texts("proto/**/*.proto", "examples/**/*.proto", "sdk/pushwire/**/*.tmpl")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def words_of_python(path: Path, *, only_docstrings: bool = False) -> Iterator[tuple[int, str]]:
    """Yield each comment, and each line of each string literal or docstring, with its line number."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    nodes = ast.walk(ast.parse(source))
    if only_docstrings:
        nodes = (node.value for node in nodes if isinstance(node, ast.Expr))
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for offset, line in enumerate(node.value.splitlines()):
                yield node.lineno + offset, line


def words_of_page(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line outside code blocks, with its line number."""
    in_code = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code:
            yield number, line


def findings(path: Path, words: Iterator[tuple[int, str]]) -> list[str]:
    """Return the lines with a forbidden phrase."""
    name = name_of(path)
    return [
        f"{name}:{number}: {match.group()!r} in {line.strip()[:160]!r}"
        for number, line in words
        if not any(part in line for part in ALLOWED.get(name, ()))
        for match in [FORBIDDEN.search(re.sub(r"`[^`]*`", "``", line))]
        if match
    ]


def test_docstrings_comments_and_messages_are_plain() -> None:
    assert [found for path in PYTHON for found in findings(path, words_of_python(path))] == []


def test_docstrings_and_comments_of_tests_are_plain() -> None:
    assert [found for path in TESTS for found in findings(path, words_of_python(path, only_docstrings=True))] == []


def test_pages_and_templates_are_plain() -> None:
    assert [found for path in (*PAGES, *OTHERS) for found in findings(path, words_of_page(path))] == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_lines_of_pages_have_at_most_100_characters(path: Path) -> None:
    lines = [(number, line) for number, line in words_of_page(path) if not line.lstrip().startswith("|")]
    assert [f"{name_of(path)}:{number}" for number, line in lines if len(line) > 100] == []


def test_the_list_of_allowed_lines_is_short_and_used() -> None:
    assert sum(map(len, ALLOWED.values())) <= 10
    for name, parts in ALLOWED.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert [part for part in parts if part not in text] == [], name
