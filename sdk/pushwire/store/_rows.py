"""The rows of a DynamoDB table of connections: their keys, and their values in the form of boto3's client."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeGuard
from zlib import crc32

from pushwire.store.errors import StoreError
from pushwire.store.protocol import StoredConnection

__all__ = [
    "FORMAT",
    "Keys",
    "Row",
    "check_format",
    "connection_of",
    "is_open",
    "names_in",
    "number",
    "person",
    "string",
    "strings",
]

Row = Mapping[str, Any]
"""A row, or a part of one: attribute values by name."""

FORMAT: Final = {"row_format": {"N": "1"}}
"""The version of the row format, which every row has. Why: a later version can recognize rows and convert them."""


class Keys:
    """The keys of all rows, and the rows that follow from a connection's own row.

    Args:
        namespace: The prefix of all partition keys. `None` for no prefix.
        partitions: The numbers of partitions of topics: the current number, and earlier ones that rows still have.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The namespace is empty or has a character that is not allowed, or a number is out of range.
    """

    def __init__(self, namespace: str | None, partitions: Mapping[str, int | Sequence[int]] | None) -> None:
        if partitions is not None and not isinstance(partitions, Mapping):
            raise TypeError(f"partitions= must be a mapping of topics to numbers, not {type(partitions).__name__}")
        self._prefix = "" if namespace is None else f"N#{_checked_namespace(namespace)}#"
        self._partitions = {topic: _checked_numbers(topic, numbers) for topic, numbers in (partitions or {}).items()}

    def root(self, connection_id: str) -> Row:
        """Return the key of a connection's own row."""
        return _key(f"{self._prefix}C#{connection_id}", "C")

    def of_user(self, user: str) -> str:
        """Return the partition key of a user's connections."""
        return f"{self._prefix}U#{user}"

    def place(self, user: str, connection_id: str) -> Row:
        """Return the key of a connection's place among those of a user."""
        return _key(self.of_user(user), connection_id)

    def of_topic(self, topic: str) -> Iterator[str]:
        """Yield the partition keys of a topic."""
        for number in range(max(self._numbers(topic))):
            yield f"{self._prefix}T#{topic}#{number}"

    def membership(self, topic: str, connection_id: str) -> Row:
        """Return the key of a connection's membership of a topic."""
        return self.memberships(topic, connection_id)[0]

    def memberships(self, topic: str, connection_id: str) -> list[Row]:
        """Return the keys that a membership has now, and has had with earlier numbers of partitions."""
        places = dict.fromkeys(crc32(connection_id.encode()) % number for number in self._numbers(topic))
        return [_key(f"{self._prefix}T#{topic}#{place}", connection_id) for place in places]

    def membership_row(self, row: Row, topic: str, connection_id: str) -> Row:
        """Return a connection's membership of a topic, with the copy of its user and attributes."""
        copied = {name: value for name, value in row.items() if name in ("user_id", "user_attributes", "expires_at")}
        return {**self.membership(topic, connection_id), **FORMAT, **copied}

    def others(self, connection_id: str, row: Row, named: Iterable[Row]) -> tuple[list[Row], list[Row]]:
        """Return a connection's memberships and places as its own row says.

        Args:
            connection_id: The id of the connection.
            row: The connection's own row. It is empty if the connection is not open.
            named: Rows with the names of the topics and users.

        Returns:
            The rows that exist, and the keys of those that do not.
        """
        puts: list[Row] = []
        deletes: list[Row] = []
        for user in _names("user_ids", named):
            place = self.place(user, connection_id)
            if row.get("user_id") == string(user):
                puts.append({**place, **FORMAT, "expires_at": row["expires_at"]})
            else:
                deletes.append(place)
        joined = frozenset(names_in(row, "topic_names"))
        for topic in _names("topic_names", named):
            current, *earlier = self.memberships(topic, connection_id)
            if topic in joined:
                puts.append(self.membership_row(row, topic, connection_id))
            else:
                deletes.append(current)
            deletes += earlier
        return puts, deletes

    def _numbers(self, topic: str) -> Sequence[int]:
        return self._partitions.get(topic, (1,))


def number(value: float) -> dict[str, str]:
    """Return a time in seconds as an attribute value."""
    return {"N": f"{value:.3f}"}


def string(value: str) -> dict[str, str]:
    """Return a string as an attribute value."""
    return {"S": value}


def strings(values: Collection[str]) -> dict[str, list[str]]:
    """Return a set of strings as an attribute value. DynamoDB refuses an empty set."""
    return {"SS": list(values)}


def person(user: str | None, attributes: Mapping[str, str]) -> Row:
    """Return the part of a row that describes a connection's user. Rows of memberships have a copy.

    Why JSON: botocore takes four times as long to parse the row of a member whose attributes are a map of DynamoDB's.
    """
    described: dict[str, Any] = {"user_attributes": string(json.dumps(attributes, sort_keys=True))}
    return described if user is None else described | {"user_id": string(user)}


def names_in(row: Row, attribute: str) -> list[str]:
    """Return the names in an attribute that is a set of strings, which a row without names does not have."""
    return list(row.get(attribute, {"SS": []})["SS"])


def is_open(row: Row | None, now: float) -> TypeGuard[Row]:
    """Return whether a connection's own row exists and has neither ended nor expired."""
    return row is not None and "ended_at" not in row and float(row["expires_at"]["N"]) > now


def connection_of(row: Row, connection_id: str) -> StoredConnection:
    """Return the connection of its own row or of a membership.

    Raises:
        StoreError: A newer version of Pushwire has written the row.
    """
    check_format(row)
    user = row["user_id"]["S"] if "user_id" in row else None
    topics = frozenset(names_in(row, "topic_names"))
    return StoredConnection(connection_id, user, json.loads(row["user_attributes"]["S"]), topics)


def check_format(row: Row) -> None:
    """Raise a `StoreError` if a newer version of Pushwire has written a row."""
    if row["row_format"] != FORMAT["row_format"]:
        raise StoreError(
            f"a row has the format {row['row_format'].get('N')!r:.20}, which this version of Pushwire does not know: "
            "update it"
        )


def _names(attribute: str, rows: Iterable[Row]) -> Iterable[str]:
    """Return the names in an attribute of rows, each once, because a batch of DynamoDB must not have a key twice."""
    return dict.fromkeys(name for row in rows for name in names_in(row, attribute))


def _key(partition: str, sort: str) -> Row:
    return {"pk": string(partition), "sk": string(sort)}


def _checked_namespace(namespace: object) -> str:
    if not isinstance(namespace, str):
        raise TypeError(f"namespace= must be a string, not {type(namespace).__name__}")
    if not (0 < len(namespace) <= 128 and namespace.isascii() and namespace.isprintable() and "#" not in namespace):
        raise ValueError(
            f"namespace= must have 1 to 128 ASCII characters, and not {'#'!r}, which separates it: {namespace!r:.100}"
        )
    return namespace


def _checked_numbers(topic: str, numbers: int | Sequence[int]) -> Sequence[int]:
    checked: Sequence[object] = [numbers] if isinstance(numbers, int) else numbers
    if not isinstance(checked, list | tuple):
        checked = ()
    if not checked or not all(type(number) is int for number in checked):
        raise TypeError(
            f"partitions= must have a whole number for {topic!r:.100}, or a list of the current number and earlier "
            f"ones, not {numbers!r:.100}"
        )
    if not all(1 <= number <= 1000 for number in checked):
        raise ValueError(f"partitions= must have numbers from 1 to 1000, not {numbers!r:.100} for {topic!r:.100}")
    return checked
