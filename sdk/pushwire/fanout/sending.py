"""Sending of one shard: the pure core of every worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from pushwire._log import logger
from pushwire.errors import CredentialsError, ForbiddenError, ThrottledError, UnavailableError
from pushwire.fanout.errors import ShardError
from pushwire.fanout.shard import Shard
from pushwire.operation import AnyOperation, Operation
from pushwire.server import AsyncServerSdk, BaseServerSdk, BroadcastOptions, BroadcastReport, ServerSdk
from pushwire.transport.rate_limit import RateLimit

__all__ = ["ShardResult", "send_shard", "send_shard_async"]

MAX_ATTEMPTS: Final = 50
"""The number of attempts after which ids that were never sent have failed."""

_MAX_UNCERTAIN_ATTEMPTS: Final = 5
"""The number of attempts after which ids that API Gateway may have accepted have failed. Why fewer: each attempt posts
up to three times, and every post can arrive."""

_MAX_DELAY: Final = 60
"""Seconds."""

_REFUSED: Final = (ForbiddenError, CredentialsError)
_TEMPORARY: Final = (ThrottledError, UnavailableError, *_REFUSED)
"""The errors after which another attempt can succeed. Other errors are final for an id."""


class ShardResult(NamedTuple):
    """The outcomes of one attempt at a shard. Each of its ids is in one of them.

    Attributes:
        accepted: The number of messages that were accepted. Defaults to 0.
        gone: The number of connections that API Gateway answered with 410. Defaults to 0.
        failed: The number of sends that another attempt would not help. Defaults to 0.
        expired: The number of ids that were dropped, because the job has expired. Defaults to 0.
        unsent: The ids to send later: queue `shard.remainder(result.unsent)`. Defaults to none.
        delay: Seconds to wait before that, because API Gateway has refused requests. Defaults to 0.
    """

    accepted: int = 0
    gone: int = 0
    failed: int = 0
    expired: int = 0
    unsent: tuple[str, ...] = ()
    delay: int = 0


def send_shard(
    sdk: ServerSdk[Any, Any],
    shard: Shard,
    *,
    deadline: float | None = None,
    rate_limit: RateLimit | None = None,
    clock: Callable[[], float] = time.time,
) -> ShardResult:
    """Send one shard. Any engine of tasks can call it; `FanoutWorker` calls it in Lambda.

    Connections that are gone are removed from the store of the SDK, if it has one.

    Args:
        sdk: The Server SDK of the operation's service.
        shard: The shard.
        deadline: Seconds after which no more posts are started. Defaults to when the job expires.
        rate_limit: The budget of requests, which several calls can share. Defaults to no limit.
        clock: Returns the time of day in seconds since the epoch. Defaults to `time.time`.

    Returns:
        The outcomes, with the ids to send later.

    Raises:
        ShardError: The operation does not belong to the service of the SDK.
        pushwire.ForbiddenError: API Gateway refused every request, and accepted no message.
        pushwire.CredentialsError: No AWS credentials were found. No message was sent.
    """
    operation = operation_of(sdk, shard)
    options = _options(shard, deadline, rate_limit, clock)
    if options is None:
        return _expired(shard)
    ids = iter(shard.connection_ids)
    report = sdk._send_frame(operation, shard.frame, ids, options)  # noqa: SLF001
    return _result(shard, report, ids)


async def send_shard_async(
    sdk: AsyncServerSdk[Any, Any],
    shard: Shard,
    *,
    deadline: float | None = None,
    rate_limit: RateLimit | None = None,
    clock: Callable[[], float] = time.time,
) -> ShardResult:
    """Send one shard through an async SDK, as `send_shard` does.

    Args:
        sdk: The async Server SDK of the operation's service.
        shard: The shard.
        deadline: Seconds after which no more posts are started. Defaults to when the job expires.
        rate_limit: The budget of requests, which several calls can share. Defaults to no limit.
        clock: Returns the time of day in seconds since the epoch. Defaults to `time.time`.

    Returns:
        The outcomes, with the ids to send later.

    Raises:
        ShardError: The operation does not belong to the service of the SDK.
        pushwire.ForbiddenError: API Gateway refused every request, and accepted no message.
        pushwire.CredentialsError: No AWS credentials were found. No message was sent.
    """
    operation = operation_of(sdk, shard)
    options = _options(shard, deadline, rate_limit, clock)
    if options is None:
        return _expired(shard)
    ids = iter(shard.connection_ids)
    report = await sdk._send_frame(operation, shard.frame, ids, options)  # noqa: SLF001
    return _result(shard, report, ids)


def operation_of(sdk: BaseServerSdk[Any, Any], shard: Shard) -> AnyOperation:
    """Return the operation of a shard.

    Raises:
        ShardError: The operation does not belong to the service of the SDK.
    """
    operations: list[AnyOperation] = [
        value
        for value in vars(sdk._contract).values()  # noqa: SLF001 - which generated classes set
        if isinstance(value, Operation)
    ]
    for operation in operations:
        if operation.full_name == shard.operation:
            return operation
    raise ShardError(
        f"{type(sdk).__name__} has no operation {shard.operation!r:.200}: deploy the worker with the contract of the "
        "functions that start jobs, or connect it to another queue",
        job_id=shard.job_id,
    )


def _options(
    shard: Shard, deadline: float | None, rate_limit: RateLimit | None, clock: Callable[[], float]
) -> BroadcastOptions | None:
    """Return the options of the broadcast; `None` if the shard has expired."""
    left = shard.expires_at - clock()
    if left <= 0:
        return None
    return {"deadline": left if deadline is None else min(left, deadline), "rate_limit": rate_limit}


def _expired(shard: Shard) -> ShardResult:
    count = len(shard.connection_ids)
    logger("fanout").warning(
        "%s: job %s has expired: dropping %s ids",
        *(shard.operation, shard.job_id, count),
        extra={"operation": shard.operation, "job_id": shard.job_id, "shard": shard.number, "expired": count},
    )
    return ShardResult(expired=count)


def _result(shard: Shard, report: BroadcastReport, not_read: Iterator[str]) -> ShardResult:
    """Return the result of an attempt.

    Args:
        shard: The shard.
        report: The outcomes of the ids that the broadcast has read.
        not_read: The ids that it has not read before the deadline.
    """
    temporary = [error for error in report.failed if isinstance(error, _TEMPORARY)]
    if not report.accepted and not report.gone:
        # Why: a missing permission would fail all ids of the job. Nothing was sent, so the whole shard can be retried.
        for error in temporary:
            if isinstance(error, _REFUSED):
                raise error
    attempts = shard.attempt + 1
    again = [error for error in temporary if not error.maybe_accepted or attempts < _MAX_UNCERTAIN_ATTEMPTS]
    unsent = (*(error.connection_id for error in again), *report.unsent, *not_read)
    given_up = len(temporary) - len(again)
    if attempts >= MAX_ATTEMPTS:
        given_up, unsent = given_up + len(unsent), ()
    if given_up:
        facts = {"operation": shard.operation, "job_id": shard.job_id, "shard": shard.number, "failed": given_up}
        logger("fanout").warning(
            "%s: job %s: giving up %s ids after %s attempts",
            *(shard.operation, shard.job_id, given_up, attempts),
            extra=facts,
        )
    return ShardResult(
        accepted=report.accepted,
        gone=len(report.gone),
        failed=len(report.failed) - len(temporary) + given_up,
        unsent=unsent,
        delay=min(2**shard.attempt, _MAX_DELAY) if again and unsent else 0,
    )
