"""Lines of Python, wrapped as ruff's formatter wraps them, so that its users find nothing to reformat."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from pushwire.plugin import literals
from pushwire.plugin.wrapping import INDENT, Brackets, Code, assigned_brackets, assigned_tuple, bracketed, function

__all__ = ["Printer"]


class Printer:
    """Collects lines, each at the indentation of its block."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._indent = ""

    def print(self, *lines: str) -> None:
        """Print lines; an empty one where there are none."""
        self.lines.extend(self._indent + line if line else "" for line in lines or ("",))

    def docstring(self, *paragraphs: str) -> None:
        """Print a docstring of paragraphs of cleaned text, of which some may be empty but not all."""
        self.print(*literals.docstring("\n\n".join(filter(None, paragraphs))))

    def bracketed(self, head: str, items: Sequence[Code], tail: Code) -> None:
        """Print a call or a class: what stands up to the bracket, the items inside, and the rest from it."""
        self.print(*bracketed(head, items, tail, indent=len(self._indent)))

    def function(self, name: str, parameters: Sequence[Code], returned: Code, *, definition: str = "def") -> None:
        """Print what stands above a function's body."""
        self.print(*function(f"{definition} {name}", parameters, returned, indent=len(self._indent)))

    def assigned(self, target: str, value: Brackets) -> None:
        """Print the assignment of something in brackets."""
        self.print(*assigned_brackets(target, value, indent=len(self._indent)))

    def assigned_tuple(self, target: str, items: Sequence[Code]) -> None:
        """Print the assignment of a tuple."""
        self.print(*assigned_tuple(target, items, indent=len(self._indent)))

    @contextmanager
    def indented(self) -> Generator[None, None, None]:
        """Print the lines of a block one level deeper."""
        outer = self._indent
        self._indent += INDENT
        yield
        self._indent = outer
