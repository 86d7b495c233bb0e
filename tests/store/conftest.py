"""Fixtures: DynamoDB in moto and in dynoxide, and stores in each."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import moto
import pytest

from pushwire.store import DynamoDBStore
from pushwire.testing import StoreClock
from tests.support.dynoxide import client_of, dynoxide, dynoxide_program

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    MakeStore = Callable[..., DynamoDBStore]

NUMBERS = count()


@pytest.fixture
def clock() -> StoreClock:
    return StoreClock()


@pytest.fixture(scope="session")
def dynoxide_url(pytestconfig: pytest.Config) -> Iterator[str]:
    program = dynoxide_program(pytestconfig.cache.mkdir("dynoxide"))
    if isinstance(program, str):
        pytest.skip(program)
    with dynoxide(program) as url:
        yield url


@pytest.fixture(scope="session")
def dynoxide_client(dynoxide_url: str) -> "DynamoDBClient":
    return client_of(dynoxide_url)


@pytest.fixture(params=["moto", "dynoxide"])
def client(request: pytest.FixtureRequest) -> "Iterator[DynamoDBClient]":
    """A client of DynamoDB: moto in this process, or dynoxide."""
    if request.param == "moto":
        with moto.mock_aws():
            yield client_of("https://dynamodb.eu-west-1.amazonaws.com")
    else:
        yield request.getfixturevalue("dynoxide_client")


@pytest.fixture
def make_store(client: "DynamoDBClient", clock: StoreClock) -> "MakeStore":
    """A function that makes stores, all of one new table."""
    table = f"connections-{next(NUMBERS)}"
    DynamoDBStore(table, client=client).create_table()

    def make(**options: Any) -> DynamoDBStore:
        settings: dict[str, Any] = {"client": client, "clock": clock} | options
        return DynamoDBStore(table, **settings)

    return make


@pytest.fixture
def dynamodb_store(make_store: "MakeStore") -> DynamoDBStore:
    return make_store()
