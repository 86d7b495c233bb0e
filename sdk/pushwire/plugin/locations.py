"""Locations and comments of the parts of a `.proto` file.

The key of a part is its path of field numbers and indexes in the file's descriptor (`SourceCodeInfo.Location` in
`descriptor.proto`).
"""

from functools import cached_property
from typing import NamedTuple, TypeAlias

from google.protobuf.descriptor_pb2 import (
    FileDescriptorProto,
    MethodDescriptorProto,
    MethodOptions,
    ServiceDescriptorProto,
    ServiceOptions,
    SourceCodeInfo,
)

from pushwire.plugin import comments
from pushwire.v1 import options_pb2

__all__ = [
    "API_FORMAT",
    "CLIENT_STREAMING",
    "DIRECTION",
    "FORMAT",
    "REQUEST",
    "RESPONSE",
    "ROUTE",
    "RPC_DEPRECATED",
    "RPC_NAME",
    "SERVER_STREAMING",
    "SERVICE_DEPRECATED",
    "SERVICE_NAME",
    "WHOLE_FILE",
    "Locations",
    "LookupPaths",
    "Path",
    "Position",
    "rpc_path",
    "service_path",
]

Path: TypeAlias = tuple[int, ...]
LookupPaths: TypeAlias = tuple[Path, ...]
"""Paths below a service or an rpc, the most exact one first: compilers differ in how much they record."""

_SERVICE_OPTIONS = (ServiceDescriptorProto.OPTIONS_FIELD_NUMBER,)
_API = (*_SERVICE_OPTIONS, options_pb2.API_FIELD_NUMBER)
_RPC_OPTIONS = (MethodDescriptorProto.OPTIONS_FIELD_NUMBER,)
_OPERATION = (*_RPC_OPTIONS, options_pb2.OPERATION_FIELD_NUMBER)
_DIRECTION = (*_OPERATION, options_pb2.Operation.DIRECTION_FIELD_NUMBER)
_ROUTE = (*_OPERATION, options_pb2.Operation.ROUTE_FIELD_NUMBER)
_FORMAT = (*_OPERATION, options_pb2.Operation.FORMAT_FIELD_NUMBER)

WHOLE_FILE: LookupPaths = ((),)

SERVICE_NAME: LookupPaths = ((ServiceDescriptorProto.NAME_FIELD_NUMBER,), ())
SERVICE_DEPRECATED: Path = (*_SERVICE_OPTIONS, ServiceOptions.DEPRECATED_FIELD_NUMBER)
API_FORMAT: LookupPaths = ((*_API, options_pb2.Api.FORMAT_FIELD_NUMBER), _API, *SERVICE_NAME)

RPC_NAME: LookupPaths = ((MethodDescriptorProto.NAME_FIELD_NUMBER,), ())
RPC_DEPRECATED: Path = (*_RPC_OPTIONS, MethodOptions.DEPRECATED_FIELD_NUMBER)
REQUEST: LookupPaths = ((MethodDescriptorProto.INPUT_TYPE_FIELD_NUMBER,), *RPC_NAME)
RESPONSE: LookupPaths = ((MethodDescriptorProto.OUTPUT_TYPE_FIELD_NUMBER,), *RPC_NAME)
CLIENT_STREAMING: LookupPaths = ((MethodDescriptorProto.CLIENT_STREAMING_FIELD_NUMBER,), *RPC_NAME)
SERVER_STREAMING: LookupPaths = ((MethodDescriptorProto.SERVER_STREAMING_FIELD_NUMBER,), *RPC_NAME)
DIRECTION: LookupPaths = (_DIRECTION, _OPERATION, _ROUTE, _FORMAT, *RPC_NAME)
ROUTE: LookupPaths = (_ROUTE, _OPERATION, *RPC_NAME)
FORMAT: LookupPaths = (_FORMAT, _OPERATION, *RPC_NAME)


def service_path(index: int) -> Path:
    """Return the path of a service in its file."""
    return (FileDescriptorProto.SERVICE_FIELD_NUMBER, index)


def rpc_path(service: Path, index: int) -> Path:
    """Return the path of an rpc in its file."""
    return (*service, ServiceDescriptorProto.METHOD_FIELD_NUMBER, index)


class Position(NamedTuple):
    """A place in a file. Line and column start from 1, as in editors."""

    line: int
    column: int


class Locations:
    """The locations of one file and its services; empty if the request has no locations."""

    def __init__(self, source: SourceCodeInfo) -> None:
        self._source = source

    def position(self, part: Path, lookup_paths: LookupPaths) -> Position | None:
        """Return the place to report for a part.

        Args:
            part: The path of the service or rpc; `()` for the file.
            lookup_paths: Paths below the part, in order of preference.

        Returns:
            The beginning of the first path with a location; `None` if no path has one.
        """
        for below in lookup_paths:
            location = self._by_path.get((*part, *below))
            if location is not None:
                return Position(location.span[0] + 1, location.span[1] + 1)
        return None

    def comment(self, path: Path) -> str:
        """Return the cleaned comments before and after a part; empty if it has no comments."""
        location = self._by_path.get(path)
        return "" if location is None else comments.cleaned(location.leading_comments, location.trailing_comments)

    @cached_property
    def _by_path(self) -> dict[Path, SourceCodeInfo.Location]:
        found: dict[Path, SourceCodeInfo.Location] = {}
        for location in self._source.location:
            path = location.path
            if not path or path[0] == FileDescriptorProto.SERVICE_FIELD_NUMBER:
                found.setdefault(tuple(path), location)
        return found
