"""Makes the pictures of the gateway's console, with the chat example's contract, two clients and a manual clock."""

import base64
import itertools
import random
import sys
from pathlib import Path

from google.protobuf.empty_pb2 import Empty
from tests.support.browser import Browser, missing, started

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
from chat.v1.chat_pushwire import ChatConnectRequest, ChatHandlers, ChatRequest, ChatRouter
from chat.v1.chat_pushwire_operations import ChatOperations
from pushwire.gateway import GatewaySettings, ManualClock
from pushwire.testing import RunningGateway, local_gateway

IMAGES = Path(__file__).parent.parent / "docs" / "images"
SIZE = (1280, 800)
PORT = 3001
BOTTOM = "document.querySelector('details[open] pre').getBoundingClientRect().bottom"
START = 1_790_000_000.0
PRESENCE = '{\n  "room": "lobby",\n  "names": [\n    "Ada",\n    "Ben"\n  ]\n}'


class Chat(ChatHandlers):
    """One room."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def on_connect(self, request: ChatConnectRequest, /) -> None:
        self._names[request.connection_id] = request.event.query_string_parameters["user"]

    def join_room(self, request: ChatRequest[JoinRoomRequest], /) -> None:
        who = request.message
        request.sdk.send_greeting(request.connection_id, Greeting(greeting=f"Welcome to {who.room}, {who.name}!"))

    def say(self, request: ChatRequest[SayRequest], /) -> None:
        speech = Speech(name=self._names[request.connection_id], text=request.message.text)
        for connection_id in self._names:
            request.sdk.said(connection_id, speech)

    def get_history(self, request: ChatRequest[GetHistoryRequest], /) -> GetHistoryResponse:
        return GetHistoryResponse(speeches=[Speech(name=self._names[request.connection_id], text="Hello")])

    def leave_room(self, request: ChatRequest[Empty], /) -> None:
        request.sdk.presence_changed(request.connection_id, Presence(room="lobby"))

    def ping(self, request: ChatRequest[PingMessage], /) -> None:
        request.sdk.ping(request.connection_id, request.message)


def main() -> int:
    lacking = missing()
    if lacking is not None:
        print(lacking, file=sys.stderr)
        return 1
    ids = random.Random(4)
    gateway_of_chat = local_gateway(
        ChatRouter(Chat()),
        settings=GatewaySettings(console=True, port=PORT),
        clock=ManualClock(START),
        new_id=lambda: base64.urlsafe_b64encode(ids.randbytes(11)).decode(),
    )
    IMAGES.mkdir(exist_ok=True)
    with started() as browser, gateway_of_chat as gateway:
        play(browser, gateway)
        for scheme in ("light", "dark"):
            browser.resize(*SIZE, scheme)
            picture = IMAGES / f"console-{scheme}.png"
            picture.write_bytes(browser.screenshot())
            print(f"{picture.relative_to(IMAGES.parents[1])}: {picture.stat().st_size // 1024} kB")
    return 0


def play(browser: Browser, gateway: RunningGateway) -> None:
    pauses = itertools.cycle([1.204, 0.871, 2.038])

    def later() -> None:
        gateway.settled()
        gateway.advance(next(pauses))

    browser.resize(*SIZE)
    browser.open(f"http://127.0.0.1:{PORT}/")
    browser.until_text("#live", "Live")
    browser.find("#client-query").send_keys("user=Ada")
    browser.find("#client button").click()
    browser.until(lambda: gateway.connection_ids)
    later()
    ben = gateway.connect(query={"user": "Ben"}, headers={"User-Agent": "chat-desktop/2.1"})
    later()
    ben.send(ChatOperations.join_room, JoinRoomRequest(room="lobby", name="Ben"))
    later()
    browser.choose("#operation", "JoinRoom")
    browser.find("#json").clear()
    browser.find("#json").send_keys('{"room": "lobby", "name": "Ada"}')
    browser.find("#send-as-client").click()
    browser.until_text("#compose-said", "Sent as")
    later()
    ben.send(ChatOperations.say, SayRequest(text="Hello, Ada!"))
    later()
    ben.send_text("ping")
    later()
    browser.find("#new-fault summary").click()
    browser.find("#fault-times").send_keys("2")
    browser.find("#fault button").click()
    browser.until_text("#faults", "AnswerWith")
    browser.find("#new-fault summary").click()
    browser.choose("#operation", "PresenceChanged")
    browser.find("#json").clear()
    browser.find("#json").send_keys(PRESENCE)
    browser.find("#send-as-server").click()
    browser.until_text("#compose-said", "429")
    later()
    browser.find("#send-as-server").click()
    browser.until(lambda: not gateway.faults.injections)
    later()
    browser.find("#send-as-server").click()
    browser.until_text("#compose-said", "Posted to")
    browser.until_text("#activity", "PresenceChanged")
    browser.all("#activity summary")[-1].click()
    browser.until(lambda: browser.run(f"return {BOTTOM} <= innerHeight"))
    browser.run("document.activeElement.blur()")


if __name__ == "__main__":
    sys.exit(main())
