"""The error of a JSON value that does not fit its field."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["ProtoJsonError", "too_deep"]

_MAX_SHOWN_PATH: Final = 100
_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    str: "a string",
    list: "an array",
    dict: "an object",
}


class ProtoJsonError(ValueError):
    """A JSON value does not fit its field.

    The text has the path, what was expected, and the kind of the value, never the value: texts are logged.

    Attributes:
        expected: What the field accepts.
        value: The value that was found.
        found: The kind of the value, such as "a string".
        path: The field's path from the message, such as `items[3].amount`; empty for the message itself.
    """

    def __init__(self, expected: str, value: object = None, *, found: str | None = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.value = value
        self.found = _kind_of(value) if found is None else found
        self.path = ""

    def __str__(self) -> str:
        reason = f"expected {self.expected}, got {self.found}"
        if not self.path:
            return reason
        path = self.path if len(self.path) <= _MAX_SHOWN_PATH else f"…{self.path[-_MAX_SHOWN_PATH:]}"
        return f"{path}: {reason}"

    def inside(self, name: str) -> ProtoJsonError:
        """Put the name of the enclosing field in front of the path, and return this error.

        Args:
            name: The name of the field.
        """
        separator = "." if self.path and not self.path.startswith("[") else ""
        self.path = f"{name}{separator}{self.path}"
        return self

    def at(self, index: Any) -> ProtoJsonError:
        """Put the place in a list or map in front of the path, and return this error.

        Args:
            index: The index in the list, or the key of the map.
        """
        shown = str(index)
        if len(shown) > 50:
            shown = f"{shown[:50]}…"
        if not shown.isprintable():
            shown = shown.encode("unicode_escape").decode("ascii")
        return self.inside(f"[{shown}]")


def too_deep(value: object) -> ProtoJsonError:
    """Return the error of a message that is nested below the limit."""
    return ProtoJsonError("at most 100 nested messages", value, found="more: it is nested too deeply")


def _kind_of(value: object) -> str:
    return _KINDS.get(type(value), "a number")
