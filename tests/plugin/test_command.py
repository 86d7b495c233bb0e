"""The command: a request on standard input, and only the response on standard output."""

import subprocess
import sys

import pytest
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse

from pushwire._version import __version__
from tests.plugin.contracts import Contract, request

pytestmark = pytest.mark.usefixtures("measured_programs")

RUN = "import sys; from pushwire.plugin import main; sys.exit(main.main())"


def run(*arguments: str, stdin: bytes = b"", code: str = RUN) -> tuple[int, bytes, str]:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code, *arguments], input=stdin, capture_output=True)
    return done.returncode, done.stdout, done.stderr.decode().replace("\r\n", "\n")


def chat(parameter: str = "") -> bytes:
    contract = Contract()
    contract.rpc("Poke")
    return request(contract, parameter=parameter).SerializeToString()


def test_a_request_is_answered_in_silence() -> None:
    status, stdout, stderr = run(stdin=chat())
    assert (status, stderr) == (0, "")
    files = [file.name for file in CodeGeneratorResponse.FromString(stdout).file]
    assert files == [f"chat/v1/chat_pushwire{target}.py" for target in ("_operations", "", "_client")]


def test_nothing_asked_is_nothing_generated() -> None:
    status, stdout, stderr = run(stdin=CodeGeneratorRequest().SerializeToString())
    assert (status, stderr) == (0, "")
    response = CodeGeneratorResponse.FromString(stdout)
    assert (response.error, list(response.file)) == ("", [])


def test_mistakes_of_users_are_an_answer_and_no_failure() -> None:
    status, stdout, stderr = run(stdin=chat("bogus"))
    assert (status, stderr) == (0, "")
    assert CodeGeneratorResponse.FromString(stdout).error.startswith("unknown option 'bogus'")


@pytest.mark.parametrize("garbage", [b"garbage", b"\xff" * 100, b"\x0a\xff"])
def test_garbage_is_told_without_a_traceback(garbage: bytes) -> None:
    status, stdout, stderr = run(stdin=garbage)
    assert (status, stdout) == (1, b"")
    assert stderr == (
        "protoc-gen-pushwire: standard input is not a CodeGeneratorRequest; see protoc-gen-pushwire --help\n"
    )


def test_the_version_is_told_without_a_request() -> None:
    assert run("--version") == (0, f"protoc-gen-pushwire {__version__}\n".encode(), "")


@pytest.mark.parametrize("argument", ["--help", "-h"])
def test_help_is_told_without_a_request(argument: str) -> None:
    status, stdout, stderr = run(argument)
    assert (status, stderr) == (0, "")
    assert b"buf.gen.yaml" in stdout
    assert b"--version" in stdout


@pytest.mark.parametrize("arguments", [["chat.proto"], ["--version", "x"], ["--bogus"], [""]])
def test_stray_arguments_are_refused_without_a_request(arguments: list[str]) -> None:
    status, stdout, stderr = run(*arguments, stdin=chat())
    assert (status, stdout) == (2, b"")
    assert stderr == f"protoc-gen-pushwire: unexpected argument {arguments[0]!r}; see protoc-gen-pushwire --help\n"


def test_what_is_printed_goes_to_standard_error() -> None:
    code = """
import sys
from pushwire.plugin import main
generate = main.generate
def chatty(asked):
    print("a stray print")
    sys.stdout.write("and a write\\n")
    return generate(asked)
main.generate = chatty
sys.exit(main.main())
"""
    status, stdout, stderr = run(stdin=chat(), code=code)
    assert (status, stderr) == (0, "a stray print\nand a write\n")
    assert len(CodeGeneratorResponse.FromString(stdout).file) == 3


def test_a_bug_is_a_traceback_and_no_answer() -> None:
    code = """
import sys
from pushwire.plugin import main
main.generate = lambda asked: asked.no_such_field
sys.exit(main.main())
"""
    status, stdout, stderr = run(stdin=chat(), code=code)
    assert (status, stdout) == (1, b"")
    assert stderr.startswith("Traceback (most recent call last):\n")
    assert "no_such_field" in stderr


def test_a_terminal_gets_the_usage() -> None:
    code = """
import sys
from pushwire.plugin import main
sys.stdin.isatty = lambda: True
sys.exit(main.main())
"""
    status, stdout, stderr = run(code=code)
    assert (status, stdout) == (2, b"")
    assert stderr.startswith("protoc-gen-pushwire is a plugin for protoc and buf")


def test_generating_touches_nothing_but_the_request() -> None:
    code = """
import sys
from pushwire.plugin.generate import generate
from pushwire.plugin.decode import decode
import os
os.environ = None
data = sys.stdin.buffer.read()
touched = []
sys.addaudithook(lambda event, arguments: touched.append((event, arguments)))
generate(decode(data)).SerializeToString()
told = [event for event, arguments in touched if event not in ("object.__getattr__", "object.__setattr__")]
print(told)
"""
    status, stdout, stderr = run(stdin=chat(), code=code)
    assert (status, stderr) == (0, "")
    assert stdout.strip() == b"[]"
