"""Three clients of the management API: unmodified boto3, unmodified aiobotocore, and HTTP with botocore."""

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
"""A well-formed connection id that is unknown: it was in use in 2018."""
SESSION = cache(boto3.Session)


class Management(Protocol):
    """The management API through an unmodified SDK, as a context manager."""

    def post(self, connection_id: str, data: bytes | str) -> dict[str, Any]:
        """Post to a connection."""
        ...

    def get(self, connection_id: str) -> dict[str, Any]:
        """Get the state of a connection."""
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
        target: The gateway of the stage.
        region: The region to sign for. Defaults to the target's.
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
    """aiobotocore, without retries, on a separate event loop.

    Args:
        stage: The stage to post to.
        target: The gateway of the stage.
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
    """HTTP requests with botocore's HTTP client, for responses that the SDKs do not expose.

    Args:
        target: The gateway.
    """

    def __init__(self, target: Target) -> None:
        self._session = URLLib3Session(timeout=math.ceil(target.patience))
        credentials = botocore.session.get_session().get_credentials()
        assert credentials is not None, "boto3 finds no credentials"
        self._signer = SigV4Auth(credentials, "execute-api", target.region)

    def request(
        self, method: str, url: str, data: bytes | str | None = None, *, host: str | None = None
    ) -> AWSResponse:
        """Send one signed request. The path is sent unchanged; the host may differ from that of the URL."""
        request = AWSRequest(method=method, url=url, data=data, headers={} if host is None else {"Host": host})
        self._signer.add_auth(request)
        return self._session.send(request.prepare())

    def unsigned(self, method: str, url: str) -> AWSResponse:
        """Send one request without a signature."""
        return self._session.send(AWSRequest(method=method, url=url).prepare())

    def close(self) -> None:
        """Close the TCP connections."""
        self._session.close()


def connection_url(callback_url: str, connection_id: str) -> str:
    """Return the URL of a connection, as in AWS's examples."""
    return f"{callback_url}/%40connections/{quote(connection_id, safe='')}"


def error_of(call: Callable[[], object]) -> ClientError:
    """Return the botocore error that a call raises."""
    try:
        result = call()
    except ClientError as error:
        return error
    raise AssertionError(f"it succeeded: {result}")


def refusal_of(error: ClientError) -> tuple[int, str]:
    """Return the status of an error, and the name of its exception class in botocore."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"], type(error).__name__
