"""The browser's page: its TypeScript, compiled, in a real browser, against `pushwire dev`."""

import base64
import functools
import http.server
import os
import shlex
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.snippets import run, snippet
from tests.support import browser as browsers
from tests.support.node import node, npm
from tests.support.tools import environment

# The page is the same for every Python, and npm installs what its TypeScript needs.
pytestmark = [pytest.mark.repository, pytest.mark.at_length]

PAGE = "docs/browser.md"
INDEX = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script src="main.js"></script>'
HANDLER = """
from chat.v1.chat_pb2 import Greeting
from chat.v1.chat_pushwire import ChatHandlers, ChatRouter, ChatServerSdk
from pushwire import Format

binary = {}  # beside each SDK for JSON


class Chat(ChatHandlers):
    def join_room(self, request, /):
        request.sdk.send_greeting(request.connection_id, Greeting(greeting=f"Hi {request.message.name}"))

    def ping(self, request, /):
        binary[request.sdk].ping(request.connection_id, request.message)


def sdk(callback_url):
    json = ChatServerSdk(callback_url)
    binary[json] = ChatServerSdk(callback_url, frame_format=Format.BINARY)
    return json


handler = ChatRouter(Chat(), sdk=sdk)
"""

READER = """
import { read } from "./frames";
import { ChatService } from "./gen/chat/v1/chat_pb";

for (const text of process.argv.slice(2)) {
  try {
    console.log(JSON.stringify(read(text, ChatService)[1]));
  } catch (error) {
    console.log(error.message);
  }
}
"""


def path_with(*folders: Path) -> str:
    return os.pathsep.join([*map(str, folders), environment()["PATH"]])


@pytest.fixture(scope="module")
def packages(pytestconfig: pytest.Config) -> Path:
    """What the page has npm install, kept in pytest's cache."""
    program, install = node(), npm()
    if program is None or install is None:
        pytest.skip("node or npm is missing, which compile TypeScript")
    folder = Path(pytestconfig.cache.mkdir("browser-page"))
    words = shlex.split(snippet(PAGE, "sh", "npm install"))[1:]
    if not all((folder / "node_modules" / word.removesuffix("@2")).exists() for word in words[1:]):
        command = [*install, *words, "--no-audit", "--no-fund"]
        settings = environment(PATH=path_with(Path(program).parent))
        done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm cannot install what compiles TypeScript: {done.stderr.strip()[-200:]}")
    return folder / "node_modules"


@pytest.fixture
def web(chat: Path, packages: Path) -> Path:
    """Make the folder of the page, with its files and the results of its commands."""
    (chat / "node_modules").symlink_to(packages)
    with (chat / "buf.gen.yaml").open("a") as file:
        file.write(snippet(PAGE, "yaml", "protoc-gen-es"))
    path = path_with(Path(str(node())).parent, packages / ".bin")
    run("buf", "generate", folder=chat, PATH=path)
    (chat / "web" / "frames.ts").write_text(snippet(PAGE, "ts", "export function"))
    (chat / "web" / "main.ts").write_text(snippet(PAGE, "ts", "new WebSocket"))
    (chat / "web" / "index.html").write_text(INDEX)
    run("bash", "-ec", snippet(PAGE, "sh", "npx").replace("npx ", ""), folder=chat, PATH=path)
    return chat / "web"


@pytest.fixture
def gateway(chat: Path) -> Iterator[str]:
    """The URL of `pushwire dev`."""
    (chat / "app.py").write_text(HANDLER)
    command = ["pushwire", "dev", "app:handler", "--port", "0"]
    with subprocess.Popen(command, cwd=chat, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@pytest.fixture
def site(web: Path) -> Iterator[str]:
    """The URL under which the page is served."""

    class Files(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Files, directory=str(web))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_browser_reads_and_writes_both_formats(web: Path, gateway: str, site: str) -> None:
    lacking = browsers.missing()
    if lacking is not None:
        pytest.skip(lacking)
    script = (web / "main.js").read_text()
    assert "ws://127.0.0.1:3000/local" in script
    (web / "main.js").write_text(script.replace("ws://127.0.0.1:3000/local", gateway))
    with browsers.started() as browser:
        browser.open(site)
        browser.until_text("body", "SendGreeting: Hi Ada")
        browser.until_text("body", 'Ping: {"$typeName":"chat.v1.PingMessage","note":"Grüße"}')
        assert browser.complaints() == []


def test_what_is_no_message_of_the_service_is_thrown(web: Path) -> None:
    (web / "reader.ts").write_text(READER)
    command = ["../node_modules/.bin/esbuild", "reader.ts", "--bundle", "--platform=node", "--outfile=reader.cjs"]
    run(*command, folder=web)
    frames = [
        '{"route":"SendGreeting","payload":{"greeting":"Hi","added":"later"}}',
        '{"route":"SendGreeting"}',
        '{"message": "Forbidden", "connectionId":"a=", "requestId":"b="}',
        '{"route":"Renamed"}',
        base64.b64encode(b"\x0a\x07Renamed").decode(),
    ]
    assert run(str(node()), "reader.cjs", *frames, folder=web).splitlines() == [
        '{"$typeName":"chat.v1.Greeting","greeting":"Hi"}',
        '{"$typeName":"chat.v1.Greeting","greeting":""}',
        "Forbidden",
        "no operation has the route Renamed",
        "no operation has the route Renamed",
    ]
