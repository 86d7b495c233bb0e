"""Every snippet of the documentation is run, or checked to be what another test runs."""

import inspect
import json
import re
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.docs.snippets import ROOT, run, snippet, snippets, write_contract
from tests.support.fault_server import FaultServer, answer
from tests.support.tools import environment

from pushwire.testing import connect_event, disconnect_event, message_event
from scripts import bench

pytestmark = pytest.mark.repository

CHAT = ROOT / "examples" / "chat"


def test_no_snippet_is_forgotten() -> None:
    # A new snippet belongs into a test of this file, or into one that it names, and then into this table.
    assert Counter((each.page, each.language) for each in snippets()) == {
        ("README.md", "proto"): 1,
        ("README.md", "yaml"): 1,
        ("README.md", "python"): 2,  # the second: tests/cdk/test_the_pages.py
        ("README.md", "sh"): 1,  # tests/test_newcomer.py
        ("CONTRIBUTING.md", "sh"): 1,
        ("docs/browser.md", "sh"): 3,  # tests/docs/test_the_browser_page.py, as all of the page
        ("docs/browser.md", "ts"): 2,
        ("docs/browser.md", "yaml"): 1,
        ("docs/client.md", "python"): 5,  # tests/docs/test_the_client_page.py
        ("docs/client.md", "sh"): 1,
        ("docs/contract.md", "proto"): 1,
        ("docs/contract.md", "sh"): 1,
        ("docs/contract.md", "text"): 1,
        ("docs/deploy.md", "sh"): 2,
        ("docs/deploy.md", "yaml"): 2,  # tests/docs/test_the_deploy_page.py
        ("docs/deploy.md", "hcl"): 1,  # the same
        ("docs/deploy.md", "python"): 6,  # tests/cdk/test_the_pages.py, and the one below
        ("docs/deploy.md", "text"): 1,
        ("docs/fanout.md", "python"): 4,  # tests/docs/test_the_fanout_page.py, tests/cdk/test_the_pages.py
        ("docs/fanout.md", "yaml"): 1,
        ("docs/getting-started.md", "sh"): 8,  # tests/test_newcomer.py, and the ones below
        ("docs/getting-started.md", "json"): 1,
        ("docs/getting-started.md", "proto"): 1,
        ("docs/getting-started.md", "toml"): 1,
        ("docs/getting-started.md", "yaml"): 3,
        ("docs/handlers.md", "python"): 7,
        ("docs/logs.md", "json"): 1,  # tests/docs/test_the_page_about_logs.py
        ("docs/performance.md", "sh"): 1,
        ("docs/replies.md", "proto"): 1,  # tests/docs/test_the_replies_page.py
        ("docs/replies.md", "python"): 3,
        ("docs/sending.md", "python"): 7,
        ("docs/store.md", "python"): 6,  # tests/docs/test_the_store_page.py, and tests/cdk/test_the_pages.py
        ("docs/store.md", "yaml"): 1,
        ("docs/testing.md", "shell"): 1,
        ("docs/testing.md", "python"): 8,
        ("examples/chat/README.md", "sh"): 5,  # tests/test_demo.py, tests/cdk, its own tests
        ("examples/chat/README.md", "python"): 1,
        **gateway_page(),
    }


def gateway_page() -> dict[tuple[str, str], int]:
    """The pages of the gateway are checked by the gateway's own tests."""
    return Counter((each.page, each.language) for each in snippets() if each.page.startswith("docs/gateway"))


def test_the_readme_goes_from_contract_to_frame(workspace: Path) -> None:
    write_contract(workspace, "chat/v1/chat.proto", snippet("README.md", "proto", "service ChatService"))
    run("buf", "lint", folder=workspace)
    run("buf", "generate", folder=workspace)
    code = 'connection_id = "R0oXAdfD0kwCH6w="\n' + snippet("README.md", "python", "ChatServerSdk")
    (workspace / "send.py").write_text(code + "sdk.close()\n")
    run("mypy", "--strict", "--explicit-package-bases", "send.py", "chat", folder=workspace)
    with FaultServer(answer(200)) as server:
        run(sys.executable, "send.py", folder=workspace, PUSHWIRE_CALLBACK_URL=server.url)
    body = server.requests[0].body.decode()
    assert body == '{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'
    assert f"`{body}`" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_the_buf_gen_yaml_of_a_page_is_part_of_the_examples(page: str) -> None:
    shown: Any = YAML(typ="safe").load(snippet(page, "yaml", "protoc-gen-pushwire"))
    whole: Any = YAML(typ="safe").load((CHAT / "buf.gen.yaml").read_text())
    assert shown["inputs"] == whole["inputs"]
    assert [p for p in shown["plugins"] if not any(p.items() <= each.items() for each in whole["plugins"])] == []


def test_the_benchmarks_of_the_performance_page_are_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (command,) = [each.text for each in snippets() if each.page == "docs/performance.md"]
    taken: list[int] = []

    def measured(rounds: int) -> dict[str, float]:
        taken.append(rounds)
        return {"figure": 1.0}

    monkeypatch.setattr(bench, "BY_NAME", dict.fromkeys(bench.BY_NAME, measured))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", command.split())
    assert bench.main() == 0
    assert taken == [7] * len(bench.BENCHES)
    assert json.loads((tmp_path / "out.json").read_text()) == {key: {"figure": 1.0} for key in bench.BENCHES}
    some = re.findall(r"`scripts/bench ([a-z ]+)`", (ROOT / "docs/performance.md").read_text())
    assert {name for names in some for name in names.split()} < set(bench.BY_NAME)


def test_the_contract_page_generates_with_buf_and_with_its_protoc_command(workspace: Path) -> None:
    write_contract(workspace, "shop/v1/order.proto", snippet("docs/contract.md", "proto", "OrderService"))
    run("buf", "lint", folder=workspace)
    run("buf", "generate", folder=workspace)
    generated = workspace / "shop" / "v1" / "order_pushwire.py"
    text = generated.read_text()
    assert "class OrderServerSdk" in text
    assert "def order_progressed(" in text
    assert re.search(r"def ping\(\s*self,\s*connection_id: str,?\s*\) -> None", text)
    generated.unlink()
    run("bash", "-ec", snippet("docs/contract.md", "sh", "grpc_tools.protoc"), folder=workspace)
    assert generated.read_text() == text


def test_the_contract_pages_error_is_what_the_plugin_says(workspace: Path) -> None:
    contract = snippet("docs/contract.md", "proto", "OrderService")
    option = "    option (pushwire.v1.operation) = {direction: DIRECTION_CLIENT_TO_SERVER};\n"
    write_contract(workspace, "shop/v1/order.proto", contract.replace(option, ""))
    done = subprocess.run(
        ["buf", "generate"], cwd=workspace, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert snippet("docs/contract.md", "text", "OrderService").strip() in done.stderr


def test_getting_started_marks_an_rpc_of_a_contract_that_was_there(workspace: Path) -> None:
    head = 'syntax = "proto3";\npackage chat.v1;\nmessage Greeting { string text = 1; }\n'
    fragment = snippet("docs/getting-started.md", "proto", "ChatService")
    imports, service = fragment.split("service ", 1)
    write_contract(workspace, "chat/v1/chat.proto", head.replace("message", f"{imports}message") + f"service {service}")
    run("buf", "generate", folder=workspace)
    assert (workspace / "chat" / "v1" / "chat_pushwire.py").exists()
    (workspace / "chat" / "v1" / "chat_pushwire.py").unlink()
    run("bash", "-ec", snippet("docs/getting-started.md", "sh", "grpc_tools.protoc"), folder=workspace)
    assert (workspace / "chat" / "v1" / "chat_pushwire.py").exists()


def test_getting_starteds_settings_check_and_test_a_src_layout(tmp_path: Path) -> None:
    run("pushwire", "init", "hello", folder=tmp_path)
    project = tmp_path / "hello"
    (project / "src").mkdir()
    for name in ("app.py", "send.py"):
        (project / name).rename(project / "src" / name)
    entries = project / "buf.gen.yaml"
    entries.write_text(entries.read_text().replace("out: .", "out: src"))
    head = '[project]\nname = "hello"\nversion = "0.1.0"\n\n'
    (project / "pyproject.toml").write_text(head + snippet("docs/getting-started.md", "toml", "mypy_path"))
    run("buf", "generate", folder=project)
    assert (project / "src" / "hello" / "v1" / "hello_pushwire.py").exists()
    run("mypy", ".", folder=project)
    assert "0 errors" in run("pyright", "--pythonpath", sys.executable, folder=project)
    assert "1 passed" in run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", folder=project)


def test_getting_started_generates_from_several_modules(tmp_path: Path) -> None:
    (tmp_path / "buf.yaml").write_text("version: v2\nmodules:\n  - path: common\n  - path: chat\n")
    write_two_contracts(tmp_path / "common", tmp_path / "chat")
    generate_from(tmp_path, snippet("docs/getting-started.md", "yaml", "directory: common"))


def test_getting_started_generates_from_a_module_at_the_top(tmp_path: Path) -> None:
    (tmp_path / "buf.yaml").write_text("version: v2\nmodules:\n  - path: .\n")
    write_two_contracts(tmp_path, tmp_path)
    inputs = snippet("docs/getting-started.md", "yaml", "paths: [chat]")
    generate_from(tmp_path, inputs.replace("[chat]", "[chat, common]"))


def write_two_contracts(common: Path, chat: Path) -> None:
    """Write a contract, and one that imports it, into the folders of their modules."""
    types = 'syntax = "proto3";\npackage common.v1;\nmessage Greeting { string text = 1; }\n'
    imports, service = snippet("docs/getting-started.md", "proto", "ChatService").split("service ", 1)
    service = service.replace("(Greeting)", "(common.v1.Greeting)")
    head = f'syntax = "proto3";\npackage chat.v1;\n{imports}import "common/v1/types.proto";\n'
    for path, text in (
        (common / "common/v1/types.proto", types),
        (chat / "chat/v1/chat.proto", f"{head}service {service}"),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(text)


def generate_from(workspace: Path, inputs: str) -> None:
    """Vendor the options, and generate importable code from these `inputs` of `buf.gen.yaml`, without the options."""
    run("pushwire", "vendor", ".", folder=workspace)
    plugins = snippet("README.md", "yaml", "protoc-gen-pushwire").partition("plugins:")[2]
    (workspace / "buf.gen.yaml").write_text(f"version: v2\n{inputs}plugins:{plugins}")
    run("buf", "lint", folder=workspace)
    run("buf", "generate", folder=workspace)
    run(sys.executable, "-c", "import chat.v1.chat_pushwire, common.v1.types_pb2", folder=workspace)
    assert not (workspace / "pushwire").exists()


def test_getting_starteds_relative_imports_work_inside_a_package(workspace: Path) -> None:
    write_contract(workspace, "chat/v1/chat.proto", snippet("README.md", "proto", "service ChatService"))
    entries = snippet("README.md", "yaml", "protoc-gen-pushwire").replace("out: .", "out: src/myapp/gen")
    (workspace / "buf.gen.yaml").write_text(f"{entries}    opt: imports=relative\n")
    run("buf", "generate", folder=workspace)
    run(sys.executable, "-c", "import myapp.gen.chat.v1.chat_pushwire", folder=workspace / "src")


def test_getting_started_shows_the_frame_that_the_newcomers_chain_receives() -> None:
    frame = snippet("docs/getting-started.md", "json", "SendGreeting").strip()
    assert json.loads(frame)["route"] == "SendGreeting"
    assert frame in (ROOT / "tests" / "test_newcomer.py").read_text().replace('\\"', '"')


def test_the_sending_page_type_checks_and_runs(chat: Path) -> None:
    greet = snippet("docs/sending.md", "python", "def greet(")
    greet = greet.replace(
        "...  # delete the id, unless you stored it within 30 seconds", "print('gone', connection_id)"
    )
    connections = snippet("docs/sending.md", "python", "sdk.connections.get(connection_id)")
    (chat / "prime.py").write_text(snippet("docs/sending.md", "python", "contextlib.suppress(SendError)"))
    call = (
        f'\nconnection_id = "R0oXAdfD0kwCH6w="\ngreet(connection_id)\n{connections}sdk.close()\nprint(info.source_ip)\n'
    )
    (chat / "send.py").write_text(greet + call)
    (chat / "test_send.py").write_text(snippet("docs/sending.md", "python", "RecordingTransport"))
    run("mypy", "--strict", "--explicit-package-bases", "send.py", "prime.py", "test_send.py", "chat", folder=chat)
    time = "2024-02-09T18:11:43Z"
    info = {"connectedAt": time, "lastActiveAt": time, "identity": {"sourceIp": "192.0.2.1"}}
    with FaultServer(answer(410), answer(200, json.dumps(info).encode()), answer(204)) as server:
        printed = run(sys.executable, "send.py", folder=chat, PUSHWIRE_CALLBACK_URL=server.url)
    assert printed.split() == ["gone", "R0oXAdfD0kwCH6w=", "192.0.2.1"]
    assert [request.method for request in server.requests] == ["POST", "GET", "DELETE"]
    with FaultServer(answer(410)) as server:
        run(sys.executable, "prime.py", folder=chat, PUSHWIRE_CALLBACK_URL=server.url)
    assert [request.method for request in server.requests] == ["GET"]
    assert "1 passed" in run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_send.py", folder=chat)


def test_the_sending_pages_broadcasts_type_check_and_run(chat: Path) -> None:
    (chat / "many.py").write_text(snippet("docs/sending.md", "python", "def greet_all"))
    (chat / "room.py").write_text(snippet("docs/sending.md", "python", "def greet_room"))
    (chat / "run.py").write_text(
        textwrap.dedent("""
        import asyncio
        import os
        from collections.abc import AsyncIterator
        from chat.v1.chat_pushwire import ChatServerSdk
        from many import greet_all
        from room import greet_room

        async def members() -> AsyncIterator[str]:
            yield "a="
            yield "b="

        with ChatServerSdk() as sdk:
            report = greet_all(sdk, ["a=", "b=", "a="])
            assert report.failed == ()
        print(asyncio.run(greet_room(members())), "in the room")
        """)
    )
    run("mypy", "--strict", "--explicit-package-bases", "many.py", "room.py", "run.py", "chat", folder=chat)
    with FaultServer(answer(200)) as server:
        printed = run(sys.executable, "run.py", folder=chat, PUSHWIRE_CALLBACK_URL=server.url)
    assert printed.splitlines() == ["3 accepted, 0 gone, 0 unsent", "2 in the room"]
    assert len(server.requests) == 5


def test_the_sending_page_goes_without_boto3(chat: Path) -> None:
    (chat / "lean.py").write_text(snippet("docs/sending.md", "python", "AsyncHttpTransport"))
    (chat / "run.py").write_text(
        textwrap.dedent("""
        import asyncio
        import sys
        from lean import welcome, welcome_all

        welcome("R0oXAdfD0kwCH6w=")
        print(asyncio.run(welcome_all(["a=", "b="])), "boto3" in sys.modules)
        """)
    )
    run("mypy", "--strict", "--explicit-package-bases", "lean.py", "run.py", "chat", folder=chat)
    with FaultServer(answer(200)) as server:
        printed = run(sys.executable, "run.py", folder=chat, PUSHWIRE_CALLBACK_URL=server.url)
    assert printed.split() == ["2", "False"]
    assert len(server.requests) == 3


def test_the_handlers_page_type_checks_and_runs(chat: Path) -> None:
    (chat / "app.py").write_text(snippet("docs/handlers.md", "python", "class Chat("))
    (chat / "functions.py").write_text(snippet("docs/handlers.md", "python", "@chat.join_room"))
    (chat / "greeting.py").write_text(snippet("docs/handlers.md", "python", "def greet"))
    (chat / "timing.py").write_text(snippet("docs/handlers.md", "python", "StateKey"))
    (chat / "wrapped.py").write_text(snippet("docs/handlers.md", "python", "functools.wraps"))
    (chat / "warm.py").write_text(snippet("docs/deploy.md", "python", "warmup"))
    (chat / "later.py").write_text(snippet("docs/handlers.md", "python", "class AsyncChat("))
    (chat / "test_app.py").write_text(snippet("docs/handlers.md", "python", "message_event"))
    (chat / "test_others.py").write_text(
        textwrap.dedent("""
        import functions, greeting, later, timing, warm, wrapped
        from app import Chat
        from chat.v1.chat_pb2 import Greeting, JoinRoomRequest
        from chat.v1.chat_pb2 import PingMessage
        from chat.v1.chat_pushwire import AsyncChatRouter, AsyncChatServerSdk, ChatRouter, ChatServerSdk
        from chat.v1.chat_pushwire_operations import ChatOperations
        from pushwire.testing import AsyncRecordingTransport, RecordingTransport, connect_event, message_event

        JOIN = message_event(ChatOperations.join_room, JoinRoomRequest(room="lobby", name="Ada"), connection_id="a=")

        def test_the_door() -> None:
            router = ChatRouter(Chat())
            assert router(connect_event(), None) == {"statusCode": 401}
            known = connect_event(query_string_parameters={"token": "secret"})
            assert router(known, None) == {"statusCode": 200}

        def test_a_function_around_the_router() -> None:
            assert wrapped.handler(connect_event(), None) == {"statusCode": 401}
            assert wrapped.handler.operations == wrapped.router.operations

        def test_a_ping_that_keeps_the_function_warm() -> None:
            assert warm.handler({"warmup": True}, None) == {"warm": True}
            assert warm.handler(connect_event(), None) == {"statusCode": 401}

        def test_functions_and_timing(capsys) -> None:
            assert functions.handler(JOIN, None) == {"statusCode": 200}
            assert capsys.readouterr().out == "lobby a=\\n"
            ChatRouter(Chat(), interceptors=[timing.timed])(connect_event(), None)
            assert not capsys.readouterr().out.startswith("JoinRoom")

        def test_greeting_at_the_first_message() -> None:
            transport = RecordingTransport()
            router = ChatRouter(sdk=lambda _url: ChatServerSdk(transport=transport))
            router.join_room(greeting.greet)
            router(JOIN, None)
            assert transport.sent.to("a=") == [Greeting(greeting="Hi Ada")]

        def test_async_handlers(capsys) -> None:
            transport = AsyncRecordingTransport()
            sdk = AsyncChatServerSdk(transport=transport)
            router = AsyncChatRouter(later.AsyncChat(), interceptors=[later.logged], sdk=lambda _url: sdk)
            router(JOIN, None)
            assert transport.sent.to("a=") == [Greeting(greeting="Hi Ada"), PingMessage(note="Ada is here")]
            assert capsys.readouterr().out == "-> JoinRoom\\n"
            later.handler(connect_event(), None)
        """)
    )
    run(
        "mypy",
        "--strict",
        "--explicit-package-bases",
        "app.py",
        "functions.py",
        "greeting.py",
        "timing.py",
        "wrapped.py",
        "warm.py",
        "later.py",
        "test_app.py",
        "chat",
        folder=chat,
    )
    printed = run(
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_app.py", "test_others.py", folder=chat
    )
    assert "7 passed" in printed


def test_the_chat_examples_page_sends(chat: Path) -> None:
    code = snippet("examples/chat/README.md", "python", "ChatServerSdk")
    with FaultServer(answer(200)) as server:
        code = code.replace("http://127.0.0.1:3000/local", server.url)
        (chat / "push.py").write_text(f'connection_id = "R0oXAdfD0kwCH6w="\n{code}')
        run(sys.executable, "push.py", folder=chat)
    assert json.loads(server.requests[0].body) == {"route": "SendGreeting", "payload": {"greeting": "Hello!"}}


def test_the_pushwire_commands_that_the_pages_name_exist() -> None:
    lines = [line.strip() for each in snippets() if each.language == "sh" for line in each.text.splitlines()]
    commands = {words[1] for line in lines if (words := line.split()) and words[0] == "pushwire"}
    assert commands == {"dev", "init", "vendor"}
    for command in sorted(commands):
        assert f"pushwire {command}" in run("pushwire", command, "--help", folder=ROOT)


def test_the_testing_page_type_checks_and_runs(chat: Path) -> None:
    (chat / "app.py").write_text(snippet("docs/handlers.md", "python", "class Chat"))
    (chat / "conftest.py").write_text(
        snippet("docs/testing.md", "python", "os.environ") + snippet("docs/testing.md", "python", "pytest_plugins")
    )
    (chat / "greeting.py").write_text(
        "from chat.v1.chat_pb2 import Greeting\nfrom chat.v1.chat_pushwire import ChatServerSdk\n\n"
        "sdk = ChatServerSdk()\n\n\ndef greet(connection_id: str) -> None:\n"
        '    sdk.send_greeting(connection_id, Greeting(greeting="Hello!"))\n'
    )
    (chat / "joining.py").write_text(snippet("docs/testing.md", "python", "async def join"))
    for number, part in enumerate(("LocalGateways", "test_idle", "test_a_send", "test_a_close_code", "monkeypatch")):
        (chat / f"test_{number}.py").write_text(snippet("docs/testing.md", "python", part))
    (chat / "test_joining.py").write_text(
        "import asyncio, joining\n\ndef test_it(): assert asyncio.run(joining.join()).greeting == 'Hi Ada'\n"
    )
    run("mypy", "--strict", "--explicit-package-bases", ".", "--exclude", "test_joining", folder=chat)
    assert "6 passed" in run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", folder=chat)


def test_the_testing_page_names_every_argument_of_the_events() -> None:
    page = (ROOT / "docs/testing.md").read_text()
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ([\w, ]+) \|", page, re.MULTILINE)
    kinds: dict[str, Callable[..., Any]] = {
        "connect": connect_event,
        "message": message_event,
        "disconnect": disconnect_event,
    }
    for kind, event in kinds.items():
        named = {
            name for names, of in rows if of == "all" or kind in of.split(", ") for name in re.findall(r"\w+", names)
        }
        assert named == set(inspect.signature(event).parameters), kind
