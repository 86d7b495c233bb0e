"""Errors in contracts, with their places in `.proto` files."""

from dataclasses import dataclass

from pushwire.plugin.locations import Position

__all__ = ["Diagnostic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One error. `str` formats it as compilers do: `file:line:column: subject: text`.

    Attributes:
        file: The path of the `.proto` file.
        position: The place in the file; `None` if the request has no locations.
        subject: The service or rpc, such as `ChatService.Ping`; empty for the whole file.
        text: What is wrong, and what to do.
    """

    file: str
    position: Position | None
    subject: str
    text: str

    def __str__(self) -> str:
        place = self.file if self.position is None else f"{self.file}:{self.position.line}:{self.position.column}"
        return ": ".join(part for part in (place, self.subject, self.text) if part)

    def sorts_as(self) -> tuple[str, Position]:
        """Return the sort key: the file, then the place."""
        return self.file, self.position or Position(0, 0)
