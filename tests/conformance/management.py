"""Three ways to the management API, all of them as they are: boto3, aiobotocore, and bare HTTP by botocore."""

import asyncio
import math
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import cache
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote

import aiobotocore.session
import boto3
import botocore.session
from aiobotocore.config import AioConfig
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from tests.conformance.target import Stage, Target

NOBODY = "R0oXAdfD0kwCH6w="
"""A connection id that is well-formed, and nobody's: it was in use in 2018."""
SESSION = cache(boto3.Session)


class Management(Protocol):
    """The management API through an unmodified SDK, as a context manager."""

    def post(self, connection_id: str, data: bytes | str) -> dict[str, Any]:
        """Post to a connection."""
        ...

    def get(self, connection_id: str) -> dict[str, Any]:
        """Get what is known of a connection."""
        ...

    def delete(self, connection_id: str) -> dict[str, Any]:
        """Delete a connection."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Boto3:
    """boto3, without retries.

    Args:
        stage: The stage to post to.
        target: The target that it is of.
        region: The region to sign for; the target's unless given.
    """

    def __init__(self, stage: Stage, target: Target, *, region: str | None = None) -> None:
        self._client = SESSION().client(
            "apigatewaymanagementapi",
            endpoint_url=stage.callback_url,
            region_name=region or target.region,
            config=Config(read_timeout=target.patience, retries={"total_max_attempts": 1}),
        )

    def post(self, connection_id: str, data: bytes | str) -> dict[str, Any]:
        return dict(self._client.post_to_connection(ConnectionId=connection_id, Data=data))

    def get(self, connection_id: str) -> dict[str, Any]:
        return dict(self._client.get_connection(ConnectionId=connection_id))

    def delete(self, connection_id: str) -> dict[str, Any]:
        return dict(self._client.delete_connection(ConnectionId=connection_id))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


class Aiobotocore:
    """aiobotocore, without retries, on an event loop of its own.

    Args:
        stage: The stage to post to.
        target: The target that it is of.
    """

    def __init__(self, stage: Stage, target: Target) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        client = aiobotocore.session.get_session().create_client(
            "apigatewaymanagementapi",
            endpoint_url=stage.callback_url,
            region_name=target.region,
            config=AioConfig(read_timeout=target.patience, retries={"total_max_attempts": 1}),
        )
        self._client: Any = self._runner.run(self._stack.enter_async_context(client))

    def post(self, connection_id: str, data: bytes | str) -> dict[str, Any]:
        return dict(self._runner.run(self._client.post_to_connection(ConnectionId=connection_id, Data=data)))

    def get(self, connection_id: str) -> dict[str, Any]:
        return dict(self._runner.run(self._client.get_connection(ConnectionId=connection_id)))

    def delete(self, connection_id: str) -> dict[str, Any]:
        return dict(self._runner.run(self._client.delete_connection(ConnectionId=connection_id)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


class Http:
    """Bare HTTP requests through botocore's own HTTP client, for what the SDKs do not show.

    Args:
        target: The gateway to speak to.
    """

    def __init__(self, target: Target) -> None:
        self._session = URLLib3Session(timeout=math.ceil(target.patience))
        credentials = botocore.session.get_session().get_credentials()
        assert credentials is not None, "boto3 finds no credentials"
        self._signer = SigV4Auth(credentials, "execute-api", target.region)

    def request(
        self, method: str, url: str, data: bytes | str | None = None, *, host: str | None = None
    ) -> AWSResponse:
        """Send one signed request. Its path goes out as it is spelled; its host can be another than the URL's."""
        request = AWSRequest(method=method, url=url, data=data, headers={} if host is None else {"Host": host})
        self._signer.add_auth(request)
        return self._session.send(request.prepare())

    def unsigned(self, method: str, url: str) -> AWSResponse:
        """Send one request without a signature."""
        return self._session.send(AWSRequest(method=method, url=url).prepare())

    def close(self) -> None:
        """Close its connections."""
        self._session.close()


def connection_url(callback_url: str, connection_id: str) -> str:
    """The URL of a connection, as AWS spells it in its examples."""
    return f"{callback_url}/%40connections/{quote(connection_id, safe='')}"


def error_of(call: Callable[[], object]) -> ClientError:
    """The error of botocore that a call raises."""
    try:
        result = call()
    except ClientError as error:
        return error
    raise AssertionError(f"it succeeded: {result}")


def refusal_of(error: ClientError) -> tuple[int, str]:
    """The status of an error, and the name of the exception that botocore made of it."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"], type(error).__name__
