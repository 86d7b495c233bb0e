"""The target `client`: `chat_pushwire_client.py`, what clients import."""

from collections.abc import Iterator

from pushwire.plugin.comments import deprecation_note
from pushwire.plugin.emitters import operations
from pushwire.plugin.imports import Member
from pushwire.plugin.model import EMPTY, Contract, Rpc, Service
from pushwire.plugin.module import Module
from pushwire.plugin.parameters import Parameters
from pushwire.plugin.wrapping import Brackets, assigned_union

__all__ = ["emit"]

_AWAITABLE = Member("collections.abc", "Awaitable")
_CALLABLE = Member("collections.abc", "Callable")
_CLIENT = Member("pushwire.client", "Client")
_EVENT = Member("pushwire.client", "Event")
_GATEWAY_ERROR = Member("pushwire.client", "GatewayError")
_TYPE_ALIAS = Member("typing", "TypeAlias")
_UNKNOWN_EVENT = Member("pushwire.client", "UnknownEvent")


def emit(contract: Contract, parameters: Parameters) -> str:
    """Print the module of a contract's clients."""
    out = Module(contract, parameters, own_names=[*_own_names(contract)])
    for service in contract.services:
        operations.import_operations(out, service)
        for rpc in service.outbound:
            _print_event(out, rpc)
        _print_union(out, service)
        _print_client(out, service)
    return out.text("The client side of")


def _own_names(contract: Contract) -> Iterator[str]:
    for service in contract.services:
        for rpc in service.outbound:
            yield from (rpc.event_class, rpc.listener_name, rpc.waiter_name)


def _print_event(out: Module, rpc: Rpc) -> None:
    """Print the class of an event. It is never marked as deprecated: a whole `match` has to name it."""
    base = Brackets(f"{out.imports.member(_EVENT)}[", [out.imports.message(rpc.request)], "]")
    out.print("", "")
    out.bracketed(f"class {rpc.event_class}(", [base], "):")
    with out.indented():
        out.docstring(rpc.comment or f"`{rpc.name}` has arrived.", deprecation_note(rpc.deprecation))


def _print_union(out: Module, service: Service) -> None:
    events = [rpc.event_class for rpc in service.outbound]
    of_every_service = [out.imports.member(_GATEWAY_ERROR), out.imports.member(_UNKNOWN_EVENT)]
    target = f"{service.class_prefix}Event: {out.imports.member(_TYPE_ALIAS)}"
    out.print("", "", *assigned_union(target, [*events, *of_every_service]))


def _print_client(out: Module, service: Service) -> None:
    base = Brackets(f"{out.imports.member(_CLIENT)}[", [f"{service.class_prefix}Event"], "]")
    out.print("", "")
    out.deprecation(service.deprecation)
    out.bracketed(f"class {service.class_prefix}Client(", [base], "):")
    with out.indented():
        out.docstring(service.comment, _summary(service))
        if service.outbound:
            _print_events(out, service)
        for rpc in service.inbound:
            out.print()
            _print_send(out, service, rpc)
        for rpc in service.outbound:
            out.print()
            _print_listener(out, service, rpc)
            out.print()
            _print_waiter(out, service, rpc)


def _summary(service: Service) -> str:
    sends = "a method for each message that clients send" if service.inbound else "clients send none of its messages"
    receives = "\n`on_…` and `wait_for_…` for each that they receive" if service.outbound else " they receive none"
    return f"The client of `{service.full_name}`: {sends}, and{receives}."


def _print_events(out: Module, service: Service) -> None:
    out.print()
    pairs = [[rpc.event_class, operations.reference(service, rpc)] for rpc in service.outbound]
    out.assigned_tuple("_events", [Brackets("(", pair, ")") for pair in pairs])


def _print_send(out: Module, service: Service, rpc: Rpc) -> None:
    parameters = ["self"]
    message_type = out.imports.message(rpc.request)
    if rpc.request.full_name == EMPTY:
        message = f"{message_type}()"
    else:
        message = "message"
        parameters.append(f"message: {message_type}")
    out.deprecation(rpc.deprecation)
    out.function(rpc.method_name, parameters, "None", definition="async def")
    with out.indented():
        out.docstring(rpc.comment or f"Send `{rpc.name}`.")
        out.bracketed("await self._send(", [operations.reference(service, rpc), message], ")")


def _print_listener(out: Module, service: Service, rpc: Rpc) -> None:
    function = out.imports.member(_CALLABLE)
    message = Brackets("[", [out.imports.message(rpc.request)], "]")
    listener = Brackets(f"listener: {function}[", [message, out.imports.builtin("object")], "]")
    out.deprecation(rpc.deprecation)
    out.function(rpc.listener_name, ["self", listener], Brackets(f"{function}[", ["[]", "None"], "]"))
    with out.indented():
        out.docstring(rpc.comment or f"Have a function called with each `{rpc.name}`.")
        out.bracketed("return self._listen(", [operations.reference(service, rpc), "listener"], ")")


def _print_waiter(out: Module, service: Service, rpc: Rpc) -> None:
    timeout = f"timeout: {out.imports.builtin('float')} | None = None"
    message = Brackets(f"{out.imports.member(_AWAITABLE)}[", [out.imports.message(rpc.request)], "]")
    out.deprecation(rpc.deprecation)
    out.function(rpc.waiter_name, ["self", "*", timeout], message)
    with out.indented():
        out.docstring(f"Wait for the next `{rpc.name}`, for at most so many seconds.")
        out.bracketed("return self._wait_for(", [operations.reference(service, rpc), "timeout"], ")")
