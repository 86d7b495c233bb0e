"""The removal of gone connections from a store while a broadcast runs, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

from pushwire._log import logger
from pushwire.store import ConnectionStore

__all__ = ["StoreUpdates", "StoredIds", "log_store_failure", "member_ids", "remove_gone"]


class StoredIds:
    """The connection ids of a topic or a user, which are read from the store again for each message.

    Args:
        read: Returns an iterator of the ids.
    """

    def __init__(self, read: Callable[[], Iterator[str]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[str]:
        return self._read()


def member_ids(store: ConnectionStore, topic: str) -> Iterator[str]:
    """Return the ids of the connections in a topic."""
    return (member.connection_id for member in store.members(topic))


def remove_gone(store: ConnectionStore, connection_ids: Iterable[str]) -> bool:
    """Remove connections that API Gateway has answered with 410, and return whether the store could do so.

    A failure is logged and not raised. Why: the send is what the application has asked for, and its outcome is known.
    """
    try:
        store.gone(connection_ids)
    except Exception as error:  # noqa: BLE001 - of a store of the user's
        log_store_failure(error)
        return False
    return True


def log_store_failure(error: Exception) -> None:
    """Log that gone connections stay in the store."""
    logger("server").error("the store has failed to remove connections that are gone: %s", error, exc_info=error)


class StoreUpdates:
    """Removes the gone connections of one broadcast from a store, in batches.

    Why a thread: removing one connection may take several calls to a database, and the broadcast would wait for each.

    Args:
        store: The store.
        on_gone: Called with each connection id first. `None` if there is nothing to call.
    """

    def __init__(self, store: ConnectionStore, on_gone: Callable[[str], object] | None) -> None:
        self._store = store
        self._on_gone = on_gone
        self._lock = threading.Lock()
        self._pending: list[str] = []
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def __call__(self, connection_id: str) -> object:
        """Add a connection to the next batch, and call `on_gone`."""
        with self._lock:
            if not self._is_closed:
                self._pending.append(connection_id)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="pushwire-store", daemon=True)
                    self._thread.start()
        return self._on_gone(connection_id) if self._on_gone is not None else None

    def close(self, timeout: float | None) -> None:
        """Wait until all batches are removed. Drop what has not begun then: the next broadcast finds it again.

        Args:
            timeout: Seconds to wait. `None` to wait without a limit.
        """
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout)
        self._drop()

    def _run(self) -> None:
        while True:
            with self._lock:
                batch, self._pending = self._pending, []
                if not batch:
                    self._thread = None
                    return
            if not remove_gone(self._store, batch):
                self._drop()  # a store that has failed would fail again

    def _drop(self) -> None:
        with self._lock:
            self._is_closed = True
            self._pending = []
