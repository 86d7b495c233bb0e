"""The protocol of connection stores, and the record of a connection."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

__all__ = ["ConnectionStore", "StoredConnection"]


class StoredConnection(NamedTuple):
    """A connection in a store. It does not change.

    Attributes:
        connection_id: The id of the connection.
        user: The user of the connection. Defaults to `None`: not known.
        attributes: What the application has stored with the connection. Defaults to no attributes.
        topics: The topics that the connection has joined. Results of `members` do not have them. Defaults to none.
    """

    connection_id: str
    user: str | None = None
    attributes: Mapping[str, str] = {}  # a class with a default that cannot be changed would be slower to import
    topics: frozenset[str] = frozenset()


class ConnectionStore(Protocol):
    """A store of the open connections, with their users and topics. Safe to share between threads.

    Names of users, topics and attributes, and connection ids, have 1 to 512 bytes of UTF-8. A connection can be in 100
    topics. It expires 2 hours and 10 minutes after `connect`, because API Gateway closes connections after two hours
    and `$disconnect` is not guaranteed ("Amazon API Gateway quotas"). An expired connection is not returned.

    After simultaneous calls for one connection, `members` and `of_user` agree with `get`.

    Every method raises `StoreError` if the store cannot be reached, `TypeError` for a name that is not a string, and
    `ValueError` for a name that is empty, too long, or not valid Unicode.

    `pushwire.testing.ConnectionStoreBehaviours` is the test suite of this protocol.
    """

    def connect(
        self,
        connection_id: str,
        *,
        user: str | None = None,
        attributes: Mapping[str, str] | None = None,
        topics: Iterable[str] = (),
    ) -> None:
        """Store a new connection. A connection that was stored before with the same id is replaced.

        Args:
            connection_id: The id of the connection.
            user: The user. Defaults to `None`: not known.
            attributes: What to store with the connection, such as a display name. Each topic has a copy, so keep it
                small. Defaults to no attributes.
            topics: The topics to join. Defaults to none.

        Raises:
            StoreError: The store cannot be reached.
            TooManyTopicsError: There are more than 100 topics.
            TypeError: A name is not a string.
            ValueError: A name is empty, too long, or not valid Unicode.
        """

    def identify(self, connection_id: str, *, user: str, attributes: Mapping[str, str] | None = None) -> None:
        """Change the user of a connection, such as after a message that logs in.

        Args:
            connection_id: The id of the connection.
            user: The new user.
            attributes: The new attributes, which replace the old ones. Defaults to `None`: keep the old ones.

        Raises:
            NotConnectedError: The connection is not in the store.
            StoreError: The store cannot be reached.
            TypeError: A name is not a string.
            ValueError: A name is empty, too long, or not valid Unicode.
        """

    def disconnect(self, connection_id: str) -> StoredConnection | None:
        """End a connection, and remove it from its user and topics.

        Args:
            connection_id: The id of the connection.

        Returns:
            The connection as it was, with its topics. Exactly one call for a connection returns it, also after `gone`;
            other calls return `None`.

        Raises:
            StoreError: The store cannot be reached.
            TypeError: The connection id is not a string.
            ValueError: The connection id is empty, too long, or not valid Unicode.
        """
        ...

    def gone(self, connection_ids: Iterable[str]) -> None:
        """End the connections that API Gateway has answered with 410, and remove them from their users and topics.

        Connections that were stored less than 30 seconds ago stay. Why: API Gateway answers with 410 until `$connect`
        has returned, which takes at most 29 seconds. Unknown connections are ignored.

        Args:
            connection_ids: The ids of the connections.

        Raises:
            StoreError: The store cannot be reached. Some of the connections may have been removed.
            TypeError: A connection id is not a string.
            ValueError: A connection id is empty, too long, or not valid Unicode.
        """

    def get(self, connection_id: str) -> StoredConnection | None:
        """Return a connection with its topics.

        Args:
            connection_id: The id of the connection.

        Returns:
            The connection. `None` if it is not in the store.

        Raises:
            StoreError: The store cannot be reached.
            TypeError: The connection id is not a string.
            ValueError: The connection id is empty, too long, or not valid Unicode.
        """
        ...

    def join(self, connection_id: str, topic: str) -> None:
        """Add a connection to a topic. Adding it again changes nothing.

        Args:
            connection_id: The id of the connection.
            topic: The name of the topic.

        Raises:
            NotConnectedError: The connection is not in the store.
            StoreError: The store cannot be reached.
            TooManyTopicsError: The connection is in 100 other topics.
            TypeError: A name is not a string.
            ValueError: A name is empty, too long, or not valid Unicode.
        """

    def leave(self, connection_id: str, topic: str) -> None:
        """Remove a connection from a topic. If it is not in the topic, nothing changes.

        Args:
            connection_id: The id of the connection.
            topic: The name of the topic.

        Raises:
            StoreError: The store cannot be reached.
            TypeError: A name is not a string.
            ValueError: A name is empty, too long, or not valid Unicode.
        """

    def of_user(self, user: str) -> Iterator[str]:
        """Return the ids of a user's connections. They are read in pages, as the iterator needs them.

        Connections that are stored or removed while the iterator runs may be in the result or not.

        Args:
            user: The name of the user.

        Returns:
            An iterator of connection ids, in any order.

        Raises:
            StoreError: The store cannot be reached. The iterator raises it.
            TypeError: The name is not a string.
            ValueError: The name is empty, too long, or not valid Unicode.
        """
        ...

    def members(self, topic: str) -> Iterator[StoredConnection]:
        """Return the connections in a topic. They are read in pages, as the iterator needs them.

        Connections that join or leave while the iterator runs may be in the result or not.

        Args:
            topic: The name of the topic.

        Returns:
            An iterator of connections with their users and attributes, without their topics, in any order.

        Raises:
            StoreError: The store cannot be reached. The iterator raises it.
            TypeError: The name is not a string.
            ValueError: The name is empty, too long, or not valid Unicode.
        """
        ...
