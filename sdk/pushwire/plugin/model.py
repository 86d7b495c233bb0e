"""What contracts say: all that the checks and the emitters know of them."""

import enum
from dataclasses import dataclass

from google.protobuf.descriptor_pb2 import FileDescriptorProto

from pushwire.plugin.locations import Locations, Path

__all__ = ["EMPTY", "Contract", "Direction", "Format", "Message", "Model", "Rpc", "Service"]

EMPTY = "google.protobuf.Empty"
"""The full name of the message that every operation returns, and that an operation without a message takes."""


class Direction(enum.Enum):
    """`pushwire.v1.Direction`; the names without their prefix are those of `pushwire.Direction`."""

    UNSPECIFIED = 0
    CLIENT_TO_SERVER = 1
    SERVER_TO_CLIENT = 2
    BIDIRECTIONAL = 3
    UNKNOWN = -1
    """A number of a later version of the options."""

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
    """`pushwire.v1.Format`; the names without their prefix are those of `pushwire.Format`."""

    UNSPECIFIED = 0
    JSON = 1
    BINARY = 2
    UNKNOWN = -1
    """A number of a later version of the options."""

    @classmethod
    def _missing_(cls, value: object) -> "Format | None":
        return cls.UNKNOWN if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class Message:
    """A message type, and where Python finds it.

    Attributes:
        full_name: The protobuf name, such as `chat.v1.Outer.Inner`.
        file: The `.proto` file that defines it.
        path: Its names from the file inwards, such as `("Outer", "Inner")`.
        deprecated: Whether it, a message around it, or its file is deprecated.
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
        method_name: The name of its Python method, the same on every class that has it.
        listener_name: The method of clients that takes a listener for its messages.
        waiter_name: The method of clients that waits for its next message.
        event_class: The class of the event that its message is to a client.
        path: Where its descriptor stands in its file: the key of its locations.
        comment: Its comment, cleaned; empty where it has none.
        deprecation: The text of its deprecation; `None` where it is not deprecated.
        request: The message it takes.
        response: The full name of the message it returns.
        client_streaming: Whether its request is a stream.
        server_streaming: Whether its response is a stream.
        direction: Who may send the message.
        route: The route key: the one that the option sets, or else the rpc's name.
        format: The format that the option sets.
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
    response: str
    client_streaming: bool
    server_streaming: bool
    direction: Direction
    route: str
    format: Format


@dataclass(frozen=True, slots=True)
class Service:
    """A service that has at least one operation.

    Attributes:
        name: The service's name.
        class_prefix: What the names of its Python classes begin with.
        full_name: The same with its package in front.
        path: Where its descriptor stands in its file: the key of its locations.
        comment: Its comment, cleaned; empty where it has none.
        deprecation: The text of its deprecation; `None` where it is not deprecated.
        format: The format that the service's option sets.
        json_emit_defaults: Whether JSON payloads write fields that hold their default value.
        rpcs: Its rpcs, in the order of the file.
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
        """The format in which an operation of this service is sent: its own, else the service's, else JSON."""
        for wanted in (rpc.format, self.format):
            if wanted is not Format.UNSPECIFIED:
                return wanted
        return Format.JSON


@dataclass(frozen=True, slots=True)
class Contract:
    """A `.proto` file that code is asked for, and that has operations.

    Attributes:
        file: Its path, as protoc knows it.
        services: Its services that have operations, in the order of the file.
        locations: Where its parts stand.
    """

    file: str
    services: tuple[Service, ...]
    locations: Locations


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that one request holds.

    Attributes:
        contracts: The files to generate code for.
        descriptors: All files of the request, also those that are only imported, each behind what it imports.
    """

    contracts: tuple[Contract, ...]
    descriptors: tuple[FileDescriptorProto, ...]

    @property
    def files(self) -> list[str]:
        """The paths of all files of the request."""
        return [descriptor.name for descriptor in self.descriptors]
