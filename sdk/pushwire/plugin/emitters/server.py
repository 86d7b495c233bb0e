"""The target `server`: `chat_pushwire.py`, the Server SDK."""

from pushwire.plugin.imports import DEPRECATED, Member
from pushwire.plugin.literals import quoted
from pushwire.plugin.model import EMPTY, Contract, Format, Rpc, Service
from pushwire.plugin.module import Module
from pushwire.plugin.parameters import Parameters

__all__ = ["emit"]

_DIRECTION = Member("pushwire", "Direction")
_FORMAT = Member("pushwire", "Format")
_OPERATION = Member("pushwire", "Operation")
_SERVER_SDK = Member("pushwire.server", "ServerSdk")


def emit(contract: Contract, parameters: Parameters) -> str:
    """Print the module of a contract's servers."""
    out = Module(contract, parameters, private_names=[_operations(service) for service in contract.services])
    for service in contract.services:
        _print_operations(out, service)
        _print_server_sdk(out, service)
    return out.text("The server side of")


def _operations(service: Service) -> str:
    return f"_{service.class_prefix}Operations"


def _print_operations(out: Module, service: Service) -> None:
    out.print("", "", f"class {_operations(service)}:")
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


def _print_server_sdk(out: Module, service: Service) -> None:
    outbound = [rpc for rpc in service.rpcs if rpc.direction.outbound]
    out.print("", "")
    _print_deprecation(out, service.deprecation)
    out.bracketed(f"class {service.class_prefix}ServerSdk(", [out.imports.member(_SERVER_SDK)], "):")
    with out.indented():
        out.docstring(_server_sdk_text(service, outbound))
        for rpc in outbound:
            out.print()
            _print_send(out, service, rpc)
    if not outbound:
        out.pyright_rules.add("reportUnusedClass")


def _server_sdk_text(service: Service, outbound: list[Rpc]) -> str:
    sends = "one method for each message that servers send" if outbound else "servers send none of its messages"
    summary = f"The Server SDK of `{service.full_name}`: {sends}."
    return f"{service.comment}\n\n{summary}" if service.comment else summary


def _print_send(out: Module, service: Service, rpc: Rpc) -> None:
    parameters = ["self", f"connection_id: {out.imports.builtin('str')}"]
    message_type = out.imports.message(rpc.request)
    if rpc.request.full_name == EMPTY:
        message = f"{message_type}()"
    else:
        message = "message"
        parameters.append(f"message: {message_type}")
    _print_deprecation(out, rpc.deprecation)
    out.bracketed(f"def {rpc.method_name}(", parameters, ") -> None:")
    with out.indented():
        out.docstring(rpc.comment or f"Send `{rpc.name}` to one client.")
        out.bracketed("self._send(", [f"{_operations(service)}.{rpc.method_name}", "connection_id", message], ")")


def _print_deprecation(out: Module, deprecation: str | None) -> None:
    if deprecation is not None:
        out.bracketed(f"@{out.imports.member_by_reader(DEPRECATED)}(", [quoted(deprecation)], ")")
