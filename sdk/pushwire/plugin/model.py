"""The model of contracts, which checks and emitters read."""

import enum
from dataclasses import dataclass

from google.protobuf.descriptor_pb2 import FileDescriptorProto

from pushwire.plugin.locations import Locations, Path

__all__ = ["EMPTY", "Contract", "Direction", "Format", "Message", "Model", "Rpc", "Service"]

EMPTY = "google.protobuf.Empty"
"""The full name of the response of a one-way operation, and of the request of an operation without a message."""


class Direction(enum.Enum):
    """The enum `pushwire.v1.Direction`; the names, without their prefix, are those of `pushwire.Direction`."""

    UNSPECIFIED = 0
    CLIENT_TO_SERVER = 1
    SERVER_TO_CLIENT = 2
    BIDIRECTIONAL = 3
    UNKNOWN = -1
    """Any number that this version of the options does not define."""

    @classmethod
    def _missing_(cls, value: object) -> "Direction | None":
        return cls.UNKNOWN if isinstance(value, int) else None

    @property
    def inbound(self) -> bool:
        """Whether clients send the message."""
        return self in (Direction.CLIENT_TO_SERVER, Direction.BIDIRECTIONAL)

    @property
    def outbound(self) -> bool:
        """Whether servers send the message."""
        return self in (Direction.SERVER_TO_CLIENT, Direction.BIDIRECTIONAL)


class Format(enum.Enum):
    """The enum `pushwire.v1.Format`; the names, without their prefix, are those of `pushwire.Format`."""

    UNSPECIFIED = 0
    JSON = 1
    BINARY = 2
    UNKNOWN = -1
    """Any number that this version of the options does not define."""

    @classmethod
    def _missing_(cls, value: object) -> "Format | None":
        return cls.UNKNOWN if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class Message:
    """A message type with its place.

    Attributes:
        full_name: The protobuf name, such as `chat.v1.Outer.Inner`.
        file: The `.proto` file that defines the message.
        path: The names from the outermost message to this one, such as `("Outer", "Inner")`.
        deprecated: Whether the message, an enclosing message, or the file is deprecated.
    """

    full_name: str
    file: str
    path: tuple[str, ...]
    deprecated: bool


@dataclass(frozen=True, slots=True)
class Rpc:
    """One rpc of a service that has operations.

    Attributes:
        name: The rpc's name.
        method_name: The name of the Python method, which is the same on all classes.
        listener_name: The name of the client method that adds a listener for the messages.
        waiter_name: The name of the client method that waits for the next message.
        event_class: The name of the class of the event in clients.
        path: The path of the descriptor in its file, the key of its locations.
        comment: The cleaned comment; empty if it has no comment.
        deprecation: The text of the deprecation; `None` if the rpc is not deprecated.
        request: The message that the rpc takes.
        response: The message that the rpc returns.
        client_streaming: Whether the request is a stream.
        server_streaming: Whether the response is a stream.
        direction: The direction of the message.
        route: The route key: the option's value, or the rpc's name if it is not set.
        format: The option's value.
    """

    name: str
    method_name: str
    listener_name: str
    waiter_name: str
    event_class: str
    path: Path
    comment: str
    deprecation: str | None
    request: Message
    response: Message
    client_streaming: bool
    server_streaming: bool
    direction: Direction
    route: str
    format: Format

    @property
    def reply(self) -> Message | None:
        """The reply of a request; `None` if the operation is one-way."""
        return None if self.response.full_name == EMPTY else self.response


@dataclass(frozen=True, slots=True)
class Service:
    """A service that has at least one operation.

    Attributes:
        name: The service's name.
        class_prefix: The prefix of the names of its Python classes.
        full_name: The service's name with its package.
        path: The path of the descriptor in its file, the key of its locations.
        comment: The cleaned comment; empty if it has no comment.
        deprecation: The text of the deprecation; `None` if the service is not deprecated.
        format: The value of the service's option.
        json_emit_defaults: Whether JSON payloads contain fields with their default values.
        rpcs: The rpcs, in the order of the file.
    """

    name: str
    class_prefix: str
    full_name: str
    path: Path
    comment: str
    deprecation: str | None
    format: Format
    json_emit_defaults: bool
    rpcs: tuple[Rpc, ...]

    @property
    def inbound(self) -> list[Rpc]:
        """The rpcs whose messages clients send."""
        return [rpc for rpc in self.rpcs if rpc.direction.inbound]

    @property
    def outbound(self) -> list[Rpc]:
        """The rpcs whose messages servers send."""
        return [rpc for rpc in self.rpcs if rpc.direction.outbound]

    def format_of(self, rpc: Rpc) -> Format:
        """Return the format of an operation of this service: the rpc's, else the service's, else JSON."""
        for wanted in (rpc.format, self.format):
            if wanted is not Format.UNSPECIFIED:
                return wanted
        return Format.JSON


@dataclass(frozen=True, slots=True)
class Contract:
    """A `.proto` file with operations, for which code is generated.

    Attributes:
        file: The path, relative to protoc's import path.
        services: The services with operations, in the order of the file.
        locations: The locations and comments of the file's parts.
    """

    file: str
    services: tuple[Service, ...]
    locations: Locations


@dataclass(frozen=True, slots=True)
class Model:
    """The contents of one request.

    Attributes:
        contracts: The files for which code is generated.
        descriptors: All files of the request, including those that are only imported, each after its imports.
    """

    contracts: tuple[Contract, ...]
    descriptors: tuple[FileDescriptorProto, ...]

    @property
    def files(self) -> list[str]:
        """The paths of all files of the request."""
        return [descriptor.name for descriptor in self.descriptors]
