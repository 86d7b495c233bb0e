"""Fixtures: the table of connections in moto, and routers whose SDKs record messages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import moto
import pytest

from pushwire.testing import RecordingTransport
from store import Store, create_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> "Iterator[DynamoDBClient]":
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with moto.mock_aws():
        client = boto3.client("dynamodb")
        create_table(client)
        yield client


@pytest.fixture
def store(dynamodb: "DynamoDBClient", clock: Clock) -> Store:
    return Store(client=dynamodb, clock=clock)


@pytest.fixture
def transport() -> RecordingTransport:
    return RecordingTransport()
