"""The operations of a service, as data: `_ChatOperations`."""

from pushwire.plugin.imports import Member
from pushwire.plugin.literals import quoted
from pushwire.plugin.model import Format, Rpc, Service
from pushwire.plugin.module import Module

__all__ = ["class_name", "print_operations", "reference"]

_DIRECTION = Member("pushwire", "Direction")
_FORMAT = Member("pushwire", "Format")
_OPERATION = Member("pushwire", "Operation")


def class_name(service: Service) -> str:
    """The class that holds a service's operations."""
    return f"_{service.class_prefix}Operations"


def reference(service: Service, rpc: Rpc) -> str:
    """An rpc's operation."""
    return f"{class_name(service)}.{rpc.method_name}"


def print_operations(out: Module, service: Service) -> None:
    """Print the class of a service's operations."""
    out.print("", "", f"class {class_name(service)}:")
    with out.indented():
        out.docstring(f"The operations of `{service.full_name}`.")
        out.print()
        for rpc in service.rpcs:
            _print_operation(out, service, rpc)


def _print_operation(out: Module, service: Service, rpc: Rpc) -> None:
    out.print(f"{rpc.method_name} = {out.imports.member(_OPERATION)}(")
    with out.indented():
        out.print(
            f"service={quoted(service.full_name)},",
            f"name={quoted(rpc.name)},",
            f"route={quoted(rpc.route)},",
            f"direction={out.imports.member(_DIRECTION)}.{rpc.direction.name},",
            f"message_type={out.imports.message(rpc.request)},",
        )
        sent_as = service.format_of(rpc)
        if sent_as is not Format.JSON:
            out.print(f"format={out.imports.member(_FORMAT)}.{sent_as.name},")
        if service.json_emit_defaults:
            out.print("json_emit_defaults=True,")
    out.print(")")
