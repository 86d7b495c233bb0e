"""Lines of Python, wrapped as ruff's formatter wraps them, so that its users find nothing to reformat."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from pushwire.plugin import literals

__all__ = ["INDENT", "LONGEST_ASSIGNED", "Printer", "assigned", "bracketed", "imported"]

INDENT = "    "
_LINE_LENGTH = 88

LONGEST_ASSIGNED = 64
"""How long a name may be that a value is assigned to: ruff goes by other rules where it alone nearly fills a line."""


class Printer:
    """Collects lines, each at the indentation of its block."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._indent = ""

    def print(self, *lines: str) -> None:
        """Print lines; an empty one where there are none."""
        self.lines.extend(self._indent + line if line else "" for line in lines or ("",))

    def docstring(self, text: str) -> None:
        """Print a docstring of cleaned text."""
        self.print(*literals.docstring(text))

    def bracketed(self, head: str, items: Sequence[str], tail: str) -> None:
        """Print a call or a signature: what stands up to the bracket, the items inside, and the rest from it."""
        self.print(*bracketed(head, items, tail, indent=len(self._indent)))

    @contextmanager
    def indented(self) -> Generator[None, None, None]:
        """Print the lines of a block one level deeper."""
        outer = self._indent
        self._indent += INDENT
        yield
        self._indent = outer


def bracketed(head: str, items: Sequence[str], tail: str, *, indent: int = 0) -> list[str]:
    """Wrap a call or a signature.

    Args:
        head: What stands up to the opening bracket, such as `def ping(`.
        items: The arguments or parameters.
        tail: What stands from the closing bracket on, such as `) -> None:`.
        indent: How far the lines will be indented, in columns.

    Returns:
        One line; or, where that is too long, the items on a line of their own; or a line for each.
    """
    together = ", ".join(items)
    if _fits(head + together + tail, indent):
        return [head + together + tail]
    if together.isascii() and (len(items) == 1 or _fits(INDENT + together, indent)):
        return [head, INDENT + together, tail]
    return [head, *(f"{INDENT}{item}," for item in items), tail]


def imported(module: str, names: Sequence[str]) -> list[str]:
    """Wrap `from module import names`: one line, or a line for each name."""
    line = f"from {module} import {', '.join(names)}"
    if _fits(line, 0):
        return [line]
    return [f"from {module} import (", *(f"{INDENT}{name}," for name in names), ")"]


def assigned(name: str, value: str, *, indent: int) -> list[str]:
    """Wrap the assignment of a dotted name to a name of at most `LONGEST_ASSIGNED`: one line, unless brackets help."""
    line = f"{name} = {value}"
    if _fits(line, indent) or not _fits(INDENT + value, indent):
        return [line]
    return [f"{name} = (", INDENT + value, ")"]


def _fits(line: str, indent: int) -> bool:
    """Whether a line stays whole. Of other characters than ASCII only ruff knows the width: such a line never does."""
    return line.isascii() and indent + len(line) <= _LINE_LENGTH
