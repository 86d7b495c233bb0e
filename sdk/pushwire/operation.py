"""Operations: the contract at run time.

Generated modules hold one frozen `Operation` per rpc. Everything else (frames, sending, routing, the local gateway)
works from these descriptors and never reads a `.proto`.
"""

import enum
from typing import Any, Generic, NamedTuple, TypeVar

from google.protobuf.message import Message

__all__ = ["AnyOperation", "Direction", "Format", "Operation"]

M = TypeVar("M", bound=Message)


class Direction(enum.Enum):
    """Who may send an operation's message."""

    CLIENT_TO_SERVER = "client_to_server"
    """Clients send it; a Lambda handler receives it."""
    SERVER_TO_CLIENT = "server_to_client"
    """Servers send it, through the Server SDK; clients receive it."""
    BIDIRECTIONAL = "bidirectional"
    """Both sides send and receive it."""

    @property
    def inbound(self) -> bool:
        """Whether servers receive it: client-to-server and bidirectional."""
        return self is not Direction.SERVER_TO_CLIENT

    @property
    def outbound(self) -> bool:
        """Whether servers send it: server-to-client and bidirectional."""
        return self is not Direction.CLIENT_TO_SERVER


class Format(enum.Enum):
    """How a message is written into a WebSocket frame. Receivers accept every format."""

    JSON = "json"
    """Text: `{"route":"SendGreeting","payload":{"greeting":"Hello!"}}`."""
    BINARY = "binary"
    """A serialized `pushwire.v1.Frame` in base64, as text: API Gateway carries no binary WebSocket frames."""


class Operation(NamedTuple, Generic[M]):
    """One rpc of a contract: a message, the route it travels under, and who may send it.

    Attributes:
        service: The full name of the protobuf service, such as `chat.v1.ChatService`.
        name: The rpc's name, such as `SendGreeting`.
        route: The route key in frames and in API Gateway.
        direction: Who may send the message.
        message_type: The generated protobuf class of the message.
        format: The format in which the operation is sent.
        json_emit_defaults: Whether JSON payloads write fields that hold their default value.
    """

    service: str
    name: str
    route: str
    direction: Direction
    message_type: type[M]
    format: Format = Format.JSON
    json_emit_defaults: bool = False

    @property
    def full_name(self) -> str:
        """The rpc's full name, such as `chat.v1.ChatService.SendGreeting`."""
        return f"{self.service}.{self.name}"

    def __str__(self) -> str:
        """The full name."""
        return self.full_name


AnyOperation = Operation[Any]
"""An operation whose message type does not matter to the code that holds it."""
