"""Where ruff's formatter breaks a line of Python that is too long."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

__all__ = [
    "INDENT",
    "LONGEST_ASSIGNED",
    "Brackets",
    "Code",
    "Operands",
    "assigned",
    "assigned_brackets",
    "assigned_tuple",
    "assigned_union",
    "bracketed",
    "function",
    "imported",
]

INDENT = "    "
_LINE_LENGTH = 88

LONGEST_ASSIGNED = 64
"""How long a name may be that a value is assigned to: ruff goes by other rules where it alone nearly fills a line."""


class Brackets(NamedTuple):
    """Code that can be broken at its brackets.

    Attributes:
        head: What stands up to the opening bracket, such as `Request[`.
        items: What stands between the brackets, separated by commas.
        tail: What stands from the closing bracket on.
    """

    head: str
    items: "Sequence[Code]"
    tail: "Code"

    def __str__(self) -> str:
        return f"{self.head}{', '.join(map(str, self.items))}{self.tail}"


class Operands(NamedTuple):
    """Code that can be broken in front of an operator.

    Attributes:
        first: The operand in front of it.
        rest: What stands from the operator on.
    """

    first: str
    rest: str

    def __str__(self) -> str:
        return f"{self.first} {self.rest}"


Code: TypeAlias = str | Brackets | Operands


def bracketed(head: str, items: Sequence[Code], tail: Code, *, indent: int = 0) -> list[str]:
    """Wrap a call, a class statement or a type.

    Args:
        head: What stands up to the opening bracket, such as `self._send(`.
        items: The arguments.
        tail: What stands from the closing bracket on, such as `)`.
        indent: How far the lines will be indented, in columns.

    Returns:
        One line; or, where that is too long, the items on a line of their own; or a line for each; or more lines for
        those that are still too long.
    """
    together = ", ".join(map(str, items))
    line = f"{head}{together}{tail}"
    if _fits(line, indent):
        return [line]
    if _fits(INDENT + together, indent):
        inner = [INDENT + together]
    else:
        inner = _one_per_line(items, "" if len(items) == 1 and together.isascii() else ",", indent)
    return [head, *inner, *_lines(tail, indent)]


def function(name: str, parameters: Sequence[Code], returned: Code, *, indent: int = 0) -> list[str]:
    """Wrap what stands above a function's body: as a call, but a single parameter has a comma behind it.

    Args:
        name: `def` or `async def`, and its name.
        parameters: Its parameters.
        returned: The type of what it returns.
        indent: How far the lines will be indented, in columns.
    """
    head, tail = f"{name}(", _between(") -> ", returned, ":")
    lines = bracketed(head, parameters, tail, indent=indent)
    if len(lines) > 1 and len(parameters) == 1:
        return [head, *_one_per_line(parameters, ",", indent), *_lines(tail, indent)]
    return lines


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


def assigned_brackets(target: str, value: Brackets, *, indent: int) -> list[str]:
    """Wrap the assignment of something in brackets: these are broken, unless only brackets around it help."""
    head = f"{target} = {value.head}"
    if not _fits(head, indent):
        around = [f"{target} = (", *_one_per_line([value], "", indent), ")"]
        if all(_fits(line, indent) for line in around):
            return around
    return bracketed(head, value.items, value.tail, indent=indent)


def assigned_tuple(target: str, items: Sequence[Code], *, indent: int) -> list[str]:
    """Wrap the assignment of a tuple: a line for each item, unless there is one only, and it fits."""
    line = f"{target} = ({items[0]},)"
    if len(items) == 1 and _fits(line, indent):
        return [line]
    return [f"{target} = (", *_one_per_line(items, ",", indent), ")"]


def assigned_union(target: str, operands: Sequence[str]) -> list[str]:
    """Wrap the assignment of `A | B`: one line; or brackets around it; or a line for each operand inside them."""
    union = " | ".join(operands)
    if _fits(f"{target} = {union}", 0):
        return [f"{target} = {union}"]
    if _fits(INDENT + union, 0):
        return [f"{target} = (", INDENT + union, ")"]
    first, *rest = operands
    return [f"{target} = (", INDENT + first, *(f"{INDENT}| {operand}" for operand in rest), ")"]


def _one_per_line(items: Sequence[Code], comma: str, indent: int) -> list[str]:
    deeper = indent + len(INDENT)
    return [INDENT + line for item in items for line in _lines(_between("", item, comma), deeper)]


def _lines(code: Code, indent: int) -> list[str]:
    if isinstance(code, Brackets):
        return bracketed(*code, indent=indent)
    if isinstance(code, Operands) and not _fits(str(code), indent):
        return list(code)
    return [str(code)]


def _between(before: str, code: Code, behind: str) -> Code:
    """The same code, with something in front of it and something behind it that are never broken off."""
    if isinstance(code, Brackets):
        return Brackets(before + code.head, code.items, _between("", code.tail, behind))
    if isinstance(code, Operands):
        return Operands(before + code.first, code.rest + behind)
    return f"{before}{code}{behind}"


def _fits(line: str, indent: int) -> bool:
    """Whether a line stays whole. Of other characters than ASCII only ruff knows the width: such a line never does."""
    return line.isascii() and indent + len(line) <= _LINE_LENGTH
