"""The router of a service, such as `ChatRouter`: the handler of a Lambda function."""

from pushwire.plugin.comments import deprecation_note
from pushwire.plugin.emitters import handlers, operations, server_sdk
from pushwire.plugin.emitters.families import ASYNC, Family
from pushwire.plugin.imports import Member
from pushwire.plugin.literals import quoted
from pushwire.plugin.model import Rpc, Service
from pushwire.plugin.module import Module

__all__ = ["class_name", "print_router"]

_CALLABLE = Member("collections.abc", "Callable")
_SEQUENCE = Member("collections.abc", "Sequence")
_ASYNC_STORE = Member("pushwire.store", "AsyncStore")
_STORE = Member("pushwire.store", "ConnectionStore")


def class_name(service: Service, family: Family) -> str:
    """Return the name of the class of a service's router."""
    return family.class_name(service, "Router")


def print_router(out: Module, service: Service, family: Family) -> None:
    """Print the class of a service's router."""
    router = out.imports.member(family.member("pushwire.aws_lambda", "ServiceRouter"))
    base = f"{router}[{server_sdk.class_name(service, family)}]"
    out.print("", "", f"class {class_name(service, family)}({base}):")
    with out.indented():
        kind = "Async router" if family is ASYNC else "Router"
        summary = f"{kind} of `{service.full_name}`: a Lambda handler."
        hint = f"Pass `{handlers.class_name(service, family)}`, or register functions with decorators."
        out.docstring(summary, hint, service.comment, deprecation_note(service.deprecation))
        out.print()
        _print_constructor(out, service, family)
        for rpc in service.inbound:
            out.print()
            _print_decorator(out, service, rpc, family)


def _print_constructor(out: Module, service: Service, family: Family) -> None:
    sdk = server_sdk.class_name(service, family)
    factory = f"{out.imports.member(_CALLABLE)}[[{out.imports.builtin('str')}], {sdk}]"
    interceptor = out.imports.member(family.member("pushwire.aws_lambda", "Interceptor"))
    interceptors = f"{out.imports.member(_SEQUENCE)}[{interceptor}]"
    stores = [out.imports.member(store) for store in ((_ASYNC_STORE, _STORE) if family is ASYNC else (_STORE,))]
    parameters = [
        "self",
        f"handlers: {handlers.class_name(service, family)} | None = None",
        "/",
        "*",
        f"interceptors: {interceptors} = ()",
        f"sdk: {factory} = {sdk}",
        f"store: {' | '.join(stores)} | None = None",
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
            out.print("},", "handlers,", "interceptors,", "sdk,", "store,")
        out.print(")")


def _print_decorator(out: Module, service: Service, rpc: Rpc, family: Family) -> None:
    """Print a property that registers a function. It may be deprecated, because its use is optional."""
    request = handlers.request_type(out, service, rpc, family)
    base, method, types = "Bind", "_bind", request
    if rpc.reply is not None:
        base, method, types = "BindReply", "_bind_reply", f"{request}, {out.imports.message(rpc.reply)}"
    out.print(f"@{out.imports.builtin('property')}")
    out.deprecation(rpc.deprecation)
    returned = f"{out.imports.member(family.member('pushwire.aws_lambda', base))}[{types}]"
    out.function(rpc.method_name, ["self"], returned)
    with out.indented():
        out.docstring(f"Register the function that handles `{rpc.name}` messages.", rpc.comment)
        out.print(f"return self.{method}({operations.reference(service, rpc)})")
