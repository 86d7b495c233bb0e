"""The events that iteration over a client yields."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

__all__ = ["Event", "UnknownEvent"]

M_co = TypeVar("M_co", bound=Message, covariant=True)


@dataclass(frozen=True, slots=True)
class Event(Generic[M_co]):
    """Message of the contract. Each operation has a generated subclass: `case ChatSendGreetingEvent(message)`.

    Attributes:
        message: The message.
    """

    message: M_co


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """Frame with a route that the clients on the connection do not have, for example from a newer server.

    Attributes:
        route: The route of the frame.
        frame: The frame: a `str` for a text message, `bytes` for a binary one.
    """

    route: str
    frame: str | bytes
