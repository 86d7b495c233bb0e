"""The Server SDK of a service: `ChatServerSdk`, and its `broadcast`."""

from pushwire.plugin.emitters import operations
from pushwire.plugin.emitters.families import ASYNC, Family
from pushwire.plugin.imports import Member
from pushwire.plugin.model import EMPTY, Rpc, Service
from pushwire.plugin.module import Module

__all__ = ["class_name", "print_server_sdk"]

_ASYNC_ITERABLE = Member("collections.abc", "AsyncIterable")
_ITERABLE = Member("collections.abc", "Iterable")
_OPTIONS = Member("pushwire", "BroadcastOptions")
_REPORT = Member("pushwire", "BroadcastReport")
_UNPACK = Member("typing", "Unpack")


def class_name(service: Service, family: Family) -> str:
    """The class of a service's Server SDK."""
    return family.class_name(service, "ServerSdk")


def print_server_sdk(out: Module, service: Service, family: Family) -> None:
    """Print the class of a service's Server SDK."""
    base = out.imports.member(family.member("pushwire.server", "ServerSdk"))
    out.print("", "")
    out.deprecation(service.deprecation)
    out.bracketed(f"class {class_name(service, family)}(", [base], "):")
    with out.indented():
        out.docstring(_summary(service, family), service.comment)
        for rpc in service.outbound:
            out.print()
            _print_send(out, service, rpc, family)
        if service.outbound:
            out.print()
            _print_broadcast(out, service, family)


def _summary(service: Service, family: Family) -> str:
    kind = "Async Server SDK" if family is ASYNC else "Server SDK"
    sends = "one method for each message that servers send" if service.outbound else "servers send none of its messages"
    return f"{kind} of `{service.full_name}`: {sends}."


def _print_broadcast(out: Module, service: Service, family: Family) -> None:
    """Print `broadcast` and its class; the class first, because Python looks for it when it reads the property."""
    base = out.imports.member(family.member("pushwire.server", "Broadcast"))
    out.print(f"class _Broadcast({base}):")
    with out.indented():
        out.docstring("One method for each message, with an outcome for each client.")
        for rpc in service.outbound:
            out.print()
            _print_send_to_many(out, service, rpc, family)
    out.print(
        "", f"@{out.imports.builtin('property')}", f"def broadcast(self) -> {class_name(service, family)}._Broadcast:"
    )
    with out.indented():
        out.docstring("The same messages, each to many clients.")
        out.print("return self._Broadcast(self._outgoing)")


def _print_send(out: Module, service: Service, rpc: Rpc, family: Family) -> None:
    parameters = ["self", f"connection_id: {out.imports.builtin('str')}"]
    message_type = out.imports.message(rpc.request)
    if rpc.request.full_name == EMPTY:
        message = f"{message_type}()"
    else:
        message = "message"
        parameters.append(f"message: {message_type}")
    out.deprecation(rpc.deprecation)
    out.function(rpc.method_name, parameters, "None", definition=family.definition)
    with out.indented():
        out.docstring(f"Send `{rpc.name}` to one client.", rpc.comment)
        out.bracketed(f"{family.call}self._send(", [operations.reference(service, rpc), "connection_id", message], ")")


def _print_send_to_many(out: Module, service: Service, rpc: Rpc, family: Family) -> None:
    kinds = [_ITERABLE, _ASYNC_ITERABLE] if family is ASYNC else [_ITERABLE]
    ids = " | ".join(f"{out.imports.member(kind)}[{out.imports.builtin('str')}]" for kind in kinds)
    parameters = ["self", f"connection_ids: {ids}"]
    message_type = out.imports.message(rpc.request)
    if rpc.request.full_name == EMPTY:
        message = f"{message_type}()"
    else:
        message = "message"
        parameters.append(f"message: {message_type}")
    options = f"**options: {out.imports.member(_UNPACK)}[{out.imports.member(_OPTIONS)}]"
    out.deprecation(rpc.deprecation)
    out.function(
        rpc.method_name,
        [*parameters, "/", options],
        out.imports.member(_REPORT),
        definition=family.definition,
    )
    with out.indented():
        out.docstring(f"Send `{rpc.name}` to many clients.", rpc.comment)
        out.bracketed(
            f"return {family.call}self._send(",
            [operations.reference(service, rpc), "connection_ids", message, "**options"],
            ")",
        )
