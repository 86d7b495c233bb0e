"""The operations of each service, such as `ChatOperations` in `chat_pushwire_operations.py`."""

from pushwire.plugin.imports import Member
from pushwire.plugin.literals import quoted
from pushwire.plugin.model import Contract, Format, Rpc, Service
from pushwire.plugin.module import Module
from pushwire.plugin.parameters import Parameters

__all__ = ["SUFFIX", "emit", "import_operations", "reference"]

SUFFIX = "_pushwire_operations"
"""The suffix of the module's name."""

_DIRECTION = Member("pushwire", "Direction")
_FORMAT = Member("pushwire", "Format")
_OPERATION = Member("pushwire", "Operation")
_REQUEST_OPERATION = Member("pushwire", "RequestOperation")


def emit(contract: Contract, parameters: Parameters) -> str:
    """Return the text of the module with a contract's operations."""
    out = Module(contract, parameters, own_names=())
    for service in contract.services:
        _print_operations(out, service)
    return out.text("The operations of")


def import_operations(out: Module, service: Service) -> str:
    """Import the class with a service's operations, and return its name."""
    return out.imports.generated(SUFFIX, _class_name(service))


def reference(service: Service, rpc: Rpc) -> str:
    """Return the expression for an rpc's operation, in a module that has imported the service's operations."""
    return f"{_class_name(service)}.{rpc.method_name}"


def _class_name(service: Service) -> str:
    return f"{service.class_prefix}Operations"


def _print_operations(out: Module, service: Service) -> None:
    out.print("", "", f"class {_class_name(service)}:")
    with out.indented():
        out.docstring(f"Operations of `{service.full_name}`: one for each rpc.", service.comment)
        out.print()
        for rpc in service.rpcs:
            _print_operation(out, service, rpc)


def _print_operation(out: Module, service: Service, rpc: Rpc) -> None:
    kind = _OPERATION if rpc.reply is None else _REQUEST_OPERATION
    out.print(f"{rpc.method_name} = {out.imports.member(kind)}(")
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
        if rpc.reply is not None:
            out.print(f"reply_type={out.imports.message(rpc.reply)},")
    out.print(")")
