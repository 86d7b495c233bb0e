"""The events that iteration over a client yields."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

__all__ = ["Event", "UnknownEvent"]

M_co = TypeVar("M_co", bound=Message, covariant=True)


@dataclass(frozen=True, slots=True)
class Event(Generic[M_co]):
    """A message of the contract. Generated subclasses name its operation: `case ChatSendGreetingEvent(message)`.

    Attributes:
        message: The message.
    """

    message: M_co


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A frame whose route no client on the connection knows, for example one of a newer server.

    Attributes:
        route: The route in the frame.
        frame: The frame itself: the text of a text message, the bytes of a binary one.
    """

    route: str
    frame: str | bytes
