"""The terminal client as a process on the local gateway: it sends, receives and reconnects."""

import importlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.v1.chat_pushwire import ChatRouter
from pushwire.store import SqliteStore
from pushwire.testing import RunningGateway, local_gateway

CLIENT = Path(__file__).parent.parent / "client.py"


class Terminal:
    """A running client, with its output."""

    def __init__(self, url: str, user: str) -> None:
        command = [sys.executable, str(CLIENT), url, user, "lobby"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._patience = threading.Timer(20, self._process.kill)
        self._patience.start()

    def type(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def reads(self, expected: str) -> list[str]:
        """Read lines up to a certain line; return the lines before it."""
        assert self._process.stdout is not None
        read = []
        while (line := self._process.stdout.readline()) and line.rstrip() != expected:
            read.append(line)
        assert line, f"{expected!r} did not come, but {read}"
        return read

    def leave(self) -> int:
        """Press Ctrl-D."""
        self._process.communicate()
        self._patience.cancel()
        return self._process.returncode


@pytest.fixture
def gateway(store: SqliteStore) -> Iterator[RunningGateway]:
    chat = importlib.import_module("app").Chat()
    with local_gateway(ChatRouter(chat, store=store)) as running:
        yield running


def test_two_terminals_talk_and_one_that_is_cut_off_comes_back(gateway: RunningGateway) -> None:
    ada = Terminal(gateway.url, "ada")
    ada.reads("in lobby: Ada")
    (adas,) = gateway.connection_ids
    bob = Terminal(gateway.url, "bob")
    bob.reads("in lobby: Ada, Bob")
    ada.reads("in lobby: Ada, Bob")

    bob.type("Hello, Ada!")
    ada.reads("Bob: Hello, Ada!")
    bob.reads("Bob: Hello, Ada!")

    gateway.drop(adas)
    ada.reads("Welcome to lobby, Ada!")
    bob.reads("in lobby: Ada, Bob")
    ada.type("I am back")
    bob.reads("Ada: I am back")

    bob.type("/leave")
    ada.reads("in lobby: Ada")
    assert (ada.leave(), bob.leave()) == (0, 0)


def test_an_empty_line_says_nothing(gateway: RunningGateway) -> None:
    ada = Terminal(gateway.url, "ada")
    ada.reads("in lobby: Ada")
    ada.type("")
    ada.type("Hello?")
    assert ada.reads("Ada: Hello?") == []
    assert ada.leave() == 0
