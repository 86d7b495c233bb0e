"""The bytes that a compiler sends, as a request in which the options of contracts can be read."""

from typing import Any

from google.protobuf.compiler import plugin_pb2
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest
from google.protobuf.descriptor_pb2 import DESCRIPTOR as DESCRIPTOR_PROTO
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

# Imported before anything is parsed: options that protobuf does not know yet are read as unset, in silence.
from pushwire.v1 import options_pb2

__all__ = ["decode", "defines_the_options"]


def decode(data: bytes) -> CodeGeneratorRequest:
    """Parse a request.

    The number of our options is free for everybody to use inside a company: in a request that does not hold the file
    of our options, it is another option, perhaps of another type, and is taken out.

    Raises:
        google.protobuf.message.DecodeError: It is no request.
    """
    try:
        request = CodeGeneratorRequest.FromString(data)
    except DecodeError:
        request = _decoded_without_options(data)
        if defines_the_options(request):
            raise
    return request


def defines_the_options(request: CodeGeneratorRequest) -> bool:
    """Whether the file of our options is among those of a request, wherever it was vendored to."""
    ours = options_pb2.DESCRIPTOR
    return any(
        file.package == ours.package and any(extension.name in ours.extensions_by_name for extension in file.extension)
        for file in request.proto_file
    )


def _decoded_without_options(data: bytes) -> CodeGeneratorRequest:
    pool = DescriptorPool()  # one that has never heard of our options
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
