"""Fixtures: DynamoDB in moto and in dynoxide, and stores in each."""

import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import moto
import pytest

from pushwire.store import DynamoDBStore
from pushwire.testing import StoreClock
from tests.support.dynoxide import client_of, dynoxide, dynoxide_program

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    MakeStore = Callable[..., DynamoDBStore]

NUMBERS = count()
DYNOXIDE = pytest.param("dynoxide", marks=pytest.mark.at_length)  # npm installs it


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


class OneByOne:
    """A client that makes one call at a time, because moto's tables are not safe to share between threads."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **parameters: Any) -> Any:
            with self._lock:
                return getattr(self._client, name)(*arguments, **parameters)

        return call


@pytest.fixture(params=["moto", DYNOXIDE])
def client(request: pytest.FixtureRequest) -> "Iterator[DynamoDBClient]":
    """A client of DynamoDB: moto in this process, or dynoxide."""
    if request.param == "moto":
        with moto.mock_aws():
            yield cast("DynamoDBClient", OneByOne(client_of("https://dynamodb.eu-west-1.amazonaws.com")))
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
