"""`pushwire dev` in a separate process."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Generator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pushwire import ConnectionGoneError
from pushwire.transport import Boto3Transport
from tests.gateway.world import SECONDS
from tests.support.tools import COVERAGE

APP = """
import os
print("imported")

def handler(event, context):
    print("handled", event["requestContext"]["routeKey"])
    return {"statusCode": 200}

def deny(event, context):
    return {"statusCode": 403}

def broken(event, context):
    raise ValueError("seen by the developer")

def authorize(event, context):
    token = event["queryStringParameters"]["token"]
    if token == "none":
        raise Exception("Unauthorized")
    effect = "Allow" if token == "t" else "Deny"
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    return {"principalId": token, "policyDocument": {"Statement": [statement]}}

def greet(event, context):
    print("principal", event["requestContext"]["authorizer"]["principalId"])
    return {"statusCode": 200}

number = 5
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def start(project: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "pushwire.cli.main", "dev", *arguments],
        cwd=project,
        env=os.environ | COVERAGE | {"PYTHONDONTWRITEBYTECODE": "1"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Dev:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []

    def line(self, pattern: str) -> "re.Match[str]":
        """Read stdout up to the first line that matches."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if found := re.fullmatch(pattern, self.lines[-1]):
                return found
        raise AssertionError(
            f"no line {pattern!r} in {self.lines}: {self.process.stderr and self.process.stderr.read()}"
        )

    def error_line(self, part: str) -> None:
        """Read stderr up to the first line that contains a text."""
        assert self.process.stderr is not None
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if part in line:
                return
        raise AssertionError(f"no line with {part!r} in {lines}")

    def stop(self, number: signal.Signals) -> "tuple[int, str]":
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=SECONDS * 3)
        return self.process.returncode, errors


@contextlib.contextmanager
def running(project: Path, *arguments: str, **environment: str) -> Generator[Dev]:
    process = start(project, *arguments, **environment)
    watchdog = threading.Timer(SECONDS * 6, process.kill)  # a test that waits for a missing line reads the end
    watchdog.start()
    try:
        yield Dev(process)
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
        process.communicate()


def failing(project: Path, *arguments: str, **environment: str) -> str:
    """Run a command that must fail with code 1, and return its stderr."""
    process = start(project, *arguments, **environment)
    try:
        _, errors = process.communicate(timeout=SECONDS * 3)
    finally:
        process.kill()
    assert process.returncode == 1, errors
    return errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_urls_serves_and_ends_with_0_at_a_signal(project: Path, number: signal.Signals) -> None:
    with running(project, "app:handler", "--port", "0") as dev:
        url = dev.line(r"WebSocket URL: (ws://127\.0\.0\.1:\d+/local)")[1]
        assert dev.line(r"Callback URL: (http://127\.0\.0\.1:\d+/local)")[1] == url.replace("ws:", "http:")
        assert dev.line(r"Console: (http://127\.0\.0\.1:\d+/)")[1] + "local" == url.replace("ws:", "http:")
        assert [line.partition(":")[0] for line in dev.lines] == [
            "imported",
            "WebSocket URL",
            "Callback URL",
            "Console",
        ]
        dev.line("Connection store: sqlite:.*")
        with connect(url, proxy=None) as ws:
            dev.line(r"handled \$connect")
            ws.send('{"route":"Join"}')
            dev.line("handled Join")
            code, errors = dev.stop(number)
    assert code == 0, errors
    assert "Traceback" not in errors
    assert "$disconnect" in errors


STORE = """
from pushwire.store import store_from_environment
store = store_from_environment()
def handler(event, context):
    store.connect(event["requestContext"]["connectionId"], user="ada")
    print(list(store.of_user("ada")))
    return {"statusCode": 200}
"""


def test_handlers_have_a_new_connection_store_that_ends_with_the_command(project: Path) -> None:
    (project / "app.py").write_text(STORE)
    with running(project, "app:handler", "--port", "0", "--no-disconnect-route") as dev:
        url = dev.line("WebSocket URL: (.*)")[1]
        file = Path(dev.line("Connection store: sqlite:(.*)")[1])
        with connect(url, proxy=None):
            dev.line(r"\['.*='\]")
            assert file.exists()
            dev.stop(signal.SIGTERM)
    assert not file.parent.exists()


def test_a_connection_store_of_the_environment_is_used_and_kept(project: Path, tmp_path: Path) -> None:
    (project / "app.py").write_text(STORE)
    file = tmp_path / "kept.sqlite"
    with running(project, "app:handler", "--port", "0", PUSHWIRE_STORE=f"sqlite:{file}") as dev:
        assert dev.line("Connection store: sqlite:(.*)")[1] == str(file)
        dev.stop(signal.SIGTERM)
    assert file.exists()


def test_the_console_is_served_where_it_says(project: Path) -> None:
    with running(project, "app:handler", "--port", "0") as dev:
        with urllib.request.urlopen(dev.line("Console: (.*)")[1], timeout=SECONDS) as page:
            assert b"<title>Pushwire console</title>" in page.read()
        assert dev.stop(signal.SIGTERM)[0] == 0


def test_output_comes_at_once_and_the_stage_and_port_are_the_given_ones(project: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with running(project, "app:handler", "--port", str(port), "--stage", "prod") as dev:
        dev.line("imported")
        dev.line(f"WebSocket URL: ws://127.0.0.1:{port}/prod")
        dev.line(f"Callback URL: http://127.0.0.1:{port}/prod")


def test_routes_of_their_own_and_routes_switched_off(project: Path) -> None:
    with running(project, "--route", "$connect=app:deny", "--route", "Join=app:handler", "--port", "0") as dev:
        url = dev.line("WebSocket URL: (.*)")[1]
        with pytest.raises(InvalidStatus, match="403"), connect(url, proxy=None):
            pass
    options = ("--no-connect-route", "--no-disconnect-route", "--no-default-route")
    with running(project, "app:deny", "--route", "Join=app:handler", *options, "--port", "0") as dev:
        url = dev.line("WebSocket URL: (.*)")[1]
        with connect(url, proxy=None) as ws:
            ws.send('{"route":"Join"}')
            dev.line("handled Join")
            ws.send("text")
            assert '"message": "Forbidden"' in ws.recv(SECONDS)


def test_an_authorizer_and_its_identity_source(project: Path) -> None:
    options = ("--authorizer", "app:authorize", "--identity-source", "route.request.querystring.token")
    with running(project, "app:greet", *options, "--no-disconnect-route", "--port", "0") as dev:
        url = dev.line("WebSocket URL: (.*)")[1]
        with connect(f"{url}?token=t", proxy=None):
            dev.line("principal t")
        for query, status in (("", "401"), ("?token=none", "401"), ("?token=other", "403")):
            with pytest.raises(InvalidStatus, match=status), connect(url + query, proxy=None):
                pass


def post(callback_url: str, key: str, secret: str, region: str) -> str:
    """Post to an unknown connection, and return the code of boto3's error."""
    management = boto3.Session().client(
        "apigatewaymanagementapi",
        endpoint_url=callback_url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )
    with pytest.raises(ClientError) as caught:
        management.post_to_connection(ConnectionId="R0oXAdfD0kwCH6w=", Data=b"x")
    return caught.value.response["Error"]["Code"]


def test_signatures_count_by_the_credentials_and_the_region_of_the_environment(project: Path) -> None:
    environment = {"AWS_ACCESS_KEY_ID": "AKIDDEV", "AWS_SECRET_ACCESS_KEY": "dev-secret", "AWS_REGION": "eu-west-1"}
    options = ("--require-signatures", "--authorizer", "aws_iam", "--port", "0")
    with running(project, "app:handler", *options, **environment) as dev:
        url = dev.line("WebSocket URL: (.*)")[1]
        callback_url = dev.line("Callback URL: (.*)")[1]
        assert post(callback_url, "AKIDDEV", "dev-secret", "eu-west-1") == "GoneException"
        assert post(callback_url, "AKIDDEV", "another", "eu-west-1") == "InvalidSignatureException"
        assert post(callback_url, "AKIDDEV", "dev-secret", "us-east-1") == "InvalidSignatureException"
        with pytest.raises(InvalidStatus, match="403"), connect(url, proxy=None):
            pass
        _, errors = dev.stop(signal.SIGTERM)
    assert "posts must be signed with the access key 'AKIDDEV' for eu-west-1" in errors
    assert "dev-secret" not in errors


def test_without_credentials_signatures_count_that_pushwire_makes_then(project: Path) -> None:
    with running(project, "app:handler", "--require-signatures", "--port", "0") as dev:
        callback_url = dev.line("Callback URL: (.*)")[1]
        sdk = Boto3Transport(callback_url)
        with pytest.raises(ConnectionGoneError):
            sdk.post("R0oXAdfD0kwCH6w=", b"x")
        assert post(callback_url, "any", "any", "us-east-1") == "UnrecognizedClientException"


def test_a_profile_that_does_not_exist_is_one_line(project: Path) -> None:
    errors = failing(project, "app:handler", "--require-signatures", AWS_PROFILE="nobody")
    assert errors == "pushwire dev: --require-signatures: The config profile (nobody) could not be found\n"


def test_a_failing_handler_is_shown_on_stderr(project: Path) -> None:
    with running(project, "app:broken", "--no-connect-route", "--port", "0") as dev:
        with connect(dev.line("WebSocket URL: (.*)")[1], proxy=None) as ws:
            ws.send("x")
            assert '"message": "Internal server error"' in ws.recv(SECONDS)
        code, errors = dev.stop(signal.SIGTERM)
    assert code == 0
    assert 'raise ValueError("seen by the developer")' in errors
    assert "pushwire.gateway" in errors


TALKATIVE = """
import logging

logging.getLogger("pushwire.server").debug("a frame")
logging.getLogger("library").info("a note")
logging.getLogger("library").debug("a secret")

def handler(event, context):
    return {"statusCode": 200}
"""


@pytest.mark.parametrize(
    ("options", "shown"), [((), []), (("-v",), ["a frame"]), (("-vv",), ["a frame", "a note"])], ids=["", "-v", "-vv"]
)
def test_verbosity_decides_what_is_logged(project: Path, options: tuple[str, ...], shown: list[str]) -> None:
    (project / "app.py").write_text(TALKATIVE)
    with running(project, "app:handler", "--port", "0", *options) as dev:
        dev.line("WebSocket URL: .*")
        _, errors = dev.stop(signal.SIGINT)
    assert [text for text in ("a frame", "a note", "a secret") if text in errors] == shown


MISTAKES: list[tuple[list[str], str]] = [
    ([], "the API has no handler and no route"),
    (["app"], "expected module:attribute"),
    (["app:missing"], "module 'app' has no attribute 'missing'"),
    (["app:number"], "not callable"),
    (["nowhere:handler"], "module 'nowhere' is neither in the current folder nor on the import path"),
    (["app:handler", "--route", "Join"], "expected KEY=module:attribute"),
    (["app:handler", "--route", "$foo=app:handler"], "starts with '$'"),
    (["app:handler", "--route", "A=app:handler", "--route", "A=app:deny"], "has two handlers"),
    (["app:handler", "--host", "example.org"], "host 'example.org'"),
    (["app:handler", "--port", "70000"], "port= must be from 0 to 65535, not 70000"),
    (["app:handler", "--stage", "a/b"], "stage 'a/b'"),
    (["app:handler", "--authorizer", "app:missing"], "module 'app' has no attribute 'missing'"),
    (["app:handler", "--authorizer", "app:authorize", "--identity-source", "token"], "identity source 'token'"),
    (["app:handler", "--identity-source", "context.apiId"], "add --authorizer module:attribute"),
    (["app:handler", "--authorizer", "aws_iam"], "requires --require-signatures"),
    (["app:handler", "--authorizer", "app:authorize", "--no-connect-route"], "belongs to the route $connect"),
    (["app:handler", "--custom-domain", "nowhere"], "custom domain 'nowhere' is not a domain name"),
    (["app:handler", "--instances", "0"], "instances= must be at least 1"),
    (["app:handler", "--route-response", "$connect"], "'$connect': the API has no such message route"),
]

# One process for all, because each would import the gateway again.
COMMAND_LINES = """
import contextlib, io, json, sys
from pushwire.cli.main import main

for arguments in json.loads(sys.argv[1]):
    sys.modules.pop("app", None)
    with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()):
        code = main(["dev", *arguments])
    print(json.dumps([code, errors.getvalue()]))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str]]:
    """The exit code and stderr for the arguments of each of `MISTAKES`."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(APP)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", COMMAND_LINES, json.dumps([arguments for arguments, _ in MISTAKES])],
        cwd=folder,
        env=os.environ | COVERAGE,
        capture_output=True,
        text=True,
        timeout=SECONDS * 6,
        check=False,
    )
    assert done.stderr == ""
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[" ".join(arguments) for arguments, _ in MISTAKES])
def test_a_mistake_is_one_line_and_exit_code_1(answers: list[tuple[int, str]], number: int) -> None:
    code, errors = answers[number]
    assert code == 1
    assert MISTAKES[number][1] in errors
    assert errors.startswith("pushwire dev: ")
    assert errors.count("\n") == 1


def test_a_module_that_fails_on_import_shows_its_own_traceback(project: Path) -> None:
    (project / "failing.py").write_text("import app\nnumber = 1 / 0\n")
    errors = failing(project, "failing:handler")
    assert "number = 1 / 0" in errors
    assert "importlib" not in errors
    assert errors.splitlines()[-1] == (
        "pushwire dev: failing:handler: importing 'failing' failed: ZeroDivisionError: division by zero"
    )


def test_a_port_in_use_is_one_line(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        errors = failing(project, "app:handler", "--port", str(port))
    assert errors == (
        f"pushwire dev: 127.0.0.1:{port} is in use; stop the process that listens there, "
        "or choose another --port (0 takes a free one)\n"
    )


@pytest.mark.parametrize("missing", ["httptools", "websockets"])
def test_a_missing_extra_is_one_line_that_says_what_to_install(project: Path, missing: str) -> None:
    # A module in the project with the package's name, which raises the error of a missing package.
    (project / f"{missing}.py").write_text(f"raise ModuleNotFoundError('No module', name={missing!r})")
    errors = failing(project, "app:handler")
    assert errors == f"pushwire dev: the local gateway needs {missing}: pip install 'pushwire[dev]'\n"


def test_a_port_that_browsers_block_is_warned_about(project: Path) -> None:
    with running(project, "app:handler", "--port", "6000", "--host", "::1") as dev:
        dev.line("Callback URL: .*")
        code, errors = dev.stop(signal.SIGINT)
    assert code == 0
    assert "warning: browsers do not connect to port 6000" in errors


def test_a_callback_url_in_the_environment_is_warned_about(project: Path) -> None:
    url = "https://abc.execute-api.us-east-1.amazonaws.com/prod"
    with running(project, "app:handler", "--port", "0", PUSHWIRE_CALLBACK_URL=url) as dev:
        dev.line("Callback URL: .*")
        code, errors = dev.stop(signal.SIGINT)
    assert code == 0
    assert "PUSHWIRE_CALLBACK_URL is set" in errors


def test_a_signal_during_the_import_of_a_slow_module_is_a_clean_end(project: Path) -> None:
    (project / "slow.py").write_text("import threading\nprint('importing', flush=True)\nthreading.Event().wait(60)\n")
    with running(project, "slow:handler") as dev:
        dev.line("importing")
        assert dev.stop(signal.SIGTERM) == (0, "")


def test_a_handler_that_never_returns_does_not_hold_up_the_end_for_ever(project: Path) -> None:
    (project / "stuck.py").write_text(
        "import threading\ndef handler(event, context):\n    print('entered')\n    threading.Event().wait(600)\n"
    )
    with running(project, "stuck:handler", "--no-connect-route", "--no-disconnect-route", "--port", "0") as dev:
        url = dev.line("WebSocket URL: (.*)")[1]
        with connect(url, proxy=None) as ws:
            ws.send("x")
            dev.line("entered")
            code, errors = dev.stop(signal.SIGTERM)
    assert code == 0
    assert "1 handlers still run" in errors


REPLY = """
import settings

def handler(event, context):
    return {"statusCode": 200, "body": settings.ANSWER}
"""


def test_a_signal_ends_a_reload_whose_import_blocks(project: Path) -> None:
    with running(project, "app:handler", "--port", "0", "--reload") as dev:
        dev.error_line("for changes")
        (project / "app.py").write_text("import threading\nprint('blocking')\nthreading.Event().wait(600)\n")
        dev.error_line("reloading the handlers")
        dev.line("blocking")
        code, errors = dev.stop(signal.SIGTERM)
    assert code == 0
    assert "a reload is under way: the import of a module has not ended; it is abandoned" in errors


LIKE_LAMBDA = """
import asyncio, os, signal, sys, warnings

warnings.filterwarnings("ignore", "There is no current event loop")  # which 3.12 and 3.13 say, and make one
print("imported", os.environ["_HANDLER"], os.environ["AWS_REGION"], os.environ["AWS_LAMBDA_FUNCTION_NAME"])
handled = 0

def handler(event, context):
    global handled
    handled += 1
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if sys.version_info < (3, 14):  # which makes no event loop unasked, in Lambda either
        asyncio.get_event_loop().run_until_complete(asyncio.sleep(0))
    assert context.function_name == os.environ["AWS_LAMBDA_FUNCTION_NAME"] == "handler"
    assert 0 < context.get_remaining_time_in_millis() <= 29_000
    print(event["requestContext"]["eventType"], event.get("body"), os.getpid(), handled)
    match event.get("body"):
        case "exit": os._exit(7)
        case "fail": raise ValueError("seen by the developer")
        case "wait": open("gate").close()
        case "set": return {1, 2}
    return {"statusCode": 200}
"""


def test_instances_are_processes_that_run_handlers_as_lambda_does(project: Path) -> None:
    (project / "app.py").write_text(LIKE_LAMBDA)
    os.mkfifo(project / "gate")
    with running(
        project, "app:handler", "--port", "0", "--instances", "2", AWS_REGION="", AWS_DEFAULT_REGION="eu-west-1"
    ) as dev:
        assert dev.line("imported (.*)")[1] == "app.handler eu-west-1 handler"
        with connect(dev.line("WebSocket URL: (.*)")[1], proxy=None) as ws:
            first, _ = dev.line(r"CONNECT None (\d+) (1)").groups()
            assert first != str(dev.process.pid)
            ws.send("fail")
            assert dev.line(r"MESSAGE fail (\d+) (\d+)").groups() == (first, "2")
            assert '"message": "Internal server error"' in ws.recv(SECONDS)  # so this instance is free again
            ws.send("wait")
            assert dev.line(r"MESSAGE wait (\d+) (\d+)").groups() == (first, "3")
            ws.send("y")
            second, handled = dev.line(r"MESSAGE y (\d+) (\d+)").groups()
            assert (second != first, handled) == (True, "1")
            for body in ("fail", "set"):
                ws.send(body)
                assert dev.line(rf"MESSAGE {body} (\d+) \d+")[1] == second
                assert '"message": "Internal server error"' in ws.recv(SECONDS)
            ws.send("exit")
            assert '"message": "Internal server error"' in ws.recv(SECONDS)
            ws.send("z")
            assert dev.line(r"MESSAGE z (\d+) 1")[1] not in {first, second}
            (project / "gate").write_text("")  # the handler that waits returns
            code, errors = dev.stop(signal.SIGINT)
    assert code == 0
    assert 'raise ValueError("seen by the developer")' in errors
    assert "API Gateway refuses the handler's result: the result cannot be written as JSON" in errors
    assert "$default: the handler did not return: its process ended with exit code 7" in errors


KEYS = """
import threading, time
from aws_lambda_powertools import Logger

logger = Logger(service="keys")

@logger.inject_lambda_context(clear_state=True)
def handler(event, context):
    connection_id = event["requestContext"]["connectionId"]
    logger.append_keys(connection_id=connection_id)
    time.sleep(0.01)
    logger.info(connection_id)
    return {"statusCode": 200}
"""


def test_keys_of_powertools_do_not_mix_between_instances(project: Path) -> None:
    pytest.importorskip("aws_lambda_powertools")
    (project / "app.py").write_text(KEYS)
    with running(project, "app:handler", "--port", "0", "--instances", "3", "--no-disconnect-route") as dev:
        url = dev.line("WebSocket URL: (.*)")[1]
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connect(url, proxy=None)) for _ in range(8)]
            for client in clients * 4:
                client.send("x")
            records = [json.loads(dev.line(r"\{.*")[0]) for _ in range(8 * 5)]
    assert {record["message"] for record in records if record["message"] != record["connection_id"]} == set()
    assert len({record["connection_id"] for record in records}) == 8


def test_handlers_are_reloaded_and_sockets_stay_open(project: Path) -> None:
    (project / "app.py").write_text(REPLY)
    settings = project / "settings.py"
    settings.write_text("ANSWER = 'one'\n")
    options = ("--port", "0", "--reload", "--route-response", "$default")
    with running(project, "app:handler", *options) as dev:
        dev.error_line("for changes")
        with connect(dev.line("WebSocket URL: (.*)")[1], proxy=None) as ws:
            ws.send("?")
            assert ws.recv(SECONDS) == "one"

            settings.write_text("ANSWER = 'one'\n1 /\n")
            dev.error_line("not reloaded: app:handler: importing 'app' failed: SyntaxError")
            ws.send("?")
            assert ws.recv(SECONDS) == "one"

            settings.write_text("ANSWER = 'two'\n")
            dev.error_line("reloaded; connections stay open")
            ws.send("?")
            assert ws.recv(SECONDS) == "two"
        code, errors = dev.stop(signal.SIGTERM)
    assert code == 0, errors


def test_generated_messages_that_change_need_a_restart(project: Path) -> None:
    (project / "app.py").write_text("import hello_pb2\n" + APP)
    messages = project / "hello_pb2.py"
    messages.write_text("VERSION = 1\n")
    with running(project, "app:handler", "--port", "0", "--reload") as dev:
        dev.error_line("for changes")
        messages.write_text("VERSION = 2\n")
        dev.error_line("hello_pb2.py has changed: generated messages need a restart of pushwire dev")


def test_a_custom_domain_and_the_variable_that_handlers_need(project: Path) -> None:
    (project / "app.py").write_text(
        APP + "\ndef tell(event, context):\n    print(os.environ['PUSHWIRE_CALLBACK_URL'])\n"
    )
    with running(project, "app:tell", "--port", "0", "--custom-domain", "ws.example.com/chat") as dev:
        url = dev.line(r"WebSocket URL: (ws://127\.0\.0\.1:\d+/chat)")[1]
        callback_url = dev.line("Callback URL: (.*)")[1]
        with pytest.raises(InvalidStatus, match="502"), connect(url, proxy=None):
            pass
        assert dev.line("(http.*)")[1] == callback_url
        assert not any(line.startswith("Console") for line in dev.lines)  # there, every path belongs to the API


def test_one_instance_and_messages_one_after_the_other(project: Path) -> None:
    options = ("--port", "0", "--instances", "1", "--message-order", "serial")
    with (
        running(project, "app:handler", *options) as dev,
        connect(dev.line("WebSocket URL: (.*)")[1], proxy=None) as ws,
    ):
        ws.send("x")
        dev.line(r"handled \$default")
