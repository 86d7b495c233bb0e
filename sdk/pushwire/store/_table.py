"""The calls of a DynamoDB table."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

from pushwire._checks import check_text
from pushwire._services import ServiceClient
from pushwire.store._rows import Row
from pushwire.store.errors import StoreError

__all__ = ["MAX_BATCH", "ConditionError", "DynamoDBClient", "Table"]

MAX_BATCH: Final = 25
"""The largest number of rows in one BatchWriteItem (DynamoDB's API reference)."""

_MAX_ATTEMPTS: Final = 8
"""The largest number of attempts at rows that DynamoDB leaves unprocessed: 4 seconds on average."""

_FIRST_WAIT: Final = 0.05
"""Seconds before the second attempt, at most. Each further wait may be twice as long."""


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


class ConditionError(Exception):
    """The condition of an update does not hold.

    Attributes:
        row: The row as it is. `None` if it does not exist.
    """

    def __init__(self, row: Row | None) -> None:
        super().__init__()
        self.row = row


class Table:
    """A DynamoDB table with the keys `pk` and `sk`.

    Args:
        name: The name of the table.
        client: The boto3 client. `None` to make one.
        **limits: Settings of botocore's `Config` for a client that is made here, in place of the default ones.

    Raises:
        StoreError: A client cannot be made, for example because no region is known.
        TypeError: The name is not a string, or the client is not a sync client of DynamoDB.
        ValueError: The name is empty or has control characters.
    """

    def __init__(self, name: str, client: Any, **limits: Any) -> None:
        if not check_text("table", name, what="the name of a table"):
            raise ValueError("table= must be the name of a table, and is empty")
        self._name = name
        self._service = ServiceClient(
            client,
            service="dynamodb",
            title="DynamoDB",
            methods=("put_item", "update_item", "query", "batch_write_item"),
            error=StoreError,
            if_async="pass a client of boto3, and use AsyncStore",
            **{"max_pool_connections": 50} | limits,
        )

    def create(self) -> None:
        """Create the table, on demand and with a TTL, and wait until it is active."""
        self._call(
            "create_table",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        wait = self._service.client.get_waiter("table_exists").wait
        self._service.call(
            f"the wait for the DynamoDB table {self._name!r}", wait, TableName=self._name, WaiterConfig={"Delay": 1}
        )
        specification = {"Enabled": True, "AttributeName": "expires_at"}
        self._call("update_time_to_live", TimeToLiveSpecification=specification)

    def put(self, row: Row) -> Row:
        """Write a row, and return the row that it replaces, or an empty one."""
        found: Row = self._call("put_item", Item=row, ReturnValues="ALL_OLD").get("Attributes", {})
        return found

    def get(self, key: Row) -> Row | None:
        """Read a row consistently."""
        found: Row | None = self._call("get_item", Key=key, ConsistentRead=True).get("Item")
        return found

    def update(self, key: Row, changes: str, condition: str, values: Row) -> Row:
        """Change a row, and return it as it is afterwards.

        Args:
            key: The key of the row.
            changes: The update expression.
            condition: The condition expression.
            values: The values of both expressions.

        Raises:
            ConditionError: The condition does not hold.
            StoreError: The call failed.
        """
        row: Row = self._call(
            "update_item",
            Key=key,
            UpdateExpression=changes,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )["Attributes"]
        return row

    def write(self, *, puts: Iterable[Row] = (), deletes: Iterable[Row] = ()) -> None:
        """Write rows, and delete those with these keys. Repeat what DynamoDB leaves unprocessed.

        Raises:
            StoreError: A call failed, or rows are still unprocessed after the last attempt.
        """
        pending: list[Any] = [{"PutRequest": {"Item": row}} for row in puts]
        pending += [{"DeleteRequest": {"Key": key}} for key in deletes]
        attempts = 0
        while pending:
            answer = self._call("batch_write_item", RequestItems={self._name: pending[:MAX_BATCH]})
            unprocessed = answer.get("UnprocessedItems", {}).get(self._name, [])
            attempts = attempts + 1 if unprocessed else 0
            if attempts == _MAX_ATTEMPTS:
                raise StoreError(
                    f"DynamoDB left {len(unprocessed)} rows of the table {self._name!r} unprocessed after "
                    f"{attempts} attempts: it throttles the requests"
                )
            pending = unprocessed + pending[MAX_BATCH:]
            if unprocessed:
                time.sleep(random.uniform(0, _FIRST_WAIT * 2 ** (attempts - 1)))  # noqa: S311 - not a secret

    def query(self, partition: str, now: float, attributes: str = "") -> Iterator[Row]:
        """Yield the rows of a partition that have not expired, page by page.

        Why the time: DynamoDB deletes expired rows only within days. Rows may be deleted while this runs, because a
        page starts after the last key of the one before, which need not exist.

        Args:
            partition: The partition key.
            now: The time in seconds since the epoch.
            attributes: The names of the attributes to return, because fewer take less time to parse. Defaults to all.
        """
        selection = {"ProjectionExpression": attributes} if attributes else {}
        start: dict[str, Any] = {}
        while True:
            page: dict[str, Any] = self._call(
                "query",
                KeyConditionExpression="pk = :pk",
                FilterExpression="expires_at > :now",
                ExpressionAttributeValues={":pk": {"S": partition}, ":now": {"N": f"{now:.3f}"}},
                ConsistentRead=True,  # a listing has what was stored before it began
                **selection,
                **start,
            )
            yield from page.pop("Items")  # is not kept while the next page is read
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _call(self, operation: str, **parameters: Any) -> Any:
        if operation != "batch_write_item":
            parameters["TableName"] = self._name
        request = getattr(self._service.client, operation)
        try:
            return self._service.call(f"{operation} of the DynamoDB table {self._name!r}", request, **parameters)
        except StoreError as error:
            cause: Any = error.__cause__
            match getattr(cause, "response", None):  # botocore's ClientError has one
                case {"Error": {"Code": "ConditionalCheckFailedException"}}:
                    raise ConditionError(cause.response.get("Item")) from None
                case _:
                    raise
