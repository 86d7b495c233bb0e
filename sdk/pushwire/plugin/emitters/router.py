"""The router of a service: `ChatRouter`, the handler of a Lambda function."""

from pushwire.plugin.comments import deprecation_note
from pushwire.plugin.emitters import handlers, operations, server_sdk
from pushwire.plugin.imports import Member
from pushwire.plugin.literals import quoted
from pushwire.plugin.model import Rpc, Service
from pushwire.plugin.module import Module
from pushwire.plugin.wrapping import Brackets, Code, Operands

__all__ = ["class_name", "print_router"]

_BIND = Member("pushwire.aws_lambda", "Bind")
_CALLABLE = Member("collections.abc", "Callable")
_INTERCEPTOR = Member("pushwire.aws_lambda", "Interceptor")
_SEQUENCE = Member("collections.abc", "Sequence")
_SERVICE_ROUTER = Member("pushwire.aws_lambda", "ServiceRouter")


def class_name(service: Service) -> str:
    """The class of a service's router."""
    return f"{service.class_prefix}Router"


def print_router(out: Module, service: Service) -> None:
    """Print the class of a service's router."""
    base = Brackets(f"{out.imports.member(_SERVICE_ROUTER)}[", [server_sdk.class_name(service)], "]")
    out.print("", "")
    out.bracketed(f"class {class_name(service)}(", [base], "):")
    with out.indented():
        summary = f"The router of `{service.full_name}`: a Lambda handler."
        hint = f"It is given `{handlers.class_name(service)}`, or each function by a decorator."
        out.docstring(service.comment, summary, hint, deprecation_note(service.deprecation))
        out.print()
        _print_constructor(out, service)
        for rpc in service.inbound:
            out.print()
            _print_decorator(out, service, rpc)


def _print_constructor(out: Module, service: Service) -> None:
    sdk = server_sdk.class_name(service)
    factory = f"{out.imports.member(_CALLABLE)}["
    interceptors = f"{out.imports.member(_SEQUENCE)}[{out.imports.member(_INTERCEPTOR)}]"
    parameters: list[Code] = [
        "self",
        Operands(f"handlers: {handlers.class_name(service)}", "| None = None"),
        "/",
        "*",
        f"interceptors: {interceptors} = ()",
        Brackets(f"sdk: {factory}", [f"[{out.imports.builtin('str')}]", sdk], f"] = {sdk}"),
    ]
    out.function("__init__", parameters, "None")
    with out.indented():
        out.print("super().__init__(")
        with out.indented():
            out.print("{")
            with out.indented():
                out.print(
                    *(f"{quoted(rpc.method_name)}: {operations.reference(service, rpc)}," for rpc in service.rpcs)
                )
            out.print("},", "handlers,", "interceptors,", "sdk,")
        out.print(")")


def _print_decorator(out: Module, service: Service, rpc: Rpc) -> None:
    """Print a property that registers a function: marked as deprecated where its user has the choice not to."""
    request = handlers.request_type(out, service, rpc)
    out.print(f"@{out.imports.builtin('property')}")
    out.deprecation(rpc.deprecation)
    out.function(rpc.method_name, ["self"], Brackets(f"{out.imports.member(_BIND)}[", [request], "]"))
    with out.indented():
        out.docstring(rpc.comment or f"Register the function that handles `{rpc.name}`.")
        out.bracketed("return self._bind(", [operations.reference(service, rpc)], ")")
