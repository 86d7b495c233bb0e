"""The Server SDK of a service: `ChatServerSdk`."""

from pushwire.plugin.emitters import operations
from pushwire.plugin.imports import Member
from pushwire.plugin.model import EMPTY, Rpc, Service
from pushwire.plugin.module import Module

__all__ = ["class_name", "print_server_sdk"]

_SERVER_SDK = Member("pushwire.server", "ServerSdk")


def class_name(service: Service) -> str:
    """The class of a service's Server SDK."""
    return f"{service.class_prefix}ServerSdk"


def print_server_sdk(out: Module, service: Service) -> None:
    """Print the class of a service's Server SDK."""
    out.print("", "")
    out.deprecation(service.deprecation)
    out.bracketed(f"class {class_name(service)}(", [out.imports.member(_SERVER_SDK)], "):")
    with out.indented():
        out.docstring(service.comment, _summary(service))
        for rpc in service.outbound:
            out.print()
            _print_send(out, service, rpc)


def _summary(service: Service) -> str:
    sends = "one method for each message that servers send" if service.outbound else "servers send none of its messages"
    return f"The Server SDK of `{service.full_name}`: {sends}."


def _print_send(out: Module, service: Service, rpc: Rpc) -> None:
    parameters = ["self", f"connection_id: {out.imports.builtin('str')}"]
    message_type = out.imports.message(rpc.request)
    if rpc.request.full_name == EMPTY:
        message = f"{message_type}()"
    else:
        message = "message"
        parameters.append(f"message: {message_type}")
    out.deprecation(rpc.deprecation)
    out.function(rpc.method_name, parameters, "None")
    with out.indented():
        out.docstring(rpc.comment or f"Send `{rpc.name}` to one client.")
        out.bracketed("self._send(", [operations.reference(service, rpc), "connection_id", message], ")")
