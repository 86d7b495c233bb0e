"""Errors in the definition of an API."""

from pushwire.errors import PushwireError

__all__ = ["InfrastructureError"]


class InfrastructureError(PushwireError, ValueError):
    """The parts of an API cannot be combined; the text names them and says what to do."""
