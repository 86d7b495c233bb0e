"""The JSON Schemas of contracts' frames, made from the descriptors of a request."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from pushwire.operation import Direction, Format, Operation
from pushwire.plugin.model import Contract, Message, Rpc, Service
from pushwire.plugin.request import RequestError
from pushwire.schema import JsonSchema, frame_schema

__all__ = ["Frame", "FrameReader"]


class Frame(NamedTuple):
    """The JSON frames of an operation.

    Attributes:
        service: The operation's service.
        rpc: The operation.
        schema: The schema of its JSON frames.
        reply_schema: The schema of a JSON frame with the reply, without its `reply_to`. `None` for a one-way operation.
    """

    service: Service
    rpc: Rpc
    schema: JsonSchema
    reply_schema: JsonSchema | None


class FrameReader:
    """The messages of a request, in a descriptor pool of their own.

    Args:
        descriptors: All files of the request, each after its imports.

    Raises:
        RequestError: The installed protobuf cannot read a file, because its edition is later.
    """

    def __init__(self, descriptors: Iterable[FileDescriptorProto]) -> None:
        self._pool = DescriptorPool()
        for descriptor in descriptors:
            try:
                self._pool.AddSerializedFile(descriptor.SerializeToString())
            except TypeError as error:
                raise RequestError(
                    f"{descriptor.name}: the installed protobuf cannot read this file, which the target 'schema' "
                    f"requires; upgrade protobuf, or omit the target ({error})"
                ) from error

    def frames(self, contract: Contract) -> list[Frame]:
        """Return the frames of a contract's operations, in the order of the file."""
        return [
            Frame(
                service,
                rpc,
                frame_schema(self._operation(service, rpc, rpc.request)),
                None if rpc.reply is None else frame_schema(self._operation(service, rpc, rpc.reply)),
            )
            for service in contract.services
            for rpc in service.rpcs
        ]

    def _operation(self, service: Service, rpc: Rpc, message: Message) -> Operation[Any]:
        return Operation(
            service=service.full_name,
            name=rpc.name,
            route=rpc.route,
            direction=Direction[rpc.direction.name],
            message_type=GetMessageClass(self._pool.FindMessageTypeByName(message.full_name)),
            format=Format[service.format_of(rpc).name],
            json_emit_defaults=service.json_emit_defaults,
        )
