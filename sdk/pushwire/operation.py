"""The contract at run time.

Generated modules hold one `Operation` for each rpc. Frames, sending, routing and the local gateway use these
descriptors; they do not read `.proto` files.
"""

import enum
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar

from google.protobuf.message import Message

__all__ = ["AnyOperation", "Direction", "Format", "Operation", "RequestOperation"]

M = TypeVar("M", bound=Message)
R = TypeVar("R", bound=Message)


class Direction(enum.Enum):
    """The side that sends an operation's messages."""

    CLIENT_TO_SERVER = "client_to_server"
    """Clients send it; a Lambda handler receives it."""
    SERVER_TO_CLIENT = "server_to_client"
    """Servers send it, through the Server SDK; clients receive it."""
    BIDIRECTIONAL = "bidirectional"
    """Both sides send and receive it."""

    @property
    def inbound(self) -> bool:
        """Whether servers receive the messages: true for client-to-server and bidirectional operations."""
        return self is not Direction.SERVER_TO_CLIENT

    @property
    def outbound(self) -> bool:
        """Whether servers send the messages: true for server-to-client and bidirectional operations."""
        return self is not Direction.CLIENT_TO_SERVER


class Format(enum.Enum):
    """The encoding of a message in a WebSocket frame. Receivers accept each format."""

    JSON = "json"
    """Text: `{"route":"SendGreeting","payload":{"greeting":"Hello!"}}`."""
    BINARY = "binary"
    """A serialized `pushwire.v1.Frame` in base64, as text, because API Gateway does not support binary frames."""


class Operation(NamedTuple, Generic[M]):
    """An rpc of a contract: a message with its route and direction.

    Attributes:
        service: The full name of the protobuf service, such as `chat.v1.ChatService`.
        name: The rpc's name, such as `SendGreeting`.
        route: The route key, in frames and in API Gateway.
        direction: The side that sends the message.
        message_type: The generated protobuf class of the message.
        format: The format in which the message is sent. Defaults to JSON.
        json_emit_defaults: Whether JSON payloads include fields that hold their default value. Defaults to false.
        reply_type: The generated protobuf class of the reply, for a `RequestOperation`. Defaults to `None`: the
            operation is one-way.
    """

    service: str
    name: str
    route: str
    direction: Direction
    message_type: type[M]
    format: Format = Format.JSON
    json_emit_defaults: bool = False
    reply_type: type[Message] | None = None

    @property
    def reply(self) -> "Operation[Any] | None":
        """The reply as an operation of the same route, whose messages servers send. `None` if there is no reply."""
        if self.reply_type is None:
            return None
        return Operation(
            self.service,
            self.name,
            self.route,
            Direction.SERVER_TO_CLIENT,
            self.reply_type,
            self.format,
            self.json_emit_defaults,
        )

    @property
    def full_name(self) -> str:
        """The rpc's full name, such as `chat.v1.ChatService.SendGreeting`."""
        return f"{self.service}.{self.name}"

    def __str__(self) -> str:
        """Return the full name."""
        return self.full_name


class RequestOperation(Operation[M], Generic[M, R]):
    """An rpc that returns a message: a request of a client, which the server answers with a reply.

    Attributes:
        service: The full name of the protobuf service, such as `chat.v1.ChatService`.
        name: The rpc's name, such as `GetHistory`.
        route: The route key, in frames and in API Gateway.
        direction: The side that sends the request, which is always a client.
        message_type: The generated protobuf class of the request.
        format: The format in which the request is sent. Defaults to JSON.
        json_emit_defaults: Whether JSON payloads include fields that hold their default value. Defaults to false.
        reply_type: The generated protobuf class of the reply.
    """

    __slots__ = ()

    if TYPE_CHECKING:  # Why: type checkers infer the type of the reply from these signatures.

        def __new__(  # noqa: D102 - the arguments are the attributes
            cls,
            service: str,
            name: str,
            route: str,
            direction: Direction,
            message_type: type[M],
            format: Format = Format.JSON,  # noqa: A002 - the name of the field
            json_emit_defaults: bool = False,
            *,
            reply_type: type[R],
        ) -> Self: ...

        @property
        def reply(self) -> "Operation[R]": ...  # noqa: D102 - as above


AnyOperation = Operation[Any]
"""An operation with any message type."""
