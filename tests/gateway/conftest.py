from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from pushwire.gateway import LocalGateway

if TYPE_CHECKING:
    from types_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

Boto3 = Callable[[LocalGateway], "ApiGatewayManagementApiClient"]


@pytest.fixture(scope="session")
def boto3_session() -> boto3.Session:
    return boto3.Session(region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any")


@pytest.fixture
def boto3_client(boto3_session: boto3.Session) -> Iterator[Boto3]:
    """Return a function that makes boto3 clients of a gateway's callback URL, without retries."""
    made: list[ApiGatewayManagementApiClient] = []

    def make(gateway: LocalGateway) -> "ApiGatewayManagementApiClient":
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
        client = boto3_session.client("apigatewaymanagementapi", endpoint_url=gateway.callback_url, config=config)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
