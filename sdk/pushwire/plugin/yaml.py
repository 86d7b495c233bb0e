"""Data as block YAML, for people to read: written so that readers of YAML 1.1 and of 1.2 get the same."""

import json
import re
from collections.abc import Iterator
from typing import Final, TypeAlias

__all__ = ["Value", "block"]

Value: TypeAlias = "dict[str, Value] | list[Value] | str | float | bool | None"
"""What JSON can hold."""

_INDENT: Final = "  "

_PLAIN: Final = re.compile(r"[A-Za-z_/$][A-Za-z0-9_./$,;()'+-]*(?: [A-Za-z0-9_./$(][A-Za-z0-9_./$,;()'+-]*)*")
"""Text that means itself without quotes: nothing in it begins a comment, a mapping, or anything else."""

_WORDS: Final = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
"""Text that YAML takes for a boolean or for nothing, in any case."""

_UNPRINTABLE: Final = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What a reader need not take as it is: control characters, separators of lines, the byte order mark."""


def block(value: dict[str, Value]) -> str:
    """Write an object.

    Args:
        value: The object.

    Returns:
        Its lines, each with a line end.
    """
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: dict[str, Value] | list[Value]) -> Iterator[str]:
    """Write an object or a list that is not empty."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(f"{_text(key)}:", item)
    else:
        for item in value:
            yield from _item(item)


def _entry(head: str, item: Value) -> Iterator[str]:
    """Write what stands behind a key."""
    if isinstance(item, dict | list) and item:
        yield head
        yield from (_INDENT + line if line else line for line in _lines(item))
    elif isinstance(item, str) and _is_paragraphs(item):
        yield f"{head} |-"
        yield from (_INDENT + line if line else line for line in item.split("\n"))
    else:
        yield f"{head} {_inline(item)}"


def _item(item: Value) -> Iterator[str]:
    """Write an item of a list."""
    if isinstance(item, dict | list) and item:
        first, *rest = _lines(item)
        yield f"- {first}"
        yield from (_INDENT + line if line else line for line in rest)
    else:
        yield f"- {_inline(item)}"


def _is_paragraphs(text: str) -> bool:
    """Whether a text of several lines can be written line by line."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and bool(lines[0] and lines[-1])
        and not lines[0].startswith(" ")
        and not any(line.endswith(" ") or _UNPRINTABLE.search(line) for line in lines)
    )


def _inline(item: Value) -> str:
    if isinstance(item, str):
        return _text(item)
    if isinstance(item, float):
        return _float(item)
    return json.dumps(item)  # a whole number, true, false, null, {} or []


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_UNPRINTABLE.sub(_escape, quoted)}"'


def _escape(character: re.Match[str]) -> str:
    return {"\n": "\\n", "\t": "\\t"}.get(character[0], f"\\u{ord(character[0]):04x}")


def _float(number: float) -> str:
    """Write a number with a point, without which YAML 1.1 takes 1e+16 for text."""
    digits, exponent, power = repr(number).partition("e")
    return f"{digits if '.' in digits else f'{digits}.0'}{exponent}{power}"
