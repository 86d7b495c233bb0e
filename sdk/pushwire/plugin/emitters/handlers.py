"""The requests and handlers of a service, such as `ChatRequest` and `ChatHandlers`."""

from pushwire.plugin.comments import deprecation_note
from pushwire.plugin.emitters import server_sdk
from pushwire.plugin.emitters.families import Family
from pushwire.plugin.imports import Member
from pushwire.plugin.model import Rpc, Service
from pushwire.plugin.module import Module

__all__ = ["TYPE_VARIABLE", "class_name", "print_handlers", "print_requests", "print_type_variable", "request_type"]

TYPE_VARIABLE = "_M"
"""The type variable of the message in `ChatRequest[_M]`."""

_ABSTRACT = Member("abc", "abstractmethod")
_MESSAGE = Member("google.protobuf.message", "Message")
_REQUEST = Member("pushwire.aws_lambda", "Request")
_REQUESTS_WITHOUT_MESSAGE = [
    ("ConnectRequest", Member("pushwire.aws_lambda", "ConnectRequest")),
    ("DisconnectRequest", Member("pushwire.aws_lambda", "DisconnectRequest")),
]
_TYPE_ALIAS = Member("typing", "TypeAlias")
_TYPE_VAR = Member("typing", "TypeVar")


def class_name(service: Service, family: Family) -> str:
    """Return the name of the abstract class of a service's handlers."""
    return family.class_name(service, "Handlers")


def request_type(out: Module, service: Service, rpc: Rpc, family: Family) -> str:
    """Return the type of the request with an rpc's message."""
    return f"{family.class_name(service, 'Request')}[{out.imports.message(rpc.request)}]"


def print_type_variable(out: Module) -> None:
    """Print the type variable of the requests of all services."""
    bound = f"bound={out.imports.member(_MESSAGE)} | None"
    out.print("", f'{TYPE_VARIABLE} = {out.imports.member(_TYPE_VAR)}("{TYPE_VARIABLE}", {bound})')


def print_requests(out: Module, service: Service, family: Family) -> None:
    """Print the types of a service's requests."""
    sdk = server_sdk.class_name(service, family)
    annotation = out.imports.member(_TYPE_ALIAS)
    out.print("", "")
    request = f"{out.imports.member(_REQUEST)}[{TYPE_VARIABLE}, {sdk}]"
    out.print(f"{family.class_name(service, 'Request')}: {annotation} = {request}")
    for name, member in _REQUESTS_WITHOUT_MESSAGE:
        out.print(f"{family.class_name(service, name)}: {annotation} = {out.imports.member(member)}[{sdk}]")


def print_handlers(out: Module, service: Service, family: Family) -> None:
    """Print the abstract class of a service's handlers."""
    handlers = out.imports.member(family.member("pushwire.aws_lambda", "Handlers"))
    base = f"{handlers}[{server_sdk.class_name(service, family)}]"
    out.print("", "", f"class {class_name(service, family)}({base}):")
    with out.indented():
        hint = "You may also override `on_connect`, `on_disconnect` and `on_default`."
        out.docstring(_summary(service), hint, service.comment, deprecation_note(service.deprecation))
        for rpc in service.inbound:
            out.print()
            _print_handler(out, service, rpc, family)


def _summary(service: Service) -> str:
    sent = "one method for each message that clients send" if service.inbound else "clients send no messages"
    return f"Handlers of `{service.full_name}`: {sent}."


def _print_handler(out: Module, service: Service, rpc: Rpc, family: Family) -> None:
    """Print an abstract method. Why without a deprecation: subclasses must implement it."""
    request = request_type(out, service, rpc, family)
    out.print(f"@{out.imports.member(_ABSTRACT)}")
    returned = "None" if rpc.reply is None else out.imports.message(rpc.reply)
    out.function(rpc.method_name, ["self", f"request: {request}", "/"], returned, definition=family.definition)
    with out.indented():
        summary = f"Handle `{rpc.name}`." if rpc.reply is None else f"Handle `{rpc.name}`, and return the reply."
        out.docstring(summary, rpc.comment, deprecation_note(rpc.deprecation))
