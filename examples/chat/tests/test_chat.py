"""The handlers of the chat: the messages that they send, and the connections in the table."""

import importlib
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty

import pushwire
from chat.v1.chat_pb2 import (
    GetHistoryRequest,
    GetHistoryResponse,
    Greeting,
    JoinRoomRequest,
    PingMessage,
    Presence,
    SayRequest,
    Speech,
)
from chat.v1.chat_pushwire import ChatRouter, ChatServerSdk
from chat.v1.chat_pushwire_operations import ChatOperations
from pushwire.store import SqliteStore
from pushwire.testing import RecordingTransport, StoreClock, connect_event, disconnect_event, message_event, text_event

ADA, BOB = "AAAAAAAAAAAAAAA=", "BBBBBBBBBBBBBBB="


@pytest.fixture
def chat(store: SqliteStore, transport: RecordingTransport) -> ChatRouter:
    app = importlib.import_module("app")  # makes a store of its own from the environment
    sdk = ChatServerSdk(transport=transport)
    return ChatRouter(app.Chat(), sdk=lambda _url: sdk, store=store)


def join(chat: ChatRouter, connection_id: str, name: str) -> None:
    connected = chat(connect_event(connection_id=connection_id, query_string_parameters={"user": name.lower()}), None)
    assert connected == {"statusCode": 200}
    event = message_event(
        ChatOperations.join_room, JoinRoomRequest(room="lobby", name=name), connection_id=connection_id
    )
    assert chat(event, None) == {"statusCode": 200}


def test_who_joins_is_greeted_and_all_in_the_room_learn_of_it(chat: ChatRouter, transport: RecordingTransport) -> None:
    join(chat, ADA, "Ada")
    join(chat, BOB, "Bob")
    assert transport.sent.to(BOB) == [
        Greeting(greeting="Welcome to lobby, Bob!"),
        Presence(room="lobby", names=["Ada", "Bob"]),
    ]
    assert transport.sent.to(ADA)[-1] == Presence(room="lobby", names=["Ada", "Bob"])


def test_what_is_said_reaches_everybody_in_the_room(chat: ChatRouter, transport: RecordingTransport) -> None:
    join(chat, ADA, "Ada")
    join(chat, BOB, "Bob")
    chat(message_event(ChatOperations.say, SayRequest(text="Hello, all!"), connection_id=ADA), None)
    speech = Speech(name="Ada", text="Hello, all!")
    assert transport.sent.to(ADA)[-1] == transport.sent.to(BOB)[-1] == speech


def test_members_read_the_last_texts_of_their_room(chat: ChatRouter, transport: RecordingTransport) -> None:
    join(chat, ADA, "Ada")
    for number in range(25):
        chat(message_event(ChatOperations.say, SayRequest(text=str(number)), connection_id=ADA), None)
    ask = GetHistoryRequest(room="lobby")
    chat(message_event(ChatOperations.get_history, ask, id="7", connection_id=ADA), None)
    (history,) = transport.sent.to(ADA)[-1:]
    speeches = [Speech(name="Ada", text=str(number)) for number in range(5, 25)]
    assert history == GetHistoryResponse(speeches=speeches)

    chat(message_event(ChatOperations.get_history, ask, id="7", connection_id=BOB), None)
    assert b'"error":{"code":"permission_denied"' in transport.posts[-1].data


def test_outside_of_a_room_nothing_is_said(chat: ChatRouter, transport: RecordingTransport) -> None:
    chat(connect_event(connection_id=ADA, query_string_parameters={"user": "ada"}), None)
    chat(message_event(ChatOperations.say, SayRequest(text="Anyone?"), connection_id=ADA), None)
    assert transport.sent.to(ADA) == [Greeting(greeting="Enter a room first.")]


def test_who_leaves_hears_no_more(chat: ChatRouter, transport: RecordingTransport) -> None:
    join(chat, ADA, "Ada")
    join(chat, BOB, "Bob")
    chat(message_event(ChatOperations.leave_room, Empty(), connection_id=BOB), None)
    assert transport.sent.to(ADA)[-1] == Presence(room="lobby", names=["Ada"])
    heard = len(transport.sent.to(BOB))
    chat(message_event(ChatOperations.say, SayRequest(text="Gone?"), connection_id=ADA), None)
    assert len(transport.sent.to(BOB)) == heard


def test_who_disconnects_leaves_and_is_forgotten(
    chat: ChatRouter, transport: RecordingTransport, store: SqliteStore
) -> None:
    join(chat, ADA, "Ada")
    join(chat, BOB, "Bob")
    chat(disconnect_event(connection_id=BOB), None)
    assert transport.sent.to(ADA)[-1] == Presence(room="lobby", names=["Ada"])
    assert list(store.of_user("bob")) == []


def test_a_lost_client_is_forgotten_and_keeps_no_message_from_the_others(
    chat: ChatRouter, transport: RecordingTransport, store: SqliteStore, clock: StoreClock
) -> None:
    join(chat, ADA, "Ada")
    join(chat, BOB, "Bob")
    clock.advance(60)
    transport.failures[BOB] = pushwire.ConnectionGoneError()
    chat(message_event(ChatOperations.say, SayRequest(text="Still there?"), connection_id=ADA), None)
    assert transport.sent.to(ADA)[-1] == Speech(name="Ada", text="Still there?")
    assert [member.attributes["name"] for member in store.members("lobby")] == ["Ada"]


def test_without_a_user_the_door_stays_shut(chat: ChatRouter) -> None:
    assert chat(connect_event(connection_id=ADA), None) == {"statusCode": 401}


def test_a_ping_comes_back(chat: ChatRouter, transport: RecordingTransport) -> None:
    chat(message_event(ChatOperations.ping, PingMessage(note="You there?"), connection_id=ADA), None)
    assert transport.sent.to(ADA) == [PingMessage(note="You there? yourself")]


def test_nonsense_is_answered_by_api_gateways_own_words(chat: ChatRouter, transport: RecordingTransport) -> None:
    event: dict[str, Any] = text_event('{"route":"JoinRoom","payload":7}', route_key="JoinRoom", connection_id=ADA)
    assert chat(event, None) == {"statusCode": 200}
    assert transport.posts[0].data.startswith(b'{"message": "Bad request body"')
