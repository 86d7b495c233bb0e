"""Comments of `.proto` files as the text of docstrings."""

import inspect
import re

__all__ = ["cleaned", "deprecation_note"]

_NEWLINE = re.compile(r"\r\n?")
_UNWELCOME = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and the invisible characters by which source text can look different from its meaning."""
_INDENT = re.compile(r"^\s+")
_DIRECTIVE = re.compile(r"\s*buf:(lint|breaking):ignore\b")


def cleaned(*comments: str) -> str:
    r"""Clean the comments of one element.

    Newlines become `\n`, and tabs become spaces. Control characters, directives of `buf lint`, the space after `//`
    and common indentation are removed.

    Args:
        comments: The leading and trailing comments, as protoc records them.

    Returns:
        The cleaned comments, separated by a blank line; empty if no text is left. `inspect.cleandoc` leaves it
        unchanged.
    """
    blocks = (_cleaned_block(comment) for comment in comments)
    return inspect.cleandoc("\n\n".join(block for block in blocks if block))


def deprecation_note(deprecation: str | None) -> str:
    """Return a paragraph for the docstring of a deprecated element without decorator; empty if there is no text."""
    return f"Deprecated: {deprecation}" if deprecation is not None else ""


def _cleaned_block(comment: str) -> str:
    text = _UNWELCOME.sub("", _NEWLINE.sub("\n", comment)).removeprefix("*")  # the second star of /**
    lines = (_cleaned_line(line) for line in text.split("\n"))
    return inspect.cleandoc("\n".join(line for line in lines if not _DIRECTIVE.match(line)))


def _cleaned_line(line: str) -> str:
    """Remove the space after `//`, and indent with spaces, because versions of Python strip other characters or not."""
    return _INDENT.sub(lambda indent: " " * len(indent[0]), line.removeprefix(" ").expandtabs().rstrip())
