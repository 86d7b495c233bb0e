"""Invocations of a router."""

import json
import sys

from scripts.benches.measuring import EXAMPLE, compare, cpu

INVOCATIONS = 5_000


def dispatch(rounds: int) -> dict[str, float]:
    """Measure the CPU time of a router with an empty handler, compared with parsing of the payload alone."""
    from google.protobuf import json_format

    sys.path.insert(0, str(EXAMPLE))
    from chat.v1.chat_pb2 import JoinRoomRequest
    from chat.v1.chat_pushwire import ChatRouter, ChatServerSdk
    from chat.v1.chat_pushwire_operations import ChatOperations
    from pushwire.testing import RecordingTransport, message_event

    sdk = ChatServerSdk(transport=RecordingTransport())
    router = ChatRouter(sdk=lambda _url: sdk)
    router.join_room(lambda _request: None)
    event = message_event(ChatOperations.join_room, JoinRoomRequest(room="lobby", name="Ada"))
    body = event["body"]

    def routed() -> None:
        for _ in range(INVOCATIONS):
            router(event, None)

    def parsed() -> None:
        for _ in range(INVOCATIONS):
            json_format.ParseDict(json.loads(body)["payload"], JoinRoomRequest())

    print(f"dispatch: microseconds of CPU per invocation, {INVOCATIONS:,} invocations a round")
    scale = 1e6 / INVOCATIONS
    return compare(
        {"router": cpu(routed, scale), "json.loads and ParseDict": cpu(parsed, scale)},
        rounds,
        base="json.loads and ParseDict",
        unit="µs",
    )
