"""The workflow's step: it sends progress to each connection of a user."""

import importlib
from typing import Any

import pytest

import pushwire
from chat.v1.chat_pb2 import Progress
from chat.v1.chat_pushwire import ChatServerSdk
from pushwire.store import SqliteStore
from pushwire.testing import RecordingTransport, StoreClock

PHONE, LAPTOP = "PPPPPPPPPPPPPPP=", "LLLLLLLLLLLLLLL="


@pytest.fixture
def progress(store: SqliteStore, transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PUSHWIRE_CALLBACK_URL", "https://abc123.execute-api.us-east-1.amazonaws.com/prod")
    module = importlib.import_module("progress")
    monkeypatch.setattr(module, "sdk", ChatServerSdk(transport=transport, store=store))
    return module


def test_each_connection_of_the_user_receives_the_progress(
    progress: Any, store: SqliteStore, transport: RecordingTransport
) -> None:
    store.connect(PHONE, user="ada")
    store.connect(LAPTOP, user="ada")
    store.connect("BBBBBBBBBBBBBBB=", user="bob")
    assert progress.handler({"user": "ada", "task": "upload", "percent": 40}, None) == {"accepted": 2, "failed": 0}
    sent = Progress(task="upload", percent=40)
    assert transport.sent.to(PHONE) == transport.sent.to(LAPTOP) == [sent]
    assert transport.sent.to("BBBBBBBBBBBBBBB=") == []


def test_a_lost_connection_is_removed_and_the_others_receive_the_progress(
    progress: Any, store: SqliteStore, clock: StoreClock, transport: RecordingTransport
) -> None:
    store.connect(PHONE, user="ada")
    store.connect(LAPTOP, user="ada")
    clock.advance(60)
    transport.failures[PHONE] = pushwire.ConnectionGoneError()
    assert progress.handler({"user": "ada", "task": "upload", "percent": 99}, None) == {"accepted": 1, "failed": 0}
    assert list(store.of_user("ada")) == [LAPTOP]


def test_a_failure_is_counted_and_stops_nothing(
    progress: Any, store: SqliteStore, transport: RecordingTransport
) -> None:
    store.connect(PHONE, user="ada")
    store.connect(LAPTOP, user="ada")
    transport.failures[PHONE] = pushwire.ThrottledError(attempts=3)
    assert progress.handler({"user": "ada", "task": "upload", "percent": 1}, None) == {"accepted": 1, "failed": 1}
