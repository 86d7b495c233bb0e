"""Comments of `.proto` files, as the plain text of a docstring."""

import inspect
import re

__all__ = ["cleaned", "deprecation_note"]

_NEWLINE = re.compile(r"\r\n?")
_UNWELCOME = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and the invisible ones that let source text read differently from what it is."""
_INDENT = re.compile(r"^\s+")
_DIRECTIVE = re.compile(r"\s*buf:(lint|breaking):ignore\b")


def cleaned(*comments: str) -> str:
    r"""Clean the comments of one element, as protoc records them.

    Newlines become `\n`, tabs spaces; control characters, the directives of `buf lint`, the one space behind `//` and
    common indentation go.

    Returns:
        The text of the comments, a blank line between them; what `inspect.cleandoc` returns as it is. Empty where
        nothing is left.
    """
    blocks = (_cleaned_block(comment) for comment in comments)
    return inspect.cleandoc("\n\n".join(block for block in blocks if block))


def deprecation_note(deprecation: str | None) -> str:
    """A paragraph for what is deprecated and not marked so; empty where there is no text."""
    return f"Deprecated: {deprecation}" if deprecation is not None else ""


def _cleaned_block(comment: str) -> str:
    text = _UNWELCOME.sub("", _NEWLINE.sub("\n", comment)).removeprefix("*")  # the second star of /** is no text
    lines = (_cleaned_line(line) for line in text.split("\n"))
    return inspect.cleandoc("\n".join(line for line in lines if not _DIRECTIVE.match(line)))


def _cleaned_line(line: str) -> str:
    """Without the space behind `//`, and indented by plain spaces: Pythons differ in which others they take off."""
    return _INDENT.sub(lambda indent: " " * len(indent[0]), line.removeprefix(" ").expandtabs().rstrip())
