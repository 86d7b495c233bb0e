"""The messages that generated clients send and receive, and the names of their methods."""

import asyncio
import importlib
import inspect
from typing import Any

import pytest
from google.protobuf.message import Message

from pushwire import Operation
from pushwire.client import Client, Event, GatewayError, UnknownEvent
from pushwire.frame import encode

pytestmark = pytest.mark.usefixtures("importable")

SENT_AND_RECEIVED = {
    "chat.chat_pushwire_client.Chat": (["join_room", "ping"], ["send_greeting", "ping", "poke"]),
    "services.services_pushwire_client.First": ([], ["send"]),
    "services.services_pushwire_client.Receiver": (["take"], []),
    "names.clients_pushwire_client.Own": (
        ["close_", "status_", "on_reconnect_", "import_"],
        ["error", "error_", "import", "on_said", "said"],
    ),
    "names.clients_pushwire_client.Written": (
        *[["callable", "awaitable", "float", "object", "timeout", "listener", "events", "unknown", "clients_pb2"]] * 2,
    ),
    "names.clients_pushwire_client.Echo": (["ping"], ["ping", "echo"]),
    "names.clients_pushwire_client.Other": (["ping"], ["ping"]),
    "wellknown.empty_pushwire_client.Empty": (["take_own", "take_well_known"], ["send_own", "send_well_known"]),
    "deprecations.deprecated_pushwire_client.Old": (["take_last", "take_old"], ["send_last"]),
}
"""The client methods of each service, by module and class prefix."""

UNDERSCORED = {"on_error": "on_error_", "on_error_": "on_error__"}
"""Listeners whose names get an underscore, because the client has the name."""


def generated(name: str, suffix: str) -> Any:
    """Return a class of a service's client module."""
    module, _, prefix = name.rpartition(".")
    return getattr(importlib.import_module(module), f"{prefix}{suffix}")


def operations(name: str) -> list[Operation[Any]]:
    module, _, prefix = name.rpartition(".")
    described = vars(getattr(importlib.import_module(module), f"{prefix}Operations"))
    return [value for value in described.values() if isinstance(value, Operation)]


def listener_name(operation: str) -> str:
    return UNDERSCORED.get(f"on_{operation}", f"on_{operation}")


def filled(message_type: type[Message]) -> Message:
    """Return a message that is not empty."""
    message = message_type()
    for field in message.DESCRIPTOR.fields:
        if field.type == field.TYPE_STRING:
            setattr(message, field.name, "Grüße")
    return message


def a_client(name: str) -> Any:
    """Return a client that is not connected."""
    return generated(name, "Client")("ws://127.0.0.1:9/local")


@pytest.mark.parametrize("name", SENT_AND_RECEIVED)
def test_clients_have_a_method_for_each_message_they_send_and_two_for_each_they_receive(name: str) -> None:
    client = generated(name, "Client")
    sent, received = SENT_AND_RECEIVED[name]
    own = sorted(method for method in vars(client) if not method.startswith("_"))
    derived = [method for operation in received for method in (listener_name(operation), f"wait_for_{operation}")]
    assert own == sorted([*sent, *derived])
    assert {method for method in dir(Client) if not method.startswith("_")}.isdisjoint(own)
    assert all(inspect.iscoroutinefunction(getattr(client, method)) for method in sent)


@pytest.mark.parametrize("name", SENT_AND_RECEIVED)
def test_each_method_sends_its_own_operation(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = a_client(name)
    sent: list[tuple[Operation[Any], Message]] = []

    async def send(operation: Operation[Any], message: Message) -> None:
        sent.append((operation, message))

    monkeypatch.setattr(client._connection, "_send", send)
    inbound = [operation for operation in operations(name) if operation.direction.inbound]
    for method, operation in zip(SENT_AND_RECEIVED[name][0], inbound, strict=True):
        message = filled(operation.message_type)
        takes_message = "message" in inspect.signature(getattr(client, method)).parameters
        asyncio.run(getattr(client, method)(*([message] if takes_message else [])))
        assert sent.pop() == (operation, message)
        assert takes_message is (operation.message_type.DESCRIPTOR.full_name != "google.protobuf.Empty")


@pytest.mark.parametrize("name", SENT_AND_RECEIVED)
def test_each_message_reaches_its_listener_whoever_waits_and_the_iteration_as_its_event(name: str) -> None:
    async def receive() -> None:
        outbound = [operation for operation in operations(name) if operation.direction.outbound]
        for snake, operation in zip(SENT_AND_RECEIVED[name][1], outbound, strict=True):
            client = a_client(name)
            heard: list[Any] = []
            getattr(client, listener_name(snake))(heard.append)
            waiting, events = getattr(client, f"wait_for_{snake}")(), aiter(client)
            message = filled(operation.message_type)
            client._connection._dispatcher.received(encode(operation, message).decode())
            event = await anext(events)
            assert heard == [message]
            assert await waiting == message
            assert isinstance(event, Event)
            assert event.message == message
            assert type(event).__name__.endswith(f"{operation.name}Event")
            await client.close()

    asyncio.run(receive())


def test_an_event_is_named_after_its_service_and_its_operation() -> None:
    module = importlib.import_module("names.clients_pushwire_client")
    assert {"EchoPingEvent", "OtherPingEvent", "EchoEchoEvent", "OwnSaidEvent"} <= vars(module).keys()
    assert module.EchoEvent == module.EchoPingEvent | module.EchoEchoEvent | GatewayError | UnknownEvent
    assert module.WrittenEvent.__args__[-3:] == (module.WrittenClientsPb2Event, GatewayError, UnknownEvent)


def test_a_service_that_sends_nothing_has_the_two_events_of_every_service() -> None:
    event = importlib.import_module("services.services_pushwire_client").ReceiverEvent
    assert event == GatewayError | UnknownEvent


def test_the_client_s_operations_are_the_server_s() -> None:
    client, server, own = (
        importlib.import_module(f"chat.chat_pushwire{suffix}") for suffix in ("_client", "", "_operations")
    )
    assert client.ChatOperations is server.ChatOperations is own.ChatOperations
    assert not hasattr(client, "ChatServerSdk")


def test_help_says_what_each_part_does_and_quotes_the_contract() -> None:
    client = generated("chat.chat_pushwire_client.Chat", "Client")
    assert (inspect.getdoc(client) or "").startswith("Client of `chat.ChatService`:")
    assert (inspect.getdoc(client) or "").endswith("\n\nA chat room.")
    assert inspect.getdoc(client.join_room) == (
        "Send `JoinRoom`. With `confirm=True`, wait up to `timeout` seconds (30) until it is handled.\n\nEnter a room."
    )
    event = generated("chat.chat_pushwire_client.", "ChatSendGreetingEvent")
    for part, summary in [
        (client.on_send_greeting, "Call `listener` with each `SendGreeting` message. Return a function that"),
        (
            client.wait_for_send_greeting,
            "Wait up to `timeout` seconds for the next `SendGreeting` message and return it.",
        ),
        (event, "A received `SendGreeting` message."),
    ]:
        text = inspect.getdoc(part) or ""
        assert text.startswith(summary)
        assert text.endswith("\n\nGreet one client.")
