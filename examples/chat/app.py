"""The server: one Lambda function for all routes of the WebSocket API."""

import logging

from google.protobuf.empty_pb2 import Empty

from chat.v1.chat_pb2 import Greeting, JoinRoomRequest, PingMessage, Presence, SayRequest, Speech
from chat.v1.chat_pushwire import (
    ChatConnectRequest,
    ChatDisconnectRequest,
    ChatHandlers,
    ChatRequest,
    ChatRouter,
    ChatServerSdk,
)
from pushwire import BroadcastReport
from pushwire.aws_lambda import ConnectionDenied, logging_interceptor
from store import Store

logger = logging.getLogger("chat")


class Chat(ChatHandlers):
    def __init__(self, store: Store) -> None:
        self._store = store

    def on_connect(self, request: ChatConnectRequest, /) -> None:
        user = request.event.query_string_parameters.get("user")  # in production, an authorizer determines the user
        if not user:
            raise ConnectionDenied(status_code=401)
        self._store.connected(request.connection_id, user)
        print("connected:", request.connection_id, flush=True)

    def on_disconnect(self, request: ChatDisconnectRequest, /) -> None:
        self._leave(request.sdk, request.connection_id)
        self._store.forget(request.connection_id)
        print("disconnected:", request.connection_id, flush=True)

    def join_room(self, request: ChatRequest[JoinRoomRequest], /) -> None:
        who = request.message
        self._store.join(request.connection_id, who.room, who.name)
        request.sdk.send_greeting(request.connection_id, Greeting(greeting=f"Welcome to {who.room}, {who.name}!"))
        self._send_presence(request.sdk, who.room)

    def say(self, request: ChatRequest[SayRequest], /) -> None:
        found = self._store.room_of(request.connection_id)
        if found is None:
            request.sdk.send_greeting(request.connection_id, Greeting(greeting="Enter a room first."))
            return
        room, member = found
        speech = Speech(name=member.name, text=request.message.text)
        listeners = (listener.connection_id for listener in self._store.in_room(room))
        log_failures(request.sdk.to(listeners).said(speech))

    def leave_room(self, request: ChatRequest[Empty], /) -> None:
        self._leave(request.sdk, request.connection_id)

    def ping(self, request: ChatRequest[PingMessage], /) -> None:
        request.sdk.ping(request.connection_id, PingMessage(note=f"{request.message.note} yourself"))

    def _leave(self, sdk: ChatServerSdk, connection_id: str) -> None:
        found = self._store.room_of(connection_id)
        if found is not None:
            self._store.leave(connection_id)
            self._send_presence(sdk, found[0])

    def _send_presence(self, sdk: ChatServerSdk, room: str) -> None:
        members = list(self._store.in_room(room))
        presence = Presence(room=room, names=sorted(member.name for member in members))
        log_failures(sdk.to([member.connection_id for member in members]).presence_changed(presence))


def log_failures(report: BroadcastReport) -> None:
    """Log each failed send. Closed connections are not failures: on_gone has removed them from the store."""
    for error in report.failed:
        logger.error("%s", error)


store = Store()
handler = ChatRouter(
    Chat(store),
    interceptors=[logging_interceptor],
    sdk=lambda url: ChatServerSdk(url, on_gone=store.forget),
)
