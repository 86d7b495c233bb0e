"""A connection store for async code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

from pushwire._functions import is_async as is_async_function
from pushwire.store.protocol import ConnectionStore, StoredConnection

__all__ = ["AsyncStore", "checked_store"]

T = TypeVar("T")

_MAX_CHUNK: Final = 256
"""The largest number of elements that one call on a thread takes from an iterator."""


class AsyncStore:
    """A connection store for async handlers and SDKs, which runs each call of another store on a thread.

    `ConnectionStore` documents the methods and their errors.

    Args:
        store: The store. Several event loops may share it.

    Raises:
        TypeError: It is not a store, or is async.
    """

    def __init__(self, store: ConnectionStore) -> None:
        given: object = store
        if isinstance(given, AsyncStore) or is_async_function(getattr(given, "connect", None)):
            raise TypeError(f"AsyncStore() takes a store that is not async, not {type(given).__name__}")
        if isinstance(given, type) or not callable(getattr(given, "connect", None)):
            raise TypeError(f"AsyncStore() takes a store, such as SqliteStore(path), not {given!r:.100}")
        self._store = store

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AsyncStore) and other._store is self._store

    def __hash__(self) -> int:
        return hash(id(self._store))

    async def connect(
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
        import asyncio

        await asyncio.to_thread(self._store.connect, connection_id, user=user, attributes=attributes, topics=topics)

    async def identify(self, connection_id: str, *, user: str, attributes: Mapping[str, str] | None = None) -> None:
        """Change the user of a connection; see `ConnectionStore.identify`.

        Args:
            connection_id: The id of the connection.
            user: The new user.
            attributes: The new attributes. Defaults to `None`: keep the old ones.
        """
        import asyncio

        await asyncio.to_thread(self._store.identify, connection_id, user=user, attributes=attributes)

    async def disconnect(self, connection_id: str) -> StoredConnection | None:
        """End a connection; see `ConnectionStore.disconnect`.

        Args:
            connection_id: The id of the connection.

        Returns:
            The connection as it was, with its topics, for exactly one call; `None` for other calls.
        """
        import asyncio

        return await asyncio.to_thread(self._store.disconnect, connection_id)

    async def gone(self, connection_ids: Iterable[str]) -> None:
        """End connections that API Gateway has answered with 410; see `ConnectionStore.gone`.

        Args:
            connection_ids: The ids of the connections.
        """
        import asyncio

        await asyncio.to_thread(self._store.gone, connection_ids)

    async def get(self, connection_id: str) -> StoredConnection | None:
        """Return a connection with its topics; see `ConnectionStore.get`.

        Args:
            connection_id: The id of the connection.

        Returns:
            The connection. `None` if it is not in the store.
        """
        import asyncio

        return await asyncio.to_thread(self._store.get, connection_id)

    async def join(self, connection_id: str, topic: str) -> None:
        """Add a connection to a topic; see `ConnectionStore.join`.

        Args:
            connection_id: The id of the connection.
            topic: The name of the topic.
        """
        import asyncio

        await asyncio.to_thread(self._store.join, connection_id, topic)

    async def leave(self, connection_id: str, topic: str) -> None:
        """Remove a connection from a topic; see `ConnectionStore.leave`.

        Args:
            connection_id: The id of the connection.
            topic: The name of the topic.
        """
        import asyncio

        await asyncio.to_thread(self._store.leave, connection_id, topic)

    def of_user(self, user: str) -> AsyncIterator[str]:
        """Return the ids of a user's connections; see `ConnectionStore.of_user`.

        Args:
            user: The name of the user.

        Returns:
            An async iterator of connection ids. Pages are read on a thread, as it needs them.
        """
        return _on_threads(self._store.of_user(user))

    def members(self, topic: str) -> AsyncIterator[StoredConnection]:
        """Return the connections in a topic; see `ConnectionStore.members`.

        Args:
            topic: The name of the topic.

        Returns:
            An async iterator of connections without their topics. Pages are read on a thread, as it needs them.
        """
        return _on_threads(self._store.members(topic))


async def _on_threads(iterator: Iterator[T]) -> AsyncIterator[T]:
    """Yield the elements of an iterator, which advances on threads.

    Why chunks: a call on a thread takes as long as dozens of elements. Why small ones at first: the first element must
    not wait for a second page of the store.
    """
    import asyncio

    def take(count: int) -> list[T]:
        return list(islice(iterator, count))

    count = 1
    while chunk := await asyncio.to_thread(take, count):
        for element in chunk:
            yield element
        count = min(2 * count, _MAX_CHUNK)


def checked_store(store: Any, *, is_async: bool) -> Any:
    """Return the store that an SDK or a router uses: an async one awaits every call.

    Args:
        store: The argument `store=`.
        is_async: Whether the SDK or router is async. It then runs a store that is not async on threads.

    Raises:
        TypeError: It is not a store, or it is async and the SDK or router is not.
    """
    if store is None:
        return None
    methods = [getattr(store, name, None) for name in ("connect", "disconnect", "gone", "members", "of_user")]
    if isinstance(store, type) or not all(map(callable, methods)):
        raise TypeError(f"store= must be a connection store, such as SqliteStore(path), not {store!r:.100}")
    if not any(map(is_async_function, methods)):
        return AsyncStore(store) if is_async else store
    if not is_async:
        raise TypeError(
            f"store= is async ({type(store).__name__}), which this object cannot await: pass the store itself, or use "
            "the async SDK and router"
        )
    return store
