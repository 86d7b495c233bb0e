"""A connection store in a DynamoDB table.

The table has no indexes, because DynamoDB does not read indexes consistently. Its rows, by partition key and sort key:

```text
C#id                  C    the connection, with the names of its topics
T#topic#partition     id   the connection's membership of a topic, with a copy of its user and attributes
U#user                id   the connection's place among those of a user
```

Why these calls, in this order:

- Each operation writes to the connection's own row first. So `disconnect` and `gone` find in it which other rows there
  may be, also those of a process that was killed.
- `disconnect` and `gone` mark that row as ended before they delete the other rows, and leave it to its TTL, so that a
  later call can finish what an interrupted one has left.
- The other operations then write the other rows as that row says, read it again, and repeat that if it says otherwise
  now. So the last write to a row is right in any order of simultaneous calls: its writer has read the connection's own
  row afterwards, and an operation that has changed that row since has a write of its own to come.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from pushwire._checks import check_function
from pushwire._log import logger
from pushwire.store._checks import (
    GONE_AGE,
    LIFETIME,
    MAX_TOPICS,
    checked_attributes,
    checked_ids,
    checked_name,
    checked_topics,
)
from pushwire.store._rows import (
    FORMAT,
    Keys,
    Row,
    check_format,
    connection_of,
    is_open,
    names_in,
    number,
    person,
    string,
    strings,
)
from pushwire.store._table import MAX_BATCH, ConditionError, DynamoDBClient, Table
from pushwire.store.errors import NotConnectedError, StoreError, TooManyTopicsError
from pushwire.store.protocol import StoredConnection

__all__ = ["DynamoDBStore"]

_IS_OPEN: Final = "attribute_exists(pk) AND attribute_not_exists(ended_at) AND expires_at > :now"

_OF_A_MEMBER: Final = "sk, row_format, user_id, user_attributes"
"""The attributes of a membership that `members` reads."""

_MAX_FAILURES: Final = 3
"""The number of failed calls after which `gone` gives up: a table that cannot be reached takes seconds for each."""


class DynamoDBStore:
    """A connection store in a DynamoDB table, through boto3. `ConnectionStore` documents the methods and their errors.

    Threads can share it. Listings are read consistently: they have what was stored before they began.

    Args:
        table: The name of the table. `pushwire.cdk.ConnectionTable` and `create_table` make one.
        client: Your own `boto3.client("dynamodb")`, with its own retries and time-outs. Defaults to a new client.
        namespace: A prefix that separates the connections of several applications, tenants or stages in one table: 1
            to 128 ASCII characters without `#`. Defaults to `None`: no prefix.
        partitions: The number of DynamoDB partitions of a topic, by its name, such as `{"everyone": 8}`. One partition
            takes 1,000 joins a second. After a change, keep the earlier numbers behind the current one, as in
            `{"everyone": [8, 1]}`, for the 2 hours and 10 minutes until earlier rows have expired. Defaults to 1.
        clock: Returns the time of day in seconds since the epoch. Defaults to `time.time`.

    Raises:
        ImportError: boto3 is not installed.
        StoreError: A client cannot be made, for example because no region is known.
        TypeError: An argument has the wrong type, or `client` is not a sync client of DynamoDB.
        ValueError: `table` is empty or has control characters, or `namespace` or a number in `partitions` is out of
            range.
    """

    def __init__(
        self,
        table: str,
        *,
        client: DynamoDBClient | None = None,
        namespace: str | None = None,
        partitions: Mapping[str, int | Sequence[int]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_function("clock", clock)
        self._keys = Keys(namespace, partitions)
        self._table = Table(table, client)
        self._clock = clock

    def create_table(self) -> None:
        """Create the table, on demand and with its TTL, for tests and local use.

        Raises:
            StoreError: The table cannot be created, for example because it exists.
        """
        self._table.create()

    def connect(
        self,
        connection_id: str,
        *,
        user: str | None = None,
        attributes: Mapping[str, str] | None = None,
        topics: Iterable[str] = (),
    ) -> None:
        """Store a new connection; see `ConnectionStore.connect`.

        It costs 2 write units and 1 read unit, and 1 write unit for each topic. Without a user and topics it costs 1
        write unit.

        Args:
            connection_id: The id of the connection.
            user: The user. Defaults to `None`: not known.
            attributes: What to store with the connection. Defaults to no attributes.
            topics: The topics to join. Defaults to none.
        """
        checked_name("the connection id", connection_id)
        if user is not None:
            checked_name("user=", user)
        described = person(user, checked_attributes(attributes))
        joined = checked_topics(connection_id, topics)
        now = self._clock()
        row: dict[str, Any] = {
            **self._keys.root(connection_id),
            **FORMAT,
            **described,
            "connected_at": number(now),
            "expires_at": {"N": str(int(now) + LIFETIME)},  # a whole number, which DynamoDB's TTL needs
        }
        if user is not None:
            row["user_ids"] = strings([user])
        if joined:
            row["topic_names"] = strings(joined)
        replaced = self._table.put(row)
        self._write_others(connection_id, row, row, replaced)

    def identify(self, connection_id: str, *, user: str, attributes: Mapping[str, str] | None = None) -> None:
        """Change the user of a connection; see `ConnectionStore.identify`.

        It costs 2 write units and 1 read unit, and 1 write unit for each topic. If there was another user, it costs 2
        more write units.

        Args:
            connection_id: The id of the connection.
            user: The new user.
            attributes: The new attributes. Defaults to `None`: keep the old ones.
        """
        checked_name("the connection id", connection_id)
        checked_name("user=", user)
        values = {":user": string(user), ":users": strings([user]), ":now": number(self._clock())}
        changes = "SET user_id = :user"
        if attributes is not None:
            values[":attributes"] = person(None, checked_attributes(attributes))["user_attributes"]
            changes += ", user_attributes = :attributes"
        row = self._update_open(connection_id, f"{changes} ADD user_ids :users", values)
        if not is_open(self._write_others(connection_id, row, row), self._clock()):
            raise NotConnectedError(connection_id)
        former = [name for name in names_in(row, "user_ids") if name != user]
        if former:
            values = {":former": strings(former), ":user": string(user), ":now": number(self._clock())}
            with suppress(ConditionError):  # another call has changed the user, and deletes the names itself
                self._table.update(
                    self._keys.root(connection_id),
                    "DELETE user_ids :former",
                    f"{_IS_OPEN} AND user_id = :user",
                    values,
                )

    def disconnect(self, connection_id: str) -> StoredConnection | None:
        """End a connection; see `ConnectionStore.disconnect`. It costs 2 write units, and 1 for each topic.

        Args:
            connection_id: The id of the connection.

        Returns:
            The connection as it was, with its topics, for exactly one call; `None` for other calls.
        """
        checked_name("the connection id", connection_id)
        # Why: boto3 repeats a call whose response was lost, and the repeated one is refused.
        call = os.urandom(8).hex()
        try:
            row = self._table.update(
                self._keys.root(connection_id),
                "SET ended_at = if_not_exists(ended_at, :now), returned_by = :call",
                "attribute_exists(pk) AND expires_at > :now AND attribute_not_exists(returned_by)",
                {":now": number(self._clock()), ":call": string(call)},
            )
        except ConditionError as error:
            if error.row is None or "returned_by" not in error.row:  # unknown or expired
                return None
            row = error.row
        check_format(row)
        connection = connection_of(row, connection_id) if row["returned_by"] == string(call) else None
        try:
            self._table.write(deletes=self._other_keys(row, connection_id))
        except StoreError as error:
            if connection is None:
                raise
            # Why not raised: no later call returns the connection. A later call deletes the rows.
            logger("store").error(
                "the store has failed to remove connection %s, which has ended, from its user and topics: %s",
                connection_id,
                error,
                exc_info=error,
                extra={"connection_id": connection_id},
            )
        return connection

    def gone(self, connection_ids: Iterable[str]) -> None:
        """End connections that API Gateway has answered with 410; see `ConnectionStore.gone`.

        Each costs 2 write units, and 1 for each topic. After a failed call it continues with the other connections,
        and after the third one it gives up. It raises the first error.

        Args:
            connection_ids: The ids of the connections.
        """
        now = self._clock()
        values = {":now": number(now), ":latest": number(now - GONE_AGE)}
        remaining = checked_ids(connection_ids)
        deletes: list[Row] = []
        failures: list[StoreError] = []
        while remaining or deletes:
            try:
                if not remaining or len(deletes) >= MAX_BATCH:
                    batch, deletes = deletes, []
                    self._table.write(deletes=batch)
                    continue
                connection_id = remaining.pop()
                row = self._table.update(
                    self._keys.root(connection_id),
                    "SET ended_at = if_not_exists(ended_at, :now)",
                    "connected_at <= :latest",  # does not hold for a row that does not exist
                    values,
                )
                deletes += self._other_keys(row, connection_id)
            except ConditionError:
                continue
            except StoreError as error:
                failures.append(error)
                if len(failures) == _MAX_FAILURES:
                    remaining = []
        if failures:
            raise failures[0]

    def get(self, connection_id: str) -> StoredConnection | None:
        """Return a connection with its topics; see `ConnectionStore.get`. It costs 1 read unit.

        Args:
            connection_id: The id of the connection.

        Returns:
            The connection. `None` if it is not in the store.
        """
        checked_name("the connection id", connection_id)
        row = self._table.get(self._keys.root(connection_id))
        return connection_of(row, connection_id) if is_open(row, self._clock()) else None

    def join(self, connection_id: str, topic: str) -> None:
        """Add a connection to a topic; see `ConnectionStore.join`. It costs 2 write units and 1 read unit.

        Args:
            connection_id: The id of the connection.
            topic: The name of the topic.
        """
        checked_name("the connection id", connection_id)
        checked_name("the topic", topic)
        has_room = "(attribute_not_exists(topic_names) OR contains(topic_names, :topic) OR size(topic_names) < :most)"
        values = {
            ":topics": strings([topic]),
            ":topic": string(topic),
            ":most": {"N": str(MAX_TOPICS)},
            ":now": number(self._clock()),
        }
        row = self._update_open(connection_id, "ADD topic_names :topics", values, has_room)
        if not is_open(self._write_others(connection_id, row, {"topic_names": values[":topics"]}), self._clock()):
            raise NotConnectedError(connection_id)

    def leave(self, connection_id: str, topic: str) -> None:
        """Remove a connection from a topic; see `ConnectionStore.leave`. It costs 2 write units and 1 read unit.

        Args:
            connection_id: The id of the connection.
            topic: The name of the topic.
        """
        checked_name("the connection id", connection_id)
        checked_name("the topic", topic)
        values = {":topics": strings([topic]), ":now": number(self._clock())}
        row = None
        # Why not of an ended connection: `disconnect` returns the topics that it had at its end.
        with suppress(NotConnectedError):
            row = self._update_open(connection_id, "DELETE topic_names :topics", values)
        self._write_others(connection_id, row, {"topic_names": values[":topics"]})

    def of_user(self, user: str) -> Iterator[str]:
        """Return the ids of a user's connections; see `ConnectionStore.of_user`.

        Args:
            user: The name of the user.

        Returns:
            An iterator of connection ids, which reads pages of 1 MB.
        """
        partition = self._keys.of_user(checked_name("the user", user))
        return (row["sk"]["S"] for row in self._table.query(partition, self._clock(), "sk"))

    def members(self, topic: str) -> Iterator[StoredConnection]:
        """Return the connections in a topic; see `ConnectionStore.members`.

        Args:
            topic: The name of the topic.

        Returns:
            An iterator of connections without their topics, which reads pages of 1 MB.
        """
        checked_name("the topic", topic)
        return (
            connection_of(row, row["sk"]["S"])
            for partition in self._keys.of_topic(topic)
            for row in self._table.query(partition, self._clock(), _OF_A_MEMBER)
        )

    def _update_open(self, connection_id: str, changes: str, values: Row, has_room: str = "") -> Row:
        """Change the row of a connection that is open."""
        condition = f"{_IS_OPEN} AND {has_room}" if has_room else _IS_OPEN
        try:
            row = self._table.update(self._keys.root(connection_id), changes, condition, values)
        except ConditionError as error:
            if has_room and is_open(error.row, self._clock()):
                raise TooManyTopicsError(connection_id) from None
            raise NotConnectedError(connection_id) from None
        check_format(row)
        return row

    def _write_others(self, connection_id: str, row: Row | None, *named: Row) -> Row | None:
        """Write a connection's memberships and places as its own row says, and repeat that until it says the same.

        Why without a limit: each repetition needs another operation that has changed the connection's own row.

        Args:
            connection_id: The id of the connection.
            row: The connection's own row, after the change of the operation. `None` if it is not open.
            named: Rows with the names of the topics and of the users to write.

        Returns:
            The connection's own row after the last write.
        """
        written: Any = ([], [])
        while True:
            puts, deletes = self._keys.others(connection_id, row if is_open(row, self._clock()) else {}, named)
            if (puts, deletes) == written:
                return row
            self._table.write(puts=puts, deletes=deletes)
            written = puts, deletes
            row = self._table.get(self._keys.root(connection_id))

    def _other_keys(self, row: Row, connection_id: str) -> list[Row]:
        """Return the keys of the memberships and places that a connection's own row names."""
        return self._keys.others(connection_id, {}, [row])[1]
