"""What is wrong with a contract, where, and what to do about it."""

from dataclasses import dataclass

from pushwire.plugin.locations import Position

__all__ = ["Diagnostic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One problem, as a line of the form that compilers print.

    Attributes:
        file: The `.proto` file.
        position: The place in it; `None` where the compiler recorded none.
        subject: What it concerns, such as `ChatService.Ping`; empty for the file as a whole.
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
        """A key: by file, then by place."""
        return self.file, self.position or Position(0, 0)
