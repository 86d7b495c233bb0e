"""The error of commands."""

from pushwire.errors import PushwireError

__all__ = ["CommandError"]


class CommandError(PushwireError):
    """A command failed. The text is one line: what is wrong, and what to do."""
