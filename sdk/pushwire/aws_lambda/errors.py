"""The errors of events, routers and request state."""

from pushwire.errors import PushwireError

__all__ = ["EventError", "MissingStateError", "RouterError"]


class EventError(PushwireError, ValueError):
    """The event is not an event of a WebSocket API of API Gateway, or lacks a key that each such event has."""


class RouterError(PushwireError, ValueError):
    """A router is configured wrongly: two functions for one route or hook, or a function with an invalid result."""


class MissingStateError(PushwireError, LookupError):
    """The state of a request has no value for a key."""
