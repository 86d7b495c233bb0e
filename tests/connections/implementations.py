"""Every implementation of connections, for the tests that hold for all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import NamedTuple

from pushwire import SendError
from pushwire.connections import AsyncBoto3Connections, Boto3Connections
from pushwire.connections.protocol import FanOutOptions

OnOutcome = Callable[[str, SendError | None], object]
PostMany = Callable[[str, Iterable[str], bytes, FanOutOptions, OnOutcome], tuple[str, ...]]
"""Posts to many at a callback URL, through connections that are made for it and closed."""


class Implementation(NamedTuple):
    """One way to the management API.

    Attributes:
        name: What tests call it.
        post_many: Its `post_many`.
        ids: How many ids it manages in a few seconds, with the server in the same process.
    """

    name: str
    post_many: PostMany
    ids: int


def boto3(url: str, ids: Iterable[str], data: bytes, options: FanOutOptions, told: OnOutcome) -> tuple[str, ...]:
    connections = Boto3Connections(url, read_timeout=1)
    try:
        return connections.post_many(ids, data, options, told)
    finally:
        connections.close()


def async_boto3(url: str, ids: Iterable[str], data: bytes, options: FanOutOptions, told: OnOutcome) -> tuple[str, ...]:
    return asyncio.run(_async_boto3(url, ids, data, options, told))


async def _async_boto3(
    url: str, ids: Iterable[str], data: bytes, options: FanOutOptions, told: OnOutcome
) -> tuple[str, ...]:
    connections = AsyncBoto3Connections(url, read_timeout=1)
    try:
        return await connections.post_many(_later(ids), data, options, told)
    finally:
        await connections.close()


async def _later(ids: Iterable[str]) -> AsyncIterator[str]:
    for connection_id in ids:
        yield connection_id


IMPLEMENTATIONS = [Implementation("boto3", boto3, ids=1_500), Implementation("async_boto3", async_boto3, ids=1_500)]
