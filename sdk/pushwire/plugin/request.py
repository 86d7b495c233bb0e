"""Reads the request of protoc or buf into the model."""

from collections.abc import Iterable, Iterator

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FileDescriptorProto,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

from pushwire.plugin import locations, names
from pushwire.plugin.decode import clashes, defines_the_options
from pushwire.plugin.locations import Locations, Path
from pushwire.plugin.model import Contract, Direction, Format, Message, Model, Rpc, Service
from pushwire.v1 import options_pb2

__all__ = ["RequestError", "read"]


class RequestError(ValueError):
    """The request is inconsistent, or the installed protobuf cannot read it; the text says why."""


def read(request: CodeGeneratorRequest) -> Model:
    """Read a request into the model.

    Raises:
        RequestError: The request refers to a file or a message that it does not contain, or an option of another author
            has the number of one of Pushwire's.
    """
    by_name = {file.name: file for file in request.proto_file}
    wanted = dict.fromkeys(request.file_to_generate)
    absent = [name for name in wanted if name not in by_name]
    if absent:
        raise RequestError(f"the request asks for {', '.join(absent)}, but does not contain it")
    contracts: list[Contract] = []
    if defines_the_options(request):
        if errors := clashes(request):
            raise RequestError("\n".join(errors))
        messages = _messages(request.proto_file)
        contracts = [_Reader(by_name[name], messages).contract() for name in wanted]
    return Model(
        contracts=tuple(contract for contract in contracts if contract.services),
        descriptors=tuple(request.proto_file),
    )


def _messages(files: Iterable[FileDescriptorProto]) -> dict[str, Message]:
    """Return all messages, by full name."""

    def walk(
        file: str, outer: str, path: tuple[str, ...], nested: Iterable[DescriptorProto], *, deprecated: bool
    ) -> Iterator[Message]:
        for message in nested:
            found = Message(
                full_name=f"{outer}.{message.name}" if outer else message.name,
                file=file,
                path=(*path, message.name),
                deprecated=deprecated or message.options.deprecated,
            )
            yield found
            yield from walk(file, found.full_name, found.path, message.nested_type, deprecated=found.deprecated)

    return {
        message.full_name: message
        for file in files
        for message in walk(file.name, file.package, (), file.message_type, deprecated=file.options.deprecated)
    }


class _Reader:
    """Reads one file."""

    def __init__(self, file: FileDescriptorProto, messages: dict[str, Message]) -> None:
        self._file = file
        self._messages = messages
        self._locations = Locations(file.source_code_info)

    def contract(self) -> Contract:
        found = [
            (index, service)
            for index, service in enumerate(self._file.service)
            if any(rpc.options.HasExtension(options_pb2.operation) for rpc in service.method)
        ]
        services = tuple(self._service(service, locations.service_path(index)) for index, service in found)
        return Contract(file=self._file.name, services=services, locations=self._locations)

    def _service(self, service: ServiceDescriptorProto, path: Path) -> Service:
        api = service.options.Extensions[options_pb2.api]
        return Service(
            name=service.name,
            class_prefix=names.class_prefix(service.name),
            full_name=f"{self._file.package}.{service.name}" if self._file.package else service.name,
            path=path,
            comment=self._locations.comment(path),
            deprecation=self._deprecation(service, (*path, *locations.SERVICE_DEPRECATED)),
            format=Format(api.format),
            json_emit_defaults=api.json_emit_defaults,
            rpcs=tuple(
                self._rpc(service, rpc, locations.rpc_path(path, index)) for index, rpc in enumerate(service.method)
            ),
        )

    def _rpc(self, service: ServiceDescriptorProto, rpc: MethodDescriptorProto, path: Path) -> Rpc:
        operation = rpc.options.Extensions[options_pb2.operation]
        direction = Direction(operation.direction)
        return Rpc(
            name=rpc.name,
            method_name=names.method_name(rpc.name, _taken(direction)),
            listener_name=names.listener_name(rpc.name),
            waiter_name=names.waiter_name(rpc.name),
            event_class=names.event_class(service.name, rpc.name),
            path=path,
            comment=self._locations.comment(path),
            deprecation=self._deprecation(rpc, (*path, *locations.RPC_DEPRECATED)),
            request=self._message(rpc.input_type, f"rpc {rpc.name} takes"),
            response=self._message(rpc.output_type, f"rpc {rpc.name} returns"),
            client_streaming=rpc.client_streaming,
            server_streaming=rpc.server_streaming,
            direction=direction,
            route=operation.route if operation.HasField("route") else rpc.name,
            format=Format(operation.format),
        )

    def _message(self, name: str, use: str) -> Message:
        message = self._messages.get(name.removeprefix("."))
        if message is None:
            raise RequestError(f"{self._file.name}: {use} {name}, which no file of the request defines")
        return message

    def _deprecation(self, element: ServiceDescriptorProto | MethodDescriptorProto, option: Path) -> str | None:
        """Return the comment on the option as one line, or a default sentence; `None` if there is no deprecation."""
        if not element.options.deprecated:
            return None
        return " ".join(self._locations.comment(option).split()) or f"{element.name} is deprecated."


def _taken(direction: Direction) -> frozenset[str]:
    """Return the public names of the base classes that get the method of an rpc with this direction."""
    server_sdk = names.SERVER_SDK_OWN if direction.outbound else frozenset[str]()
    inbound = names.HANDLERS_OWN | names.CLIENT_OWN if direction.inbound else frozenset[str]()
    return server_sdk | inbound
