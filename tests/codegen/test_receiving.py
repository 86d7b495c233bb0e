"""The requests that generated handlers and routers receive, with classes and with decorators."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
from google.protobuf import empty_pb2
from google.protobuf.message import Message

from pushwire.aws_lambda import Handlers, ServiceRouter
from pushwire.testing import RecordingTransport, connect_event, message_event, text_event

pytestmark = pytest.mark.usefixtures("importable")

HANDLED = {
    "chat.chat_pushwire.Chat": ["join_room", "ping"],
    "services.services_pushwire.First": [],
    "services.services_pushwire.Second": ["send"],
    "services.services_pushwire.Receiver": ["take"],
    "names.handlers_pushwire.Handlers": [
        *["to_", "close_", "import_", "on_connect_", "on_connect__", "on_default_", "on_disconnect_"],
        "operations_",
    ],
    "names.handlers_pushwire.Sender": [],
    "names.handlers_pushwire.Tool": [
        *["abstractmethod", "all", "bind", "callable", "empty_pb2", "handlers", "handlers_pb2", "interceptor"],
        *["interceptors", "knock", "m", "message", "mro_", "named", "property", "register", "request", "router", "sdk"],
        *["self", "sequence", "service_router", "str", "super", "tuple", "type_alias", "type_var"],
    ],
    "names.handlers_pushwire.Connect": ["take"],
    "names.handlers_pushwire.Disconnect": ["take"],
    "names.handlers_pushwire.Service": ["take"],
    "wellknown.empty_pushwire.Empty": ["take_own", "take_well_known"],
    "deprecations.deprecated_pushwire.Deprecation": ["retire_in_front", "retire_received"],
    "deprecations.deprecated_pushwire.Old": ["take_last", "take_old"],
}
"""The methods of each service's handlers, by module and class prefix."""


def generated(name: str, family: str) -> Any:
    """Return a class of one family of a service."""
    module, _, prefix = name.rpartition(".")
    return getattr(importlib.import_module(module), f"{prefix}{family}")


def own(cls: type) -> list[str]:
    """Return the public names that a generated class adds to its base."""
    return sorted(name for name in vars(cls) if not name.startswith("_"))


@pytest.mark.parametrize("name", HANDLED)
def test_handlers_and_routers_have_a_member_for_each_message_that_clients_send_and_no_other(name: str) -> None:
    handlers, router = generated(name, "Handlers"), generated(name, "Router")
    assert own(handlers) == own(router) == sorted(HANDLED[name])
    assert handlers.__abstractmethods__ == frozenset(HANDLED[name])
    for base, cls in [(Handlers, handlers), (ServiceRouter, router)]:
        assert {member for member in dir(base) if not member.startswith("_")}.isdisjoint(own(cls))


@pytest.mark.parametrize("name", [name for name, methods in HANDLED.items() if methods])
def test_handlers_cannot_be_made_without_all_of_their_methods(name: str) -> None:
    handlers, (missing, *others) = generated(name, "Handlers"), HANDLED[name]
    incomplete = type("Incomplete", (handlers,), dict.fromkeys(others, print))
    with pytest.raises(TypeError, match=rf"abstract method '?{missing}\b"):
        incomplete()


def router_of_a_class(name: str, seen: list[tuple[str, Any]], sdk: Callable[[str], Any]) -> Any:
    def method(method_name: str) -> Callable[[Any, Any], None]:
        return lambda _, request: seen.append((method_name, request))

    body = {method_name: method(method_name) for method_name in HANDLED[name]}
    return generated(name, "Router")(type("Complete", (generated(name, "Handlers"),), body)(), sdk=sdk)


def router_of_functions(name: str, seen: list[tuple[str, Any]], sdk: Callable[[str], Any]) -> Any:
    def function(method_name: str) -> Callable[[Any], None]:
        return lambda request: seen.append((method_name, request))

    router = generated(name, "Router")(sdk=sdk)
    for method_name in HANDLED[name]:
        registered = function(method_name)
        assert getattr(router, method_name)(registered) is registered
    return router


def filled(message_type: type[Message]) -> Message:
    """Return a message that is not empty."""
    message = message_type()
    for field in message.DESCRIPTOR.fields:
        if field.type == field.TYPE_STRING:
            setattr(message, field.name, "Grüße")
    return message


@pytest.mark.parametrize("make_router", [router_of_a_class, router_of_functions])
@pytest.mark.parametrize("name", HANDLED)
def test_each_message_reaches_its_own_method_with_the_service_s_sdk(name: str, make_router: Callable[..., Any]) -> None:
    seen: list[tuple[str, Any]] = []
    sdk = generated(name, "ServerSdk")(transport=RecordingTransport())
    router = make_router(name, seen, lambda _: sdk)
    methods = []
    for operation in router.operations:
        if operation.direction.inbound:
            sent = filled(operation.message_type)
            assert router(message_event(operation, sent, connection_id="c0nn="), None) == {"statusCode": 200}
            ((method, request),) = seen
            assert (request.message, request.connection_id, request.sdk) == (sent, "c0nn=", sdk)
            assert request.operation is operation
            assert method.replace("_", "") == operation.name.lower().replace("_", "")
            methods.append(method)
            seen.clear()
    assert sorted(methods) == sorted(HANDLED[name])


def test_names_that_routers_own_are_routed_to_the_underscored_methods() -> None:
    seen: list[tuple[str, Any]] = []
    router = router_of_a_class("names.handlers_pushwire.Handlers", seen, lambda _: None)
    note = importlib.import_module("names.handlers_pb2").Note()
    routes = ["OnConnect", "on_connect_", "OnDisconnect", "OnDefault", "Operations", "Close", "To", "Import"]
    for route in routes:
        (operation,) = [each for each in router.operations if each.route == route]
        router(message_event(operation, note), None)
    assert [method for method, _ in seen] == [
        *["on_connect_", "on_connect__", "on_disconnect_", "on_default_", "operations_", "close_", "to_"],
        "import_",
    ]
    assert router(connect_event(), None) == {"statusCode": 200}
    assert len(seen) == len(routes)


def test_an_empty_request_arrives_as_the_empty_message() -> None:
    seen: list[tuple[str, Any]] = []
    router = router_of_functions("names.handlers_pushwire.Tool", seen, lambda _: None)
    router(message_event(generated("names.handlers_pushwire_operations.Tool", "Operations").knock), None)
    ((method, request),) = seen
    assert (method, request.message) == ("knock", empty_pb2.Empty())


def test_a_service_without_inbound_operations_still_routes_connections_and_unknown_messages() -> None:
    seen: list[str] = []
    transport = RecordingTransport()
    router = generated("services.services_pushwire.First", "Router")(
        sdk=lambda _: generated("services.services_pushwire.First", "ServerSdk")(transport=transport)
    )

    @router.on_connect  # type: ignore[untyped-decorator] # of a module made by this test run
    def on_connect(request: Any) -> None:
        seen.append(f"connect {request.connection_id}")

    @router.on_default  # type: ignore[untyped-decorator] # of a module made by this test run
    def on_default(request: Any) -> None:
        note = importlib.import_module("services.services_pb2").Note(text=request.event.body)
        request.sdk.send(request.connection_id, note)

    assert router(connect_event(connection_id="a"), None) == {"statusCode": 200}
    unknown = text_event('{"route":"Odd"}', connection_id="a")
    assert router(unknown, None) == {"statusCode": 200}
    assert seen == ["connect a"]
    assert [message.text for message in transport.sent.to("a")] == ['{"route":"Odd"}']  # type: ignore[attr-defined] # a Note


@pytest.mark.parametrize("name", HANDLED)
def test_a_router_knows_all_operations_in_the_contract_s_order(name: str) -> None:
    router = generated(name, "Router")()
    described = vars(generated(name, "Operations"))
    assert router.operations == tuple(value for key, value in described.items() if not key.startswith("_"))


def test_the_request_of_a_handler_is_positional_so_that_it_may_be_called_anything() -> None:
    handlers = generated("chat.chat_pushwire.Chat", "Handlers")
    (_, request) = inspect.signature(handlers.join_room).parameters.values()
    assert request.kind is inspect.Parameter.POSITIONAL_ONLY


def test_help_says_what_each_part_does_and_quotes_the_contract() -> None:
    handlers, router = (generated("chat.chat_pushwire.Chat", family) for family in ("Handlers", "Router"))
    for cls, does in [
        (handlers, "Handle `JoinRoom`."),
        (router, "Register the function that handles `JoinRoom` messages."),
    ]:
        assert inspect.getdoc(cls.join_room) == f"{does}\n\nEnter a room."
        assert (inspect.getdoc(cls) or "").endswith("\n\nA chat room.")


def test_the_type_of_a_request_names_the_message_and_the_sdk() -> None:
    chat, messages = importlib.import_module("chat.chat_pushwire"), importlib.import_module("chat.chat_pb2")
    annotation = get_type_hints(chat.ChatHandlers.join_room)["request"]
    assert annotation == chat.ChatRequest[messages.JoinRoomRequest]
    assert annotation.__args__ == (messages.JoinRoomRequest, chat.ChatServerSdk)
