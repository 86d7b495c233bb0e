"""The store of connections: a DynamoDB table with indexes by user and by room."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

MAX_LIFETIME = 3 * 60 * 60
"""Seconds until a connection expires. Why: API Gateway closes a connection after two hours, and `$disconnect` is not
guaranteed."""


@dataclass(frozen=True)
class Member:
    """A connection in a room."""

    connection_id: str
    name: str


class Store:
    """The connections in a table that `create_table` has created.

    Args:
        table: The name of the table. Defaults to `CHAT_TABLE`, or `chat-connections`.
        client: The DynamoDB client. Defaults to a new one.
        clock: Returns the time of day in seconds since the epoch. Defaults to `time.time`.
    """

    def __init__(
        self,
        table: str | None = None,
        client: "DynamoDBClient | None" = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table or os.environ.get("CHAT_TABLE", "chat-connections")
        self._client: DynamoDBClient = client or boto3.client("dynamodb")
        self._clock = clock

    def connected(self, connection_id: str, user: str) -> None:
        """Add a connection of a user."""
        expires_at = int(self._clock()) + MAX_LIFETIME
        self._client.put_item(
            TableName=self._table,
            Item={"connection_id": {"S": connection_id}, "user": {"S": user}, "expires_at": {"N": str(expires_at)}},
        )

    def forget(self, connection_id: str) -> None:
        """Remove a connection. Do nothing if it does not exist."""
        self._client.delete_item(TableName=self._table, Key={"connection_id": {"S": connection_id}})

    def join(self, connection_id: str, room: str, name: str) -> None:
        """Move a connection into a room."""
        self._client.update_item(
            TableName=self._table,
            Key={"connection_id": {"S": connection_id}},
            # Why: without this condition, an update of a removed connection would create a partial item.
            ConditionExpression="attribute_exists(connection_id)",
            UpdateExpression="SET room = :room, #name = :name",
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={":room": {"S": room}, ":name": {"S": name}},
        )

    def leave(self, connection_id: str) -> None:
        """Remove a connection from its room. Do nothing if the connection does not exist."""
        with contextlib.suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key={"connection_id": {"S": connection_id}},
                ConditionExpression="attribute_exists(connection_id)",
                UpdateExpression="REMOVE room, #name",
                ExpressionAttributeNames={"#name": "name"},
            )

    def room_of(self, connection_id: str) -> tuple[str, Member] | None:
        """Return the room of a connection and its member, or `None`."""
        found = self._client.get_item(
            TableName=self._table, Key={"connection_id": {"S": connection_id}}, ConsistentRead=True
        )
        item = found.get("Item", {})
        return (item["room"]["S"], Member(connection_id, item["name"]["S"])) if "room" in item else None

    def of_user(self, user: str) -> Iterator[str]:
        """Yield the ids of a user's connections, page by page."""
        for item in self._query("by_user", "user", user):
            yield item["connection_id"]["S"]

    def in_room(self, room: str) -> Iterator[Member]:
        """Yield the members of a room, page by page."""
        for item in self._query("by_room", "room", room):
            yield Member(item["connection_id"]["S"], item["name"]["S"])

    def _query(self, index: str, key: str, value: str) -> "Iterator[dict[str, AttributeValueTypeDef]]":
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression="#key = :value",
            # Why: DynamoDB deletes expired items only within days.
            FilterExpression="expires_at > :now",
            ExpressionAttributeNames={"#key": key},
            ExpressionAttributeValues={":value": {"S": value}, ":now": {"N": str(int(self._clock()))}},
        )
        for page in pages:
            yield from page["Items"]


def create_table(client: "DynamoDBClient", table: str = "chat-connections") -> None:
    """Create the table, as `infra/app.py` does on AWS."""
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "connection_id", "AttributeType": "S"},
            {"AttributeName": "user", "AttributeType": "S"},
            {"AttributeName": "room", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "connection_id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_user",
                "KeySchema": [{"AttributeName": "user", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
            {
                "IndexName": "by_room",
                "KeySchema": [{"AttributeName": "room", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
    )
    client.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )


if __name__ == "__main__":
    create_table(boto3.client("dynamodb"), os.environ.get("CHAT_TABLE", "chat-connections"))
