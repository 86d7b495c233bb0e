"""Requests as compilers send them, built in memory, with valid defaults."""

from collections.abc import Iterable

from google.protobuf import descriptor_pb2, empty_pb2
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, MethodDescriptorProto

from pushwire.plugin.generate import generate
from pushwire.v1 import options_pb2

SEND = options_pb2.Operation(direction=options_pb2.DIRECTION_SERVER_TO_CLIENT)
RECEIVE = options_pb2.Operation(direction=options_pb2.DIRECTION_CLIENT_TO_SERVER)
BOTH = options_pb2.Operation(direction=options_pb2.DIRECTION_BIDIRECTIONAL)


class Contract:
    """A `.proto` file to which tests add elements."""

    def __init__(self, file: str = "chat/v1/chat.proto", package: str = "chat.v1") -> None:
        self.descriptor = FileDescriptorProto(name=file, package=package, syntax="proto3")

    def message(self, *path: str) -> str:
        """Define a message, nested by its path, and return its full name."""
        nested = self.descriptor.message_type
        for name in path:
            found = next((message for message in nested if message.name == name), None)
            nested = (found or nested.add(name=name)).nested_type
        return ".".join(part for part in (self.descriptor.package, *path) if part)

    def rpc(
        self,
        name: str,
        *,
        service: str = "ChatService",
        takes: str = "google.protobuf.Empty",
        operation: options_pb2.Operation | None = SEND,
        comment: str = "",
        deprecation: str | None = None,
    ) -> MethodDescriptorProto:
        """Add an rpc, and its service if it does not exist."""
        services = self.descriptor.service
        index = next((index for index, found in enumerate(services) if found.name == service), len(services))
        if index == len(services):
            services.add(name=service)
        path = [6, index, 2, len(services[index].method)]
        rpc = services[index].method.add(name=name, input_type=f".{takes}", output_type=".google.protobuf.Empty")
        if operation is not None:
            rpc.options.Extensions[options_pb2.operation].CopyFrom(operation)
        self.descriptor.source_code_info.location.add(path=path, span=[0, 0, 0], leading_comments=comment)
        if deprecation is not None:
            rpc.options.deprecated = True
            option = [*path, 4, 33]
            self.descriptor.source_code_info.location.add(path=option, span=[0, 0, 0], trailing_comments=deprecation)
        return rpc


def request(*contracts: Contract, parameter: str = "", imported: Iterable[Contract] = ()) -> CodeGeneratorRequest:
    """Return a request for contracts and their imports."""
    asked = CodeGeneratorRequest(parameter=parameter)
    for module in (descriptor_pb2, empty_pb2, options_pb2):
        module.DESCRIPTOR.CopyToProto(asked.proto_file.add())
    asked.proto_file.extend(contract.descriptor for contract in (*imported, *contracts))
    asked.file_to_generate.extend(contract.descriptor.name for contract in contracts)
    return asked


def generated(
    *contracts: Contract, targets: str = "server", parameter: str = "", imported: Iterable[Contract] = ()
) -> dict[str, str]:
    """Return the generated modules by path. Errors in contracts fail the test."""
    response = generate(request(*contracts, parameter=f"targets={targets},{parameter}", imported=imported))
    assert response.error == ""
    return {file.name: file.content for file in response.file}


def module(
    contract: Contract, target: str = "server", *, parameter: str = "", imported: Iterable[Contract] = ()
) -> str:
    """Return the module that a target generates for a contract, other than the module of operations."""
    _, text = generated(contract, targets=target, parameter=parameter, imported=imported).values()
    return text


def operations_module(contract: Contract) -> str:
    """Return the module of a contract's operations."""
    return next(iter(generated(contract).values()))


def problems(*contracts: Contract, parameter: str = "", imported: Iterable[Contract] = ()) -> list[str]:
    """Return the lines of the error."""
    response = generate(request(*contracts, parameter=parameter, imported=imported))
    assert list(response.file) == []
    return response.error.split("\n")
