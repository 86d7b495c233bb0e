"""Prints lines of Python, without limits of their length.

A list with one element is printed on one line. A longer list has one element per line and a trailing comma, so that
formatters leave it unchanged.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from pushwire.plugin import literals

__all__ = ["INDENT", "Printer", "bracketed"]

INDENT = "    "


def bracketed(head: str, items: Sequence[str], tail: str) -> list[str]:
    """Return the lines of a call, a parameter list or anything else in brackets.

    Args:
        head: The text up to and including the opening bracket.
        items: The elements between the brackets.
        tail: The text from the closing bracket on.
    """
    if len(items) == 1:
        return [f"{head}{items[0]}{tail}"]
    return [head, *(f"{INDENT}{item}," for item in items), tail]


class Printer:
    """Collects lines, each at the indentation of its block."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._indent = ""

    def print(self, *lines: str) -> None:
        """Print lines at the current indentation; without arguments, an empty line."""
        indent = self._indent
        self.lines.extend([indent + line if line else "" for line in lines or ("",)])

    def docstring(self, summary: str, *paragraphs: str) -> None:
        """Print a docstring: a summary, and the paragraphs of cleaned text that are not empty."""
        self.print(*literals.docstring("\n\n".join(filter(None, (summary, *paragraphs)))))

    def bracketed(self, head: str, items: Sequence[str], tail: str) -> None:
        """Print a call, a class statement or anything else in brackets."""
        self.print(*bracketed(head, items, tail))

    def function(self, name: str, parameters: Sequence[str], returned: str, *, definition: str = "def") -> None:
        """Print the first lines of a function, up to its body."""
        self.print(*bracketed(f"{definition} {name}(", parameters, f") -> {returned}:"))

    @contextmanager
    def indented(self) -> Generator[None, None, None]:
        """Print the lines of a block one level deeper."""
        outer = self._indent
        self._indent += INDENT
        yield
        self._indent = outer
