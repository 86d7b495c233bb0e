"""Decodes the bytes of a request, so that the options of contracts can be read."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf.compiler import plugin_pb2
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest
from google.protobuf.descriptor_pb2 import DESCRIPTOR as DESCRIPTOR_PROTO
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    MethodOptions,
    ServiceOptions,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

# Why at the top: protobuf reads options as unset if they are not registered when a request is parsed.
from pushwire.v1 import options_pb2

__all__ = ["clashes", "decode", "defines_the_options"]

_OPTIONS: Final[Mapping[str, Any]] = {
    f".{descriptor.full_name}": option
    for descriptor, option in (
        (MethodOptions.DESCRIPTOR, options_pb2.DESCRIPTOR.extensions_by_name["operation"]),
        (ServiceOptions.DESCRIPTOR, options_pb2.DESCRIPTOR.extensions_by_name["api"]),
    )
}
"""Pushwire's options, by the message that they extend."""


def decode(data: bytes) -> CodeGeneratorRequest:
    """Parse a request.

    The field number of Pushwire's options is in the range that protobuf reserves for use inside an organization. In a
    request without the file of Pushwire's options, the number belongs to another option, maybe of another type. If such
    an option prevents parsing, all options of services and rpcs are removed.

    Raises:
        google.protobuf.message.DecodeError: The bytes are not a request.
    """
    try:
        request = CodeGeneratorRequest.FromString(data)
    except DecodeError:
        request = _decoded_without_options(data)
        if defines_the_options(request) and not clashes(request):
            raise
    return request


def clashes(request: CodeGeneratorRequest) -> list[str]:
    """Return an error for each option of another author that has the number of one of Pushwire's options.

    protoc only warns about it, and then it is unknown which of the two options a service or an rpc has.
    """
    ours = options_pb2.DESCRIPTOR
    errors: list[str] = []
    for file in request.proto_file:
        for scope, path, extension in _extensions(file):
            option = _OPTIONS.get(extension.extendee)
            is_ours = file.package == ours.package and extension.name in ours.extensions_by_name
            if option is None or option.number != extension.number or is_ours:
                continue
            spans = (location.span for location in file.source_code_info.location if tuple(location.path) == path)
            place = next((f":{span[0] + 1}:{span[1] + 1}" for span in spans), "")
            name = ".".join(filter(None, (file.package, scope, extension.name)))
            errors.append(
                f"{file.name}{place}: the option {name} has the number {option.number} of {option.full_name}: give it "
                "another number, or keep its file out of the contracts"
            )
    return errors


def _extensions(file: FileDescriptorProto) -> Iterator[tuple[str, tuple[int, ...], FieldDescriptorProto]]:
    """Yield the extensions that a file defines, each with the message around it and its path in the source."""
    number, nested = FileDescriptorProto.EXTENSION_FIELD_NUMBER, FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER
    yield from (("", (number, index), extension) for index, extension in enumerate(file.extension))
    waiting: list[tuple[str, tuple[int, ...], DescriptorProto]] = [
        (message.name, (nested, index), message) for index, message in enumerate(file.message_type)
    ]
    number, nested = DescriptorProto.EXTENSION_FIELD_NUMBER, DescriptorProto.NESTED_TYPE_FIELD_NUMBER
    for scope, path, message in waiting:
        yield from ((scope, (*path, number, index), extension) for index, extension in enumerate(message.extension))
        waiting += [
            (f"{scope}.{inner.name}", (*path, nested, index), inner) for index, inner in enumerate(message.nested_type)
        ]


def defines_the_options(request: CodeGeneratorRequest) -> bool:
    """Return whether a request contains the file of Pushwire's options, under any path."""
    ours = options_pb2.DESCRIPTOR
    return any(
        file.package == ours.package and any(extension.name in ours.extensions_by_name for extension in file.extension)
        for file in request.proto_file
    )


def _decoded_without_options(data: bytes) -> CodeGeneratorRequest:
    pool = DescriptorPool()  # without Pushwire's options
    pool.AddSerializedFile(DESCRIPTOR_PROTO.serialized_pb)
    pool.AddSerializedFile(plugin_pb2.DESCRIPTOR.serialized_pb)
    request: Any = GetMessageClass(pool.FindMessageTypeByName(CodeGeneratorRequest.DESCRIPTOR.full_name)).FromString(
        data
    )
    request.ClearField("source_file_descriptors")
    for file in request.proto_file:
        for service in file.service:
            service.ClearField("options")
            for rpc in service.method:
                rpc.ClearField("options")
    return CodeGeneratorRequest.FromString(request.SerializeToString())
