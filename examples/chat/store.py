"""Who is connected: a DynamoDB table of connections, found by id, by user, and by room."""

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

LONGEST_LIFE = 3 * 60 * 60
"""Seconds until DynamoDB drops a connection: API Gateway ends one after 2 hours, and `$disconnect` may not come."""


@dataclass(frozen=True)
class Member:
    """A connection in a room."""

    connection_id: str
    name: str


class Store:
    """The table that `create_table` makes."""

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
        """Remember a connection of a user's."""
        expires_at = int(self._clock()) + LONGEST_LIFE
        self._client.put_item(
            TableName=self._table,
            Item={"connection_id": {"S": connection_id}, "user": {"S": user}, "expires_at": {"N": str(expires_at)}},
        )

    def forget(self, connection_id: str) -> None:
        """Forget a connection. Forgetting one that is not there is no error."""
        self._client.delete_item(TableName=self._table, Key={"connection_id": {"S": connection_id}})

    def join(self, connection_id: str, room: str, name: str) -> None:
        """Put a connection into a room, out of any other."""
        self._client.update_item(
            TableName=self._table,
            Key={"connection_id": {"S": connection_id}},
            # The connection may have been forgotten meanwhile; do not bring half of it back.
            ConditionExpression="attribute_exists(connection_id)",
            UpdateExpression="SET room = :room, #name = :name",
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={":room": {"S": room}, ":name": {"S": name}},
        )

    def leave(self, connection_id: str) -> None:
        """Take a connection out of its room. One that was forgotten meanwhile is in none."""
        with contextlib.suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key={"connection_id": {"S": connection_id}},
                ConditionExpression="attribute_exists(connection_id)",
                UpdateExpression="REMOVE room, #name",
                ExpressionAttributeNames={"#name": "name"},
            )

    def room_of(self, connection_id: str) -> tuple[str, Member] | None:
        """The room that a connection is in."""
        found = self._client.get_item(
            TableName=self._table, Key={"connection_id": {"S": connection_id}}, ConsistentRead=True
        )
        item = found.get("Item", {})
        return (item["room"]["S"], Member(connection_id, item["name"]["S"])) if "room" in item else None

    def of_user(self, user: str) -> Iterator[str]:
        """The connections of a user, page by page."""
        for item in self._query("by_user", "user", user):
            yield item["connection_id"]["S"]

    def in_room(self, room: str) -> Iterator[Member]:
        """The connections in a room, page by page."""
        for item in self._query("by_room", "room", room):
            yield Member(item["connection_id"]["S"], item["name"]["S"])

    def _query(self, index: str, key: str, value: str) -> "Iterator[dict[str, AttributeValueTypeDef]]":
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression="#key = :value",
            # DynamoDB drops what has expired within days, not at once.
            FilterExpression="expires_at > :now",
            ExpressionAttributeNames={"#key": key},
            ExpressionAttributeValues={":value": {"S": value}, ":now": {"N": str(int(self._clock()))}},
        )
        for page in pages:
            yield from page["Items"]


def create_table(client: "DynamoDBClient", table: str = "chat-connections") -> None:
    """Make the table, as infrastructure would."""
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
