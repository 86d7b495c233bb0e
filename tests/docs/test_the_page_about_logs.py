"""docs/logs.md lists every record that Pushwire's run time logs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("aws_lambda", "server", "client", "store", "fanout")
LEVELS = {"debug", "info", "warning", "error", "exception"}
PAGE = (ROOT / "docs" / "logs.md").read_text()


def texts() -> Iterator[tuple[str, str]]:
    """Yield the logger and the text of each record, with `…` for its values."""
    for package in PACKAGES:
        for path in sorted((ROOT / "sdk" / "pushwire" / package).rglob("*.py")):
            for text in _texts(ast.parse(path.read_text())):
                yield package, re.sub(r"%[a-z]", "…", text)


def _texts(tree: ast.Module) -> Iterator[str]:
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    loggers = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        if _logs(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (
            _logs(node.func) or (isinstance(node.func, ast.Name) and node.func.id in loggers)
        ):
            text = node.args[0]
            yield str(text.value if isinstance(text, ast.Constant) else constants[ast.unparse(text)])


def _logs(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _logs(node.body)
    return isinstance(node, ast.Attribute) and node.attr in LEVELS and "logger(" in ast.unparse(node.value)


def test_each_record_is_on_the_page_of_logs() -> None:
    records = sorted(set(texts()))
    assert len(records) > 15
    missing = [(package, text) for package, text in records if f"| `{text}` |" not in _section(package)]
    assert missing == [], "docs/logs.md has no row for these"


def _section(package: str) -> str:
    (section,) = re.findall(rf"^## `pushwire\.{package}`$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(section)
