"""The server: one Lambda function for all routes of the WebSocket API."""

import logging
from collections import defaultdict, deque

from google.protobuf.empty_pb2 import Empty

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
from chat.v1.chat_pushwire import (
    ChatConnectRequest,
    ChatDisconnectRequest,
    ChatHandlers,
    ChatRequest,
    ChatRouter,
    ChatServerSdk,
)
from pushwire import BroadcastReport, Code, OperationError
from pushwire.aws_lambda import ConnectionAccepted, ConnectionDenied, logging_interceptor
from pushwire.store import ConnectionStore, store_from_environment

logger = logging.getLogger("chat")


class Chat(ChatHandlers):
    def __init__(self) -> None:
        # Each instance of the Lambda function has its own history. A real chat would keep it in a table.
        self._history: defaultdict[str, deque[Speech]] = defaultdict(lambda: deque(maxlen=20))

    def on_connect(self, request: ChatConnectRequest, /) -> ConnectionAccepted:
        user = request.event.query_string_parameters.get("user")  # in production, an authorizer determines the user
        if not user:
            raise ConnectionDenied(status_code=401)
        print("connected:", request.connection_id, flush=True)
        return ConnectionAccepted(user=user)

    def on_disconnect(self, request: ChatDisconnectRequest, /) -> None:
        if request.connection is not None:
            for room in request.connection.topics:
                self._send_presence(request.sdk, request.store, room)
        print("disconnected:", request.connection_id, flush=True)

    def join_room(self, request: ChatRequest[JoinRoomRequest], /) -> None:
        who, store, connection = request.message, request.store, request.store.get(request.connection_id)
        if connection is None:  # it has ended while the message was on its way
            return
        for room in connection.topics - {who.room}:
            store.leave(request.connection_id, room)
        store.identify(request.connection_id, user=connection.user or who.name, attributes={"name": who.name})
        store.join(request.connection_id, who.room)
        request.sdk.send_greeting(request.connection_id, Greeting(greeting=f"Welcome to {who.room}, {who.name}!"))
        self._send_presence(request.sdk, store, who.room)

    def say(self, request: ChatRequest[SayRequest], /) -> None:
        member = request.store.get(request.connection_id)
        if member is None or not member.topics:
            request.sdk.send_greeting(request.connection_id, Greeting(greeting="Enter a room first."))
            return
        speech = Speech(name=member.attributes["name"], text=request.message.text)
        for room in member.topics:
            self._history[room].append(speech)
            log_failures(request.sdk.to(topic=room).said(speech))

    def get_history(self, request: ChatRequest[GetHistoryRequest], /) -> GetHistoryResponse:
        member, room = request.store.get(request.connection_id), request.message.room
        if member is None or room not in member.topics:
            raise OperationError(Code.PERMISSION_DENIED, "only members of a room can read its history")
        return GetHistoryResponse(speeches=self._history[room])

    def leave_room(self, request: ChatRequest[Empty], /) -> None:
        member = request.store.get(request.connection_id)
        for room in member.topics if member is not None else ():
            request.store.leave(request.connection_id, room)
            self._send_presence(request.sdk, request.store, room)

    def ping(self, request: ChatRequest[PingMessage], /) -> None:
        request.sdk.ping(request.connection_id, PingMessage(note=f"{request.message.note} yourself"))

    def _send_presence(self, sdk: ChatServerSdk, store: ConnectionStore, room: str) -> None:
        members = list(store.members(room))
        presence = Presence(room=room, names=sorted(member.attributes["name"] for member in members))
        log_failures(sdk.to([member.connection_id for member in members]).presence_changed(presence))


def log_failures(report: BroadcastReport) -> None:
    """Log each failed send. Closed connections are not failures: the SDK has removed them from the store."""
    for error in report.failed:
        logger.error("%s", error)


handler = ChatRouter(Chat(), interceptors=[logging_interceptor], store=store_from_environment())
