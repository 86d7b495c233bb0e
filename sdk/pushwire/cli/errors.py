"""What a command says when it cannot do its work."""

from pushwire.errors import PushwireError

__all__ = ["CommandError"]


class CommandError(PushwireError):
    """A command refused or failed. The text is one line: what is wrong, and what to do."""
