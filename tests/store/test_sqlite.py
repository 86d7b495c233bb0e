"""What concerns only the store in SQLite: its file."""

import os
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pushwire.store import SqliteStore, StoreError
from pushwire.testing import StoreClock

ID = "AAAAAAAAAAAAAAA="


def test_a_store_finds_what_another_one_has_stored_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "connections.sqlite"
    with SqliteStore(path) as store:
        store.connect(ID, user="ada", topics=["lobby"])
    with SqliteStore(str(path)) as store:
        assert [member.user for member in store.members("lobby")] == ["ada"]


def test_processes_share_the_file(tmp_path: Path) -> None:
    path = tmp_path / "connections.sqlite"
    code = (
        "import sys; from pushwire.store import SqliteStore; store = SqliteStore(sys.argv[1])\n"
        "for number in range(50): store.connect(f'{sys.argv[2]}-{number}', topics=['lobby'])\n"
        "store.close()"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "abc"]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with SqliteStore(path) as store:
        assert sum(1 for _ in store.members("lobby")) == 150


def test_a_new_file_that_another_process_opens_too_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    class Busy(sqlite3.Connection):
        """SQLite does not wait for a lock while it changes the mode of the journal."""

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            if "journal_mode" in sql and len(refused) < 2:
                refused.append(sql)
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error
            return super().execute(sql, parameters)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Busy))
    with SqliteStore(tmp_path / "connections.sqlite") as store:
        store.connect(ID)
        assert store.get(ID) is not None
    assert len(refused) == 2


def test_the_parts_of_a_path_like_object_are_read(tmp_path: Path) -> None:
    class Place(os.PathLike[str]):
        def __fspath__(self) -> str:
            return str(tmp_path / "connections.sqlite")

    with SqliteStore(Place()) as store:
        store.connect(ID)
    assert (tmp_path / "connections.sqlite").exists()


def test_expired_connections_are_deleted_when_another_one_connects(tmp_path: Path) -> None:
    clock, path = StoreClock(), tmp_path / "connections.sqlite"
    with SqliteStore(path, clock=clock) as store:
        store.connect("old", topics=["lobby"])
        clock.advance(10_000)
        store.connect("new", topics=["lobby"])
    database = sqlite3.connect(path)
    assert database.execute("SELECT connection_id FROM connection").fetchall() == [("new",)]
    assert database.execute("SELECT connection_id FROM membership").fetchall() == [("new",)]
    database.close()


def test_a_topic_of_several_pages_is_listed_while_it_changes() -> None:
    with SqliteStore(":memory:") as store:
        for number in range(2_500):
            store.connect(f"{number:04}", user="ada", topics=["lobby"])
        seen = []
        for member in store.members("lobby"):
            seen.append(member.connection_id)
            store.leave(member.connection_id, "lobby")
        assert seen == sorted(store.of_user("ada"))
        assert len(seen) == 2_500


@pytest.mark.parametrize("make", ["folder", "text"])
def test_a_file_that_is_not_a_database_is_a_store_error(tmp_path: Path, make: str) -> None:
    path = tmp_path / "connections.sqlite"
    if make == "folder":
        path.mkdir()
    else:
        path.write_text("These are not the pages of a database. " * 100)
    with pytest.raises(StoreError, match="cannot be used") as caught:
        SqliteStore(path)
    assert isinstance(caught.value.__cause__, sqlite3.Error)


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "connections.sqlite"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(StoreError, match=r"a newer version of Pushwire has written .*connections.sqlite"):
        SqliteStore(path)


def test_a_closed_store_is_an_error() -> None:
    store = SqliteStore(":memory:")
    store.close()
    with pytest.raises(StoreError, match="':memory:' cannot be used"):
        store.connect(ID)
