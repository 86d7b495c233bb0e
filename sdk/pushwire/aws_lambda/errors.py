"""What is wrong with the event or with the router, as an error that says what to do."""

from pushwire.errors import PushwireError

__all__ = ["EventError", "MissingStateError", "RouterError"]


class EventError(PushwireError, ValueError):
    """An event is none that a WebSocket API of API Gateway sends, or lacks what each of them holds."""


class RouterError(PushwireError, ValueError):
    """A router cannot be built, or cannot take another function: two would answer for the same thing."""


class MissingStateError(PushwireError, LookupError):
    """Nothing has been set under a key of a request's state."""
