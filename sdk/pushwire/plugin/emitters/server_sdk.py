"""The Server SDK of a service, such as `ChatServerSdk`, and the `ChatBroadcast` that its `to` returns."""

from pushwire.plugin.emitters import operations
from pushwire.plugin.emitters.families import ASYNC, Family
from pushwire.plugin.imports import Member
from pushwire.plugin.model import EMPTY, Rpc, Service
from pushwire.plugin.module import Module

__all__ = ["RESULT_VARIABLE", "class_name", "print_broadcast", "print_result_variable", "print_server_sdk"]

RESULT_VARIABLE = "_R_co"
"""The type variable of the result in `ChatBroadcast[_R_co]`."""

_FANOUT_JOB = Member("pushwire", "FanoutJob")
_REPORT = Member("pushwire", "BroadcastReport")
_TYPE_VAR = Member("typing", "TypeVar")


def class_name(service: Service, family: Family) -> str:
    """Return the name of the class of a service's Server SDK."""
    return family.class_name(service, "ServerSdk")


def print_result_variable(out: Module) -> None:
    """Print the type variable of the broadcasts of all services."""
    out.print("", f'{RESULT_VARIABLE} = {out.imports.member(_TYPE_VAR)}("{RESULT_VARIABLE}", covariant=True)')


def print_broadcast(out: Module, service: Service, family: Family) -> None:
    """Print the class of a service's broadcasts."""
    base = out.imports.member(family.member("pushwire.server", "Broadcast"))
    kind = "Async broadcasts" if family is ASYNC else "Broadcasts"
    out.print("", "", f"class {_broadcast_class_name(service, family)}({base}[{RESULT_VARIABLE}]):")
    with out.indented():
        out.docstring(f"{kind} of `{service.full_name}`: {_methods(service)}.")
        for rpc in service.outbound:
            out.print()
            _print_send_to_many(out, service, rpc, family)


def print_server_sdk(out: Module, service: Service, family: Family) -> None:
    """Print the class of a service's Server SDK."""
    base = out.imports.member(family.member("pushwire.server", "ServerSdk"))
    broadcast = _broadcast_class_name(service, family)
    results = [f"{broadcast}[{out.imports.member(result)}]" for result in (_REPORT, _FANOUT_JOB)]
    kind = "Async Server SDK" if family is ASYNC else "Server SDK"
    out.print("", "")
    out.deprecation(service.deprecation)
    out.print(f"class {class_name(service, family)}(")
    with out.indented():
        out.bracketed(f"{base}[", results, "]")
    out.print("):")
    with out.indented():
        out.docstring(f"{kind} of `{service.full_name}`: {_methods(service)}.", service.comment)
        out.print("", f"_broadcast = {broadcast}", f"_contract = {operations.import_operations(out, service)}")
        for rpc in service.outbound:
            out.print()
            _print_send(out, service, rpc, family)


def _broadcast_class_name(service: Service, family: Family) -> str:
    return family.class_name(service, "Broadcast")


def _methods(service: Service) -> str:
    return "one method for each message that servers send" if service.outbound else "servers send no messages"


def _print_send(out: Module, service: Service, rpc: Rpc, family: Family) -> None:
    parameters, message = _message_argument(out, rpc)
    parameters = ["self", f"connection_id: {out.imports.builtin('str')}", *parameters]
    out.deprecation(rpc.deprecation)
    out.function(rpc.method_name, parameters, "None", definition=family.definition)
    with out.indented():
        out.docstring(f"Send `{rpc.name}` to one client.", rpc.comment)
        out.bracketed(f"{family.call}self._send(", [operations.reference(service, rpc), "connection_id", message], ")")


def _print_send_to_many(out: Module, service: Service, rpc: Rpc, family: Family) -> None:
    parameters, message = _message_argument(out, rpc)
    out.deprecation(rpc.deprecation)
    out.function(rpc.method_name, ["self", *parameters], RESULT_VARIABLE, definition=family.definition)
    with out.indented():
        out.docstring(f"Send `{rpc.name}` to many clients.", rpc.comment)
        out.bracketed(f"return {family.call}self._send(", [operations.reference(service, rpc), message], ")")


def _message_argument(out: Module, rpc: Rpc) -> tuple[list[str], str]:
    """Return the parameter for an rpc's message, if it has one, and the expression for the message."""
    message_type = out.imports.message(rpc.request)
    return ([], f"{message_type}()") if rpc.request.full_name == EMPTY else ([f"message: {message_type}"], "message")
