"""A connection store in an SQLite database."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from pushwire._checks import check_function
from pushwire._closing import Closing
from pushwire.store._checks import (
    GONE_AGE,
    LIFETIME,
    MAX_TOPICS,
    checked_attributes,
    checked_ids,
    checked_name,
    checked_topics,
)
from pushwire.store.errors import NotConnectedError, StoreError, TooManyTopicsError
from pushwire.store.protocol import StoredConnection

__all__ = ["SqliteStore"]

_FORMAT: Final = 1
"""The version of the schema, which the database has in `user_version`."""

_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS connection (
        connection_id TEXT PRIMARY KEY,
        user TEXT,
        attributes TEXT NOT NULL,
        connected_at REAL NOT NULL,
        expires_at REAL NOT NULL,
        ended_at REAL,
        is_reported INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS connection_user ON connection (user, connection_id);
    CREATE INDEX IF NOT EXISTS connection_expiry ON connection (expires_at);
    CREATE TABLE IF NOT EXISTS membership (
        topic TEXT NOT NULL,
        connection_id TEXT NOT NULL REFERENCES connection ON DELETE CASCADE,
        PRIMARY KEY (topic, connection_id)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS membership_connection ON membership (connection_id);
"""

_MAX_WAIT: Final = 30.0
"""Seconds to wait for another process that writes."""

_PAGE: Final = 1000
"""Rows that an iterator reads at once."""


class SqliteStore(Closing):
    """A connection store in an SQLite database, for local use, tests, and servers on one machine.

    Threads can share it, and processes can share the file. It cannot be used after a fork. `ConnectionStore` documents
    the methods and their errors.

    Args:
        path: The path of the database file, which is created if it does not exist, or `":memory:"`.
        clock: Returns the time of day in seconds since the epoch. Defaults to `time.time`.

    Raises:
        StoreError: The file cannot be opened, or a newer version of Pushwire has written it.
        TypeError: An argument has the wrong type.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time) -> None:
        check_function("clock", clock)
        self._path = os.fspath(path)
        self._clock = clock
        self._lock = threading.Lock()
        with self._errors():
            self._database = sqlite3.connect(
                self._path, timeout=_MAX_WAIT, isolation_level=None, check_same_thread=False
            )
        try:
            with self._errors():
                self._prepare()
        except StoreError:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the database. The store cannot be used afterwards. A database in memory is deleted."""
        with self._lock:
            self._database.close()

    def connect(
        self,
        connection_id: str,
        *,
        user: str | None = None,
        attributes: Mapping[str, str] | None = None,
        topics: Iterable[str] = (),
    ) -> None:
        """Store a new connection; see `ConnectionStore.connect`.

        Args:
            connection_id: The id of the connection.
            user: The user. Defaults to `None`: not known.
            attributes: What to store with the connection. Defaults to no attributes.
            topics: The topics to join. Defaults to none.
        """
        checked_name("the connection id", connection_id)
        if user is not None:
            checked_name("user=", user)
        stored = json.dumps(checked_attributes(attributes))
        joined = checked_topics(connection_id, topics)
        now = self._clock()
        with self._transaction() as database:
            database.execute("DELETE FROM connection WHERE connection_id = ? OR expires_at <= ?", (connection_id, now))
            database.execute(
                "INSERT INTO connection (connection_id, user, attributes, connected_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (connection_id, user, stored, now, now + LIFETIME),
            )
            database.executemany("INSERT INTO membership VALUES (?, ?)", [(topic, connection_id) for topic in joined])

    def identify(self, connection_id: str, *, user: str, attributes: Mapping[str, str] | None = None) -> None:
        """Change the user of a connection; see `ConnectionStore.identify`.

        Args:
            connection_id: The id of the connection.
            user: The new user.
            attributes: The new attributes. Defaults to `None`: keep the old ones.
        """
        checked_name("the connection id", connection_id)
        checked_name("user=", user)
        stored = None if attributes is None else json.dumps(checked_attributes(attributes))
        with self._transaction() as database:
            changed = database.execute(
                "UPDATE connection SET user = ?, attributes = coalesce(?, attributes)"
                " WHERE connection_id = ? AND ended_at IS NULL AND expires_at > ?",
                (user, stored, connection_id, self._clock()),
            )
            if not changed.rowcount:
                raise NotConnectedError(connection_id)

    def disconnect(self, connection_id: str) -> StoredConnection | None:
        """End a connection; see `ConnectionStore.disconnect`.

        Args:
            connection_id: The id of the connection.

        Returns:
            The connection as it was, with its topics, for exactly one call; `None` for other calls.
        """
        checked_name("the connection id", connection_id)
        now = self._clock()
        with self._transaction() as database:
            changed = database.execute(
                "UPDATE connection SET ended_at = coalesce(ended_at, ?), is_reported = 1"
                " WHERE connection_id = ? AND NOT is_reported AND expires_at > ?",
                (now, connection_id, now),
            )
            return self._read(connection_id) if changed.rowcount else None

    def gone(self, connection_ids: Iterable[str]) -> None:
        """End connections that API Gateway has answered with 410; see `ConnectionStore.gone`.

        Args:
            connection_ids: The ids of the connections.
        """
        now = self._clock()
        rows = [(now, connection_id, now - GONE_AGE) for connection_id in checked_ids(connection_ids)]
        with self._transaction() as database:
            database.executemany(
                "UPDATE connection SET ended_at = ? WHERE connection_id = ? AND ended_at IS NULL AND connected_at <= ?",
                rows,
            )

    def get(self, connection_id: str) -> StoredConnection | None:
        """Return a connection with its topics; see `ConnectionStore.get`.

        Args:
            connection_id: The id of the connection.

        Returns:
            The connection. `None` if it is not in the store.
        """
        checked_name("the connection id", connection_id)
        with self._lock, self._errors():
            return self._read(connection_id) if self._is_connected(connection_id) else None

    def join(self, connection_id: str, topic: str) -> None:
        """Add a connection to a topic; see `ConnectionStore.join`.

        Args:
            connection_id: The id of the connection.
            topic: The name of the topic.
        """
        checked_name("the connection id", connection_id)
        checked_name("the topic", topic)
        with self._transaction() as database:
            if not self._is_connected(connection_id):
                raise NotConnectedError(connection_id)
            database.execute("INSERT OR IGNORE INTO membership VALUES (?, ?)", (topic, connection_id))
            counting = "SELECT count(*) FROM membership WHERE connection_id = ?"
            (count,) = database.execute(counting, (connection_id,)).fetchone()
            if count > MAX_TOPICS:
                raise TooManyTopicsError(connection_id)

    def leave(self, connection_id: str, topic: str) -> None:
        """Remove a connection from a topic; see `ConnectionStore.leave`.

        Args:
            connection_id: The id of the connection.
            topic: The name of the topic.
        """
        checked_name("the connection id", connection_id)
        checked_name("the topic", topic)
        with self._transaction() as database:
            # Why not of an ended connection: `disconnect` returns the topics that it had at its end.
            if self._is_connected(connection_id):
                database.execute("DELETE FROM membership WHERE topic = ? AND connection_id = ?", (topic, connection_id))

    def of_user(self, user: str) -> Iterator[str]:
        """Return the ids of a user's connections; see `ConnectionStore.of_user`.

        Args:
            user: The name of the user.

        Returns:
            An iterator of connection ids, which reads pages of 1,000.
        """
        query = "SELECT connection_id FROM connection WHERE user = ? AND ended_at IS NULL"
        return (row[0] for row in self._pages(query, checked_name("the user", user)))

    def members(self, topic: str) -> Iterator[StoredConnection]:
        """Return the connections in a topic; see `ConnectionStore.members`.

        Args:
            topic: The name of the topic.

        Returns:
            An iterator of connections without their topics, which reads pages of 1,000.
        """
        query = (
            "SELECT connection_id, user, attributes FROM membership JOIN connection USING (connection_id)"
            " WHERE topic = ? AND ended_at IS NULL"
        )
        rows = self._pages(query, checked_name("the topic", topic))
        return (StoredConnection(row[0], row[1], json.loads(row[2])) for row in rows)

    def _prepare(self) -> None:
        self._use_write_ahead_log()
        for setting in ("synchronous = NORMAL", "foreign_keys = ON"):
            self._database.execute(f"PRAGMA {setting}")
        (found,) = self._database.execute("PRAGMA user_version").fetchone()
        if found > _FORMAT:
            raise StoreError(f"a newer version of Pushwire has written {self._path!r}: update this one")
        self._database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_FORMAT}; COMMIT;")

    def _use_write_ahead_log(self) -> None:
        # Why a loop: SQLite does not wait while another process that opens the same new file does this.
        until = time.monotonic() + _MAX_WAIT
        while True:
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def _pages(self, query: str, name: str) -> Iterator[tuple[Any, ...]]:
        """Yield rows of a query, whose first column is the connection id.

        Why pages: an open cursor would keep what is deleted in the meantime, and block other processes.
        """
        last = ""
        while True:
            with self._lock, self._errors():
                page = self._database.execute(
                    f"{query} AND expires_at > ? AND connection_id > ? ORDER BY connection_id LIMIT {_PAGE}",
                    (name, self._clock(), last),
                ).fetchall()
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def _is_connected(self, connection_id: str) -> bool:
        query = "SELECT 1 FROM connection WHERE connection_id = ? AND ended_at IS NULL AND expires_at > ?"
        return self._database.execute(query, (connection_id, self._clock())).fetchone() is not None

    def _read(self, connection_id: str) -> StoredConnection:
        query = "SELECT user, attributes FROM connection WHERE connection_id = ?"
        user, attributes = self._database.execute(query, (connection_id,)).fetchone()
        topics = self._database.execute("SELECT topic FROM membership WHERE connection_id = ?", (connection_id,))
        return StoredConnection(connection_id, user, json.loads(attributes), frozenset(row[0] for row in topics))

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock, self._errors():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"the database {self._path!r} cannot be used: {error}") from error
