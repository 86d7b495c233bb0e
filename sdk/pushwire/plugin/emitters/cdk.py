"""The target `cdk`: the module that CDK apps import, such as `chat_pushwire_cdk.py`."""

from pushwire.plugin.emitters import operations
from pushwire.plugin.imports import Member
from pushwire.plugin.model import Contract, Service
from pushwire.plugin.module import Module
from pushwire.plugin.parameters import Parameters

__all__ = ["emit"]

_API = Member("pushwire.cdk", "WebSocketApi")
_CONSTRUCT = Member("constructs", "Construct")
_INTEGRATION = Member("aws_cdk.aws_apigatewayv2", "WebSocketRouteIntegration")
_INTEGRATIONS = Member("pushwire.cdk", "Integrations")
_OPTIONS = Member("pushwire.cdk", "WebSocketApiOptions")
_UNPACK = Member("typing", "Unpack")


def emit(contract: Contract, parameters: Parameters) -> str:
    """Return the text of a contract's module for CDK apps."""
    out = Module(contract, parameters, own_names=())
    for service in contract.services:
        _print_integrations(out, service)
        _print_api(out, service)
    return out.text("The infrastructure of")


def _integrations(service: Service) -> str:
    return f"{service.class_prefix}Integrations"


def _print_integrations(out: Module, service: Service) -> None:
    out.print("", "", f"class {_integrations(service)}({out.imports.member(_INTEGRATIONS)}):")
    with out.indented():
        sent = "one for each message that clients send" if service.inbound else "clients send no messages"
        out.docstring(f"Integrations of `{service.full_name}`: {sent}.", service.comment)
        out.print()
        out.print(f"_contract = {operations.import_operations(out, service)}")
        if service.inbound:
            out.print()
            _print_constructor(out, service)


def _print_constructor(out: Module, service: Service) -> None:
    names = [rpc.method_name for rpc in service.inbound]
    receiver = "_self" if "self" in names else "self"  # names of rpcs do not begin with an underscore
    integration = out.imports.member(_INTEGRATION)
    out.function("__init__", [receiver, "*", *(f"{name}: {integration}" for name in names)], "None")
    with out.indented():
        out.print(f"{receiver}._take(")
        with out.indented():
            out.print("{")
            with out.indented():
                out.print(*(f"{operations.reference(service, rpc)}: {rpc.method_name}," for rpc in service.inbound))
            out.print("}")
        out.print(")")


def _print_api(out: Module, service: Service) -> None:
    out.print("", "", f"class {service.class_prefix}WebSocketApi({out.imports.member(_API)}):")
    with out.indented():
        summary = f"WebSocket API of `{service.full_name}`: a route for each message that clients send."
        hint = "For an API with several services, use `pushwire.cdk.WebSocketApi`."
        out.docstring(summary, hint, service.comment)
        out.print()
        parameters = [
            "self",
            f"scope: {out.imports.member(_CONSTRUCT)}",
            f"id: {out.imports.builtin('str')}",
            "*",
            f"integrations: {_integrations(service)}",
            f"**options: {out.imports.member(_UNPACK)}[{out.imports.member(_OPTIONS)}]",
        ]
        out.function("__init__", parameters, "None")
        with out.indented():
            out.bracketed("super().__init__(", ["scope", "id", "integrations=[integrations]", "**options"], ")")
