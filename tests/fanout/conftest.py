"""Fixtures: SQS and DynamoDB in moto, in this process."""

from collections.abc import Callable, Iterator

import boto3
import moto
import pytest

from tests.fanout.world import REGION, FanoutWorld

MakeWorld = Callable[[], FanoutWorld]


@pytest.fixture(scope="module")
def make_world() -> Iterator[MakeWorld]:
    """A function that makes worlds. Why with the same clients: making one takes longer than most of the tests."""
    with moto.mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        yield lambda: FanoutWorld(sqs, dynamodb)


@pytest.fixture
def world(make_world: MakeWorld) -> FanoutWorld:
    return make_world()
