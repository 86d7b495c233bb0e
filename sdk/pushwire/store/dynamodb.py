"""A connection store in a DynamoDB table.

The table has no indexes, because DynamoDB does not read indexes consistently. Its rows, by partition key and sort key:

```text
C#id                  C    the connection, with the names of its topics
T#topic#partition     id   the connection's membership of a topic, with a copy of its user and attributes
U#user                id   the connection's place among those of a user
```

Why these calls, in this order:

- `connect` and `join` write to the connection's own row first. So `disconnect` and `gone` find in it which other rows
  there may be, also those of a process that was killed.
- `disconnect` and `gone` mark that row as ended before they delete the other rows, and leave it to its TTL, so that a
  later call can finish what an interrupted one has left.
- `join` reads that row again after its last write, and deletes its membership if the connection has ended since. A
  read before the write would leave members that do not exist when a disconnect comes between the two.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

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
    person,
    string,
    strings,
)
from pushwire.store._table import MAX_BATCH, ConditionError, Table
from pushwire.store.errors import NotConnectedError, TooManyTopicsError
from pushwire.store.protocol import StoredConnection

__all__ = ["DynamoDBClient", "DynamoDBStore"]

_IS_OPEN: Final = "attribute_exists(pk) AND attribute_not_exists(ended_at) AND expires_at > :now"

_OF_A_MEMBER: Final = "sk, row_format, user_id, user_attributes"
"""The attributes of a membership that `members` reads."""

_MAX_COPIES: Final = 5
"""The largest number of times that `join` writes its copy of a user. It writes again if `identify` has changed it."""


class DynamoDBClient(Protocol):
    """The methods of `boto3.client("dynamodb")` that Pushwire calls."""

    def put_item(self, *, TableName: str, Item: Any, ReturnValues: Any) -> Any:  # noqa: N803
        """Write a row.

        Args:
            TableName: The name of the table.
            Item: The row.
            ReturnValues: What to return of the row that was replaced.
        """

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool) -> Any:  # noqa: N803
        """Read a row.

        Args:
            TableName: The name of the table.
            Key: The key of the row.
            ConsistentRead: Whether to read what was written before.
        """

    def update_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: Any,  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: Any,  # noqa: N803
        ReturnValues: Any,  # noqa: N803
        ReturnValuesOnConditionCheckFailure: Any,  # noqa: N803
    ) -> Any:
        """Change a row.

        Args:
            TableName: The name of the table.
            Key: The key of the row.
            UpdateExpression: The changes.
            ConditionExpression: The condition.
            ExpressionAttributeValues: The values in both expressions.
            ReturnValues: What to return of the row.
            ReturnValuesOnConditionCheckFailure: What to return of the row if the condition does not hold.
        """

    def batch_write_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
        """Write and delete rows.

        Args:
            RequestItems: The rows to write and the keys to delete, by table.
        """

    def query(
        self,
        *,
        TableName: str,  # noqa: N803
        KeyConditionExpression: str,  # noqa: N803
        FilterExpression: str,  # noqa: N803
        ProjectionExpression: str,  # noqa: N803
        ExpressionAttributeValues: Any,  # noqa: N803
        ConsistentRead: bool,  # noqa: N803
        ExclusiveStartKey: Any = ...,  # noqa: N803
    ) -> Any:
        """Read a page of a partition.

        Args:
            TableName: The name of the table.
            KeyConditionExpression: The condition for the key.
            FilterExpression: The condition for the rows.
            ProjectionExpression: The names of the attributes to return.
            ExpressionAttributeValues: The values in both conditions.
            ConsistentRead: Whether to read what was written before.
            ExclusiveStartKey: The last key of the page before.
        """


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
        ValueError: `namespace` or a number in `partitions` is out of range.
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
        """Store a new connection; see `ConnectionStore.connect`. It costs 2 write units, and 1 for each topic.

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
            "connected_at": _number(now),
            "expires_at": {"N": str(int(now) + LIFETIME)},  # a whole number, which DynamoDB's TTL needs
        }
        if user is not None:
            row["user_ids"] = strings([user])
        if joined:
            row["topic_names"] = strings(joined)
        replaced = self._table.put(row)
        places = [self._place(row, user, connection_id)] if user is not None else []
        puts = places + [self._membership(row, topic, connection_id) for topic in joined]
        kept = [_key_of(put) for put in puts]
        self._table.write(
            puts=puts, deletes=[key for key in self._other_keys(replaced, connection_id) if key not in kept]
        )

    def identify(self, connection_id: str, *, user: str, attributes: Mapping[str, str] | None = None) -> None:
        """Change the user of a connection; see `ConnectionStore.identify`.

        It costs 2 write units and 1 read unit, and 1 write unit for each topic. If there was another user, it costs 2
        more write units and no read unit.

        Args:
            connection_id: The id of the connection.
            user: The new user.
            attributes: The new attributes. Defaults to `None`: keep the old ones.
        """
        checked_name("the connection id", connection_id)
        checked_name("user=", user)
        values = {":user": string(user), ":users": strings([user]), ":now": _number(self._clock())}
        changes = "SET user_id = :user"
        if attributes is not None:
            values[":attributes"] = person(None, checked_attributes(attributes))["user_attributes"]
            changes += ", user_attributes = :attributes"
        key = self._keys.root(connection_id)
        row = self._update_open(connection_id, f"{changes} ADD user_ids :users", values)
        former = [name for name in names_in(row, "user_ids") if name != user]
        self._table.write(
            puts=[self._place(row, user, connection_id)],
            deletes=[self._keys.place(name, connection_id) for name in former],
        )
        for topic in names_in(row, "topic_names"):
            self._update_copy(row, topic, connection_id)
        if former:
            values = {":former": strings(former), ":user": string(user), ":now": _number(self._clock())}
            condition = f"{_IS_OPEN} AND user_id = :user"
            try:
                latest: Row | None = self._table.update(key, "DELETE user_ids :former", condition, values)
            except ConditionError as error:
                latest = error.row
        else:
            latest = self._table.get(key)
        if not is_open(latest, self._clock()) or latest is None or latest["user_id"]["S"] != user:
            self._table.write(deletes=[self._keys.place(user, connection_id)])
        if not is_open(latest, self._clock()):
            raise NotConnectedError(connection_id)

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
                {":now": _number(self._clock()), ":call": string(call)},
            )
        except ConditionError as error:
            if error.row is None or "returned_by" not in error.row:  # unknown or expired
                return None
            row = error.row
        check_format(row)
        self._table.write(deletes=self._other_keys(row, connection_id))
        return connection_of(row, connection_id) if row["returned_by"] == string(call) else None

    def gone(self, connection_ids: Iterable[str]) -> None:
        """End connections that API Gateway has answered with 410; see `ConnectionStore.gone`.

        Each costs 2 write units, and 1 for each topic.

        Args:
            connection_ids: The ids of the connections.
        """
        now = self._clock()
        values = {":now": _number(now), ":latest": _number(now - GONE_AGE)}
        deletes: list[Row] = []
        for connection_id in checked_ids(connection_ids):
            try:
                row = self._table.update(
                    self._keys.root(connection_id),
                    "SET ended_at = if_not_exists(ended_at, :now)",
                    "connected_at <= :latest",  # does not hold for a row that does not exist
                    values,
                )
            except ConditionError:
                continue
            deletes += self._other_keys(row, connection_id)
            if len(deletes) >= MAX_BATCH:
                self._table.write(deletes=deletes)
                deletes = []
        self._table.write(deletes=deletes)

    def get(self, connection_id: str) -> StoredConnection | None:
        """Return a connection with its topics; see `ConnectionStore.get`. It costs 1 read unit.

        Args:
            connection_id: The id of the connection.

        Returns:
            The connection. `None` if it is not in the store.
        """
        checked_name("the connection id", connection_id)
        row = self._table.get(self._keys.root(connection_id))
        return connection_of(row, connection_id) if row is not None and is_open(row, self._clock()) else None

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
            ":now": _number(self._clock()),
        }
        row = self._update_open(connection_id, "ADD topic_names :topics", values, has_room)
        key, *earlier = self._keys.memberships(topic, connection_id)
        for _ in range(_MAX_COPIES):
            self._table.write(puts=[self._membership(row, topic, connection_id)], deletes=earlier)
            latest = self._table.get(self._keys.root(connection_id))
            if latest is None or not is_open(latest, self._clock()):
                self._table.write(deletes=[key])
                raise NotConnectedError(connection_id)
            if topic not in names_in(latest, "topic_names"):  # a call of `leave` came later
                self._table.write(deletes=[key])
                return
            if _same_person(row, latest):
                return
            row = latest

    def leave(self, connection_id: str, topic: str) -> None:
        """Remove a connection from a topic; see `ConnectionStore.leave`. It costs 2 write units.

        Args:
            connection_id: The id of the connection.
            topic: The name of the topic.
        """
        checked_name("the connection id", connection_id)
        checked_name("the topic", topic)
        values = {":topics": strings([topic]), ":now": _number(self._clock())}
        # Why not of an ended connection: `disconnect` returns the topics that it had at its end.
        with suppress(NotConnectedError):
            self._update_open(connection_id, "DELETE topic_names :topics", values)
        self._table.write(deletes=self._keys.memberships(topic, connection_id))

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

    def _update_copy(self, row: Row, topic: str, connection_id: str) -> None:
        """Change the copy of a connection's user in a membership, unless a call of `leave` has deleted it."""
        copied = {f":{name}": value for name, value in row.items() if name in ("user_id", "user_attributes")}
        changes = ", ".join(f"{name[1:]} = {name}" for name in copied)
        key = self._keys.membership(topic, connection_id)
        with suppress(ConditionError):
            self._table.update(key, f"SET {changes}", "attribute_exists(pk)", copied)

    def _membership(self, row: Row, topic: str, connection_id: str) -> dict[str, Any]:
        copied = {name: value for name, value in row.items() if name in ("user_id", "user_attributes", "expires_at")}
        return {**self._keys.membership(topic, connection_id), **FORMAT, **copied}

    def _place(self, row: Row, user: str, connection_id: str) -> dict[str, Any]:
        return {**self._keys.place(user, connection_id), **FORMAT, "expires_at": row["expires_at"]}

    def _other_keys(self, row: Row, connection_id: str) -> list[Row]:
        """Return the keys of a connection's memberships and of its places, which its own row has the names of."""
        keys = [self._keys.place(user, connection_id) for user in names_in(row, "user_ids")]
        for topic in names_in(row, "topic_names"):
            keys += self._keys.memberships(topic, connection_id)
        return keys


def _number(value: float) -> dict[str, str]:
    return {"N": f"{value:.3f}"}


def _key_of(row: Row) -> Row:
    return {"pk": row["pk"], "sk": row["sk"]}


def _same_person(one: Row, other: Row) -> bool:
    return all(one.get(name) == other.get(name) for name in ("user_id", "user_attributes"))
