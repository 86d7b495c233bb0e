"""Decodes the bytes of a request, so that the options of contracts can be read."""

from typing import Any

from google.protobuf.compiler import plugin_pb2
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest
from google.protobuf.descriptor_pb2 import DESCRIPTOR as DESCRIPTOR_PROTO
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

# Why at the top: protobuf reads options as unset if they are not registered when a request is parsed.
from pushwire.v1 import options_pb2

__all__ = ["decode", "defines_the_options"]


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
        if defines_the_options(request):
            raise
    return request


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
