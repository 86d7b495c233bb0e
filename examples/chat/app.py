"""The server: one Lambda for every route. It greets who joins, and answers pings."""

import json
from typing import Any

from chat.v1.chat_pb2 import Greeting, JoinRoomRequest, PingMessage
from chat.v1.chat_pushwire import ChatServerSdk
from google.protobuf import json_format

sdk = ChatServerSdk()  # posts to PUSHWIRE_CALLBACK_URL


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    connection_id: str = event["requestContext"]["connectionId"]
    route: str = event["requestContext"]["routeKey"]
    match route:
        case "$connect":
            print("connected:", connection_id, flush=True)
        case "$disconnect":
            print("disconnected:", connection_id, flush=True)
        case "JoinRoom":
            who = json_format.ParseDict(payload(event), JoinRoomRequest())
            sdk.send_greeting(connection_id, Greeting(greeting=f"Welcome to {who.room}, {who.name}!"))
        case "ping":
            ping = json_format.ParseDict(payload(event), PingMessage())
            sdk.ping(connection_id, PingMessage(note=f"{ping.note} yourself"))
        case _:
            print("nobody handles:", route, flush=True)
    return {"statusCode": 200}


def payload(event: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(event["body"]).get("payload", {})
    return message
