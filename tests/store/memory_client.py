"""The part of DynamoDB that the store uses, in memory, for tests that make very many calls.

It evaluates the store's own expressions. `test_behaviours.py` runs with it beside moto and dynoxide.
"""

import copy
import re
import threading
from typing import Any

from botocore.exceptions import ClientError

__all__ = ["MemoryClient"]

Row = dict[str, Any]

PAGE = 7
"""The rows of a page. Why so few: iterators must read several pages in small tests."""


class MemoryClient:
    """A client of one table."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self._lock = threading.Lock()

    def put_item(self, *, TableName: str, Item: Row, ReturnValues: str) -> Row:  # noqa: N803
        with self._lock:
            old = self.rows.get(key_of(Item))
            self.rows[key_of(Item)] = copy.deepcopy(Item)
        return {"Attributes": old} if old else {}

    def get_item(self, *, TableName: str, Key: Row, ConsistentRead: bool) -> Row:  # noqa: N803
        with self._lock:
            found = self.rows.get(key_of(Key))
        return {"Item": copy.deepcopy(found)} if found else {}

    def update_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: Row,  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: Row,  # noqa: N803
        ReturnValues: str,  # noqa: N803
        ReturnValuesOnConditionCheckFailure: str,  # noqa: N803
    ) -> Row:
        with self._lock:
            row = self.rows.get(key_of(Key), {})
            if not holds(ConditionExpression, row, ExpressionAttributeValues):
                response: Any = {"Error": {"Code": "ConditionalCheckFailedException"}}
                raise ClientError(response | ({"Item": copy.deepcopy(row)} if row else {}), "UpdateItem")
            row = {**copy.deepcopy(row), **Key}
            change(UpdateExpression, row, ExpressionAttributeValues)
            self.rows[key_of(Key)] = row
        return {"Attributes": copy.deepcopy(row)}

    def batch_write_item(self, *, RequestItems: dict[str, list[Row]]) -> Row:  # noqa: N803
        for requests in RequestItems.values():
            assert 0 < len(requests) <= 25
            keys = [
                key_of(request.get("DeleteRequest", {}).get("Key") or request["PutRequest"]["Item"])
                for request in requests
            ]
            assert len(set(keys)) == len(keys), "DynamoDB refuses a key that occurs twice"
            with self._lock:
                for request, key in zip(requests, keys, strict=True):
                    if "PutRequest" in request:
                        self.rows[key] = copy.deepcopy(request["PutRequest"]["Item"])
                    else:
                        self.rows.pop(key, None)
        return {}

    def query(
        self,
        *,
        TableName: str,  # noqa: N803
        KeyConditionExpression: str,  # noqa: N803
        FilterExpression: str,  # noqa: N803
        ProjectionExpression: str,  # noqa: N803
        ExpressionAttributeValues: Row,  # noqa: N803
        ConsistentRead: bool,  # noqa: N803
        ExclusiveStartKey: Any = None,  # noqa: N803
    ) -> Row:
        after = ExclusiveStartKey["sk"]["S"] if ExclusiveStartKey else ""
        with self._lock:
            partition = sorted(key for key in self.rows if key[0] == ExpressionAttributeValues[":pk"]["S"])
            page = [copy.deepcopy(self.rows[key]) for key in partition if key[1] > after][:PAGE]
        names = ProjectionExpression.split(", ")
        kept = [row for row in page if holds(FilterExpression, row, ExpressionAttributeValues)]
        found: Row = {"Items": [{name: row[name] for name in names if name in row} for row in kept]}
        last = {"pk": page[-1]["pk"], "sk": page[-1]["sk"]} if len(page) == PAGE else None
        return found | ({"LastEvaluatedKey": last} if last else {})


def key_of(row: Row) -> tuple[str, str]:
    return row["pk"]["S"], row["sk"]["S"]


def plain(value: Any) -> Any:
    """Return an attribute value as Python's own."""
    ((kind, inner),) = value.items()
    return float(inner) if kind == "N" else inner


def holds(condition: str, row: Row, values: Row) -> bool:
    """Return whether a condition holds for a row."""
    compare = {"=": lambda a, b: a == b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, "<": lambda a, b: a < b}

    def term(text: str) -> bool:
        if text.startswith("("):
            return any(map(term, text[1:-1].split(" OR ")))
        if call := re.fullmatch(r"(attribute_exists|attribute_not_exists)\((\w+)\)", text):
            return (call[2] in row) == (call[1] == "attribute_exists")
        if call := re.fullmatch(r"contains\((\w+), (:\w+)\)", text):
            return plain(values[call[2]]) in plain(row.get(call[1], {"SS": []}))
        if call := re.fullmatch(r"size\((\w+)\) < (:\w+)", text):
            return call[1] in row and len(plain(row[call[1]])) < plain(values[call[2]])
        name, operator, value = text.split(" ")
        return name in row and compare[operator](plain(row[name]), plain(values[value]))

    return all(map(term, re.split(r" AND ", condition)))


def change(update: str, row: Row, values: Row) -> None:
    """Change a row as an update expression says."""
    for action, changes in re.findall(r"(SET|ADD|DELETE) (.*?)(?= ADD | DELETE |$)", update):
        if action == "SET":
            for assignment in re.split(r", (?=\w+ = )", changes):
                name, value = assignment.split(" = ")
                kept = re.fullmatch(r"if_not_exists\((\w+), (:\w+)\)", value)
                row[name] = row.get(kept[1], values[kept[2]]) if kept else values[value]
            continue
        name, value = changes.split(" ")
        old, given = set(row.pop(name, {"SS": []})["SS"]), set(values[value]["SS"])
        if new := old | given if action == "ADD" else old - given:
            row[name] = {"SS": sorted(new)}
