"""A newcomer's first quarter of an hour: from an empty folder to a typed message at a connected client.

Everything is what a newcomer would type, in a fresh virtual environment, without credentials and without an account.
All input and output is in the report that pytest shows for a failed test.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.tools import environment

REPOSITORY = Path(__file__).parents[1]
CONSTRAINTS = REPOSITORY / "constraints.txt"
INSTALL_SECONDS = 300
COMMAND_SECONDS = 180
ANSWER_SECONDS = 30

pytestmark = [pytest.mark.repository, pytest.mark.at_length]


class Newcomer:
    """Someone at a shell, with an environment of their own."""

    def __init__(self, home: Path, venv: Path) -> None:
        self._folder = home
        self._environment = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([str(venv / "bin"), "/usr/bin", "/bin"]),
            "VIRTUAL_ENV": str(venv),
        }

    def enter(self, folder: str) -> Path:
        self._folder = self._folder / folder
        return self._folder

    def run(self, *words: str, expect: int = 0, **variables: str) -> str:
        """Run a command to its end, and return what it printed."""
        self._prompt(words, variables)
        try:
            done = subprocess.run(
                words,
                cwd=self._folder,
                env=self._environment | variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            print((error.stdout or b"").decode(errors="replace"))
            pytest.fail(f"`{' '.join(words)}` did not end within {COMMAND_SECONDS} s")
        printed = done.stdout.decode(errors="replace")
        print(printed)
        if done.returncode != expect:
            pytest.fail(f"`{' '.join(words)}` exited with {done.returncode} instead of {expect}")
        return printed

    @contextlib.contextmanager
    def running(self, *words: str) -> Iterator["Terminal"]:
        """Run a command that stays, in a terminal of its own."""
        self._prompt(words, {})
        process = subprocess.Popen(
            words,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        with process:
            terminal = Terminal(" ".join(words), process)
            try:
                yield terminal
            finally:
                terminal.close()

    def _prompt(self, words: Sequence[str], variables: dict[str, str]) -> None:
        settings = "".join(f"{name}={value} " for name, value in variables.items())
        print(f"{self._folder.name}$ {settings}{' '.join(words)}")


class Terminal:
    """A command that runs, read as it prints."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self._name = name
        self._process = process
        self._printed = b""
        self._ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, name=f"reads {name}")
        self._reader.start()

    def read(self, pattern: bytes) -> bytes:
        """Wait until it has printed something, and return the pattern's group."""
        with self._news:
            self._news.wait_for(lambda: re.search(pattern, self._printed) or self._ended, timeout=ANSWER_SECONDS)
            match = re.search(pattern, self._printed)
        if match is None:
            state = "ended without printing" if self._ended else f"did not print within {ANSWER_SECONDS} s"
            pytest.fail(f"`{self._name}` {state} {pattern!r}")
        return match[1]

    def type(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def leave(self) -> int:
        """Press Ctrl-D and wait for the end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._wait("after Ctrl-D")

    def interrupt(self) -> int:
        """Press Ctrl-C and wait for the end."""
        self._process.send_signal(signal.SIGINT)
        return self._wait("after Ctrl-C")

    def close(self) -> None:
        """End it in any case."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        print(f"--- all that `{self._name}` printed:\n{self._printed.decode(errors='replace')}")

    def _wait(self, when: str) -> int:
        try:
            return self._process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.fail(f"`{self._name}` still ran {ANSWER_SECONDS} s {when}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        while True:
            chunk = self._process.stdout.read(4096)
            with self._news:
                self._printed += chunk
                self._ended = not chunk
                self._news.notify_all()
                if self._ended:
                    return


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A fresh virtual environment."""
    uv("venv", "--python", sys.executable, str(tmp_path / "venv"))
    return tmp_path / "venv"


@pytest.fixture
def newcomer(tmp_path: Path, venv: Path) -> Newcomer:
    """A newcomer with an empty home, and a virtual environment that holds `pushwire[dev]`."""
    (tmp_path / "home").mkdir()
    # uv would reuse what it built from an earlier state of the repository.
    install(venv, f"{REPOSITORY}[dev]", "--reinstall-package", "pushwire", "-c", str(CONSTRAINTS))
    return Newcomer(tmp_path / "home", venv)


def uv(*arguments: str) -> None:
    """Run uv in this process's environment, which may name a package index."""
    command = shutil.which("uv", path=environment()["PATH"])
    assert command is not None, "uv is not installed: pip install uv"
    done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    assert done.returncode == 0, f"uv {' '.join(arguments)}\n{done.stdout}{done.stderr}"


def install(venv: Path, *arguments: str) -> None:
    uv("pip", "install", "--python", str(venv / "bin" / "python"), *arguments)


def test_a_typed_message_reaches_a_client_within_a_few_commands(newcomer: Newcomer) -> None:
    newcomer.run("pushwire", "init", "hello")
    project = newcomer.enter("hello")
    newcomer.run("buf", "lint")
    newcomer.run("buf", "generate")
    newcomer.run("mypy", ".")
    assert " 1 passed" in newcomer.run("pytest")

    with newcomer.running("pushwire", "dev", "app:handler", "--port", "0") as gateway:
        url = gateway.read(rb"(ws://\S+)").decode()
        callback_url = gateway.read(rb"(?i)callback url\W+(http://\S+)").decode()
        with urllib.request.urlopen(gateway.read(rb"Console: (http://\S+)").decode(), timeout=ANSWER_SECONDS) as page:
            assert b"<title>Pushwire console</title>" in page.read()
        with newcomer.running("websockets", url) as client:
            connection_id = gateway.read(rb"connected: (\S+)\n").decode()
            client.read(rb"(Connected to )")
            newcomer.run("python", "send.py", connection_id, PUSHWIRE_CALLBACK_URL=callback_url)
            # The client writes each message into a line of its own, above its prompt.
            message = client.read(rb"\x1b\[L< ([^\n]*)\n")
            assert message == b'{"route":"SendGreeting","payload":{"text":"Hello!"}}'
            client.type('{"route":"Introduce","payload":{"name":"Ada"}}')
            answer = client.read(rb"\x1b\[L< ([^\n]*Ada[^\n]*)\n")
            assert answer == b'{"route":"SendGreeting","payload":{"text":"Hello, Ada!"}}'
            assert client.leave() == 0
        assert gateway.interrupt() == 0

    # Nothing in the project is to be committed but what `init` wrote.
    ignored = {
        "hello_pb2.py",
        "hello_pb2.pyi",
        "hello_pushwire.py",
        "hello_pushwire_client.py",
        "hello_pushwire_operations.py",
    }
    assert ignored <= {path.name for path in (project / "hello" / "v1").iterdir()}
    send = project / "send.py"
    send.write_text(send.read_text().replace("Greeting", "Note"))
    refused = newcomer.run("mypy", ".", expect=1)
    assert re.search(r'send\.py:\d+: error: Argument 2 to "send_greeting" .* expected "Greeting"', refused), refused


def test_a_new_project_is_clean_in_every_checker_and_runs_with_protobuf_6_and_7(
    newcomer: Newcomer, venv: Path, tmp_path: Path
) -> None:
    newcomer.run("pushwire", "init", "hello", "--checkout", str(REPOSITORY))
    project = newcomer.enter("hello")
    # The project pins its generator to an older protobuf than the repository.
    others = [
        line for line in CONSTRAINTS.read_text().splitlines() if not re.match("grpcio|protobuf|mypy-protobuf", line)
    ]
    (tmp_path / "constraints.txt").write_text("\n".join(others))
    tools = ["black", "isort", "pyright[nodejs]", "ruff"]
    install(venv, "--group", f"{project / 'pyproject.toml'}:dev", *tools, "-c", str(tmp_path / "constraints.txt"))
    newcomer.run("buf", "generate")

    newcomer.run("mypy", ".")
    newcomer.run("pyright")
    newcomer.run("ruff", "check")
    newcomer.run("ruff", "format", "--check")
    newcomer.run("black", "--check", ".")
    newcomer.run("isort", "--check", ".")
    for version in ("6.31.1", "6.33.*", "7.*"):
        install(venv, f"protobuf=={version}")
        assert " 1 passed" in newcomer.run("pytest", "-W", "error")
