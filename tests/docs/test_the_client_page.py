"""The client's page, against the local gateway and the handlers of their own page."""

import sys
import textwrap
from pathlib import Path

from tests.docs.snippets import run, snippet, write_contract

ROOMS = """
syntax = "proto3";
package rooms.v1;
import "google/protobuf/empty.proto";
import "pushwire/v1/options.proto";
service RoomsService {
  rpc Watch(google.protobuf.Empty) returns (google.protobuf.Empty) {
    option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER};
  }
}
"""


def write_module(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(textwrap.dedent(text))


def page(containing: str) -> str:
    return snippet("docs/client.md", "python", containing)


def test_it_type_checks(chat: Path) -> None:
    write_contract(chat, "rooms/v1/rooms.proto", ROOMS)
    run("buf", "generate", folder=chat)
    write_module(chat, "app", snippet("docs/handlers.md", "python", "class Chat("))
    modules = {
        "page": "async def chat",
        "device": "async def device_auth",
        "shared": "async def both",
        "tls": "ssl.create_default_context",
        "test_page": "async def who",
    }
    for module, containing in modules.items():
        write_module(chat, module, page(containing))
    run("mypy", "--strict", "--explicit-package-bases", ".", folder=chat)


def test_its_first_snippet_greets_and_its_tests_pass(chat: Path) -> None:
    write_module(chat, "app", snippet("docs/handlers.md", "python", "class Chat("))
    write_module(chat, "page", page("async def chat"))
    write_module(chat, "test_page", page("def test_who_is_cut_off"))
    write_module(
        chat,
        "run",
        """
        import asyncio
        import app
        import page
        from pushwire.testing import local_gateway

        with local_gateway(app.handler) as gateway:
            asyncio.run(page.chat(gateway.url))
        """,
    )
    printed = run(sys.executable, "run.py", folder=chat)
    assert printed.splitlines()[-2:] == ["Hi Ada", "Hi Ada"]
    assert "1 passed" in run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_page.py", folder=chat)


def test_an_auth_of_ones_own_reaches_the_server(chat: Path) -> None:
    write_module(chat, "device", page("async def device_auth"))
    write_module(
        chat,
        "run",
        """
        import asyncio
        from chat.v1.chat_pushwire_client import ChatClient
        from device import device_auth
        from pushwire.testing import local_gateway

        events = []

        def handler(event: dict[str, object], context: object) -> dict[str, int]:
            events.append(event)
            return {"statusCode": 200}

        async def connect(url: str) -> None:
            async with ChatClient(url, auth=device_auth):
                pass

        with local_gateway(handler) as gateway:
            asyncio.run(connect(gateway.url))
        print(events[0]["queryStringParameters"], events[0]["headers"]["X-Version"])
        """,
    )
    assert run(sys.executable, "run.py", folder=chat, DEVICE_ID="7").strip() == "{'device': '7'} 3"


def test_two_services_share_its_connection(chat: Path) -> None:
    write_contract(chat, "rooms/v1/rooms.proto", ROOMS)
    run("buf", "generate", folder=chat)
    write_module(chat, "shared", page("async def both"))
    write_module(
        chat,
        "run",
        """
        import asyncio
        import shared
        from chat.v1.chat_pb2 import Greeting
        from chat.v1.chat_pushwire import ChatRouter, ChatServerSdk
        from pushwire.aws_lambda import Router
        from pushwire.testing import local_gateway
        from rooms.v1.rooms_pushwire import RoomsRouter

        rooms = RoomsRouter()

        @rooms.watch
        def watch(request):
            with ChatServerSdk(gateway.callback_url) as sdk:
                sdk.send_greeting(request.connection_id, Greeting(greeting="Hi Ada"))

        def show(event):
            print(event)
            raise SystemExit  # one is enough

        shared.print = show
        with local_gateway(Router(ChatRouter(), rooms)) as gateway:
            asyncio.run(shared.both(gateway.url))
        """,
    )
    assert "ChatSendGreetingEvent(" in run(sys.executable, "run.py", folder=chat)
