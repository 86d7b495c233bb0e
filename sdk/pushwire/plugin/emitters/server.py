"""The target `server`: the module that servers and Lambda functions import, such as `chat_pushwire.py`."""

from pushwire.plugin.emitters import handlers, operations, router, server_sdk
from pushwire.plugin.emitters.families import FAMILIES
from pushwire.plugin.model import Contract
from pushwire.plugin.module import Module
from pushwire.plugin.parameters import Parameters

__all__ = ["emit"]


def emit(contract: Contract, parameters: Parameters) -> str:
    """Return the text of a contract's module for servers."""
    out = Module(contract, parameters, own_names=[handlers.TYPE_VARIABLE, server_sdk.RESULT_VARIABLE])
    handlers.print_type_variable(out)
    server_sdk.print_result_variable(out)
    for service in contract.services:
        if service.deprecation is not None:
            out.pyright_rules.add("reportDeprecated")  # Why: the other classes use the deprecated Server SDK.
        operations.import_operations(out, service)
        for family in FAMILIES:
            server_sdk.print_broadcast(out, service, family)
            server_sdk.print_server_sdk(out, service, family)
            handlers.print_requests(out, service, family)
            handlers.print_handlers(out, service, family)
            router.print_router(out, service, family)
    return out.text("The server side of")
