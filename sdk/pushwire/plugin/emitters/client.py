"""The target `client`: the module that clients import, such as `chat_pushwire_client.py`."""

from collections.abc import Iterator

from pushwire.plugin.comments import deprecation_note
from pushwire.plugin.emitters import operations
from pushwire.plugin.imports import Member
from pushwire.plugin.model import EMPTY, Contract, Rpc, Service
from pushwire.plugin.module import Module
from pushwire.plugin.parameters import Parameters

__all__ = ["emit"]

_AWAITABLE = Member("collections.abc", "Awaitable")
_CALLABLE = Member("collections.abc", "Callable")
_CLIENT = Member("pushwire.client", "Client")
_EVENT = Member("pushwire.client", "Event")
_GATEWAY_ERROR = Member("pushwire.client", "GatewayError")
_TYPE_ALIAS = Member("typing", "TypeAlias")
_UNION = Member("typing", "Union")
_UNKNOWN_EVENT = Member("pushwire.client", "UnknownEvent")


def emit(contract: Contract, parameters: Parameters) -> str:
    """Return the text of a contract's module for clients."""
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
    """Print the class of an event. Why without a deprecation: an exhaustive `match` has to name it."""
    base = f"{out.imports.member(_EVENT)}[{out.imports.message(rpc.request)}]"
    out.print("", "", f"class {rpc.event_class}({base}):")
    with out.indented():
        out.docstring(f"A received `{rpc.name}` message.", rpc.comment, deprecation_note(rpc.deprecation))


def _print_union(out: Module, service: Service) -> None:
    events = [rpc.event_class for rpc in service.outbound]
    of_every_service = [out.imports.member(_GATEWAY_ERROR), out.imports.member(_UNKNOWN_EVENT)]
    target = f"{service.class_prefix}Event: {out.imports.member(_TYPE_ALIAS)}"
    # Why `Union`: Python 3.11 and 3.12 fail to compile `A | B | …` with thousands of members.
    out.print("", "")
    out.bracketed(f"{target} = {out.imports.member(_UNION)}[", [*events, *of_every_service], "]")


def _print_client(out: Module, service: Service) -> None:
    base = f"{out.imports.member(_CLIENT)}[{service.class_prefix}Event]"
    out.print("", "")
    out.deprecation(service.deprecation)
    out.print(f"class {service.class_prefix}Client({base}):")
    with out.indented():
        out.docstring(*_summary(service), service.comment)
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


def _summary(service: Service) -> tuple[str, str]:
    sends = "one method for each message that clients send" if service.inbound else "clients send no messages"
    receives = (
        "Each message that clients receive has an `on_…` and a `wait_for_…` method."
        if service.outbound
        else "Clients receive no messages."
    )
    return f"Client of `{service.full_name}`: {sends}.", receives


def _print_events(out: Module, service: Service) -> None:
    out.print()
    pairs = [f"({rpc.event_class}, {operations.reference(service, rpc)})" for rpc in service.outbound]
    out.bracketed("_events = (", pairs if len(pairs) > 1 else [f"{pairs[0]},"], ")")


def _print_send(out: Module, service: Service, rpc: Rpc) -> None:
    """Print the method that sends a message, or a request."""
    parameters = ["self"]
    message_type = out.imports.message(rpc.request)
    if rpc.request.full_name == EMPTY:
        message = f"{message_type}()"
    else:
        message = "message"
        parameters.append(f"message: {message_type}")
    arguments = [operations.reference(service, rpc), message]
    seconds = out.imports.builtin("float")
    request_id = f"id: {out.imports.builtin('str')} | None = None"
    out.deprecation(rpc.deprecation)
    if rpc.reply is None:
        confirm = f"confirm: {out.imports.builtin('bool')} = False"
        timeout = f"timeout: {seconds} | None = None"
        out.function(rpc.method_name, [*parameters, "*", confirm, timeout, request_id], "None", definition="async def")
        with out.indented():
            summary = "With `confirm=True`, wait up to `timeout` seconds (30) until it is handled."
            out.docstring(f"Send `{rpc.name}`. {summary}", rpc.comment)
            out.bracketed("await self._send(", [*arguments, "confirm", "timeout", "id"], ")")
    else:
        reply = out.imports.message(rpc.reply)
        timeout = f"timeout: {seconds} = 30.0"
        out.function(rpc.method_name, [*parameters, "*", timeout, request_id], reply, definition="async def")
        with out.indented():
            out.docstring(f"Send `{rpc.name}`, and return the reply.", rpc.comment)
            out.bracketed("return await self._request(", [*arguments, "timeout", "id"], ")")


def _print_listener(out: Module, service: Service, rpc: Rpc) -> None:
    function = out.imports.member(_CALLABLE)
    listener = f"listener: {function}[[{out.imports.message(rpc.request)}], {out.imports.builtin('object')}]"
    out.deprecation(rpc.deprecation)
    out.function(rpc.listener_name, ["self", listener], f"{function}[[], None]")
    with out.indented():
        summary = f"Call `listener` with each `{rpc.name}` message. Return a function that removes the listener."
        out.docstring(summary, rpc.comment)
        out.bracketed("return self._listen(", [operations.reference(service, rpc), "listener"], ")")


def _print_waiter(out: Module, service: Service, rpc: Rpc) -> None:
    timeout = f"timeout: {out.imports.builtin('float')} | None = None"
    message = f"{out.imports.member(_AWAITABLE)}[{out.imports.message(rpc.request)}]"
    out.deprecation(rpc.deprecation)
    out.function(rpc.waiter_name, ["self", "*", timeout], message)
    with out.indented():
        out.docstring(f"Wait up to `timeout` seconds for the next `{rpc.name}` message and return it.", rpc.comment)
        out.bracketed("return self._wait_for(", [operations.reference(service, rpc), "timeout"], ")")
