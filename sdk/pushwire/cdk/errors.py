"""What goes wrong while an app is put together."""

from pushwire.errors import PushwireError

__all__ = ["InfrastructureError"]


class InfrastructureError(PushwireError, ValueError):
    """The parts of an API do not go together; the text says which, and what to do."""
